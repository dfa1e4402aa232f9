using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>Plans in stages, has its teams carry them out, looks at the results at each checkpoint and plans anew what is left; teams may be supervisors.</summary>
public sealed partial class SupervisorNode : INodeType
{
    private const string Bound = "supervision";
    private const int FailuresTolerated = 1_000_000;

    private static readonly Value PlanSchema = Value.ParseJson("""
        {"type": "object", "required": ["reasoning", "stages"], "properties": {
          "reasoning": {"type": "string"},
          "stages": {"type": "array", "items": {"type": "object", "required": ["steps"], "properties": {"steps": {"type": "array", "minItems": 1, "items": {
            "type": "object", "required": ["id", "team", "task"],
            "properties": {"id": {"type": "string"}, "team": {"type": "string"}, "task": {"type": "string"}, "needs": {"type": "array", "items": {"type": "string"}}}}}}}}}}
        """);
    private static readonly Value ReviewSchema = Value.ParseJson("""
        {"type": "object", "required": ["decision", "why"], "properties": {"decision": {"enum": ["continue", "replan", "finish"]}, "why": {"type": "string"}}}
        """);

    private static readonly Value SureReviewSchema = Value.ParseJson("""
        {"type": "object", "required": ["decision", "why", "confidence"], "properties": {
          "decision": {"enum": ["continue", "replan", "finish"]}, "why": {"type": "string"}, "confidence": {"type": "number", "minimum": 0, "maximum": 1}}}
        """);
    private const string Sureness = "\nGive `confidence` too: from 0 to 1, how sure you are that the results so far reach the goal.\n";

    public string Name => "supervisor";
    public string Description => "Plans in stages, delegates them to teams (agents, coordinators, supervisors), checks at checkpoints and plans anew what is left.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("goal", new Shape.Template(), "What is to be achieved.") { IsRequired = true },
        new("teams", new Shape.Nodes(), "Who carries it out: nodes of any type (agent, coordinator, supervisor, swarm, …), which see `task`. Their `tags.description` tells the supervisor what they are for.") { IsRequired = true },
        .. AgentCall.Fields,
        new("checkpoint", new Shape.Choice("none", "review", "approve"), "What happens between stages: nothing, the supervisor reviews, or people approve. Default: review."),
        new("min_confidence", new Shape.Number(0, 1), "Confidence at a review from which on the goal counts as reached without the steps that are left. Default: only the decision counts."),
        new("max_replans", new Shape.Integer(0, 100), "How often what is left may be planned anew. Default: 2."),
        new("max_steps", new Shape.Integer(1, 1000), "Most steps of all stages together, those of new plans included. Default: 20."),
        new("max_repairs", new Shape.Integer(0, 20), "How often a plan that is not valid goes back. Default: 2."),
    ];

    public IReadOnlyList<string> FragmentFields { get; } = ["goal", .. AgentCall.Fields.Select(field => field.Name)];
    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        var teams = TeamsOf(node);
        if (teams.Count == 0)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("teams"), $"node '{node.Id}' has no teams, so nobody could do anything. Add at least one node.");
        if (teams.Count == 1)
            context.Problems.Note(ProblemCodes.SimplerPattern, node.PlaceOf("teams"), $"node '{node.Id}' supervises one team. Write that node itself in its place.");
        else if (teams.Count > 0 && CheckpointOf(node) == "none" && teams.All(team => team.Type == ModelCallFields.NodeType))
            context.Problems.Note(ProblemCodes.SimplerPattern, node.PlaceOf("teams"), $"node '{node.Id}' supervises agents only, without checkpoints. A `coordinator` does that with one round fewer.");
        if (node.Fields.ContainsKey("min_confidence") && CheckpointOf(node) != "review")
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("min_confidence"), $"node '{node.Id}' has `min_confidence`, which only 'checkpoint: review' asks for. Review, or remove the line.");
        foreach (var team in teams.Where(team => team.DependsOn.Count > 0))
            context.Problems.Error(ProblemCodes.FieldConflict, team.PlaceOf("depends_on"), $"team '{team.Id}' of '{node.Id}' has `depends_on`, and the supervisor decides when it works. Remove the line.");
    }

    /// <summary><c>plan</c>; <c>stage</c>, in which each team does its steps at the same time; <c>answer</c>; and <c>checkpoint</c>.</summary>
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node)
    {
        if (node.Fields.GetOrNull("goal") is not { IsNull: false } goal) return [];
        var text = goal.ToDisplayText() + "\n";
        var fragments = new List<FragmentSpec>
        {
            new("plan", [AgentCall.Of(node, "plan", text + PromptFile.Read("Supervisor/plan"), PlanSchema, "goal")]) { MayShadow = true, Names = [Bound] },
            new("stage", [.. TeamsOf(node).Select(Stage)]) { MayShadow = true, Names = ["stage"] },
            new("answer", [AgentCall.Of(node, "answer", text + PromptFile.Read("Supervisor/answer"), node.Policy.OutputSchema, "goal")]) { MayShadow = true, Names = [Bound] },
        };
        if (CheckpointOf(node) == "review") fragments.Add(new("checkpoint", [AgentCall.Of(node, "review", text + PromptFile.Read("Supervisor/review") + (IsByConfidence(node) ? Sureness : ""), IsByConfidence(node) ? SureReviewSchema : ReviewSchema, "goal")]) { MayShadow = true, Names = [Bound] });
        if (CheckpointOf(node) == "approve")
        {
            var gate = new NodeSpec { Id = new NodeId("approve"), Type = "approval_gate", At = node.At, Fields = ValueMap.Of(("prompt_to_human", $"May '{node.Id}' go on to the next stage?\n\n{{{{ {Bound}.text }}}}")) };
            fragments.Add(new("checkpoint", [gate]) { MayShadow = true, Names = [Bound] });
        }
        return fragments;
    }

    /// <summary>A team within a stage: once per step that it has there.</summary>
    private static NodeSpec Stage(NodeSpec team) => new()
    {
        Id = team.Id,
        Type = "map",
        Fields = ValueMap.Of(("over", $"stage['{team.Id}']"), ("as", "task"), ("completion", ValueMap.Of(("tolerate_failures", FailuresTolerated)))),
        Children = new Dictionary<string, IReadOnlyList<NodeSpec>>(StringComparer.Ordinal) { ["body"] = [team with { DependsOn = [] }] },
        SingleChildren = ["body"],
        At = team.At,
    };

    private static IReadOnlyList<NodeSpec> TeamsOf(NodeSpec node) => node.Children.GetValueOrDefault("teams") ?? [];
    private static bool IsByConfidence(NodeSpec node) => node.Fields.ContainsKey("min_confidence");
    private static string CheckpointOf(NodeSpec node) => node.Fields.GetOrNull("checkpoint").TextOrNull ?? "review";
}
