using Hydra.Model;

namespace Hydra.Validation;

/// <summary>
/// Warns where untrusted content, private data and a way out meet in one node: whoever wrote the content may then have the data sent to
/// them. Labels are followed along edges as they flow at run time, so that the warning names both ways.
/// </summary>
internal sealed class TrifectaCheck(WorkflowSpec workflow, ReferenceCheck references, ProblemList problems)
{
    private readonly Dictionary<NodeSpec, Flow> _flows = new(ReferenceEqualityComparer.Instance);
    private readonly bool _hasLabelledInputs = workflow.Inputs?.Values.Any(input => !input.Labels.IsNone) ?? false;

    /// <summary>Checks one node; its parents and the composite around it were checked before.</summary>
    public void Check(NameScope scope, int index, INodeType type)
    {
        var node = scope.Graph.Nodes[index];
        var who = scope.NameOf(index);
        var traits = type.TraitsOf(node, scope.Workflow);
        var flow = InputsOf(scope, index, node, type);
        if (scope.Outer is { } outer && scope.Composite >= 0) flow = flow.Or(FlowOf(outer.Graph.Nodes[scope.Composite]));
        foreach (var parent in scope.Graph.ParentsOf(index)) flow = flow.Or(FlowOf(scope.Graph.Nodes[parent]).Via(who));
        var labels = node.Policy.Labels ?? default;
        flow = flow.Or(new(labels.IsUntrusted || traits.Brings.IsUntrusted ? who : null, labels.Readers is not null || labels.IsSecret || traits.ReadsPrivate is not null ? who : null));
        if (traits.SendsOut is { } way && flow is { Untrusted: { } content, Private: { } data })
            problems.Warning(ProblemCodes.LethalTrifecta, node.At, $"node '{who}' joins untrusted content ({content}), private data ({data}) and a way out ({way}), so whoever wrote the content may have the data sent to them. Take one of the three away, read the content with a reader (docs/labels.md), or let people approve what leaves.");
        // A reader's result is data of a form that the author gave it.
        _flows[node] = node.Policy.TrustsTypedFields ? flow with { Untrusted = null } : flow;
        for (var at = scope; at is { Outer: { } above, Composite: >= 0 }; at = above) _flows[above.Graph.Nodes[at.Composite]] = FlowOf(above.Graph.Nodes[at.Composite]).Or(_flows[node]);
    }

    private Flow FlowOf(NodeSpec node) => _flows.GetValueOrDefault(node);

    private Flow InputsOf(NameScope scope, int index, NodeSpec node, INodeType type)
    {
        var flow = default(Flow);
        if (!_hasLabelledInputs) return flow;
        foreach (var use in TemplateUse.Of(workflow, node, type))
        {
            if ((!use.IsExpression && !use.Text.Contains('{')) || references.Compile(use, scope, index) is not { } template) continue;
            foreach (var reference in template.References)
            {
                if (workflow.Inputs!.GetValueOrDefault(reference.Root) is not { } input) continue;
                var way = $"input '{reference.Root}' → {scope.NameOf(index)}";
                flow = flow.Or(new(input.Labels.IsUntrusted ? way : null, input.Labels.Readers is not null || input.Labels.IsSecret ? way : null));
            }
        }
        return flow;
    }

    /// <summary>The way by which each came; null: it did not.</summary>
    private readonly record struct Flow(string? Untrusted, string? Private)
    {
        public Flow Or(Flow other) => new(Untrusted ?? other.Untrusted, Private ?? other.Private);
        public Flow Via(string node) => new(Untrusted is null ? null : $"{Untrusted} → {node}", Private is null ? null : $"{Private} → {node}");
    }
}
