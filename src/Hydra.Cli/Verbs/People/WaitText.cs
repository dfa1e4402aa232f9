using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>What waits for people, in words and as JSON.</summary>
internal static class WaitText
{
    private const int PromptLengthMax = 300;

    /// <summary>One line about the wait and the command that answers it.</summary>
    public static void WriteAsk(RunId run, OpenWait open, string where, TextWriter writer)
    {
        writer.WriteLine($"{TerminalText.Of(open.Path)} {(open.Wait.Request.Kind == WaitKind.Event ? "waits for the event" : "asks")}: {TerminalText.Clip(open.Wait.Request.Prompt, PromptLengthMax)}");
        writer.WriteLine($"  {CommandFor(run.Text, open.Path, open.Wait.Request)}{where}{(open.Wait.Request.Kind == WaitKind.Approval ? "   or with --reject --comment TEXT" : "")}");
    }

    /// <summary>The command line that answers.</summary>
    public static string CommandFor(string run, string path, WaitRequest request) => request.Kind switch
    {
        WaitKind.Approval => $"hydra approve {run} {Quoted(path)}",
        WaitKind.Input => $"hydra respond {run} {Quoted(path)} {Example(request)}",
        _ => $"hydra signal {run} {Quoted(request.Prompt)} [VALUE]",
    };

    private static string Example(WaitRequest request) => request.AnswerType switch
    {
        AnswerType.Select => Quoted(request.Options[0]),
        AnswerType.Confirm => "true",
        AnswerType.Form => "'{…}'",
        _ => "TEXT",
    };

    private static string Quoted(string word) => word.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '/' or '.') ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    public static void WriteAll(RunState state, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        var where = arguments.Get(CommonOptions.RunsDir) is { } folder ? $" --runs-dir {folder}" : "";
        foreach (var node in state.OpenWaits)
        {
            var wait = state.DetailOf(node)!.Wait!;
            io.Out.WriteLine($"\n{TerminalText.Of(state.PathOf(node))} waits since {Time(wait.OpenedAtMs)} until {Time(wait.DeadlineMs)} ({WireNames.Of(wait.IsEscalated ? WaitExpiry.Reject : wait.Request.OnTimeout)} then)");
            if (UrgencyOf(wait, io.Clock.GetUtcNow().ToUnixTimeMilliseconds()) is { Length: > 0 } urgency) io.Out.WriteLine(urgency);
            if (wait.MayAnswer.Count > 0) io.Out.WriteLine($"may decide: {TerminalText.Of(string.Join(", ", wait.MayAnswer))}");
            if (wait.Request.Quorum > 1) io.Out.WriteLine($"approvals: {wait.Answers.Count} of {wait.Request.Quorum} ({TerminalText.Of(string.Join(", ", wait.Answers.Select(answer => answer.Who)))})");
            if (wait.Request.Options.Count > 0) io.Out.WriteLine($"options: {TerminalText.Of(string.Join(", ", wait.Request.Options))}");
            WritePayload(store.Artifacts.Read(wait.Request.Payload).AsObject, io.Out);
            io.Out.WriteLine($"payload {wait.Request.PayloadSha256}   wait {TerminalText.Of(wait.Id)}");
            io.Out.WriteLine($"  {CommandFor(state.RunName, state.PathOf(node), wait.Request)}{where}");
        }
    }

    /// <summary>Whether time presses: reminded, escalated, over. What passed while no process lived is due and takes effect when the run goes on.</summary>
    public static string UrgencyOf(WaitState wait, long nowMs)
    {
        var parts = new List<string>();
        if (wait.IsReminded) parts.Add("people were reminded");
        if (wait.IsEscalated) parts.Add($"escalated to {TerminalText.Of(wait.Request.EscalateTo ?? "")}");
        if (DueOf(wait, nowMs) is { } due) parts.Add(due == Reminder ? $"a reminder is due since {Time(wait.RemindAtMs)}" : $"its time has ended: {due} when the run goes on");
        return string.Join("; ", parts);
    }

    private const string Reminder = "remind";

    /// <summary>What has fallen due and takes effect when the run goes on; null: nothing.</summary>
    private static string? DueOf(WaitState wait, long nowMs) =>
        wait.DeadlineMs <= nowMs ? WireNames.Of(WaitRules.MayEscalate(wait) ? WaitExpiry.Escalate : WaitRules.Final(wait))
        : wait.RemindAtMs > 0 && wait.RemindAtMs <= nowMs ? Reminder
        : null;

    /// <summary>One line for each wait of a run.</summary>
    public static void WriteBrief(RunState state, CliIo io)
    {
        foreach (var node in state.OpenWaits)
        {
            var wait = state.DetailOf(node)!.Wait!;
            var urgency = UrgencyOf(wait, io.Clock.GetUtcNow().ToUnixTimeMilliseconds());
            io.Out.WriteLine($"{state.RunName} {TerminalText.Of(state.PathOf(node))} since {Time(wait.OpenedAtMs)} until {Time(wait.DeadlineMs)}{(urgency.Length == 0 ? "" : $" ({urgency})")}: {TerminalText.Clip(wait.Request.Prompt, 100)}");
        }
    }

    /// <summary>All that the person is to see before deciding.</summary>
    public static void WritePayload(ValueMap payload, TextWriter writer)
    {
        writer.WriteLine(TerminalText.Block(payload["prompt"].ToDisplayText()));
        foreach (var (id, output) in payload["shown"].AsObject.Pairs) writer.WriteLine($"── {TerminalText.Of(id)}\n{TerminalText.Block(output.ToDisplayText())}");
    }

    public static Value ToJson(RunState state, IRunStore store, CliIo io) => Value.Of(state.OpenWaits.Select(node =>
    {
        var wait = state.DetailOf(node)!.Wait!;
        var request = wait.Request;
        return Value.Of(ValueMap.Of(
            ("id", wait.Id), ("node", state.PathOf(node)), ("kind", WireNames.Of(request.Kind)), ("asked", store.Artifacts.Read(request.Payload)), ("payload_sha256", request.PayloadSha256),
            ("type", WireNames.Of(request.AnswerType)), ("options", Value.OfTexts(request.Options)), ("schema", request.Schema),
            ("since", Iso(wait.OpenedAtMs)), ("deadline", Iso(wait.DeadlineMs)), ("on_timeout", WireNames.Of(request.OnTimeout)), ("reminded", wait.IsReminded), ("escalated", wait.IsEscalated),
            ("due", DueOf(wait, io.Clock.GetUtcNow().ToUnixTimeMilliseconds()) is { } due ? Value.Of(due) : Value.Null),
            ("approvers", Value.OfTexts(wait.MayAnswer)), ("quorum", request.Quorum),
            ("answers", Value.Of(wait.Answers.Select(answer => Value.Of(ValueMap.Of(("who", answer.Who), ("authenticated", answer.IsAuthenticated), ("answer", answer.Answer), ("comment", answer.Comment), ("at", Iso(answer.AtMs))))))),
            ("command", CommandFor(state.RunName, state.PathOf(node), request))));
    }));

    public static string Iso(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("O");
    private static string Time(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("yyyy-MM-dd HH:mm:ss 'UTC'");
}
