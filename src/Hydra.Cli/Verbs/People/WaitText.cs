using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>What waits for people, in words and as JSON.</summary>
internal static class WaitText
{
    private const int PromptLengthMax = 300;
    /// <summary>Fields of a form put into an example.</summary>
    private const int FieldsMax = 8;

    /// <summary>One line about the wait and the command that answers it.</summary>
    public static void WriteAsk(RunId run, OpenWait open, string where, TextWriter writer)
    {
        writer.WriteLine($"{TerminalText.Of(open.Path)} {(open.Wait.Request.Kind == WaitKind.Event ? "waits for the event" : "asks")}: {TerminalText.Clip(open.Wait.Request.Prompt, PromptLengthMax)}{OptionsOf(open.Wait.Request)}{DecidersOf(open.Wait)}");
        writer.WriteLine($"  {CommandFor(run.Text, open.Path, open.Wait.Request)}{where}{(open.Wait.Request.Kind == WaitKind.Approval ? "   or with --reject --comment TEXT" : "")}");
    }

    /// <summary>The same of a wait that a run was left in: once its time is over, what becomes of it and the command that brings that about.</summary>
    public static void WriteLeft(RunId run, OpenWait open, string where, CliIo io)
    {
        var nowMs = io.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (!IsOver(open.Wait, nowMs)) WriteAsk(run, open, where, io.Error);
        else io.Error.WriteLine($"{TerminalText.Of(open.Path)}: {UrgencyOf(open.Wait, nowMs)}");
    }

    private static string OptionsOf(WaitRequest request) => request.Options.Count == 0 ? "" : TerminalText.Clip($" [{string.Join(" / ", request.Options)}]", PromptLengthMax);

    /// <summary>Whom else it takes than whoever reads this.</summary>
    private static string DecidersOf(WaitState wait)
    {
        string?[] parts =
        [
            wait.MayAnswer.Count > 0 ? TerminalText.Clip($"may decide: {string.Join(", ", wait.MayAnswer)}", PromptLengthMax) : null,
            wait.Request.Quorum > 1 ? $"{wait.Answers.Count} of {wait.Request.Quorum} approvals" : null,
        ];
        return string.Join("; ", parts.OfType<string>()) is { Length: > 0 } said ? $" ({said})" : "";
    }

    /// <summary>The command line that answers, as far as the wait takes an answer; null: it takes none.</summary>
    private static string? CommandFor(string run, string path, WaitRequest request, bool isLost) => (isLost, request.Kind) switch
    {
        (true, WaitKind.Approval) => $"{CommandFor(run, path, request)} --reject",
        (true, WaitKind.Input) => null,
        _ => CommandFor(run, path, request),
    };

    /// <summary>The command line that answers.</summary>
    public static string CommandFor(string run, string path, WaitRequest request) => request.Kind switch
    {
        WaitKind.Approval => $"hydra approve {run} {TerminalText.Word(path)}",
        WaitKind.Input => $"hydra respond {run} {TerminalText.Word(path)} {Example(request)}",
        _ => $"hydra signal {run} {TerminalText.Word(request.Prompt)} [VALUE]",
    };

    private static string Example(WaitRequest request) => request.AnswerType switch
    {
        AnswerType.Select => TerminalText.Word(request.Options[0]),
        AnswerType.Confirm => "true",
        AnswerType.Form => TerminalText.Word($"{{{FieldsOf(request.Schema)}}}"),
        _ => "TEXT",
    };

    /// <summary>The fields of a form with what goes into each; … where the schema names none, or more.</summary>
    private static string FieldsOf(Value schema)
    {
        if (!schema.IsObject || schema.AsObject.GetOrNull("properties") is not { IsObject: true } properties || properties.AsObject.Count == 0) return "…";
        var fields = properties.AsObject.Take(FieldsMax).Select(field =>
            $"{Value.Of(field.Key).ToJson()}: {(field.Value.IsObject && field.Value.AsObject.GetOrNull("type").TextOrNull is { } type ? type.ToUpperInvariant() : "…")}");
        return string.Join(", ", fields) + (properties.AsObject.Count > FieldsMax ? ", …" : "");
    }

    public static void WriteAll(RunState state, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        foreach (var node in AnswerableIn(state)) WriteOpen(state, node, store, arguments, io);
    }

    /// <summary>What one instance has asked people and what they said, and what it asks now; nothing of one that asked nobody.</summary>
    public static void WriteOf(RunState state, int node, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        foreach (var wait in WaitsOf(state, node))
        {
            if (IsAnswerable(state, node, wait)) WriteOpen(state, node, store, arguments, io);
            else WriteClosed(wait, store, io);
        }
    }

    /// <summary>A run that was cancelled keeps its questions, and nobody may answer them unless it is resumed.</summary>
    private static IEnumerable<int> AnswerableIn(RunState state) => state.TakesAnswers ? state.OpenWaits : [];

    private static bool IsAnswerable(RunState state, int node, WaitState wait) => wait.Decision is null && state.TakesAnswers && state.OpenWaits.Contains(node);

    private static IEnumerable<WaitState> WaitsOf(RunState state, int node) => state.DetailOf(node) is { Wait: { } wait } detail ? [.. detail.EarlierWaits ?? [], wait] : [];

    private static void WriteClosed(WaitState wait, IRunStore store, CliIo io)
    {
        io.Out.WriteLine($"\nasked {Time(wait.OpenedAtMs)}   wait {TerminalText.Of(wait.Id)}");
        var (asked, lost) = LostPayload.Read(store, wait.Request);
        if (asked is not null) WritePayload(asked, io.Out);
        else io.Out.WriteLine($"what it asked is lost: {TerminalText.Of(lost!)} `hydra doctor --runs` says what can be saved.");
        foreach (var answer in wait.Answers)
            io.Out.WriteLine($"{TerminalText.Of(WaitRules.Said(wait, answer.Answer))} by {TerminalText.Of(answer.Who)} at {Time(answer.AtMs)}{(answer.Comment.Length == 0 ? "" : $": {TerminalText.Block(answer.Comment)}")}");
        if (wait.Decision is { Expired: { } expired } ended) io.Out.WriteLine($"nobody answered in time: {WireNames.Of(expired)} at {Time(ended.AtMs)}");
        else if (wait.Decision is null) io.Out.WriteLine("it was ended undecided");
    }

    private static void WriteOpen(RunState state, int node, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        var where = CommonOptions.WhereOf(arguments);
        var wait = state.DetailOf(node)!.Wait!;
        io.Out.WriteLine($"\n{TerminalText.Of(state.PathOf(node))} waits since {Time(wait.OpenedAtMs)} until {Time(wait.DeadlineMs)} ({WireNames.Of(wait.IsEscalated ? WaitExpiry.Reject : wait.Request.OnTimeout)} then)");
        if (UrgencyOf(wait, state.NowMs(io.Clock)) is { Length: > 0 } urgency) io.Out.WriteLine(urgency);
        if (wait.MayAnswer.Count > 0) io.Out.WriteLine($"may decide: {TerminalText.Of(string.Join(", ", wait.MayAnswer))}");
        if (wait.Request.Quorum > 1) io.Out.WriteLine($"approvals: {wait.Answers.Count} of {wait.Request.Quorum}{(wait.Answers.Count == 0 ? "" : $" ({TerminalText.Of(string.Join(", ", wait.Answers.Select(answer => answer.Who)))})")}");
        if (wait.Request.Options.Count > 0) io.Out.WriteLine($"options: {TerminalText.Of(string.Join(", ", wait.Request.Options))}");
        var (asked, lost) = LostPayload.Read(store, wait.Request);
        if (asked is not null) WritePayload(asked, io.Out);
        else io.Out.WriteLine(TerminalText.Of(LostPayload.Tell(lost!, new RunId(state.RunName), new OpenWait(state.PathOf(node), wait), where)));
        io.Out.WriteLine($"payload {wait.Request.PayloadSha256}   wait {TerminalText.Of(wait.Id)}");
        if (IsOver(wait, state.NowMs(io.Clock))) io.Out.WriteLine($"  {GoOn(state.RunName)}{where}");
        else if (lost is null) io.Out.WriteLine($"  {CommandFor(state.RunName, state.PathOf(node), wait.Request)}{where}");
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

    /// <summary>Nobody may answer any more: what time has decided takes effect when the run goes on.</summary>
    private static bool IsOver(WaitState wait, long nowMs) => wait.DeadlineMs <= nowMs && !WaitRules.MayEscalate(wait);

    private static string GoOn(string run) => $"hydra resume {run}";

    /// <summary>What has fallen due and takes effect when the run goes on; null: nothing.</summary>
    private static string? DueOf(WaitState wait, long nowMs) =>
        wait.DeadlineMs <= nowMs ? WireNames.Of(WaitRules.MayEscalate(wait) ? WaitExpiry.Escalate : WaitRules.Final(wait))
        : wait.RemindAtMs > 0 && wait.RemindAtMs <= nowMs ? Reminder
        : null;

    /// <summary>One line for each wait of a run.</summary>
    public static void WriteBrief(RunState state, IRunStore store, CliIo io)
    {
        foreach (var node in state.OpenWaits)
        {
            var wait = state.DetailOf(node)!.Wait!;
            string?[] parts = [UrgencyOf(wait, state.NowMs(io.Clock)), LostPayload.Read(store, wait.Request).Lost is null ? null : "what it asks is lost: `hydra inspect` says what to do"];
            var urgency = string.Join("; ", parts.Where(part => part is { Length: > 0 }));
            io.Out.WriteLine($"{state.RunName} {TerminalText.Of(state.PathOf(node))} since {Time(wait.OpenedAtMs)} until {Time(wait.DeadlineMs)}{(urgency.Length == 0 ? "" : $" ({urgency})")}: {TerminalText.Clip(wait.Request.Prompt, 100)}");
        }
    }

    /// <summary>All that the person is to see before deciding.</summary>
    public static void WritePayload(ValueMap payload, TextWriter writer)
    {
        writer.WriteLine(TerminalText.Block(payload["prompt"].ToDisplayText()));
        foreach (var (id, output) in payload["shown"].AsObject.Pairs) writer.WriteLine($"── {TerminalText.Of(id)}\n{TerminalText.Block(output.ToDisplayText())}");
    }

    public static Value ToJson(RunState state, IRunStore store, CliIo io) => Value.Of(AnswerableIn(state).Select(node => ToJson(state, node, state.DetailOf(node)!.Wait!, store, io)));

    /// <summary>Every wait of one instance, decided ones among them.</summary>
    public static Value ToJson(RunState state, int node, IRunStore store, CliIo io) => Value.Of(WaitsOf(state, node).Select(wait => ToJson(state, node, wait, store, io)));

    private static Value ToJson(RunState state, int node, WaitState wait, IRunStore store, CliIo io)
    {
        var request = wait.Request;
        var isOpen = IsAnswerable(state, node, wait);
        var (asked, lost) = LostPayload.Read(store, request);
        return Value.Of(ValueMap.Of(
            ("id", wait.Id), ("node", state.PathOf(node)), ("kind", WireNames.Of(request.Kind)), ("asked", asked is null ? Value.Null : Value.Of(asked)), ("lost", lost is null ? Value.Null : Value.Of(lost)), ("payload_sha256", request.PayloadSha256),
            ("type", WireNames.Of(request.AnswerType)), ("options", Value.OfTexts(request.Options)), ("schema", request.Schema),
            ("since", Iso(wait.OpenedAtMs)), ("deadline", Iso(wait.DeadlineMs)), ("on_timeout", WireNames.Of(request.OnTimeout)), ("reminded", wait.IsReminded), ("escalated", wait.IsEscalated),
            ("due", isOpen && DueOf(wait, state.NowMs(io.Clock)) is { } due ? Value.Of(due) : Value.Null),
            ("approvers", Value.OfTexts(wait.MayAnswer)), ("quorum", request.Quorum),
            ("answers", Value.Of(wait.Answers.Select(answer => Value.Of(ValueMap.Of(("who", answer.Who), ("authenticated", answer.IsAuthenticated), ("answer", answer.Answer), ("comment", answer.Comment), ("at", Iso(answer.AtMs))))))),
            ("expired", wait.Decision?.Expired is { } expired ? WireNames.Of(expired) : Value.Null),
            ("command", isOpen && (IsOver(wait, state.NowMs(io.Clock)) ? GoOn(state.RunName) : CommandFor(state.RunName, state.PathOf(node), request, isLost: lost is not null)) is { } command ? Value.Of(command) : Value.Null)));
    }

    public static string Iso(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("O");
    private static string Time(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("yyyy-MM-dd HH:mm:ss 'UTC'");
}
