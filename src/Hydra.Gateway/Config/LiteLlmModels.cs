using Hydra.Gateway.Providers;
using Hydra.Model;

namespace Hydra.Gateway.Config;

/// <summary>The <c>model_list</c> of a LiteLLM configuration as providers and groups.</summary>
internal sealed class LiteLlmModels(ProblemList problems)
{
    private static readonly Dictionary<string, string> Kinds = new(StringComparer.Ordinal)
    {
        ["openai"] = "openai", ["text-completion-openai"] = "openai", ["custom_openai"] = "openai", ["azure"] = "azure", ["anthropic"] = "anthropic", ["gemini"] = "gemini",
        ["ollama"] = "ollama", ["ollama_chat"] = "ollama", ["bedrock"] = "bedrock", ["litellm_proxy"] = "openai", ["hosted_vllm"] = "openai",
    };

    private readonly Dictionary<string, ValueMap> _providers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Value>> _groups = new(StringComparer.Ordinal);

    public ValueMap Providers => ValueMap.Of(_providers.Select(pair => KeyValuePair.Create(pair.Key, Value.Of(pair.Value))));
    public IReadOnlyDictionary<string, List<Value>> Groups => _groups;
    /// <summary>Whether a wildcard route was there: any model of its provider.</summary>
    public bool HasWildcard { get; private set; }
    /// <summary>Whether deployments have an order.</summary>
    public bool HasOrder { get; private set; }

    public void Add(SourceNode list)
    {
        foreach (var item in list.Items ?? [])
        {
            foreach (var entry in item.Entries ?? [])
            {
                if (entry.Key is not ("model_name" or "litellm_params" or "model_info")) LeaveOut(entry);
            }
            AddOne(item);
        }
        if (list.Items is null) problems.Warning(ProblemCodes.NotImported, list.At, "`model_list` is no list and is left out.");
    }

    private void AddOne(SourceNode item)
    {
        var group = item.Get("model_name")?.Scalar.TextOrNull;
        if (item.Get("litellm_params") is not { Entries: not null } call || group is null || call.Get("model")?.Scalar.TextOrNull is not { } model)
        {
            problems.Warning(ProblemCodes.NotImported, item.At, "this entry has no `model_name` or no `litellm_params.model` and is left out.");
            return;
        }
        var slash = model.IndexOf('/', StringComparison.Ordinal);
        var prefix = slash > 0 ? model[..slash] : "";
        var kind = KindOf(prefix) ?? (ModelName.Parse(model).Provider is { } maker && KindOf(maker) is { } known && !model.StartsWith(prefix + "/" + known, StringComparison.Ordinal) ? known : null);
        var name = KindOf(prefix) is null ? model : model[(slash + 1)..];
        if (kind is null && call.Get("api_base") is not null) kind = "openai";
        if (kind is null)
        {
            problems.Warning(ProblemCodes.NotImported, call.Get("model")!.At, $"the provider of '{Wire.Excerpt.Of(model)}' is not known here; the deployment is left out. `hydra models list --providers` shows who is.");
            return;
        }
        if (kind == "bedrock" && name.StartsWith("converse/", StringComparison.Ordinal)) name = name["converse/".Length..];
        var deployment = new ValueMap.Builder();
        var provider = new ValueMap.Builder { ["kind"] = kind };
        Dictionary<string, decimal> prices = new(StringComparer.Ordinal);
        foreach (var entry in call.Entries) Take(entry, kind, provider, deployment, prices);
        foreach (var entry in item.Get("model_info")?.Entries ?? [])
        {
            if (entry.Key is "id" or "mode" or "description" or "db_model" || TakePrice(entry, prices)) continue;
            if (entry.Key is "max_input_tokens" && entry.Value.Scalar.Kind == ValueKind.Integer) deployment["context_tokens"] = entry.Value.Scalar;
            else LeaveOut(entry);
        }
        if (kind == "azure" && !provider.Contains("base_url"))
        {
            problems.Warning(ProblemCodes.NotImported, call.At, $"the deployment '{Wire.Excerpt.Of(group)}' at azure has no `api_base` in the file; the deployment is left out.");
            return;
        }
        if (kind == "azure" && !provider.Contains("api_key")) provider["api_key"] = "env:AZURE_API_KEY";
        var account = AccountOf(kind, provider.Build());
        if (name.Contains('*', StringComparison.Ordinal) || group.Contains('*', StringComparison.Ordinal))
        {
            HasWildcard = true;
            if (account != group.TrimEnd('*', '/')) problems.Warning(ProblemCodes.NotImported, item.At, $"the wildcard '{Wire.Excerpt.Of(group)}' becomes `passthrough`: callers name its models as {account}/MODEL.");
            return;
        }
        if (prices.TryGetValue("input", out var input) && prices.TryGetValue("output", out _))
        {
            deployment["price"] = Value.Of(ValueMap.Of(prices.OrderBy(pair => pair.Key == "input" ? 0 : pair.Key == "output" ? 1 : 2).Select(pair => KeyValuePair.Create(pair.Key, Value.Of((double)(pair.Value * 1_000_000))))));
        }
        else if (prices.Count > 0) problems.Warning(ProblemCodes.NotImported, item.At, "a price without both input and output is left out.");
        if (!_groups.TryGetValue(group, out var deployments)) _groups[group] = deployments = [];
        deployments.Add(Value.Of(ValueMap.Of([KeyValuePair.Create("provider", Value.Of(account)), KeyValuePair.Create("model", Value.Of(name)), .. deployment.Build()])));
    }

    private void Take(SourceEntry entry, string kind, ValueMap.Builder provider, ValueMap.Builder deployment, Dictionary<string, decimal> prices)
    {
        var value = entry.Value.Scalar;
        switch (entry.Key)
        {
            case "model": break;
            case "api_key" when kind != "bedrock": provider["api_key"] = SecretOf(entry, $"{kind.ToUpperInvariant().Replace('-', '_')}_API_KEY", problems); break;
            case "api_base" or "base_url" when value.TextOrNull is { } url && url.StartsWith("http", StringComparison.Ordinal): provider["base_url"] = url; break;
            case "api_version" when kind == "azure" && value.TextOrNull is { } version && !IsEnvironment(version): provider["api_version"] = version; break;
            case "aws_region_name" when kind == "bedrock" && value.TextOrNull is { } region && !IsEnvironment(region): provider["region"] = region; break;
            case "rpm" or "tpm" when value.Kind == ValueKind.Integer && value.AsInteger > 0: deployment[entry.Key] = value; break;
            case "max_parallel_requests" when value.Kind == ValueKind.Integer && value.AsInteger > 0: deployment["max_parallel"] = value; break;
            case "weight" when value.IsNumeric && value.AsNumber > 0: deployment["weight"] = value; break;
            case "order" when value.Kind == ValueKind.Integer && value.AsInteger is >= 1 and <= 1_000:
                HasOrder = true;
                deployment["priority"] = value;
                break;
            case "region_name" when value.TextOrNull is { } where: deployment["region"] = where; break;
            case "tags" when entry.Value.Items is { } tags && tags.All(tag => tag.Scalar.IsText): deployment["tags"] = entry.Value.ToValue(); break;
            default:
                if (!TakePrice(entry, prices)) LeaveOut(entry);
                break;
        }
    }

    private static bool TakePrice(SourceEntry entry, Dictionary<string, decimal> prices)
    {
        var rate = entry.Key switch { "input_cost_per_token" => "input", "output_cost_per_token" => "output", "cache_read_input_token_cost" => "cache_read", "cache_creation_input_token_cost" => "cache_write", _ => null };
        if (rate is null || !entry.Value.Scalar.IsNumeric || entry.Value.Scalar.AsNumber is < 0 or > 9) return false;
        prices[rate] = (decimal)entry.Value.Scalar.AsNumber;
        return true;
    }

    private string AccountOf(string kind, ValueMap provider)
    {
        for (var number = 1; ; number++)
        {
            var name = number == 1 ? kind : $"{kind}-{number}";
            if (!_providers.TryGetValue(name, out var known)) _providers[name] = provider;
            else if (!known.Equals(provider)) continue;
            return name;
        }
    }

    /// <summary>LiteLLM writes many names with underscores that the catalogue writes with hyphens, and some with a tail of their own.</summary>
    private static string? KindOf(string prefix)
    {
        if (Kinds.TryGetValue(prefix, out var kind)) return kind;
        foreach (var name in (string[])[prefix, prefix.Replace('_', '-'), prefix.Replace("_ai", "", StringComparison.Ordinal), prefix.Replace("_", "", StringComparison.Ordinal)])
        {
            if (name.Length > 0 && ProviderCatalog.Find(name) is { Key: not null } preset) return preset.Name;
        }
        return null;
    }

    internal static bool IsEnvironment(string text) => text.StartsWith("os.environ/", StringComparison.Ordinal);

    /// <summary>A reference to a secret; one that was written out stays behind and is never repeated.</summary>
    internal static string SecretOf(SourceEntry entry, string byDefault, ProblemList problems)
    {
        if (entry.Value.Scalar.TextOrNull is { } text && IsEnvironment(text)) return $"env:{text["os.environ/".Length..]}";
        problems.Warning(ProblemCodes.NotImported, entry.Value.At, $"`{entry.Key}` holds the secret itself, which is left out: put it into the environment variable {byDefault}.");
        return $"env:{byDefault}";
    }

    private void LeaveOut(SourceEntry entry) => problems.Warning(ProblemCodes.NotImported, entry.KeyAt, $"`{Wire.Excerpt.Of(entry.Key)}` is not understood here and left out.");
}
