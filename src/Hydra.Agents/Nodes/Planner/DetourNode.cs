using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

/// <summary>A node, and where it fails, a plan of another way to its result. What <c>fallback: {plan: …}</c> becomes.</summary>
public sealed class DetourNode : ICompositeNodeType
{
    private const int BodyFragment = 0, PlanFragment = 1;

    public string Name => "detour";
    public string Description => "Runs its body; where that fails, a planner finds another way to the result, which is then degraded.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("body", new Shape.Node("body"), "The node that is tried first.") { IsRequired = true },
        new("plan", new Shape.Node("plan", "planner"), "The planner of the other way; it sees `failure` {code, message, step}.") { IsRequired = true },
    ];

    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node) =>
        node.Children.TryGetValue("body", out var body) && node.Children.TryGetValue("plan", out var plan) && body.Count == 1 && plan.Count == 1
            ? [new("body", body) { IsInline = true }, new("plan", plan) { IsInline = true, MayShadow = true, Names = ["failure"] }] : [];

    public object Plan(NodeSpec node, PlanContext context)
    {
        var body = node.Children["body"][0];
        return ValueMap.Of(("id", body.Id.Text), ("type", body.Type), ("fields", body.Fields));
    }

    public Advance Advance(AdvanceContext context)
    {
        if (context.Last is not { } last) return Moves.Open(context, BodyFragment, ValueMap.Empty);
        var child = last.Children[0];
        var failure = ChildResults.FailureOf(context, last);
        if (last.Opening.Fragment == BodyFragment)
        {
            if (failure is null) return Ended(child, null);
            if (context.StopWhenHeld || ChildResults.EndsPattern(failure) || failure.Code == ErrorCode.Cancelled) return Moves.Done(failure);
            var told = ValueMap.Of(("code", failure.Code.Name), ("message", failure.Message), ("step", (ValueMap)context.Node.Fields!));
            return Moves.Open(context, PlanFragment, ValueMap.Of(("failure", told)));
        }
        var first = last.Bindings.AsObject["failure"].AsObject["message"].AsText;
        return failure is null ? Ended(child, $"by another way, because {first}") : Moves.Done(failure with { Message = $"{first}. No other way was found: {failure.Message}" });
    }

    /// <param name="detour">Why another way was taken; null: none was.</param>
    private static Advance Ended(ChildOutcome child, string? detour)
    {
        var output = ChildResults.OutputOf(child);
        if (detour is not null) return Moves.Done(new AttemptOutcome.Degraded(output, detour, child.Signal));
        return Moves.Done(child.Status == NodeStatus.Degraded
            ? new AttemptOutcome.Degraded(output, child.Error?.Message ?? "degraded", child.Signal) : new AttemptOutcome.Completed(output, child.Signal));
    }
}
