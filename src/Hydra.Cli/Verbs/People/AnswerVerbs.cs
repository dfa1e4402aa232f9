using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra approve RUN NODE</c>: decides a gate.</summary>
internal static class ApproveVerb
{
    private static readonly Option Reject = Option.Switch("--reject", "decides against it");
    private static readonly Option Comment = new("--comment", "TEXT", "why; a revision sees it");

    public static readonly Verb Verb = new("approve", "RUN NODE", "decides a gate")
    {
        PositionalsMin = 2,
        PositionalsMax = 2,
        Options = [Reject, Comment, Answering.Approver, Answering.Payload, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "NODE is the gate's path or the wait's id; `hydra inspect RUN` shows what waits and what is shown.",
        Run = static (arguments, io) => Answering.AnswerAsync(WaitKind.Approval, !arguments.Has(Reject), arguments.Get(Comment) ?? "", arguments, io),
    };
}

/// <summary><c>hydra respond RUN NODE VALUE</c>: answers a <c>user_input</c>.</summary>
internal static class RespondVerb
{
    public static readonly Verb Verb = new("respond", "RUN NODE VALUE", "answers a user_input")
    {
        PositionalsMin = 3,
        PositionalsMax = 3,
        Options = [Answering.Approver, Answering.Payload, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "VALUE is the text, the option, true or false, or a JSON object for a form; @FILE reads it from a file.",
        Run = static (arguments, io) => Answering.AnswerAsync(WaitKind.Input, Answering.ValueOf(arguments.Positionals[2], io), "", arguments, io),
    };
}

/// <summary><c>hydra signal RUN EVENT [VALUE]</c>: sends an event to every node that waits for it.</summary>
internal static class SignalVerb
{
    public static readonly Verb Verb = new("signal", "RUN EVENT [VALUE]", "sends an event to the nodes that wait for it")
    {
        PositionalsMin = 2,
        PositionalsMax = 3,
        Options = [Answering.Approver, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "VALUE becomes the output of the waiting node: JSON where it is JSON, else text; @FILE reads it from a file. Without it the output is null. An event is not kept for a node that does not wait for it yet.",
        Run = SignalAsync,
    };

    private static async Task<int> SignalAsync(ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var run = Wiring.FindRun(store, arguments.Positionals[0]).Run;
        var state = new RunState(RunReading.PlanOf(store, run).Plan);
        foreach (var frame in store.Read(run, state.NextSequence)) state.Apply(frame);
        var name = arguments.Positionals[1];
        var awaited = state.OpenWaits.Select(node => (Path: state.PathOf(node), state.DetailOf(node)!.Wait!.Request)).Where(wait => wait.Request.Kind == WaitKind.Event).ToList();
        var waiting = awaited.Where(wait => wait.Request.Prompt == name).ToList();
        if (waiting.Count == 0)
        {
            var others = awaited.Select(wait => wait.Request.Prompt).Distinct(StringComparer.Ordinal).ToList();
            throw new UsageException($"nothing in run '{run.Text}' waits for the event '{name}'.{DidYouMean.Hint(name, others)} {(others.Count == 0 ? "It waits for no event" : $"It waits for: {string.Join(", ", others)}")}; `hydra inspect {run.Text}` shows what waits.");
        }
        var value = arguments.Positionals.Count < 3 ? Value.Null : Parsed(Answering.ValueOf(arguments.Positionals[2], io));
        foreach (var (path, _) in waiting) await Answering.AnswerAsync(WaitKind.Event, path, value, "", arguments, io);
        return ExitCode.Done;
    }

    private static Value Parsed(Value word) => ValueJson.TryParse(word.AsText, out var value) ? value : word;
}

/// <summary>Brings an answer to a run: to the process that owns it, or into the journal where none does.</summary>
internal static class Answering
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    public static readonly Option Approver = new("--approver", "NAME", "who answers; default $USER. Recorded as a claim");
    public static readonly Option Payload = new("--payload", "SHA256", "answers only if exactly this is asked; `hydra inspect` shows it");

    public static Value ValueOf(string word, CliIo io)
    {
        if (!word.StartsWith('@')) return word;
        try
        {
            var path = io.PathOf(word[1..]);
            if (new FileInfo(path).Length > WaitRules.AnswerBytesMax) throw new UsageException($"'{word[1..]}' is larger than the {WaitRules.AnswerBytesMax} bytes that an answer may have.");
            return File.ReadAllText(path);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"'{word[1..]}' cannot be read: {failed.Message}");
        }
    }

    public static string Who(ParsedArguments arguments, CliIo io) =>
        arguments.Get(Approver) ?? (io.UserName is { Length: > 0 } name ? name : throw new UsageException("it is not known who answers, for $USER is not set. Say it with --approver NAME."));

    public static Task<int> AnswerAsync(WaitKind kind, Value answer, string comment, ParsedArguments arguments, CliIo io) =>
        AnswerAsync(kind, arguments.Positionals[1], answer, comment, arguments, io);

    /// <param name="target">The wait's id, or the path of its node.</param>
    public static async Task<int> AnswerAsync(WaitKind kind, string target, Value answer, string comment, ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var run = Wiring.FindRun(store, arguments.Positionals[0]).Run;
        var given = new GivenAnswer(target, kind, answer, IsText: kind == WaitKind.Input, Who(arguments, io), IsAuthenticated: false, comment, kind == WaitKind.Event ? "" : arguments.Get(Payload) ?? "");
        var state = new RunState(RunReading.PlanOf(store, run).Plan);
        for (var wasPosted = false; ;)
        {
            var isOwned = store.IsOwned(run);   // before reading: what a dying owner wrote last is not missed
            foreach (var frame in store.Read(run, state.NextSequence)) state.Apply(frame);
            var verdict = WaitRules.Judge(state, given, state.NowMs(io.Clock), isAlone: !isOwned);
            if (verdict.Refusal is { } refusal) throw new UsageException(refusal);
            if (verdict.IsRecorded) return Print(state, verdict.Node, isOwned, store, arguments, io);
            var wait = state.DetailOf(verdict.Node)!.Wait!;
            if (!wasPosted && LostPayload.Refusal(given, run, new OpenWait(state.PathOf(verdict.Node), wait), store, CommonOptions.WhereOf(arguments)) is { } lost) throw new UsageException(lost);
            given = given with { Target = wait.Id, PayloadSha256 = wait.Request.PayloadSha256 };   // to this question and no later one
            if (!isOwned)
            {
                AnswerAlone(run, given, store, io);
                continue;
            }
            if (!wasPosted) store.Post(run, new InboxCommand(GivenAnswer.Verb, given.ToBody()));
            wasPosted = true;
            await Task.Delay(LookInterval, io.Clock);
        }
    }

    private static void AnswerAlone(RunId run, GivenAnswer given, IRunStore store, CliIo io)
    {
        using var workshop = Wiring.Open(ProgramOptions.Of(store, run), store, io);
        try
        {
            if (workshop.Engine.Answer(run, given) is { } refusal) throw new UsageException(refusal);
        }
        catch (StoreException taken) when (taken.Fault == StoreFault.Owned)
        {
            // Somebody took it up between the look and the grasp: ask that process.
        }
    }

    private static int Print(RunState state, int node, bool isOwned, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        var run = state.RunName;
        var wait = state.DetailOf(node)!.Wait!;
        var hasOwner = isOwned || store.IsOwned(new RunId(run));
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("run_id", run), ("node", state.PathOf(node)), ("wait", wait.Id), ("decided", wait.Decision is not null),
                ("answers", wait.Answers.Count), ("needed", wait.Request.Quorum), ("is_running", hasOwner)), indented: true));
            return ExitCode.Done;
        }
        var what = wait switch
        {
            { Request.Kind: WaitKind.Input } => "answered",
            { Request.Kind: WaitKind.Event } => "got the event",
            { Decision.IsApproved: true } => "approved",
            { Decision: not null } => "rejected",
            _ => $"has {wait.Answers.Count} of {wait.Request.Quorum} approvals",
        };
        io.Out.WriteLine($"{run} {TerminalText.Of(state.PathOf(node))} {what}");
        var where = CommonOptions.WhereOf(arguments);
        if (!hasOwner && !state.HasEnded) io.Error.WriteLine($"The run's process is gone. Go on: hydra resume {run}{where}");
        else if (!hasOwner && wait.Decision is not null && store.Find(new RunId(run))?.Status == RunStatus.Paused) io.Error.WriteLine($"The run goes on when it is taken up: hydra resume {run}{where}");
        return ExitCode.Done;
    }
}
