using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>A generator writes, an evaluator judges; again with its feedback until it approves or the rounds are used up.</summary>
public sealed partial class EvaluatorLoopNode : INodeType
{
    public static readonly NodeId Generator = new("generator"), Evaluator = new("evaluator");

    public string Name => "evaluator_loop";
    public string Description => "A generator writes and an evaluator judges, in rounds, until it approves. Not approved ends degraded, never as silent success.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("generator", new Shape.Node("generator", ModelCallFields.NodeType), "Agent fields of the writer, or a node of any type.") { IsRequired = true, ExtraNames = ["iteration", "previous_output", "evaluator_feedback"] },
        new("evaluator", new Shape.Node("evaluator", ModelCallFields.NodeType), "Agent fields of the judge, who answers {approved, feedback, score?}.") { IsRequired = true, ExtraNames = ["iteration", "previous_output", "evaluator_feedback", "candidate"] },
        new("max_iterations", new Shape.Integer(1, 1000), "Most rounds. Default: 3."),
        new("threshold", new Shape.Number(0, 1), "Score from which a candidate counts as approved, 0 to 1."),
        new("on_exhausted", new Shape.Choice("accept_best", "accept_last", "fail", "escalate"), "What happens when no round was approved. Default: accept_best."),
    ];

    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        foreach (var part in (string[])["generator", "evaluator"])
        {
            if (!node.Children.TryGetValue(part, out var child) || child.Count == 0) continue;
            if (child[0].DependsOn.Count > 0)
                context.Problems.Error(ProblemCodes.FieldConflict, child[0].PlaceOf("depends_on"), $"the {part} of '{node.Id}' has `depends_on`. Put it on '{node.Id}' itself.");
        }
        if (node.Fields.GetOrNull("on_exhausted").TextOrNull == "escalate" && node.Policy.EscalateTo is null)
            context.Problems.Error(ProblemCodes.BadFallback, node.PlaceOf("on_exhausted"), $"node '{node.Id}' escalates when exhausted, but does not say to whom. Add `escalate_to: <agent>`.");
    }

    /// <summary>
    /// <c>round</c>: the evaluator after the generator, whatever ids they were given; and, where a loop that is used up
    /// escalates, <c>escalation</c>: the same with the stronger agent as generator.
    /// </summary>
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node)
    {
        if (!node.Children.TryGetValue("generator", out var generator) || !node.Children.TryGetValue("evaluator", out var evaluator)) return [];
        if (generator.Count == 0 || evaluator.Count == 0) return [];
        var round = Round("round", generator[0], evaluator[0]);
        if (node.Fields.GetOrNull("on_exhausted").TextOrNull != "escalate" || node.Policy.EscalateTo is not { } agent || generator[0].Type != ModelCallFields.NodeType) return [round];
        var fields = ValueMap.Of(generator[0].Fields.Where(pair => pair.Key != "model")).With("agent", agent);
        return [round, Round("escalation", generator[0] with { Fields = fields }, evaluator[0]) with { IsRepeat = true }];
    }

    private static FragmentSpec Round(string name, NodeSpec generator, NodeSpec evaluator)
    {
        if (evaluator.Type == ModelCallFields.NodeType && evaluator.Policy.OutputSchema is null)
            evaluator = evaluator with { Policy = evaluator.Policy with { OutputSchema = Verdict.Schema } };
        return new(name, [generator with { Id = Generator, DependsOn = [] }, evaluator with { Id = Evaluator, DependsOn = [Generator] }])
        {
            Names = ["iteration", "previous_output", "evaluator_feedback"],
            NodeNames = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal) { [Evaluator.Text] = ["candidate"] },
            Aliases = new Dictionary<string, string>(StringComparer.Ordinal) { ["candidate"] = Generator.Text },
        };
    }
}
