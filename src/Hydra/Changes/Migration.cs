using Hydra.Model;

namespace Hydra.Changes;

/// <summary>A node of a run and what becomes of its work under another definition, in words.</summary>
public sealed record MigrationLine(string Node, string Reason);

/// <summary>What moving a run to another definition would keep, do anew and refuse. Pure.</summary>
public sealed record Migration
{
    public required DefinitionChange Change { get; init; }
    /// <summary>Ended nodes whose definition and whole upstream are the same: their results stay.</summary>
    public required IReadOnlyList<string> Kept { get; init; }
    /// <summary>Work that has begun and is not valid any more.</summary>
    public required IReadOnlyList<MigrationLine> Invalidated { get; init; }
    /// <summary>Why it cannot be done; empty when it can.</summary>
    public required IReadOnlyList<MigrationLine> Refusals { get; init; }
    /// <summary>Instances to do anew.</summary>
    public required IReadOnlyList<int> Seeds { get; init; }

    public static Migration Of(RunState state, WorkflowSpec before, WorkflowSpec after)
    {
        var change = DefinitionChange.Between(before, after);
        var reasons = new Dictionary<int, string>();
        var refusals = new List<MigrationLine>();
        foreach (var node in change.Nodes)
        {
            var at = state.Plan.IndexOf(node.Node);
            if (node.Kind == ChangeKind.Added || at < 0) continue;
            reasons[at] = node.Kind == ChangeKind.Removed ? "it is removed" : $"it is changed: {string.Join(", ", node.Fields.Select(field => field.Field))}";
            if (RefusalOf(state, at, node.Kind) is { } refusal) refusals.Add(new(node.Node, refusal));
        }
        foreach (var (node, field) in change.Reached)
        {
            if (state.Plan.IndexOf(node) is >= 0 and var at) reasons.TryAdd(at, $"'{field}' of the file is changed");
        }
        var seeds = reasons.Keys.Order().ToList();
        Spread(state.Plan, seeds, reasons);
        var invalidated = reasons.Where(pair => state.HasBegun(pair.Key) || state.IsFinal(pair.Key)).OrderBy(pair => pair.Key).Select(pair => new MigrationLine(NameOf(state, pair.Key), pair.Value));
        var kept = Enumerable.Range(0, state.Plan.Nodes.Length).Where(i => state.IsFinal(i) && !reasons.ContainsKey(i)).Select(i => NameOf(state, i));
        return new Migration { Change = change, Kept = [.. kept], Invalidated = [.. invalidated], Refusals = refusals, Seeds = seeds };
    }

    private static string NameOf(RunState state, int node) => state.Plan.Nodes[node].Id.Text;

    private static void Spread(Plan plan, List<int> seeds, Dictionary<int, string> reasons)
    {
        var open = new Queue<int>(seeds);
        while (open.TryDequeue(out var node))
        {
            foreach (var dependant in plan.DependantsOf(node))
            {
                if (reasons.TryAdd(dependant, $"it depends on '{plan.Nodes[node].Id}'")) open.Enqueue(dependant);
            }
        }
    }

    private static string? RefusalOf(RunState state, int node, ChangeKind kind)
    {
        var status = state.StatusOf(node);
        var steps = state.DetailOf(node)?.Steps;
        if (steps is not null && steps.Exists(step => step.Result is null && step.Call.Effect == EffectClass.Irreversible))
            return "the outcome of an irreversible call of it is unknown; it must not be made twice. Resume the run first";
        if (status == NodeStatus.Open && state.DetailOf(node) is { Scope: >= 0 })
            return kind == ChangeKind.Removed ? "it is removed, and work inside it is open. Resume the run until it has ended, or cancel the run" : "its definition is changed, and work inside it is open. Resume the run until it has ended, or cancel the run";
        if (kind == ChangeKind.Removed && status is NodeStatus.Running or NodeStatus.Waiting)
            return $"it is removed while it is {WireNames.Of(status)}. Resume the run until it has ended, or cancel the run";
        return null;
    }
}
