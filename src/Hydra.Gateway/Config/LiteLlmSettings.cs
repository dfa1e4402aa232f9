using Hydra.Model;

namespace Hydra.Gateway.Config;

/// <summary>The settings of a LiteLLM configuration: <c>router_settings</c>, <c>litellm_settings</c> and <c>general_settings</c>.</summary>
internal sealed class LiteLlmSettings(ProblemList problems)
{
    private readonly Dictionary<string, Dictionary<string, List<string>>> _fallbacks = new(StringComparer.Ordinal);
    private readonly List<string> _defaultFallbacks = [];
    private readonly ValueMap.Builder _retries = new();
    private readonly ValueMap.Builder _breaker = new();
    private string? _strategy;
    private double? _totalSeconds;

    /// <summary>Other names of groups.</summary>
    public Dictionary<string, string> Aliases { get; } = new(StringComparer.Ordinal);

    /// <summary>The sections beside providers and models.</summary>
    public ValueMap.Builder Top { get; } = new();

    public void Add(string section, SourceNode node)
    {
        SourceNode? budget = null, window = null;
        foreach (var entry in node.Entries ?? [])
        {
            switch (entry.Key)
            {
                case "max_budget" when entry.Value.Scalar.IsNumeric && entry.Value.Scalar.AsNumber > 0: budget = entry.Value; break;
                case "budget_duration": window = entry.Value; break;
                default:
                    if (!Take(section, entry, node)) LeaveOut(section, entry);
                    break;
            }
        }
        if (budget is not null) Top["budgets"] = Value.Of([Value.Of(ValueMap.Of(("scope", "all"), ("max_usd", budget.Scalar), ("window", WindowOf(window))))]);
    }

    /// <param name="isGroup">Whether a name that is fallen back to will be a group.</param>
    public ValueMap GroupOf(string name, List<Value> deployments, bool hasOrder, Func<string, bool> isGroup)
    {
        var group = new ValueMap.Builder();
        var strategy = hasOrder && _strategy is (null or "weighted") ? "priority" : _strategy;
        if (strategy is not null) group["strategy"] = strategy;
        group["deployments"] = Value.Of(deployments);
        foreach (var (list, of) in _fallbacks)
        {
            if (of.TryGetValue(name, out var names) && Known(names) is { Count: > 0 } known) group[list] = Value.OfTexts(known);
        }
        var others = Known(_defaultFallbacks);
        if (others.Count > 0 && !group.Contains("fallbacks")) group["fallbacks"] = Value.OfTexts(others);
        if (_totalSeconds is { } seconds) group["timeouts"] = Value.Of(ValueMap.Of(("total_seconds", seconds)));
        return group.Build();

        List<string> Known(IReadOnlyList<string> names)
        {
            foreach (var missing in names.Where(other => !isGroup(other)))
                problems.Warning(ProblemCodes.NotImported, SourcePosition.None, $"the fallback '{Wire.Excerpt.Of(missing)}' of '{Wire.Excerpt.Of(name)}' is left out: there is no such model here.");
            return [.. names.Where(other => other != name && isGroup(other))];
        }
    }

    private bool Take(string section, SourceEntry entry, SourceNode around)
    {
        var value = entry.Value.Scalar;
        switch (entry.Key)
        {
            case "routing_strategy" when StrategyOf(value.TextOrNull) is { } strategy: _strategy = strategy; return true;
            case "fallbacks" or "context_window_fallbacks" or "content_policy_fallbacks": return TakeFallbacks(entry);
            case "default_fallbacks" when entry.Value.Items is { } items: _defaultFallbacks.AddRange(items.Select(item => item.Scalar.ToDisplayText())); return true;
            case "num_retries" when value.Kind == ValueKind.Integer && value.AsInteger is >= 0 and < 20: return Retries("attempts_max", Value.Of(value.AsInteger + 1));
            case "retry_after" when value.IsNumeric && value.AsNumber is >= 0 and <= 8: return Retries("backoff_first_seconds", value);
            case "timeout" or "request_timeout" when value.IsNumeric && value.AsNumber is > 0 and <= 86_400: _totalSeconds = value.AsNumber; return true;
            case "allowed_fails" when value.Kind == ValueKind.Integer && value.AsInteger is >= 0 and < 10_000: return Breaker("consecutive_failures", Value.Of(value.AsInteger + 1));
            case "cooldown_time" when value.IsNumeric && value.AsNumber is >= 0.01 and <= 120: return Breaker("open_seconds", value);
            case "model_group_alias" when entry.Value.Entries is { } aliases && aliases.All(alias => alias.Value.Scalar.IsText):
                foreach (var alias in aliases) Aliases[alias.Key] = alias.Value.Scalar.AsText;
                return true;
            case "drop_params" when value.Kind == ValueKind.Boolean: Top["on_unsupported"] = value.AsBoolean ? "drop" : "error"; return true;
            case "cache" when entry.Value.Entries is not null: return TakeCache(entry.Value);
            case "cache" when value.Kind == ValueKind.Boolean && value.AsBoolean: return around.Get("cache_params") is { } parameters ? TakeCache(parameters) : TakeCache(entry.Value);
            case "cache" when value.Kind == ValueKind.Boolean: return true;
            case "cache_params": return around.Get("cache") is { Scalar.Kind: ValueKind.Boolean };
            case "master_key" when section == "general_settings": Top["auth"] = Value.Of(ValueMap.Of(("required", true), ("admin_key", LiteLlmModels.SecretOf(entry, "HYDRA_ADMIN_KEY", problems)))); return true;
            default: return false;
        }
    }

    private bool Retries(string name, Value value)
    {
        _retries[name] = value;
        Top["retries"] = Value.Of(_retries.Build());
        return true;
    }

    private bool Breaker(string name, Value value)
    {
        _breaker[name] = value;
        Top["breaker"] = Value.Of(_breaker.Build());
        return true;
    }

    /// <summary><c>[{smart: [cheap]}]</c>.</summary>
    private bool TakeFallbacks(SourceEntry entry)
    {
        if (entry.Value.Items is not { } items) return false;
        if (!_fallbacks.TryGetValue(entry.Key, out var known)) _fallbacks[entry.Key] = known = new(StringComparer.Ordinal);
        foreach (var pair in items.SelectMany(item => item.Entries ?? []))
        {
            var names = (pair.Value.Items ?? []).Where(item => item.Scalar.IsText).Select(item => item.Scalar.AsText).ToList();
            if (pair.Key == "*" && entry.Key == "fallbacks") _defaultFallbacks.AddRange(names);
            else known[pair.Key] = names;
        }
        return true;
    }

    private bool TakeCache(SourceNode node)
    {
        var exact = new ValueMap.Builder { ["enabled"] = true };
        foreach (var entry in node.Entries ?? [])
        {
            var value = entry.Value.Scalar;
            switch (entry.Key)
            {
                case "type" when value.TextOrNull is "local": exact["store"] = "memory"; break;
                case "type" when value.TextOrNull is "redis":
                    exact["store"] = "redis";
                    exact["url"] = "env:REDIS_URL";
                    problems.Warning(ProblemCodes.NotImported, entry.KeyAt, "the address of Redis is one here: set the environment variable REDIS_URL to redis://HOST:PORT.");
                    break;
                case "host" or "port" or "url": break;   // part of REDIS_URL
                case "ttl" when value.IsNumeric && value.AsNumber is >= 1 and <= 31_536_000: exact["ttl_seconds"] = value; break;
                default: LeaveOut("cache", entry); break;
            }
        }
        Top["cache"] = Value.Of(ValueMap.Of(("exact", Value.Of(exact.Build()))));
        return true;
    }

    private static string? StrategyOf(string? name) => name switch
    {
        "simple-shuffle" => "weighted",
        "least-busy" => "least_busy",
        "latency-based-routing" => "lowest_latency",
        "cost-based-routing" => "lowest_cost",
        _ => null,
    };

    private string WindowOf(SourceNode? window)
    {
        var text = window?.Scalar.TextOrNull;
        string? known = text switch { null => "total", "1m" or "60s" => "minute", "1h" or "60m" => "hour", "1d" or "24h" => "day", "7d" => "week", "30d" or "1mo" => "month", _ => null };
        if (known is null) problems.Warning(ProblemCodes.NotImported, window!.At, $"a budget of '{Wire.Excerpt.Of(text!)}' is not there; it becomes one of a day.");
        return known ?? "day";
    }

    private void LeaveOut(string section, SourceEntry entry) => problems.Warning(ProblemCodes.NotImported, entry.KeyAt, $"`{section}.{Wire.Excerpt.Of(entry.Key)}` is not understood here and left out.");
}
