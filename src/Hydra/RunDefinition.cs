using Hydra.Execution;
using Hydra.Model;

namespace Hydra;

/// <summary>What a run is pinned to. A fork with a definition of its own has that of its parent as the earlier one.</summary>
public sealed record RunDefinition(Plan Plan, Bundle Bundle)
{
    /// <summary>Reads it from the frames with which the run and those it was forked from began; null when there is no such run.</summary>
    public static RunDefinition? Of(IRunStore store, RunId run, Func<Value, string, ValueMap, WorkflowSpec> readDefinition, Func<WorkflowSpec, Plan> planOf)
    {
        RunDefinition? known = null;
        foreach (var head in store.Heads(run))
        {
            var pinned = head.Events[0] switch
            {
                RunEvent.RunStarted started => new ForkDefinition(started.DefinitionHash, started.Bundle),
                RunEvent.Forked forked => forked.Definition,
                _ => throw new StoreException(StoreFault.Corrupt, $"The journal of run '{run}' does not begin with the start of a run: its first frames are missing. Nothing was overwritten; restore it from a copy."),
            };
            if (pinned is null) continue;
            var bundle = Bundle.Read(store.Artifacts.Read(pinned.Bundle), readDefinition);
            bundle = bundle with { Workflow = bundle.Workflow with { Hash = pinned.Hash } };
            var plan = planOf(bundle.Workflow);
            plan.Earlier = known?.Plan;
            known = new RunDefinition(plan, bundle);
        }
        return known;
    }
}
