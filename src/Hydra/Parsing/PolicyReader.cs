using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Turns the checked common fields of one node into a <see cref="NodePolicy"/>, and each shorthand into its long form.</summary>
internal static class PolicyReader
{
    public static NodePolicy Read(ValueMap fields, Func<string, SourcePosition> placeOf, ProblemList problems)
    {
        if (fields.Count == 0) return NodePolicy.Empty;
        var breaker = fields.GetOrNull("breaker");
        return new NodePolicy
        {
            Tags = TextMap(fields.GetOrNull("tags")),
            BreakerName = breaker.TextOrNull,
            Breaker = breaker.IsObject ? Breaker(breaker.AsObject) : null,
            Effect = Enum<EffectClass>(fields.GetOrNull("effect")),
            OnUnknown = Enum<UnknownOutcomePolicy>(fields.GetOrNull("on_unknown")),
            Estimate = Seconds(fields.GetOrNull("estimate_seconds")),
            StopWhen = fields.GetOrNull("stop_when").TextOrNull,
            Join = Join(fields.GetOrNull("join")),
            CancelLosers = Boolean(fields.GetOrNull("cancel_losers")),
            AcceptDegraded = Boolean(fields.GetOrNull("accept_degraded")),
            When = fields.GetOrNull("when").TextOrNull,
            OnSkip = Skip(fields.GetOrNull("on_skip")),
            Retry = Retry(fields.GetOrNull("retry"), placeOf, problems),
            Timeout = Seconds(fields.GetOrNull("timeout_seconds")),
            IdleTimeout = Seconds(fields.GetOrNull("idle_timeout_seconds")),
            Budget = Budget(fields.GetOrNull("budget")),
            OnFailure = Enum<FailurePolicy>(fields.GetOrNull("on_failure")),
            Fallback = Fallback(fields.GetOrNull("fallback")),
            EscalateTo = fields.GetOrNull("escalate_to").TextOrNull,
            OutputSchema = fields.TryGetValue("output_schema", out var schema) ? schema : (Value?)null,
            RepairAttempts = (int?)Integer(fields.GetOrNull("repair_attempts")),
            Cache = Cache(fields.GetOrNull("cache")),
            Priority = (int?)Integer(fields.GetOrNull("priority")),
            ConflictsWith = TextList(fields.GetOrNull("conflicts_with")),
            Labels = ReadLabels(fields.GetOrNull("labels")),
            TrustsTypedFields = fields.GetOrNull("labels") is { IsObject: true } labels && labels.AsObject.ContainsKey("typed_fields"),
        };
    }

    /// <summary>The long form of one field, for the canonical form: what means the same reads the same.</summary>
    public static Value Normalised(string field, Value value, NodePolicy policy) => field switch
    {
        "breaker" when policy.Breaker is { } breaker => Canonical(breaker),
        "conflicts_with" => Value.OfTexts(policy.ConflictsWith!.Distinct().Order(StringComparer.Ordinal)),
        "labels" when !value.IsObject => Value.OfTexts((value.IsText ? [value.AsText] : value.Items.Select(item => item.AsText)).Distinct().Order(StringComparer.Ordinal)),
        "retry" when value.AsObject.ContainsKey("retry_on") => Value.Of(ValueMap.Of(
            value.AsObject.Where(pair => pair.Key != "retry_on" || policy.Retry!.RetryOn!.Count > 0).Select(pair => pair.Key != "retry_on" ? pair
                : KeyValuePair.Create(pair.Key, Value.OfTexts(policy.Retry!.RetryOn!.Select(code => code.Name).Order(StringComparer.Ordinal)))))),
        _ => value,
    };

    public static BreakerSpec Breaker(ValueMap map) => new()
    {
        Failures = (int)(Integer(map.GetOrNull("failures")) ?? 5),
        Window = Seconds(map.GetOrNull("window_seconds")) ?? TimeSpan.FromSeconds(60),
        Cooldown = Seconds(map.GetOrNull("cooldown_seconds")) ?? TimeSpan.FromSeconds(30),
    };

    public static Value Canonical(BreakerSpec breaker) => Value.Of(ValueMap.Of(
        ("failures", breaker.Failures), ("window_seconds", Number(breaker.Window.TotalSeconds)), ("cooldown_seconds", Number(breaker.Cooldown.TotalSeconds))));

    public static BudgetSpec? Budget(Value value)
    {
        if (!value.IsObject) return null;
        var map = value.AsObject;
        return new BudgetSpec
        {
            MaxTokens = Integer(map.GetOrNull("max_tokens")),
            MaxUsd = map.GetOrNull("max_usd") is { IsNumeric: true } usd ? MicroUsd.FromUsd((decimal)usd.AsNumber) : null,
            MaxModelCalls = Integer(map.GetOrNull("max_model_calls")),
            MaxToolCalls = Integer(map.GetOrNull("max_tool_calls")),
            MaxSteps = Integer(map.GetOrNull("max_steps")),
            MaxContextTokens = Integer(map.GetOrNull("max_context_tokens")),
            MaxTime = Seconds(map.GetOrNull("max_seconds")),
            MaxRetries = Integer(map.GetOrNull("max_retries")),
            OnExceeded = Enum<BudgetPolicy>(map.GetOrNull("on_exceeded")) ?? BudgetPolicy.Stop,
        };
    }

    public static IReadOnlyDictionary<string, string>? TextMap(Value value) =>
        value.IsObject ? value.AsObject.ToDictionary(pair => pair.Key, pair => pair.Value.AsText, StringComparer.Ordinal) : null;

    public static IReadOnlyList<string>? TextList(Value value) => value.IsList ? value.Items.Select(item => item.AsText).ToList() : null;

    public static TimeSpan? Seconds(Value value) => value.IsNumeric ? TimeSpan.FromSeconds(value.AsNumber) : null;

    public static Value Number(double number) => number == Math.Floor(number) ? Value.Of((long)number) : Value.Of(number);

    private static long? Integer(Value value) => value.Kind == ValueKind.Integer ? value.AsInteger : null;
    private static bool? Boolean(Value value) => value.Kind == ValueKind.Boolean ? value.AsBoolean : null;

    /// <summary>An enum's member by its name in the file: <c>all_done</c> is <c>AllDone</c>.</summary>
    private static T? Enum<T>(Value value) where T : struct, Enum =>
        value.IsText && System.Enum.TryParse<T>(value.AsText.Replace("_", ""), ignoreCase: true, out var member) ? member : null;

    private static JoinSpec? Join(Value value)
    {
        if (value.IsObject) return new JoinSpec(JoinKind.AtLeast, (int)value.AsObject["at_least"].AsInteger);
        return Enum<JoinKind>(value) is { } kind ? new JoinSpec(kind) : null;
    }

    private static SkipPolicy? Skip(Value value)
    {
        if (value.IsObject) return new SkipPolicy(Propagate: false, value.AsObject.GetOrNull("default"));
        return value.TextOrNull switch
        {
            "propagate" => new SkipPolicy(Propagate: true, Value.Null),
            "empty" => new SkipPolicy(Propagate: false, Value.EmptyText),
            _ => null,
        };
    }

    private static RetrySpec? Retry(Value value, Func<string, SourcePosition> placeOf, ProblemList problems)
    {
        if (!value.IsObject) return null;
        var map = value.AsObject;
        var on = map.GetOrNull("retry_on");
        var names = on.IsText ? [on.AsText] : TextList(on);
        return new RetrySpec
        {
            MaxAttempts = (int?)Integer(map.GetOrNull("max_attempts")),
            Backoff = Seconds(map.GetOrNull("backoff_seconds")),
            Kind = Enum<BackoffKind>(map.GetOrNull("backoff")),
            BackoffMax = Seconds(map.GetOrNull("max_backoff_seconds")),
            Jitter = Boolean(map.GetOrNull("jitter")),
            RetryOn = names is null ? null : RetryCodes.Read(names, i => placeOf(on.IsText ? "retry.retry_on" : $"retry.retry_on[{i}]"), problems),
        };
    }

    private static FallbackSpec? Fallback(Value value)
    {
        if (!value.IsObject) return null;
        var map = value.AsObject;
        return new FallbackSpec
        {
            Models = TextList(map.GetOrNull("models")) ?? [],
            Agent = map.GetOrNull("agent").TextOrNull,
            Value = map.TryGetValue("value", out var stand) ? stand : (Value?)null,
            Node = map.GetOrNull("node").TextOrNull is { } node ? new NodeId(node) : null,
            Plan = map.TryGetValue("plan", out var plan) && plan.IsObject ? plan : (Value?)null,
        };
    }

    private static CacheSpec? Cache(Value value)
    {
        if (value.IsObject) return new CacheSpec(CacheKind.Reuse, Seconds(value.AsObject.GetOrNull("ttl_seconds")));
        return Enum<CacheKind>(value) is { } kind ? new CacheSpec(kind) : null;
    }

    /// <summary>One word, several, or <c>{integrity, readers, secret, typed_fields}</c>; null where nothing is written.</summary>
    public static Labels? ReadLabels(Value value)
    {
        if (value.IsObject)
        {
            var map = value.AsObject;
            var labels = WordOf(map.GetOrNull("integrity")).With(map.GetOrNull("secret") is { Kind: ValueKind.Boolean, AsBoolean: true } ? Model.Labels.Secret : default);
            return TextList(map.GetOrNull("readers")) is { } readers ? labels.With(Model.Labels.For(readers)) : labels;
        }
        if (value.IsText) return WordOf(value);
        return value.IsList ? value.Items.Aggregate(Model.Labels.None, (all, word) => all.With(WordOf(word))) : null;
    }

    private static Labels WordOf(Value word) => word.TextOrNull switch
    {
        "trusted" => Model.Labels.Trusted,
        "untrusted" => Model.Labels.Untrusted,
        "secret" => Model.Labels.Secret,
        "private" => Model.Labels.Private,
        _ => default,
    };
}
