using System.Globalization;
using System.Runtime.CompilerServices;
using Hydra.Model;
using Hydra.Planning;
using Hydra.Templates;

namespace Hydra.Tests.Scheduling;

/// <summary>
/// A graph as text. One node a line: <c>report &lt;- fetch parse | join=any retries=3</c>. A line that ends in a colon
/// begins the body of the composites that name it: <c>m | map=3 cap=2 body=item</c>, then <c>item:</c> and its nodes.
/// </summary>
internal static class TestGraph
{
    public static Plan PlanOf(string text)
    {
        var bodies = new Dictionary<string, List<string>>(StringComparer.Ordinal) { [""] = [] };
        var at = "";
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.EndsWith(':')) bodies[at = line[..^1]] = [];
            else bodies[at].Add(line);
        }
        var breakers = new Dictionary<string, BreakerSpec>(StringComparer.Ordinal);
        var workflow = new WorkflowSpec { Name = "test", Nodes = NodesOf("", bodies), Breakers = breakers };
        return WithExpressions(Planner.Plan(workflow, Types));
    }

    public static string? Option(NodeSpec spec, string name) => spec.Fields.GetOrNull(name).TextOrNull;
    public static int Number(NodeSpec spec, string name, int otherwise = 0) => Option(spec, name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    private static List<NodeSpec> NodesOf(string body, Dictionary<string, List<string>> bodies) => [.. bodies[body].Select(line => NodeOf(line, bodies))];

    private static NodeSpec NodeOf(string line, Dictionary<string, List<string>> bodies)
    {
        var parts = line.Split('|', 2, StringSplitOptions.TrimEntries);
        var edge = parts[0].Split("<-", 2, StringSplitOptions.TrimEntries);
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var word in parts.Length > 1 ? parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries) : [])
        {
            var pair = word.Split('=', 2);
            options[pair[0]] = pair.Length > 1 ? pair[1] : "";
        }
        var type = Types.Keys.FirstOrDefault(options.ContainsKey) ?? "leaf";
        var children = options.TryGetValue("body", out var inside) ? NodesOf(inside, bodies) : [];
        return new NodeSpec
        {
            Id = new NodeId(edge[0]),
            Type = type,
            DependsOn = edge.Length > 1 ? [.. edge[1].Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(id => new NodeId(id))] : [],
            Fields = ValueMap.Of(options.Select(pair => KeyValuePair.Create(pair.Key, Value.Of(pair.Value)))),
            Children = new Dictionary<string, IReadOnlyList<NodeSpec>>(StringComparer.Ordinal) { ["body"] = children },
            Policy = PolicyOf(options),
        };
    }

    private static NodePolicy PolicyOf(Dictionary<string, string> options)
    {
        string? Text(string name) => options.GetValueOrDefault(name);
        long? Long(string name) => Text(name) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : null;
        TimeSpan? Seconds(string name) => Text(name) is { } text ? TimeSpan.FromSeconds(double.Parse(text, CultureInfo.InvariantCulture)) : null;
        var hasFallback = options.Keys.Any(key => key.StartsWith("fallback", StringComparison.Ordinal));
        var hasBudget = options.Keys.Any(key => key is "tokens" or "usd" or "calls" or "tool_calls" or "steps" or "context" or "seconds" or "max_retries");
        return new NodePolicy
        {
            Join = Text("join") switch
            {
                null => null,
                "any" => new JoinSpec(JoinKind.Any),
                "all" => JoinSpec.All,
                "all_done" => new JoinSpec(JoinKind.AllDone),
                var count => new JoinSpec(JoinKind.AtLeast, int.Parse(count, CultureInfo.InvariantCulture)),
            },
            CancelLosers = options.ContainsKey("cancel_losers"),
            AcceptDegraded = !options.ContainsKey("reject_degraded"),
            OnSkip = Text("on_skip") switch { null => null, "propagate" => new SkipPolicy(true, Value.Null), "empty" => new SkipPolicy(false, ""), var other => new SkipPolicy(false, other) },
            OnFailure = Text("on_failure") is { } onFailure ? Enum.Parse<FailurePolicy>(onFailure, ignoreCase: true) : null,
            Retry = new RetrySpec
            {
                MaxAttempts = (int?)Long("retries"),
                Backoff = Seconds("backoff"),
                BackoffMax = Seconds("max_backoff"),
                Kind = options.ContainsKey("exponential") ? BackoffKind.Exponential : null,
                Jitter = Text("jitter") is { } jitter ? jitter == "true" : null,
                RetryOn = Text("retry_on") is { } codes ? [.. codes.Split(',').Select(code => ErrorCode.TryParse(code, out var known) ? known : throw new FormatException(code))] : null,
            },
            Priority = (int?)Long("priority"),
            Estimate = Seconds("estimate"),
            ConflictsWith = Text("conflicts")?.Split(','),
            Fallback = !hasFallback ? null : new FallbackSpec
            {
                Models = Text("fallback_models")?.Split(',') ?? [],
                Agent = Text("fallback_agent"),
                Value = Text("fallback_value") is { } standIn ? Value.Of(standIn) : (Value?)null,
                Node = Text("fallback_node") is { } node ? new NodeId(node) : null,
            },
            EscalateTo = Text("escalate_to"),
            Compensate = Text("undo") is not { } undo ? null : new NodeSpec
            {
                Id = new NodeId("compensate"), Type = "leaf",
                Fields = ValueMap.Of(("undo_of", "")), Policy = new NodePolicy { Effect = undo.Length == 0 ? null : Enum.Parse<EffectClass>(undo, ignoreCase: true) },
            },
            Breaker = Long("breaker") is { } failures ? new BreakerSpec { Failures = (int)failures, Cooldown = Seconds("cooldown") ?? TimeSpan.FromSeconds(30) } : null,
            Effect = Text("effect") is { } effect ? Enum.Parse<EffectClass>(effect, ignoreCase: true) : null,
            OnUnknown = Text("on_unknown") is { } unknown ? Enum.Parse<UnknownOutcomePolicy>(unknown, ignoreCase: true) : null,
            Budget = !hasBudget ? null : new BudgetSpec
            {
                MaxTokens = Long("tokens"),
                MaxUsd = Long("usd") is { } usd ? new MicroUsd(usd) : null,
                MaxModelCalls = Long("calls"),
                MaxToolCalls = Long("tool_calls"),
                MaxSteps = Long("steps"),
                MaxContextTokens = Long("context"),
                MaxTime = Seconds("seconds"),
                MaxRetries = Long("max_retries"),
                OnExceeded = Text("on_exceeded") is { } policy ? Enum.Parse<BudgetPolicy>(policy, ignoreCase: true) : BudgetPolicy.Stop,
            },
        };
    }

    /// <summary>Puts a stand-in where a node has a <c>when</c> or <c>stop_when</c>: the core asks only whether there is one.</summary>
    private static Plan WithExpressions(Plan plan)
    {
        for (var i = 0; i < plan.Nodes.Length; i++)
        {
            var node = plan.Nodes[i];
            foreach (var fragment in node.Fragments) WithExpressions(fragment);
            if (node.Undo is not null) WithExpressions(node.Undo);
            var hasWhen = Option(node.Spec, "when") is not null;
            var hasStop = Option(node.Spec, "stop_when") is not null;
            if (!hasWhen && !hasStop) continue;
            plan.Nodes[i] = new PlannedNode
            {
                Index = node.Index, Spec = node.Spec, Type = node.Type, Fields = node.Fields, Fragments = node.Fragments, Variants = node.Variants, Resources = node.Resources, Undo = node.Undo,
                Settings = node.Settings with { When = hasWhen ? AnyExpression : null, StopWhen = hasStop ? AnyExpression : null },
            };
        }
        return plan;
    }

    private static readonly Template AnyExpression = (Template)RuntimeHelpers.GetUninitializedObject(typeof(Template));

    private static readonly Dictionary<string, INodeType> Types = new(StringComparer.Ordinal)
    {
        ["leaf"] = new FakeLeaf(), ["map"] = new FakeComposite("map"), ["loop"] = new FakeComposite("loop"), ["nested"] = new FakeComposite("nested"),
    };

    private sealed class FakeLeaf : ILeafNodeType
    {
        public string Name => "leaf";
        public string Description => "";
        public IReadOnlyList<Field> Fields => [];
        public NodeTraits Traits { get; } = new();
        public string? RevisesFrom(NodeSpec node) => Option(node, "revise");
        public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class FakeComposite(string name) : ICompositeNodeType
    {
        public string Name => name;
        public string Description => "";
        public IReadOnlyList<Field> Fields => [];
        public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };
        public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node) => [new FragmentSpec("body", node.Children["body"]) { IsInline = node.Children["body"].Count == 1 && name != "nested" }];
        public Advance Advance(AdvanceContext context) => throw new NotSupportedException();
    }
}

/// <summary>How the fake composites go on; pure over the state.</summary>
internal static class FakeAdvance
{
    public static Advance Of(RunState state, int instance)
    {
        var node = state.NodeOf(instance);
        var detail = state.DetailOf(instance)!;
        var kind = node.Type.Name;
        var last = detail.Scope < 0 ? null : state.Scopes[detail.Scope];
        if (last is null)
        {
            return new Advance.Open(kind switch
            {
                "map" => new ScopeOpening(ScopeKind.Items, 0, 0, TestGraph.Number(node.Spec, "map"), null, TestGraph.Number(node.Spec, "cap"), TestGraph.Number(node.Spec, "tolerate")),
                "loop" => new ScopeOpening(ScopeKind.Round, 0, 1, 1, null),
                _ => new ScopeOpening(ScopeKind.Nested, 0, 0, 1, null),
            });
        }
        if (detail.StopWhenHeld) return new Advance.End(new AttemptOutcome.Completed("enough"));
        var failed = 0;
        for (var item = 0; item < last.Opening.Count; item++) failed += state.ItemHasFailed(last, item) ? 1 : 0;
        if (failed > (kind == "map" ? TestGraph.Number(node.Spec, "tolerate") : 0)) return new Advance.End(new AttemptOutcome.Failed(ErrorCode.ToolFailed, $"{failed} failed"));
        if (kind == "loop" && last.Opening.Ordinal < TestGraph.Number(node.Spec, "loop")) return new Advance.Open(new ScopeOpening(ScopeKind.Round, 0, last.Opening.Ordinal + 1, 1, null));
        return new Advance.End(failed > 0 ? new AttemptOutcome.Degraded("partial", $"{failed} failed") : new AttemptOutcome.Completed("done"));
    }
}
