using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>A model plans the work as a graph; it is checked like a file, run, watched, and what is left of it planned anew where it went wrong.</summary>
public sealed partial class PlannerNode : INodeType
{
    private static readonly string[] AllowedTypesDefault = ["agent", "map", "set"];
    private static readonly string[] NeverAllowed = ["subgraph", "terminate", "user_input"];
    private static readonly Value PlanSchema = Value.ParseJson("""
        {
          "type": "object",
          "required": ["reasoning", "nodes"],
          "properties": {
            "reasoning": {"type": "string", "description": "Why this plan."},
            "nodes": {"type": "array", "items": {"type": "object", "required": ["id", "type"], "properties": {
              "id": {"type": "string"}, "type": {"type": "string"}, "agent": {"type": "string"}, "prompt": {"type": "string"}, "depends_on": {"type": "array", "items": {"type": "string"}}}}}
          }
        }
        """);

    public string Name => "planner";
    public string Description => "A model proposes nodes; they are validated like a file, run and watched; what failed is planned anew, a bounded number of times.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("prompt", new Shape.Template(), "The work to be planned.") { IsRequired = true },
        .. AgentCall.Fields,
        new("allowed_types", new Shape.ListOf(new Shape.Text(), 50), "Node types that a plan may use. Default: agent, map, set."),
        new("allowed_agents", new Shape.ListOf(new Shape.Text(), 200), "Agents that its nodes may name. Default: none."),
        new("allowed_tools", new Shape.ListOf(new Shape.Text(), 200), "Tools that its nodes may list. Default: none."),
        new("max_nodes", new Shape.Integer(1, 1000), "Most nodes of one plan, those inside others included. Default: 50."),
        new("max_depth", new Shape.Integer(1, 10), "How deep nodes, and planners, may lie within each other. Default: 3."),
        new("max_replans", new Shape.Integer(0, 100), "How often what is left may be planned anew, tried again or escalated. Default: 2."),
        new("max_repairs", new Shape.Integer(0, 20), "How often a plan that is not valid goes back to the model. Default: 2."),
        new("require_approval", new Shape.Boolean(), "Whether people approve each plan before it runs. Default: false."),
        new("monitor", new Shape.Record(
        [
            new Field("check", new Shape.OneOf(new Shape.Expression(), new Shape.Record([.. AgentCall.Fields, new Field("prompt", new Shape.Template(), "What the judge is asked; it sees `task` and `output`.") { IsRequired = true }])),
                "What each result must hold: an expression over `task` and `output`, or agent fields of a judge that answers {approved, feedback}."),
            new Field("on", new Shape.Choice("every", "failure"), "Whether every result is looked at, or only failures count. Default: every where there is a check."),
            new Field("on_bad", new Shape.Choice("retry", "skip", "replan", "escalate"), "What is done about a task that failed or whose result does not hold. Default: replan."),
        ]), "How results are watched while the plan runs.") { ExtraNames = ["task", "output"] },
    ];

    public IReadOnlyList<string> FragmentFields { get; } = ["prompt", .. AgentCall.Fields.Select(field => field.Name)];
    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public NodeTraits TraitsOf(NodeSpec node, WorkflowSpec workflow) =>
        AllowedTypes(node).Any(type => type is "bash" or "python_exec") ? Traits with { NeedsSandbox = true } : Traits;

    public void Check(NodeSpec node, CheckContext context)
    {
        foreach (var type in AllowedTypes(node))
        {
            if (NeverAllowed.Contains(type))
                context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("allowed_types"), $"node '{node.Id}' allows its plans the type '{type}', which only a file may hold. Remove it.");
            else if (!context.Types.ContainsKey(type))
                context.Problems.Error(ProblemCodes.UnknownNodeType, node.PlaceOf("allowed_types"), $"node '{node.Id}' allows its plans the type '{type}', which does not exist.{DidYouMean.Hint(type, context.Types.Keys)} Correct or remove it.");
        }
        if (node.Fields.GetOrNull("max_nodes") is { Kind: ValueKind.Integer, AsInteger: 1 })
            context.Problems.Note(ProblemCodes.SimplerPattern, node.PlaceOf("max_nodes"), $"node '{node.Id}' may plan one node. An `agent` node does that without a plan.");
        Crew.CheckNames(node, "allowed_agents", Crew.Texts(node, "allowed_agents"), context);
        var monitor = MonitorOf(node);
        if (monitor.ContainsKey("check") && monitor.GetOrNull("on").TextOrNull == "failure")
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("monitor"), $"node '{node.Id}' looks at failures only, so its `check` would never be asked. Write 'on: every', or remove the check.");
        if (!monitor.ContainsKey("check") && monitor.GetOrNull("on").TextOrNull == "every")
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("monitor"), $"node '{node.Id}' is to look at every result and has no `check`. Add one, or write 'on: failure'.");
        if (monitor.GetOrNull("on_bad").TextOrNull == "escalate" && node.Policy.EscalateTo is null)
            context.Problems.Error(ProblemCodes.BadFallback, node.PlaceOf("monitor"), $"node '{node.Id}' escalates what went wrong, but does not say to whom. Add 'escalate_to: <agent>'.");
    }

    /// <summary><c>plan</c>; <c>approve</c> where people decide; and each allowed agent as it might be asked, so that it is checked before anything is paid for.</summary>
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node)
    {
        if (node.Fields.GetOrNull("prompt") is not { IsNull: false } prompt) return [];
        var fragments = new List<FragmentSpec>
        {
            new("plan", [AgentCall.Of(node, "plan", prompt.ToDisplayText() + "\n" + PromptFile.Read("Planner/plan"), PlanSchema)]) { MayShadow = true, Names = ["planning"] },
        };
        if (NeedsApproval(node))
        {
            fragments.Add(new("approve", [new NodeSpec
            {
                Id = new NodeId("approve"),
                Type = "approval_gate",
                Fields = ValueMap.Of(("prompt_to_human", $"May '{node.Id}' carry out this plan?\n\n{{{{ planning.text }}}}")),
                At = node.At,
            }]) { MayShadow = true, Names = ["planning"] });
        }
        fragments.AddRange(Crew.Fragments(node, "allowed_agents", "agent"));
        return fragments;
    }

    private static bool NeedsApproval(NodeSpec node) => node.Fields.GetOrNull("require_approval") is { Kind: ValueKind.Boolean, AsBoolean: true };
    private static IReadOnlyList<string> AllowedTypes(NodeSpec node) => node.Fields.ContainsKey("allowed_types") ? Crew.Texts(node, "allowed_types") : AllowedTypesDefault;
    private static ValueMap MonitorOf(NodeSpec node) => node.Fields.GetOrNull("monitor") is { IsObject: true } monitor ? monitor.AsObject : ValueMap.Empty;
}
