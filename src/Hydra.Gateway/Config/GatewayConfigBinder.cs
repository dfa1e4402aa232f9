using Hydra.Gateway.Ledger;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;
using Hydra.Model;

namespace Hydra.Gateway.Config;

/// <summary>Turns checked values into a configuration.</summary>
internal static class GatewayConfigBinder
{
    public static GatewayConfig Bind(ValueMap file)
    {
        var models = file.Maps("models").ToDictionary(pair => pair.Key, pair => Group(pair.Key, pair.Value), StringComparer.Ordinal);
        var plain = new GatewayConfig();
        return plain with
        {
            Providers = file.Maps("providers").ToDictionary(pair => pair.Key, pair => Provider(pair.Value), StringComparer.Ordinal),
            Models = models,
            Passthrough = file.Flag("passthrough") ?? models.Count == 0,
            Limits = Limits(file.Map("limits")),
            Teams = file.Maps("teams").ToDictionary(pair => pair.Key, pair => Limits(pair.Value), StringComparer.Ordinal),
            Budgets = [.. file.Items("budgets").Select(pair => BudgetOf(pair.Item))],
            Cache = Cache(file.Map("cache")),
            Filters = [.. file.Items("filters").Select(pair => new FilterConfig(pair.Item.Text("kind")!, pair.Item.Text("action")!) 
            {
                On = pair.Item.Text("on") ?? "both", Url = pair.Item.Text("url"), ApiKey = pair.Item.Text("api_key"),
                Timeout = pair.Item.Seconds("timeout_seconds") ?? TimeSpan.FromSeconds(5), FailOpen = pair.Item.Flag("fail_open") ?? false,
            })],
            Retries = Retries(file.Map("retries"), plain.Retries),
            SetsRetries = file.ContainsKey("retries"),
            Breaker = Breaker(file.Map("breaker"), plain.Breaker),
            PriceOverridesFile = file.Map("prices").Text("overrides"),
            AuthRequired = file.Map("auth").Flag("required") ?? true,
            AdminKey = file.Map("auth").Text("admin_key"),
            Store = file.Map("store").Text("postgres") is { } postgres ? new StoreConfig(null, postgres) : file.Map("store").Text("sqlite") is { } sqlite ? new StoreConfig(sqlite) : plain.Store,
            OnUnsupported = file.Text("on_unsupported") == "error" ? UnsupportedRule.Error : UnsupportedRule.Drop,
        };
    }

    private static ProviderConfig Provider(ValueMap map) => new()
    {
        Kind = map.Text("kind")!,
        BaseUrl = map.Text("base_url"),
        ApiKey = map.Text("api_key"),
        QuotaGroup = map.Text("quota_group"),
        ApiVersion = map.Text("api_version"),
        Region = map.Text("region"),
        Api = map.Text("api") ?? "chat",
        Command = map.Text("command"),
        Headers = map.Map("headers").ToDictionary(pair => pair.Key, pair => pair.Value.AsText, StringComparer.OrdinalIgnoreCase),
    };

    private static ModelGroupConfig Group(string name, ValueMap map)
    {
        var timeouts = map.Map("timeouts");
        var plain = new TimeoutConfig();
        return new ModelGroupConfig
        {
            Policy = Policy(name, map),
            Deployments = [.. map.Items("deployments").Select(pair => Deployment(pair.Item))],
            Fallbacks = map.Texts("fallbacks"),
            ContextWindowFallbacks = map.Texts("context_window_fallbacks"),
            ContentPolicyFallbacks = map.Texts("content_policy_fallbacks"),
            Timeouts = new TimeoutConfig
            {
                FirstToken = timeouts.Seconds("first_token_seconds") ?? plain.FirstToken,
                Idle = timeouts.Seconds("idle_seconds") ?? plain.Idle,
                Answer = timeouts.Seconds("answer_seconds"),
                Total = timeouts.Seconds("total_seconds") ?? plain.Total,
            },
            Limits = Limits(map.Map("limits")),
            Hedge = map.GetOrNull("hedge") is { IsObject: true } hedge ? Hedge(hedge.AsObject, new HedgeOptions()) : null,
        };
    }

    private static HedgeOptions Hedge(ValueMap map, HedgeOptions plain) => plain with
    {
        After = map.Seconds("after_seconds") ?? plain.After,
        Quantile = map.ContainsKey("after_seconds") ? map.Number("quantile") : map.Number("quantile") ?? plain.Quantile,
        PercentMax = map.Number("percent_max") ?? plain.PercentMax,
    };

    private static DeploymentConfig Deployment(ValueMap map)
    {
        var price = map.Map("price");
        return new DeploymentConfig
        {
            Provider = map.Text("provider")!,
            Model = map.Text("model")!,
            Priority = (int)(map.Integer("priority") ?? 1),
            Weight = map.Number("weight") ?? 1,
            Limits = Limits(map),
            Region = map.Text("region"),
            Tags = map.Texts("tags"),
            ContextTokensMax = map.Integer("context_tokens"),
            Price = price.Count == 0 ? null : new PriceConfig(price.Usd("input")!.Value, price.Usd("output")!.Value, price.Usd("cache_read"), price.Usd("cache_write"), price.Usd("reasoning")),
        };
    }

    private static RoutePolicy Policy(string name, ValueMap map)
    {
        var names = DeploymentNames.Of(name, map);
        var plain = new RoutePolicy();
        var (canary, adaptive) = (map.Map("canary"), map.Map("adaptive"));
        return new RoutePolicy
        {
            Strategy = map.Text("strategy") is { } strategy ? RouteStrategies.Of(strategy)!.Value : plain.Strategy,
            LatencyBuffer = map.Number("latency_buffer") ?? plain.LatencyBuffer,
            Rules = [.. map.Items("rules").Select(pair => new RouteRule(pair.Item.Text("name")!, [.. pair.Item.Map("when").Select(Condition)], Use(pair.Item.GetOrNull("use"), names)))],
            Default = Use(map.GetOrNull("default"), names),
            Steps = [.. map.Items("steps").Select(pair => new ComplexityStep(pair.Item.Number("at_least")!.Value, Use(pair.Item.GetOrNull("use"), names)))],
            Canary = canary.Count == 0 ? null : new CanaryOptions(canary.Number("percent")!.Value, [.. canary.Texts("deployments").SelectMany(names.Find)], canary.Text("salt") ?? name),
            Adaptive = new AdaptiveOptions
            {
                IsEnabled = adaptive.Flag("enabled") ?? true,
                ExplorationMax = adaptive.Number("exploration_max") ?? plain.Adaptive.ExplorationMax,
                Window = adaptive.Seconds("window_seconds") ?? plain.Adaptive.Window,
                LatencyWeight = adaptive.Number("latency_weight") ?? plain.Adaptive.LatencyWeight,
                PriceWeight = adaptive.Number("price_weight") ?? plain.Adaptive.PriceWeight,
            },
            PromptCache = PromptCache(map.GetOrNull("prompt_cache")),
        };
    }

    private static PromptCacheOptions? PromptCache(Value value)
    {
        if (!value.IsObject) return value.Kind == ValueKind.Boolean && value.AsBoolean ? new PromptCacheOptions() : null;
        var (map, plain) = (value.AsObject, new PromptCacheOptions());
        return new PromptCacheOptions
        {
            Ttl = map.Seconds("ttl_seconds") ?? plain.Ttl,
            PromptTokensMin = map.Integer("prompt_tokens_min") ?? plain.PromptTokensMin,
            LoadMax = map.Number("load_max") ?? plain.LoadMax,
            Remembered = (int)(map.Integer("remembered") ?? plain.Remembered),
        };
    }

    private static RouteUse Use(Value use, DeploymentNames names) =>
        !use.IsObject ? new RouteUse.All()
        : use.AsObject.Text("group") is { } group ? new RouteUse.Group(group)
        : new RouteUse.Deployments([.. use.AsObject.Texts("deployments").SelectMany(names.Find)]);

    private static RouteCondition Condition(KeyValuePair<string, Value> pair)
    {
        var (key, value) = (pair.Key, pair.Value);
        if (value.IsList) return new RouteCondition(key, ConditionKind.OneOf, [.. value.Items.Select(item => item.AsText)]);
        if (!value.IsObject) return new RouteCondition(key, ConditionKind.EqualTo, value.AsText);
        var map = value.AsObject;
        if (map.Text("not") is { } not) return new RouteCondition(key, ConditionKind.NotEqualTo, not);
        return map.Text("starts_with") is { } start ? new RouteCondition(key, ConditionKind.StartsWith, start) : new RouteCondition(key, ConditionKind.Exists);
    }

    private static RateLimits Limits(ValueMap map) => new() { Rpm = map.Integer("rpm"), Tpm = map.Integer("tpm"), MaxParallel = (int?)map.Integer("max_parallel") };

    private static Budget BudgetOf(ValueMap map) =>
        new(BudgetScope.TryParse(map.Text("scope")!)!.Value, BudgetWindows.TryParse(map.Text("window") ?? "total")!.Value, map.Usd("max_usd"), map.Integer("max_tokens"));

    private static CacheConfig Cache(ValueMap map)
    {
        var (exact, semantic, plain) = (map.Map("exact"), map.Map("semantic"), new CacheConfig());
        return new CacheConfig
        {
            Exact = new ExactCacheConfig
            {
                Enabled = exact.Flag("enabled") ?? false,
                Ttl = exact.Seconds("ttl_seconds") ?? plain.Exact.Ttl,
                BytesMax = exact.Integer("max_bytes") ?? plain.Exact.BytesMax,
                Store = exact.Text("store") ?? plain.Exact.Store,
                Url = exact.Text("url"),
            },
            Semantic = new SemanticCacheConfig
            {
                Enabled = semantic.Flag("enabled") ?? false,
                Model = semantic.Text("model"),
                Threshold = semantic.Number("threshold") ?? plain.Semantic.Threshold,
                Ttl = semantic.Seconds("ttl_seconds") ?? plain.Semantic.Ttl,
                EntriesMax = (int)(semantic.Integer("max_entries") ?? plain.Semantic.EntriesMax),
            },
        };
    }

    private static RetryOptions Retries(ValueMap map, RetryOptions plain) => plain with
    {
        AttemptsMax = (int)(map.Integer("attempts_max") ?? plain.AttemptsMax),
        BackoffFirst = map.Seconds("backoff_first_seconds") ?? plain.BackoffFirst,
        BackoffMax = map.Seconds("backoff_max_seconds") ?? plain.BackoffMax,
        RetryAfterMax = map.Seconds("retry_after_max_seconds") ?? plain.RetryAfterMax,
    };

    private static BreakerOptions Breaker(ValueMap map, BreakerOptions plain) => plain with
    {
        ConsecutiveFailures = (int)(map.Integer("consecutive_failures") ?? plain.ConsecutiveFailures),
        FailureRatio = map.Number("failure_ratio") ?? plain.FailureRatio,
        MinimumCalls = (int)(map.Integer("minimum_calls") ?? plain.MinimumCalls),
        Window = map.Seconds("window_seconds") ?? plain.Window,
        OpenFirst = map.Seconds("open_seconds") ?? plain.OpenFirst,
        OpenMax = map.Seconds("open_max_seconds") ?? plain.OpenMax,
    };
}
