using Hydra.Journal;
using Hydra.Model;
using Hydra.Planning;
using Hydra.Tracing;

namespace Hydra.Cli;

/// <summary>Runs as their journals tell them; nothing is taken up and no model is looked for.</summary>
internal static class RunReading
{
    public static bool Exists(string text, ParsedArguments arguments, CliIo io)
    {
        if (!RunId.IsValid(text) || !SqliteRunStore.Exists(Wiring.RunsDirOf(arguments, io))) return false;
        using var store = Wiring.OpenExisting(arguments, io);
        return store.Find(new RunId(text)) is not null || (text.Length >= 4 && store.List().Any(info => info.Run.Text.StartsWith(text, StringComparison.Ordinal)));
    }

    public static RunTrace TraceOf(IRunStore store, RunId run)
    {
        var (plan, bundle) = PlanOf(store, run);
        return RunTrace.Of(plan, store.Read(run), bundle);
    }

    public static NodeTrace NodeOf(RunTrace trace, string path) =>
        trace.Find(path) ?? throw new UsageException($"run '{trace.Run}' has no node '{path}'.{DidYouMean.Hint(path, trace.Nodes.Select(node => node.Path))} `hydra inspect {trace.Run}` lists them.");

    /// <summary>The outputs of the sinks that have one, by node id.</summary>
    public static ValueMap OutputsOf(RunTrace trace, IRunStore store) => ValueMap.Of(trace.Plan.Sinks
        .Select(sink => trace.Nodes[sink]).Where(node => node.Output is not null && node.Status != NodeStatus.Skipped)
        .Select(node => KeyValuePair.Create(node.Path, store.Artifacts.Read(node.Output!))));

    public static RunState StateOf(Plan plan, IRunStore store, RunId run)
    {
        var state = new RunState(plan);
        foreach (var frame in store.Read(run)) state.Apply(frame);
        return state;
    }

    /// <summary>A run's state as far as its journal can be read; null where its definition cannot.</summary>
    public static RunState? WhatIsLeftOf(IRunStore store, RunId run)
    {
        RunState? state = null;
        try
        {
            state = new RunState(PlanOf(store, run).Plan);
            foreach (var frame in store.Read(run)) state.Apply(frame);
        }
        catch (Exception damaged) when (damaged is StoreException or RunRefusedException or UsageException)
        {
            // It ends here.
        }
        return state;
    }

    /// <summary>The plan a run is pinned to, with the bundle it comes from.</summary>
    public static (Plan Plan, Value Bundle) PlanOf(IRunStore store, RunId run)
    {
        var types = Wiring.TypesForReading();
        var definition = RunDefinition.Of(store, run, (written, file, files) => Definitions.ReadBundle(written, file, files, types), workflow => Planner.Plan(workflow, types, null, new ProposedGraphs(types, store.Artifacts)))
            ?? throw new UsageException($"run '{run}' has no frames yet.");
        return (definition.Plan, definition.Bundle.Value);
    }
}
