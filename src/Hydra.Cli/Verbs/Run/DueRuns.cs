using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>
/// <c>hydra resume --due</c>: takes up, one after another, the runs that wait for people and in which something is due: a reminder, an
/// escalation, the end of a wait, or an answer that was given since. For a scheduler: it asks nobody and leaves when nothing is left to do.
/// </summary>
internal static class DueRuns
{
    public static readonly Option Due = Option.Switch("--due", "in place of RUN: every run that waits for people and in which a reminder, a deadline or an answer is due");

    public static Task<int> ResumeAsync(ParsedArguments arguments, CliIo io)
    {
        if (arguments.Positionals.Count > 0) throw new UsageException($"--due takes up every run that is due. Leave it or '{arguments.Positionals[0]}' out.");
        foreach (var option in (Option[])[RunOptions.Wait, RunOptions.Detach, FollowVerb.InPlace, RunOptions.Assume])
        {
            if (arguments.Has(option)) throw new UsageException($"--due takes up many runs, and {option.Name} is for one. Leave one of them out.");
        }
        using var store = Wiring.OpenExisting(arguments, io);
        var isJson = arguments.Has(CommonOptions.Json);
        var documents = new List<string>();
        var worst = ExitCode.Done;
        foreach (var info in store.List().Where(info => IsDue(info, store, io)).ToList())
        {
            using var document = new StringWriter();
            var apart = io with { IsInTerminal = false, Out = isJson ? document : io.Out };
            var code = CommandLine.Guard(() => ResumeVerb.ResumeAsync(store, info, arguments, apart), arguments.Words, apart);
            if (document.ToString().Trim() is { Length: > 0 } said) documents.Add(said);
            if (code is not (ExitCode.Done or ExitCode.Paused) && worst == ExitCode.Done) worst = code;
            if (code == ExitCode.Interrupted) break;
        }
        if (isJson) io.Out.WriteLine($"[{string.Join(",\n", documents)}]");
        return Task.FromResult(worst);
    }

    private static bool IsDue(RunInfo info, IRunStore store, CliIo io)
    {
        if (info.Status != RunStatus.Paused || store.IsOwned(info.Run)) return false;
        try
        {
            var state = RunReading.StateOf(RunReading.PlanOf(store, info.Run).Plan, store, info.Run);
            return state.IsDue(state.NowMs(io.Clock));
        }
        catch (StoreException damaged) when (damaged.IsForDoctor)
        {
            return true;   // taken up, it says what is lost, and the others have their turn
        }
    }
}
