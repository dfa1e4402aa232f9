using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Runs its body in rounds until an expression over the last round is true.</summary>
public sealed partial class LoopNode : INodeType
{
    public string Name => "loop";
    public string Description => "Runs its nodes in rounds until an expression over the last round is true, a bounded number of times.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("body", new Shape.OneOf(new Shape.Nodes(), new Shape.Node("body")), "The nodes of one round; they see `iteration` (from 1) and `previous` (the last round's result).") { IsRequired = true },
        new("until", new Shape.Expression(), "Ends the loop when true; sees the round's nodes by id, `iteration` and `previous`.") { IsRequired = true, ExtraNames = ["iteration", "previous", "output"] },
        new("max_iterations", new Shape.Integer(1, 10_000), "Most rounds.") { IsRequired = true },
        new("on_exhausted", new Shape.Choice("accept_last", "accept_best", "fail", "escalate"), "What happens when the rounds are used up. Default: fail."),
        new("carry", new Shape.Expression(), "What the next round sees as `previous`. Default: the round's result.") { ExtraNames = ["iteration", "previous", "output"] },
    ];

    public IReadOnlyList<string> ResultFields { get; } = ["until", "carry"];
    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        if (node.Children.TryGetValue("body", out var body) && body.Count == 0)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("body"), $"node '{node.Id}' has an empty `body`. Add at least one node.");
        var exhausted = node.Fields.GetOrNull("on_exhausted").TextOrNull;
        if (exhausted == "accept_best")
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("on_exhausted"), $"node '{node.Id}' accepts the best round, but rounds of a `loop` have no score. Write accept_last, or use `evaluator_loop`.");
        if (exhausted == "escalate")
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("on_exhausted"), $"node '{node.Id}' escalates when exhausted, but a `loop` asks no agent that could be replaced. Write fail or accept_last, or put `escalate_to` on a node inside.");
    }

    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node) =>
        node.Children.TryGetValue("body", out var body) && body.Count > 0
            ? [new("round", body) { Names = ["iteration", "previous"], IsInline = node.IsSingle("body") }]
            : [];
}
