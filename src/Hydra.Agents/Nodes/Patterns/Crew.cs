using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>An agent that a pattern may ask.</summary>
/// <param name="Description">What it is for and good at: who chooses among several goes by it.</param>
internal sealed record CrewMember(string Name, string Description, IReadOnlyList<string> Skills);

/// <summary>The agents of a pattern: named, or defined in place with the keys of an agent file.</summary>
internal static class Crew
{
    public static Shape.ListOf Shape { get; } = new(new Shape.OneOf(new Shape.Text(), AgentFields.Record), 200);

    public static IReadOnlyList<string> Texts(NodeSpec node, string field) =>
        node.Fields.GetOrNull(field) is { IsList: true } list ? [.. list.Items.Where(item => item.IsText).Select(item => item.AsText)] : [];

    /// <summary>Those defined in place, by name.</summary>
    public static ValueMap Inline(NodeSpec node, string field) => node.Fields.GetOrNull(field) is { IsList: true } list
        ? ValueMap.Of(list.Items.Where(item => item.IsObject && item.AsObject.GetOrNull("name").IsText).Select(item => KeyValuePair.Create(item.AsObject["name"].AsText, Value.Of(ValueMap.Of(item.AsObject.Where(pair => pair.Key != "name"))))))
        : ValueMap.Empty;

    /// <summary>All of them, in the order written.</summary>
    public static IReadOnlyList<CrewMember> Of(NodeSpec node, string field, WorkflowSpec workflow)
    {
        if (node.Fields.GetOrNull(field) is not { IsList: true } list) return [];
        var members = new List<CrewMember>();
        foreach (var item in list.Items)
        {
            var name = item.TextOrNull ?? (item.IsObject ? item.AsObject.GetOrNull("name").TextOrNull : null);
            if (name is null) continue;
            members.Add(Member(name, item.IsObject ? item.AsObject : workflow.Agents.TryGetValue(name, out var agent) && agent.IsObject ? agent.AsObject : ValueMap.Empty));
        }
        return members;
    }

    public static CrewMember Member(string name, ValueMap fields)
    {
        IReadOnlyList<string> skills = fields.GetOrNull("skills") is { IsList: true } list ? [.. list.Items.Select(skill => skill.ToDisplayText())] : [];
        var description = fields.GetOrNull("description").TextOrNull ?? "";
        if (skills.Count > 0) description = $"{description}{(description.Length > 0 ? " " : "")}({string.Join(", ", skills)})";
        return new CrewMember(name, description, skills);
    }

    /// <summary>Each as it will be asked, so that its model and tools are checked before anything is paid for.</summary>
    public static IEnumerable<FragmentSpec> Fragments(NodeSpec node, string field, string fragment)
    {
        var inline = Inline(node, field);
        foreach (var name in Texts(node, field).Concat(inline.Keys).Distinct(StringComparer.Ordinal))
        {
            var call = AgentCall.OfAgent(node, NodeId.IsValid(name) ? name : fragment, name, "{{ task }}");
            // One defined in place is no agent of the file; what it would be asked with is.
            if (inline.TryGetValue(name, out var own))
                call = call with { Fields = ValueMap.Of(own.AsObject.Where(pair => pair.Key is "model" or "tools" or "temperature" or "max_output_tokens")).With("prompt", "{{ task }}") };
            yield return new FragmentSpec($"{fragment}-{name}", [call]) { MayShadow = true, Names = ["task"] };
        }
    }

    public static Value Describe(IEnumerable<CrewMember> members) =>
        Value.Of(members.Select(member => Value.Of(ValueMap.Of(("name", member.Name), ("description", member.Description)))));

    /// <summary>Each named agent is defined, none twice, and each defined in place has a name and a model.</summary>
    public static void CheckNames(NodeSpec node, string field, IEnumerable<string> names, CheckContext context)
    {
        var inline = Inline(node, field);
        var seen = new HashSet<string>(inline.Keys, StringComparer.Ordinal);
        foreach (var name in names)
        {
            if (!seen.Add(name))
                context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf(field), $"node '{node.Id}' names the agent '{name}' twice in `{field}`. Name it once.");
            if (!context.Workflow.Agents.ContainsKey(name) && !inline.ContainsKey(name))
                context.Problems.Error(ProblemCodes.UnknownAgent, node.PlaceOf(field), $"node '{node.Id}' names the agent '{name}', which is not defined.{DidYouMean.Hint(name, context.Workflow.Agents.Keys.Concat(inline.Keys))} Define it under `agents`, or in agents/{name}.md.");
        }
        if (node.Fields.GetOrNull(field) is not { IsList: true } list) return;
        foreach (var item in list.Items.Where(item => item.IsObject && !item.AsObject.GetOrNull("name").IsText))
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf(field), $"node '{node.Id}' defines an agent without `name` in `{field}`. Add one.");
    }
}
