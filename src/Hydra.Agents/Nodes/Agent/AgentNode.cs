using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>One question to a model, or to an agent by name.</summary>
public sealed partial class AgentNode
{
    public string Name => ModelCallFields.NodeType;
    public string Description => "Asks a model, or an agent by name; the result is its text, or an object when `output_schema` is set.";
    public IReadOnlyList<Field> Fields => field ??= [.. ModelCallFields.All.Select(each => each with { IsRequired = each.Name == "prompt" })];
    public NodeTraits Traits { get; } = new() { MaxAttempts = 3 };

    public void Check(NodeSpec node, CheckContext context)
    {
        var hasModel = node.Fields.ContainsKey("model") || context.Workflow.DefaultFields.ContainsKey("model");
        var hasAgent = node.Fields.ContainsKey("agent") || context.Workflow.DefaultFields.ContainsKey("agent");
        if (!hasModel && hasAgent && !HasModel(node, context.Workflow))
            context.Problems.Error(ProblemCodes.FieldConflict, node.At, $"neither node '{node.Id}' nor its agent names a model. Add 'model: …' to the agent, to the node or under `defaults`.");
        if (!hasModel && !hasAgent)
            context.Problems.Error(ProblemCodes.FieldConflict, node.At, $"node '{node.Id}' names no model. Add 'model: …' to it or under `defaults`, or 'agent: …'.");
    }

    private static bool HasModel(NodeSpec node, WorkflowSpec workflow)
    {
        var name = node.Fields.GetOrNull("agent").TextOrNull ?? workflow.DefaultFields.GetOrNull("agent").TextOrNull ?? "";
        return !workflow.Agents.TryGetValue(name, out var agent) || !agent.IsObject || agent.AsObject.GetOrNull("model").IsText;
    }
}
