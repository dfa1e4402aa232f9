using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>Splits work among workers who do it at the same time, settles where they contradict each other, and makes one answer of it.</summary>
public sealed partial class CoordinatorNode : INodeType
{
    private const int SplitFragment = 0, SynthesisFragment = 1;

    private static readonly Value SplitSchema = Value.ParseJson("""
        {
          "type": "object",
          "required": ["tasks"],
          "properties": {"tasks": {"type": "array", "items": {
            "type": "object",
            "required": ["id", "worker", "task"],
            "properties": {"id": {"type": "string"}, "worker": {"type": "string"}, "task": {"type": "string"}}
          }}}
        }
        """);

    public string Name => "coordinator";
    public string Description => "Splits a goal into tasks for its workers, runs them in parallel, settles contradictions and makes one answer.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("goal", new Shape.Template(), "What is to be achieved.") { IsRequired = true },
        new("workers", Crew.Shape, "Who may be given tasks: agent names, or agents defined in place (the keys of an agent file).") { IsRequired = true },
        .. AgentCall.Fields,
        new("synthesizer", new Shape.Text(), "The agent that owns the answer. Default: who splits."),
        new("max_tasks", new Shape.Integer(1, 1000), "Most tasks of one round. Default: 10."),
        new("max_rounds", new Shape.Integer(1, 100), "How often work may be given out until the answer is complete. Default: 2."),
        new("min_confidence", new Shape.Number(0, 1), "Confidence of the owner of the answer from which on it is enough; below it there is a further round. Default: the owner says whether it is enough."),
        new("conflict", new Shape.Choice("ask_synthesizer", "majority", "first"), "What counts where workers answer the same task differently. Default: ask_synthesizer."),
        new("max_repairs", new Shape.Integer(0, 20), "How often a split that is not valid goes back. Default: 2."),
    ];

    public IReadOnlyList<string> FragmentFields { get; } = ["goal", .. AgentCall.Fields.Select(field => field.Name)];
    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        if (Crew.Of(node, "workers", context.Workflow).Count == 0)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("workers"), $"node '{node.Id}' has no workers, so nobody could be given a task. Name at least one.");
        if (Crew.Of(node, "workers", context.Workflow).Count == 1)
            context.Problems.Note(ProblemCodes.SimplerPattern, node.PlaceOf("workers"), $"node '{node.Id}' coordinates one worker. An `agent` node that asks it does the same for fewer calls.");
        Crew.CheckNames(node, "workers", Crew.Texts(node, "workers"), context);
        if (node.Fields.GetOrNull("synthesizer").TextOrNull is { } owner && !context.Workflow.Agents.ContainsKey(owner))
            context.Problems.Error(ProblemCodes.UnknownAgent, node.PlaceOf("synthesizer"), $"node '{node.Id}' names the synthesizer '{owner}', which is not defined.{DidYouMean.Hint(owner, context.Workflow.Agents.Keys)} Define it under `agents`, or in agents/{owner}.md.");
    }

    /// <summary><c>split</c>, <c>synthesis</c>, and each worker as it will be asked, so that all are checked before anything is paid for.</summary>
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node)
    {
        if (node.Fields.GetOrNull("goal") is not { IsNull: false } goal) return [];
        var text = goal.ToDisplayText() + "\n";
        var split = AgentCall.Of(node, "split", text + PromptFile.Read("Coordinator/split"), SplitSchema, "goal");
        var isByConfidence = node.Fields.ContainsKey("min_confidence");
        var schema = AnswerSchema(node.Policy.OutputSchema, isByConfidence);
        var prompt = text + PromptFile.Read("Coordinator/synthesize") + (isByConfidence ? "\nGive `confidence` too: from 0 to 1, how sure you are that the answer is right and complete.\n" : "");
        var synthesis = node.Fields.GetOrNull("synthesizer").TextOrNull is { } owner
            ? AgentCall.OfAgent(node, "synthesis", owner, prompt, schema) : AgentCall.Of(node, "synthesis", prompt, schema, "goal");
        return [new("split", [split]) { MayShadow = true, Names = ["work"] }, new("synthesis", [synthesis]) { MayShadow = true, Names = ["work"] }, .. Crew.Fragments(node, "workers", "worker")];
    }

    private static Value AnswerSchema(Value? answer, bool isByConfidence) => ValueMap.Of(("type", "object"), ("required", Value.OfTexts(isByConfidence ? ["answer", "enough", "confidence"] : ["answer", "enough"])), ("properties", ValueMap.Of(
        ("answer", answer ?? ValueMap.Of(("description", "The whole answer."))),
        ("enough", ValueMap.Of(("type", "boolean"))), ("missing", ValueMap.Of(("type", "string"))), ("confidence", ValueMap.Of(("type", "number"), ("minimum", 0), ("maximum", 1))))));
}
