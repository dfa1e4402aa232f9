using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>Agent nodes that a pattern opens below itself.</summary>
internal static class AgentCall
{
    /// <summary>Fields with which a pattern says who does its own thinking.</summary>
    public static IReadOnlyList<Field> Fields { get; } =
        [.. ModelCallFields.All.Where(field => field.Name is "model" or "agent" or "max_output_tokens" or "temperature")];

    /// <summary>An agent node in a composite's own name: its model, agent and how its calls are tried.</summary>
    /// <param name="promptField">The composite's field whose place stands for the prompt's.</param>
    public static NodeSpec Of(NodeSpec composite, string id, string prompt, Value? schema = null, string promptField = "prompt")
    {
        var fields = new ValueMap.Builder();
        foreach (var field in Fields)
        {
            if (composite.Fields.TryGetValue(field.Name, out var value)) fields[field.Name] = value;
        }
        fields["prompt"] = prompt;
        return new NodeSpec
        {
            Id = new NodeId(id),
            Type = ModelCallFields.NodeType,
            Fields = fields.Build(),
            Policy = PolicyOf(composite.Policy) with { OutputSchema = schema },
            At = composite.At,
            Places = composite.Places is { } places && places.TryGetValue(promptField, out var at)
                ? new Dictionary<string, SourcePosition>(StringComparer.Ordinal) { ["prompt"] = at } : composite.Places,
        };
    }

    /// <summary>The same, asked of one agent.</summary>
    public static NodeSpec OfAgent(NodeSpec composite, string id, string agent, string prompt, Value? schema = null) =>
        Of(composite, id, prompt, schema) is var made ? made with { Fields = ValueMap.Of(made.Fields.Where(pair => pair.Key is not ("model" or "max_output_tokens" or "temperature"))).With("agent", agent) } : made;

    /// <summary>What of a composite's policy holds for each call: how it is tried, not when the composite runs.</summary>
    private static NodePolicy PolicyOf(NodePolicy policy) => new()
    {
        Retry = policy.Retry,
        RepairAttempts = policy.RepairAttempts,
        Fallback = policy.Fallback is { } fallback ? new FallbackSpec { Models = fallback.Models, Agent = fallback.Agent } : null,
        IdleTimeout = policy.IdleTimeout,
        Labels = policy.Labels,
        Priority = policy.Priority,
    };
}
