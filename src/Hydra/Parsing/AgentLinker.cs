using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>
/// Puts the agents that a workflow names and does not define into its <c>agents</c>, from their files: from there on they are part of the
/// definition, of its hash and of the bundle a run is pinned to. A workflow's own agent goes before a file of the same name.
/// </summary>
public static class AgentLinker
{
    public static WorkflowSpec Link(WorkflowSpec spec, IAgentSource source, ProblemList problems)
    {
        var nodes = spec.Nodes.Any(HasLinked) ? spec.Nodes.Select(node => LinkBelow(node, source, problems)).ToList() : spec.Nodes;
        var agents = spec.Agents.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        foreach (var name in NamesIn(spec).Order(StringComparer.Ordinal).Distinct())
        {
            if (!agents.ContainsKey(name) && source.Find(name, problems) is { } file) agents[name] = file.Fields;
        }
        if (agents.Count == spec.Agents.Count) return spec with { Nodes = nodes };
        var written = spec.Written.AsObject.With("agents", ValueMap.Of(agents.Select(pair => KeyValuePair.Create(pair.Key, pair.Value))));
        return CanonicalForm.Seal(spec with { Nodes = nodes, Agents = agents }, written);
    }

    private static bool HasLinked(NodeSpec node) => node.Linked is not null || node.Children.Values.Any(children => children.Any(HasLinked));

    private static NodeSpec LinkBelow(NodeSpec node, IAgentSource source, ProblemList problems)
    {
        if (!HasLinked(node)) return node;
        var children = node.Children.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<NodeSpec>)[.. pair.Value.Select(child => LinkBelow(child, source, problems))], StringComparer.Ordinal);
        return node with { Children = children, Linked = node.Linked is { } linked ? Link(linked, source, problems) : null };
    }

    private static IEnumerable<string> NamesIn(WorkflowSpec spec)
    {
        var tools = spec.Extensions.GetOrNull("tools") is { IsObject: true } declared ? declared.AsObject.Values : [];
        var names = tools.Select(tool => tool.AsObject.GetOrNull("agent").TextOrNull)
            .Concat([spec.DefaultFields.GetOrNull("agent").TextOrNull, spec.Defaults.EscalateTo, spec.Defaults.Fallback?.Agent])
            .Concat(spec.Nodes.SelectMany(NamesIn));
        return names.OfType<string>();
    }

    private static IEnumerable<string?> NamesIn(NodeSpec node) =>
        node.Children.Values.SelectMany(children => children).SelectMany(NamesIn)
            .Concat([node.Fields.GetOrNull("agent").TextOrNull, node.Policy.EscalateTo, node.Policy.Fallback?.Agent]);
}
