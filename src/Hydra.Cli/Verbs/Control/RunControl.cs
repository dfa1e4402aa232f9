using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>What <c>pause</c>, <c>cancel</c> and <c>kill-switch</c> take from the command line.</summary>
internal static class ControlOptions
{
    public static readonly Option Reason = new("--reason", "TEXT", "why, for the audit");

    /// <summary>Who asks, as this machine's login says: a claim, recorded as such.</summary>
    public static string CallerOf(CliIo io) => io.UserName;

    public static ControlRequest RequestOf(string verb, ParsedArguments arguments, CliIo io) =>
        new(verb, CallerOf(io), arguments.Get(Reason) ?? $"asked by `hydra {verb}`") { AtMs = io.Clock.GetUtcNow().ToUnixTimeMilliseconds() };
}

/// <summary>Asks something of a run: of its owner through the inbox, or by taking the run where nobody owns it.</summary>
internal static class RunControl
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(100);

    public static async Task<int> AskAsync(ControlRequest request, RunStatus wanted, ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var run = Wiring.FindRun(store, arguments.Positionals[0]).Run;
        using var workshop = Wiring.Open(ProgramOptions.Of(store, run), store, io);
        var (wasAsked, hasDecided) = (false, false);
        IReadOnlyList<string> inFlight = [];
        while (true)
        {
            if (store.IsOwned(run))
            {
                if (!wasAsked)
                {
                    inFlight = InFlight(workshop.Engine, run);   // before it is asked: it may have ended by the time it would be looked at
                    store.Post(run, request.ToCommand());
                    if (inFlight.Count > 0 && !arguments.Has(CommonOptions.Json)) io.Error.WriteLine(TerminalText.Of($"asked; in flight: {string.Join(", ", inFlight)}"));
                }
                wasAsked = true;
                await Task.Delay(LookInterval, io.Clock);
                continue;
            }
            if (hasDecided || IsOver(store, run, wanted, wasAsked)) return Print(store, run, wanted, wasAsked, request, inFlight, arguments, io);
            try
            {
                var before = store.Find(run)!.UpdatedAt;
                await workshop.Engine.AskAsync(run, request, CancellationToken.None);
                hasDecided = true;
                wasAsked = store.Find(run)!.UpdatedAt != before;
            }
            catch (StoreException taken) when (taken.Fault == StoreFault.Owned)
            {
                wasAsked = false;   // somebody took it up between the look and the grasp: ask that process
            }
        }
    }

    /// <summary>The owner was asked, and has let go of the run with an end.</summary>
    private static bool IsOver(SqliteRunStore store, RunId run, RunStatus wanted, bool wasAsked)
    {
        var status = store.Find(run)!.Status;
        return wasAsked && (status == wanted || status is not (RunStatus.Running or RunStatus.Interrupted or RunStatus.Paused));
    }

    private static List<string> InFlight(Engine engine, RunId run)
    {
        var (state, _) = engine.Load(run);
        return [.. Enumerable.Range(0, state.InstanceCount).Where(i => state.StatusOf(i) == NodeStatus.Running).Select(i => $"{state.PathOf(i)} ({state.NodeOf(i).Type.Name})")];
    }

    private static int Print(SqliteRunStore store, RunId run, RunStatus wanted, bool wasAsked, ControlRequest request, IReadOnlyList<string> inFlight, ParsedArguments arguments, CliIo io)
    {
        var info = store.Find(run)!;
        var isDone = info.Status == wanted;
        if (arguments.Has(CommonOptions.Json))
            io.Out.WriteLine(ValueJson.ToText(RunRow.ToJson(info).With("in_flight", Value.OfTexts(inFlight)), indented: true));
        else if (isDone) io.Out.WriteLine($"{info.Run} {WireNames.Of(wanted)}{(wasAsked ? "" : " already")}: {TerminalText.Of(info.Reason)}");
        if (!isDone) io.Error.WriteLine($"hydra: run '{info.Run}' is {WireNames.Of(info.Status)} already; there is nothing to {request.Verb}.");
        return isDone ? ExitCode.Done : ExitCode.Usage;
    }
}
