using System.Runtime.CompilerServices;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Execution;

/// <summary>
/// What the templates of one instance see: names bound by the composites around it, outputs of its ancestors, the run's
/// inputs, and <c>run</c>, <c>now</c>, <c>env</c>, <c>nodes</c>. Nothing that ended after the instance became ready is
/// visible, so a retry or a replay sees the same. It may be read while the run goes on: what it reaches no longer changes.
/// </summary>
/// <param name="labels">Takes note of the labels of everything that is read.</param>
/// <param name="reader">The node whose texts read here, where that is known.</param>
internal sealed class InstanceScope(RunState state, RunInputs inputs, IArtifactStore artifacts, int instance, LabelContext? labels = null, PlannedNode? reader = null) : ITemplateScope
{
    private const string RevisionName = "revision";

    public IEnumerable<string> Names
    {
        get
        {
            var isIsolated = false;
            for (var at = instance; at >= 0;)
            {
                if (state.PreviousOf(at) >= 0) yield return RevisionName;
                at = state.BaseOf(at);
                var scope = state.ScopeOf(at);
                foreach (var name in scope.Plan.Names) yield return name;
                foreach (var ancestor in AncestorsOf(scope, at)) yield return scope.Plan.Nodes[ancestor].Id.Text;
                isIsolated = scope.Plan.IsIsolated;
                if (isIsolated && scope.Opening.Bindings is not null)
                {
                    foreach (var name in inputs.BindingsOf(scope, artifacts).Keys) yield return name;
                }
                at = isIsolated ? -1 : scope.Parent;
            }
            foreach (var name in isIsolated ? [] : inputs.Values.Keys) yield return name;
            foreach (var name in ReservedNames.Builtin) yield return name;
        }
    }

    public WorkflowSpec Workflow => state.ScopeOf(instance).Plan.Workflow;

    /// <summary>The instance, or a composite that it lies in, names a compensation, or it is part of one.</summary>
    public bool IsCompensated => state.CompensatedBy(instance) >= 0;

    /// <summary>The labels on what this instance sees by that name; none where there is nothing.</summary>
    public Labels LabelsOf(string name) => TryFind(name, out _, out var found) ? Narrowed(name, found) : default;

    public bool TryGet(string name, out Value value)
    {
        if (!TryFind(name, out value, out var found)) return false;
        if (!found.IsNone) labels?.Add(Narrowed(name, found));
        return true;
    }

    /// <summary>What reads nothing but typed fields of a value reads nothing that could instruct it.</summary>
    private Labels Narrowed(string name, Labels found) =>
        found.IsUntrusted && found.TypedFields.Count > 0 && reader is not null && TypedReads.Only(reader, Workflow, name, found.TypedFields) ? found.WithoutUntrusted : found;

    /// <summary>The value with its labels, without taking note of them.</summary>
    public bool TryFind(string name, out Value value, out Labels found)
    {
        for (var at = instance; at >= 0;)
        {
            if (name == RevisionName && TryRevision(at, out value, out found)) return true;
            var asking = at;
            at = state.BaseOf(at);
            var scope = state.ScopeOf(at);
            if (TryUndone(scope, name, out value, out found) || TryBound(scope, at, name, out value, out found) || TryOutput(scope, at, asking, name, out value, out found)) return true;
            if (scope.Plan.IsIsolated) return TryAmbient(name, out value, out found);
            at = scope.Parent;
        }
        if (!inputs.Values.TryGetValue(name, out value)) return TryAmbient(name, out value, out found);
        found = state.Plan.Workflow.Inputs?.GetValueOrDefault(name)?.Labels ?? default;
        return true;
    }

    /// <summary>What undoes a node sees that node's output under its id; null where it never was known.</summary>
    private bool TryUndone(Scope scope, string name, out Value value, out Labels found)
    {
        (value, found) = (Value.Null, default);
        if (scope.Opening.Kind != ScopeKind.Undo || state.NodeOf(scope.Parent).Id.Text != name) return false;
        if (state.OutputOf(scope.Parent) is { } output) (value, found) = (artifacts.Read(output), output.Labels);
        return true;
    }

    private bool TryBound(Scope scope, int at, string name, out Value value, out Labels found)
    {
        (value, found) = (default, default);
        if (scope.Opening.Bindings is null) return false;
        found = scope.Opening.Bindings.Labels;
        var bindings = inputs.BindingsOf(scope, artifacts);
        if (scope.Opening.Kind != ScopeKind.Items)
        {
            // An input of a sub-workflow has the labels that its own declaration adds.
            if (scope.Plan.IsIsolated && scope.Plan.Workflow.Inputs?.GetValueOrDefault(name) is { } declared) found = found.With(declared.Labels);
            return bindings.TryGetValue(name, out value);
        }
        var item = scope.ItemOf(at);
        if (scope.Plan.Names.Count > 0 && name == scope.Plan.Names[0])
        {
            value = bindings["items"].AsList[item];
            return true;
        }
        if (scope.Plan.Names.Count < 2 || name != scope.Plan.Names[1]) return false;
        (value, found) = (item, default);
        return true;
    }

    /// <summary>What a revised node sees of its revision: its number, what was said at the gate, and the node's own output before.</summary>
    private bool TryRevision(int at, out Value value, out Labels found)
    {
        (value, found) = (default, default);
        if (state.PreviousOf(at) is not (>= 0 and var before)) return false;
        var scope = state.ScopeOf(at);
        var output = state.OutputOf(before);
        found = (scope.Opening.Bindings?.Labels ?? default).With(output?.Labels ?? default);
        value = ValueMap.Of(("round", state.VersionOf(at)), ("comment", inputs.BindingsOf(scope, artifacts)["comment"]), ("previous", output is null ? Value.Null : artifacts.Read(output)));
        return true;
    }

    /// <param name="asking">The version of <paramref name="at"/> that reads.</param>
    private bool TryOutput(Scope scope, int at, int asking, string name, out Value value, out Labels found)
    {
        (value, found) = (default, default);
        var index = scope.Plan.IndexOfOutput(name);
        if (index < 0) return false;
        var first = scope.InstanceOf(scope.ItemOf(at), index);
        var other = state.VersionSeenBy(asking, first);
        if (first == at || !state.Sees(asking, other) || state.OutputOf(other) is not { } output)
        {
            // A parent skipped without a stand-in is empty text to those who run all the same.
            if (first == at || !state.Sees(asking, other) || state.StatusOf(other) != NodeStatus.Skipped || state.DetailOf(other)!.SkippedBecause is SkipCause.UpstreamFailed or SkipCause.Terminated) return false;
            value = Value.EmptyText;
            return true;
        }
        (value, found) = (artifacts.Read(output), output.Labels);
        return true;
    }

    private bool TryAmbient(string name, out Value value, out Labels found)
    {
        found = default;
        switch (name)
        {
            case "run":
                value = inputs.Run;
                return true;
            case "now":
                value = inputs.Now;
                return true;
            case "env":
                value = inputs.Environment;
                return true;
            case "nodes":
                value = Nodes(ref found);
                return true;
            case RevisionName:   // the first version, of which nobody has said anything yet
                value = Value.Null;
                return true;
            default:
                value = default;
                return false;
        }
    }

    /// <summary>Every ancestor by id: status, output, error, attempts and cost.</summary>
    /// <remarks>Reading it counts as reading all of them: which one is meant shows only later.</remarks>
    private Value Nodes(ref Labels found)
    {
        var map = new ValueMap.Builder();
        for (var at = instance; at >= 0;)
        {
            var asking = at;
            at = state.BaseOf(at);
            var scope = state.ScopeOf(at);
            foreach (var ancestor in AncestorsOf(scope, at))
            {
                var id = scope.Plan.Nodes[ancestor].Id.Text;
                if (map.Contains(id)) continue;
                var other = state.VersionSeenBy(asking, scope.InstanceOf(scope.ItemOf(at), ancestor));
                map[id] = Describe(asking, other);
                if (!state.Sees(asking, other)) continue;
                if (state.OutputOf(other) is { } output) found = found.With(output.Labels);
                found = found.With(state.DetailOf(other)?.Error?.Labels ?? default);
            }
            if (scope.Plan.IsIsolated) break;
            at = scope.Parent;
        }
        return map.Build();
    }

    private Value Describe(int at, int other)
    {
        var isSeen = state.Sees(at, other);
        var detail = isSeen ? state.DetailOf(other) : null;
        return ValueMap.Of(
            ("status", WireNames.Of(isSeen ? state.StatusOf(other) : NodeStatus.Pending)),
            ("output", isSeen && state.OutputOf(other) is { } output ? artifacts.Read(output) : Value.Null),
            ("error", detail?.Error is { } error ? ValueMap.Of(("code", error.Code.Name), ("message", error.Message)) : Value.Null),
            ("attempts", isSeen ? state.AttemptOf(other) : 0),
            ("cost_usd", (double)(detail?.Cost.Usd ?? 0)));
    }

    private static List<int> AncestorsOf(Scope scope, int at)
    {
        var found = new List<int>();
        var seen = new HashSet<int>();
        var open = new Stack<int>();
        open.Push(scope.NodeIndexOf(at));
        while (open.TryPop(out var node))
        {
            foreach (var parent in scope.Plan.ParentsOf(node))
            {
                if (!seen.Add(parent)) continue;
                found.Add(parent);
                open.Push(parent);
            }
        }
        return found;
    }
}

/// <summary>Which fields of a value a node's own texts read, found once in its definition.</summary>
internal static class TypedReads
{
    private static readonly ConditionalWeakTable<PlannedNode, List<TemplateReference>> Known = [];

    /// <summary>Every mention of the name is of one of these fields.</summary>
    public static bool Only(PlannedNode node, WorkflowSpec workflow, string name, IReadOnlyList<string> fields)
    {
        if (node.Type.TakesInputsUnnamed) return false;
        var mentions = Known.GetValue(node, each => [.. NodeReferences.Of(each, workflow.DefaultFields).Select(read => read.Reference)]).FindAll(read => read.Root == name);
        return mentions.Count > 0 && mentions.TrueForAll(read => read.Path.Count > 0 && fields.Contains(read.Path[0]));
    }
}

/// <summary>The part of a run's data that every instance shares.</summary>
internal sealed class RunInputs
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<int, ValueMap> _bindings = new();

    public required ValueMap Values { get; init; }
    public required Value Run { get; init; }
    /// <summary>When the inputs were resolved (ISO 8601, UTC); the same on every resume.</summary>
    public required Value Now { get; init; }
    /// <summary>The variables that <c>allow_env</c> names.</summary>
    public required Value Environment { get; init; }

    public ValueMap BindingsOf(Scope scope, IArtifactStore artifacts) =>
        _bindings.GetOrAdd(scope.Id, static (_, from) => from.artifacts.Read(from.scope.Opening.Bindings!).AsObject, (scope, artifacts));
}
