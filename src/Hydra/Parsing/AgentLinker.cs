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
        var names = new List<string>();
        Collect(spec, names);
        names.Sort(StringComparer.Ordinal);
        if (spec.LinkedTools.Count > 0) spec = spec with { LinkedTools = spec.LinkedTools.ToDictionary(pair => pair.Key, pair => Link(pair.Value, source, problems), StringComparer.Ordinal) };
        var nodes = HasLinked(spec.Nodes) ? spec.Nodes.Select(node => LinkBelow(node, source, problems)).ToList() : spec.Nodes;
        if (names.Count == 0 && !(spec.Agents.Count > 0 && Escalates(spec))) return ReferenceEquals(nodes, spec.Nodes) ? spec : spec with { Nodes = nodes };
        var agents = spec.Agents.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (!agents.ContainsKey(name) && source.Find(name, problems) is { } file) agents[name] = file.Fields;
        }
        if (Escalates(spec)) AddEscalation(agents, source, problems);
        if (agents.Count == spec.Agents.Count) return spec with { Nodes = nodes };
        var written = spec.Written.AsObject.With("agents", ValueMap.Of(agents.Select(pair => KeyValuePair.Create(pair.Key, pair.Value))));
        return CanonicalForm.Seal(spec with { Nodes = nodes, Agents = agents }, written);
    }

    /// <summary>Those to whom the agents escalate are part of the definition where some node escalates.</summary>
    private static void AddEscalation(Dictionary<string, Value> agents, IAgentSource source, ProblemList problems)
    {
        var left = new Queue<string>(agents.Keys.Order(StringComparer.Ordinal));
        while (left.TryDequeue(out var name))
        {
            if (agents[name] is not { IsObject: true } fields || fields.AsObject.GetOrNull("escalates_to").TextOrNull is not { } next || agents.ContainsKey(next)) continue;
            if (source.Find(next, problems) is not { } file) continue;
            agents[next] = file.Fields;
            left.Enqueue(next);
        }
    }

    private static bool Escalates(WorkflowSpec spec)
    {
        if (spec.Defaults.OnFailure == FailurePolicy.Escalate) return true;
        foreach (var node in spec.Nodes)
        {
            if (Escalates(node)) return true;
        }
        return false;
    }

    private static bool Escalates(NodeSpec node)
    {
        if (node.Policy.OnFailure == FailurePolicy.Escalate) return true;
        foreach (var (_, children) in node.Children)
        {
            foreach (var child in children)
            {
                if (Escalates(child)) return true;
            }
        }
        return false;
    }

    private static bool HasLinked(NodeSpec node)
    {
        if (node.Linked is not null) return true;
        foreach (var (_, children) in node.Children)
        {
            if (HasLinked(children)) return true;
        }
        return false;
    }

    private static bool HasLinked(IReadOnlyList<NodeSpec> nodes)
    {
        foreach (var node in nodes)
        {
            if (HasLinked(node)) return true;
        }
        return false;
    }

    private static NodeSpec LinkBelow(NodeSpec node, IAgentSource source, ProblemList problems)
    {
        if (!HasLinked(node)) return node;
        var children = node.Children.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<NodeSpec>)[.. pair.Value.Select(child => LinkBelow(child, source, problems))], StringComparer.Ordinal);
        return node with { Children = children, Linked = node.Linked is { } linked ? Link(linked, source, problems) : null };
    }

    // Loops rather than queries: most workflows name no agent, and queries over value types are compiled at every start.
    private static void Collect(WorkflowSpec spec, List<string> names)
    {
        if (spec.Extensions.GetOrNull("tools") is { IsObject: true } declared)
        {
            foreach (var (_, tool) in declared.AsObject.Pairs) Add(tool.AsObject.GetOrNull("agent").TextOrNull, names);
        }
        Add(spec.DefaultFields.GetOrNull("agent").TextOrNull, names);
        Add(spec.Defaults.EscalateTo, names);
        Add(spec.Defaults.Fallback?.Agent, names);
        foreach (var node in spec.Nodes) Collect(node, names);
    }

    private static void Collect(NodeSpec node, List<string> names)
    {
        foreach (var (_, children) in node.Children)
        {
            foreach (var child in children) Collect(child, names);
        }
        foreach (var name in AgentNames.Of(node)) names.Add(name);
    }

    private static void Add(string? name, List<string> names)
    {
        if (name is not null) names.Add(name);
    }
}
