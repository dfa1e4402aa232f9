namespace Hydra.Model;

/// <summary>The fields that every node may have, whatever its type.</summary>
public static class CommonFields
{
    public const double SecondsMax = 31_536_000;

    private static readonly Shape Seconds = new Shape.Number(0, SecondsMax);

    public static Shape TagMap { get; } = new Shape.MapOf(new Shape.Text());

    public static Shape.Record BreakerRecord { get; } = new(
    [
        new("failures", new Shape.Integer(1, 1000), "Failures within the window that open the breaker. Default: 5."),
        new("window_seconds", new Shape.Number(0.001, SecondsMax), "Length of the window in seconds. Default: 60."),
        new("cooldown_seconds", new Shape.Number(0.001, SecondsMax), "Seconds that the breaker stays open before one probe is let through. Default: 30."),
    ]);

    private static readonly Shape LabelWord = new Shape.Choice("trusted", "untrusted", "secret", "private");

    /// <summary>One word, several, or the record.</summary>
    public static Shape LabelsShape { get; } = new Shape.OneOf(new Shape.ListOf(LabelWord, 4), LabelWord, new Shape.Record(
    [
        new("integrity", new Shape.Choice("trusted", "untrusted"), "Whether somebody outside wrote some of it."),
        new("readers", new Shape.ListOf(new Shape.Text(), 100), "Who may have it; empty: nobody outside. Default: anybody."),
        new("secret", new Shape.Boolean(), "Never in a prompt or a log. Default: false."),
        new("typed_fields", new Shape.Choice("trusted"), "An agent without tools and with an `output_schema`: fields that cannot carry a text do not make their readers untrusted."),
    ]));

    public static Shape.Record BudgetRecord { get; } = new(
    [
        new("max_tokens", new Shape.Integer(0), "Most tokens, input and output together."),
        new("max_usd", new Shape.Number(0, 1_000_000_000), "Most US dollars."),
        new("max_model_calls", new Shape.Integer(0), "Most calls to models."),
        new("max_tool_calls", new Shape.Integer(0), "Most calls to tools."),
        new("max_steps", new Shape.Integer(0), "Most steps: calls to models and tools together."),
        new("max_context_tokens", new Shape.Integer(1), "Longest prompt of one call, in tokens."),
        new("max_seconds", new Shape.Number(0, SecondsMax), "Most seconds of work; waiting for people does not count."),
        new("max_retries", new Shape.Integer(0), "Most further attempts after failures."),
        new("on_exceeded", new Shape.Choice("stop", "degrade", "ask", "pause", "rollback"), "What happens when a limit is reached. Default: stop."),
    ]);

    public static IReadOnlyList<Field> All { get; } =
    [
        new("tags", TagMap, "Names and values for slicing runs, spans and costs."),
        new("breaker", new Shape.OneOf(new Shape.Text(), BreakerRecord), "A circuit breaker: the name of one under `breakers`, or its own settings. Open: straight to the fallback."),
        new("effect", new Shape.Choice("pure", "idempotent", "compensatable", "irreversible"), "What running the node twice would do to the world. Default: by type."),
        new("on_unknown", new Shape.Choice("ask", "retry", "compensate"), "What to do when it is not known whether the effect happened. Default: ask."),
        new("compensate", new Shape.Node("compensate"), "A node that undoes this one: it runs when the run fails or is rolled back, and sees this node's output."),
        new("estimate_seconds", Seconds, "Expected duration in seconds, for priorities and the recap; an attempt that takes half as long again is reported."),
        new("stop_when", new Shape.Expression(), "Ends the node early when it is true of the partial result.") { ExtraNames = ["output", "confidence", "elapsed_seconds"] },
        new("join", new Shape.OneOf(new Shape.Choice("all", "any", "all_done"), new Shape.Record(
            [new Field("at_least", new Shape.Integer(1, 1_000_000), "How many parents must count.") { IsRequired = true }])),
            "Which parents must be done before the node starts: all (default), any, all_done, or {at_least: n}."),
        new("cancel_losers", new Shape.Boolean(), "Whether parents still running that nothing else needs are cancelled when the join fires. Default: false."),
        new("accept_degraded", new Shape.Boolean(), "Whether degraded parents count for the join. Default: true."),
        new("when", new Shape.Expression(), "The node is skipped when this is false."),
        new("on_skip", new Shape.OneOf(new Shape.Choice("propagate", "empty"), new Shape.Record(
            [new Field("default", new Shape.Anything(), "The value that dependants see.") { IsRequired = true }])),
            "What dependants see when this node is skipped: they skip too (propagate), empty text (empty), or {default: value}."),
        new("retry", new Shape.Record(
        [
            new("max_attempts", new Shape.Integer(1, 20), "Attempts, the first included. Default: 3 for model calls, else 1."),
            new("backoff_seconds", Seconds, "Seconds before the second attempt. Default: 0."),
            new("backoff", new Shape.Choice("fixed", "exponential"), "How the wait grows. Default: fixed."),
            new("max_backoff_seconds", Seconds, "Longest wait in seconds. Default: 60."),
            new("jitter", new Shape.Boolean(), "Whether waits are spread at random. Default: true when exponential."),
            new("retry_on", new Shape.OneOf(new Shape.ListOf(new Shape.Text(), 100), new Shape.Text()), "Error codes that are retried, or `*` for every retryable one. Default: `*`."),
        ]), "Further attempts after failures."),
        new("timeout_seconds", new Shape.Number(0.001, SecondsMax), "Longest time of one attempt in seconds. Default: 600; 300 for bash and python_exec; none for composites."),
        new("idle_timeout_seconds", new Shape.Number(0.001, SecondsMax), "Longest time without progress in seconds. Default: 120."),
        new("budget", BudgetRecord, "Limits on everything the node does, children included."),
        new("on_failure", new Shape.Choice("fail", "continue", "degrade", "escalate"), "What a failure means for the run. Default: fail."),
        new("fallback", new Shape.Record(
        [
            new("models", new Shape.ListOf(new Shape.ModelName(), 20), "Models tried in this order."),
            new("agent", new Shape.Text(), "An agent that answers instead."),
            new("value", new Shape.Anything(), "A value that stands for the result, marked degraded."),
            new("node", new Shape.NodeReference(), "A node of the same scope that runs only in this one's place."),
            new("plan", new Shape.Record(
            [
                new("prompt", new Shape.Text(), "What the planner is asked; it sees `failure` {code, message, step}. Default: to find another way to the result."),
                new("model", new Shape.ModelName(), "The planner's model. Default: that of the node."),
                new("agent", new Shape.Text(), "The agent that plans."),
                new("allowed_types", new Shape.ListOf(new Shape.Text(), 50), "Node types that the plan may use. Default: agent, map, set."),
                new("allowed_agents", new Shape.ListOf(new Shape.Text(), 200), "Agents that its nodes may name."),
                new("allowed_tools", new Shape.ListOf(new Shape.Text(), 200), "Tools that its nodes may list."),
                new("max_nodes", new Shape.Integer(1, 1000), "Most nodes. Default: 10."),
                new("max_replans", new Shape.Integer(0, 100), "How often what is left may be planned anew. Default: 2."),
                new("require_approval", new Shape.Boolean(), "Whether people approve the plan. Default: false."),
                new("budget", BudgetRecord, "Limits on the whole detour."),
            ]), "A planner that builds another way to the result, checked like a file; its result is degraded."),
        ]), "What is tried when attempts are used up or the breaker is open: models, agent, value, node, in that order; after models and agent, a plan."),
        new("escalate_to", new Shape.Text(), "A stronger agent that takes over after the fallbacks."),
        new("output_schema", new Shape.JsonSchema(), "JSON Schema (2020-12) of the result; dependants then see an object."),
        new("repair_attempts", new Shape.Integer(0, 10), "Further calls that may mend a result that does not fit its schema. Default: 1."),
        new("cache", new Shape.OneOf(new Shape.Choice("off", "reuse"), new Shape.Record(
            [new Field("ttl_seconds", new Shape.Number(0, SecondsMax), "Oldest result in seconds that is used again.") { IsRequired = true }])),
            "Whether an equal result of an earlier run is used again: off (default), reuse, or {ttl_seconds: n}."),
        new("priority", new Shape.Integer(-1_000_000, 1_000_000), "Higher starts first when slots are short. Default: 0."),
        new("conflicts_with", new Shape.ListOf(new Shape.Text(), 1000), "Node ids or names of resources that must not be used at the same time."),
        new("labels", LabelsShape, "Labels that flow with the data: untrusted, private, secret, trusted, or {integrity, readers, secret, typed_fields}."),
    ];
}
