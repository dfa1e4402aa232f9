using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>A node with <c>fallback: {plan: …}</c> becomes a <c>detour</c> around itself: what says when it runs stays outside, what says how it is tried goes in.</summary>
internal static class DetourBinder
{
    public const string Type = "detour", Body = "body", Plan = "plan", PlannerType = "planner";
    private const int NodesMaxDefault = 10;

    public static NodeSpec Of(NodeSpec node, IReadOnlyDictionary<string, INodeType> types, ProblemList problems)
    {
        if (node.Policy.Fallback?.Plan is not { } plan) return node;
        var at = node.PlaceOf("fallback.plan");
        if (!types.ContainsKey(Type) || !types.ContainsKey(PlannerType))
        {
            problems.Error(ProblemCodes.NotSupportedYet, at, $"node '{node.Id}' falls back to a plan, which this program cannot make. Add the node types `planner` and `detour`, or remove the line.");
            return node;
        }
        if (node.Policy.Fallback is { Value: not null } or { Node: not null })
            problems.Error(ProblemCodes.FieldConflict, at, $"node '{node.Id}' has `fallback.plan` beside `fallback.value` or `fallback.node`, which would always come first. Keep one of them.");
        var policy = node.Policy;
        var inner = node with
        {
            DependsOn = [],
            Policy = policy with { Join = null, CancelLosers = null, AcceptDegraded = null, When = null, OnSkip = null, OnFailure = null, Budget = null, ConflictsWith = null, Fallback = Rest(policy.Fallback!) },
        };
        var outer = policy with
        {
            Effect = null, OnUnknown = null, Compensate = null, StopWhen = null, Retry = null, Timeout = null, IdleTimeout = null, Breaker = null, BreakerName = null,
            Fallback = null, EscalateTo = null, RepairAttempts = null, Cache = null,
        };
        return new NodeSpec
        {
            Id = node.Id,
            Type = Type,
            DependsOn = node.DependsOn,
            Policy = outer,
            Children = new Dictionary<string, IReadOnlyList<NodeSpec>>(StringComparer.Ordinal) { [Body] = [inner], [Plan] = [Planner(node, plan.AsObject, at)] },
            SingleChildren = [Body, Plan],
            At = node.At,
            Places = node.Places,
        };
    }

    /// <summary>The planner of the other way: what is not said is taken from the node that failed.</summary>
    private static NodeSpec Planner(NodeSpec node, ValueMap plan, SourcePosition at)
    {
        var fields = new ValueMap.Builder();
        foreach (var (name, value) in plan)
        {
            if (name != "budget") fields[name] = value;
        }
        if (!fields.Contains("prompt")) fields["prompt"] = "A step of a workflow failed, and its result is still needed. Find another way to it.\n\nThe step: {{ failure.step | tojson }}\nIt failed: {{ failure.message }}";
        if (!fields.Contains("model") && !fields.Contains("agent"))
        {
            foreach (var field in (string[])["model", "agent"])
            {
                if (node.Fields.TryGetValue(field, out var own)) fields[field] = own;
            }
        }
        if (!fields.Contains("max_nodes")) fields["max_nodes"] = NodesMaxDefault;
        return new NodeSpec
        {
            Id = node.Id,
            Type = PlannerType,
            Fields = fields.Build(),
            Policy = new NodePolicy { Budget = PolicyReader.Budget(plan.GetOrNull("budget")), OutputSchema = node.Policy.OutputSchema },
            At = at,
        };
    }

    private static FallbackSpec? Rest(FallbackSpec fallback) =>
        fallback.Models.Count == 0 && fallback.Agent is null && fallback.Value is null && fallback.Node is null ? null : fallback with { Plan = null };
}
