using Hydra.Model;
using Hydra.Schemas;
using Hydra.Templates;

namespace Hydra.Execution;

/// <summary>What a composite is shown when it decides, drawn from the state of the run.</summary>
internal static class Composites
{
    public static AdvanceContext ContextOf(RunState state, RunInputs inputs, IArtifactStore artifacts, int instance, bool isDryRun = false)
    {
        var detail = state.DetailOf(instance)!;
        var labels = new LabelContext();
        var proposedDepth = state.ProposedDepthOf(instance, out var proposed);
        labels.Add(proposed);
        return new AdvanceContext
        {
            Path = state.PathOf(instance),
            Node = state.NodeOf(instance),
            Scope = new InstanceScope(state, inputs, artifacts, instance, labels),
            Labels = labels,
            MaxConcurrent = state.Limits.MaxConcurrent,
            StopWhenHeld = detail.StopWhenHeld,
            IsDryRun = isDryRun,
            Keep = value => artifacts.Keep(value, labels.Now),
            Last = detail.Scope < 0 ? null : Ended(state, inputs, artifacts, state.Scopes[detail.Scope], labels),
            History = HistoryOf(state, detail.Scope).Select(scope => Ended(state, inputs, artifacts, scope, labels)),
            ProposedDepth = proposedDepth,
            Tags = TagsOf(state, inputs, instance),
            Propose = (proposal, rules) => (state.Plan.Proposals ?? throw new InvalidOperationException("This engine compiles no proposed fragments."))
                .Check(state.NodeOf(instance), state.ScopeOf(instance).Plan.Workflow, proposal, rules, new InstanceScope(state, inputs, artifacts, instance).Names, value => artifacts.Keep(value, labels.Now)),
        };
    }

    /// <summary>What a leaf's attempt has opened so far; each with labels of its own.</summary>
    public static IReadOnlyList<OpenedGraph> OpenedBy(RunState state, RunInputs inputs, IArtifactStore artifacts, int instance)
    {
        if (state.DetailOf(instance) is not { Scope: >= 0 and var last } || state.NodeOf(instance).Composite is not null || state.Scopes[last].Opening.Kind == ScopeKind.Revision) return [];
        var opened = new List<OpenedGraph>();
        foreach (var scope in HistoryOf(state, last))
        {
            var labels = new LabelContext();
            opened.Add(new OpenedGraph($"{state.PathOf(instance)}#{scope.Opening.Ordinal}", Ended(state, inputs, artifacts, scope, labels), labels));
        }
        return opened;
    }

    private static List<Scope> HistoryOf(RunState state, int last)
    {
        var scopes = new List<Scope>();
        for (var at = last; at >= 0; at = state.Scopes[at].Before) scopes.Add(state.Scopes[at]);
        scopes.Reverse();
        return scopes;
    }

    private static ValueMap TagsOf(RunState state, RunInputs inputs, int instance)
    {
        var tags = new ValueMap.Builder();
        if (inputs.Run.AsObject.GetOrNull("tags") is { IsObject: true } run)
        {
            foreach (var (name, value) in run.AsObject) tags[name] = value;
        }
        foreach (var (name, value) in state.NodeOf(instance).Settings.Tags ?? new Dictionary<string, string>()) tags[name] = value;
        return tags.Build();
    }

    /// <summary>A composite's result against its own <c>output_schema</c>.</summary>
    public static (Advance Move, ValueRef? Output) Contract(PlannedNode node, AttemptOutcome.Completed done, LabelContext labels, IArtifactStore artifacts)
    {
        if (OutputContract.Misfit(node.Settings.OutputSchema, done.Output) is { } misfit)
        {
            return (new Advance.End(new AttemptOutcome.Failed(ErrorCode.InvalidOutput, misfit)), null);
        }
        return (new Advance.End(done), artifacts.Keep(done.Output, labels.OfResult(node.Settings.Labels)));
    }

    /// <summary>What <c>stop_when</c> sees: <c>output</c> (results so far, null where there is none yet), <c>completed</c>, <c>failed</c>, <c>confidence</c> (the highest that a result gives under that name, else null).</summary>
    public static ITemplateScope StopScopeOf(RunState state, RunInputs inputs, IArtifactStore artifacts, int instance)
    {
        var scope = state.Scopes[state.DetailOf(instance)!.Scope];
        var ended = Ended(state, inputs, artifacts, scope, new LabelContext());
        var results = new List<Value>();
        var completed = 0;
        var confidence = Value.Null;
        var isByConfidence = state.NodeOf(instance).Settings.StopWhen!.References.Any(reference => reference.Root == "confidence");
        foreach (var child in ended.Children)
        {
            if (isByConfidence && child.HasOutput && child.Output() is { IsObject: true } said && said.AsObject.GetOrNull("confidence") is { IsNumeric: true } sure
                && (confidence.IsNull || sure.AsNumber > confidence.AsNumber)) confidence = sure;
            if (!child.IsSink) continue;
            results.Add(child.HasOutput ? child.Output() : Value.Null);
            if (child.HasOutput) completed++;
        }
        var names = ValueMap.Of(("output", Value.Of(results.ToArray())), ("completed", completed), ("failed", scope.ItemsFailed), ("confidence", confidence));
        return new OverlaidScope(names, new InstanceScope(state, inputs, artifacts, instance));
    }

    private static EndedScope Ended(RunState state, RunInputs inputs, IArtifactStore artifacts, Scope scope, LabelContext labels)
    {
        var sinks = scope.Plan.Sinks.ToHashSet();
        var children = new ChildOutcome[scope.InstanceCount];
        for (var i = 0; i < children.Length; i++)
        {
            var first = scope.First + i;
            var index = scope.NodeIndexOf(first);
            var child = state.LatestOf(first);
            var detail = state.DetailOf(child);
            var output = state.OutputOf(child);
            // What a failure says may quote what was read: whoever decides with it has read that.
            labels.Add(detail?.Error?.Labels ?? default);
            children[i] = new ChildOutcome(scope.Plan.Nodes[index].Id.Text, state.StatusOf(child),
                () => Read(output), detail?.Error, detail?.Signal ?? Value.Null, sinks.Contains(index))
            {
                IsUncaughtFailure = state.IsUncaughtFailure(first),
            };
        }
        var bindings = scope.Opening.Bindings is null ? Value.EmptyObject : Value.Of(inputs.BindingsOf(scope, artifacts));
        labels.Add(scope.Opening.Bindings?.Labels ?? default);
        return new EndedScope(scope.Opening, bindings, children, scope.NodesPerItem) { IsInline = scope.Plan.IsInline };

        Value Read(ValueRef? output)
        {
            labels.Add(output?.Labels ?? default);
            return output is null ? Value.EmptyText : artifacts.Read(output);
        }
    }
}

/// <summary>Some names laid over another scope.</summary>
public sealed class OverlaidScope(ValueMap names, ITemplateScope below) : ITemplateScope
{
    public IEnumerable<string> Names => names.Keys.Concat(below.Names);
    public bool TryGet(string name, out Value value) => names.TryGetValue(name, out value) || below.TryGet(name, out value);
}
