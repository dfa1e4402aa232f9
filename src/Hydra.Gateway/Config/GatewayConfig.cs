using Hydra.Gateway.Ledger;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;

namespace Hydra.Gateway.Config;

/// <summary>A gateway as its operator wrote it: <c>gateway.yaml</c>, read and checked, secrets still by reference.</summary>
public sealed record GatewayConfig
{
    /// <summary>Accounts by the name that deployments use.</summary>
    public IReadOnlyDictionary<string, ProviderConfig> Providers { get; init; } = new Dictionary<string, ProviderConfig>(StringComparer.Ordinal);
    /// <summary>What callers name, each a group of deployments that can stand in for one another.</summary>
    public IReadOnlyDictionary<string, ModelGroupConfig> Models { get; init; } = new Dictionary<string, ModelGroupConfig>(StringComparer.Ordinal);
    /// <summary>Limits of the gateway as a whole.</summary>
    public RateLimits Limits { get; init; } = RateLimits.None;
    /// <summary>Limits of teams by their names; a team that is missing has none of its own.</summary>
    public IReadOnlyDictionary<string, RateLimits> Teams { get; init; } = new Dictionary<string, RateLimits>(StringComparer.Ordinal);
    public IReadOnlyList<Budget> Budgets { get; init; } = [];
    public CacheConfig Cache { get; init; } = new();
    public IReadOnlyList<FilterConfig> Filters { get; init; } = [];
    /// <summary>How often and how long the gateway itself tries again.</summary>
    public RetryOptions Retries { get; init; } = new();
    /// <summary>Whether the file says something about retries; where it does not, an engine in the same process repeats calls itself.</summary>
    public bool SetsRetries { get; init; }
    /// <summary>File whose prices win over the built-in table.</summary>
    public string? PriceOverridesFile { get; init; }
    /// <summary>Whether callers must show a virtual key. False is allowed on loopback addresses only.</summary>
    public bool AuthRequired { get; init; } = true;
    /// <summary>The key of the administration over HTTP, by reference; null: there is none.</summary>
    public string? AdminKey { get; init; }
    public StoreConfig Store { get; init; } = new();
    /// <summary>When a deployment rests after failures.</summary>
    public BreakerOptions Breaker { get; init; } = new();
    /// <summary>Whether a model that is no group is asked at the provider that its name says, as <c>provider/model</c>.</summary>
    /// <value>Default: when there are no groups.</value>
    public bool Passthrough { get; init; }
    /// <summary>What happens to a parameter that the answering provider does not know.</summary>
    public UnsupportedRule OnUnsupported { get; init; } = UnsupportedRule.Drop;
}

/// <summary>What to do with a parameter that a provider does not know.</summary>
public enum UnsupportedRule
{
    /// <summary>Leave it out and say so in the answer's <c>x-hydra-dropped</c> header.</summary>
    Drop,
    /// <summary>Refuse the request.</summary>
    Error,
}

/// <summary>One account at one provider.</summary>
public sealed record ProviderConfig
{
    /// <summary><c>openai</c>, <c>azure</c>, <c>anthropic</c>, <c>gemini</c>, <c>ollama</c>, <c>bedrock</c>, <c>command</c>, <c>offline</c>, or a preset's name.</summary>
    public required string Kind { get; init; }
    public string? BaseUrl { get; init; }
    /// <summary>Secret by reference: <c>env:NAME</c> or <c>file:PATH</c>.</summary>
    public string? ApiKey { get; init; }
    /// <summary>Accounts that share one quota at their provider carry the same name; default: the account's own name.</summary>
    public string? QuotaGroup { get; init; }
    /// <summary>Of <c>azure</c>: the API version; of <c>bedrock</c>: unused.</summary>
    public string? ApiVersion { get; init; }
    /// <summary>Of <c>bedrock</c>: the AWS region.</summary>
    public string? Region { get; init; }
    /// <summary>Of <c>openai</c> and <c>azure</c>: <c>chat</c> or <c>responses</c>, the API that is called.</summary>
    public string Api { get; init; } = "chat";
    /// <summary>Of <c>command</c>: the command line.</summary>
    public string? Command { get; init; }
    /// <summary>Further headers of every request, values as written or by reference.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}

/// <summary>A name that callers use, and who may answer to it.</summary>
public sealed record ModelGroupConfig
{
    /// <summary>How the deployment that is asked is chosen.</summary>
    public RoutePolicy Policy { get; init; } = new();
    public required IReadOnlyList<DeploymentConfig> Deployments { get; init; }
    /// <summary>Groups that are asked when this one cannot answer.</summary>
    public IReadOnlyList<string> Fallbacks { get; init; } = [];
    /// <summary>Groups that are asked when the prompt is too long for this one.</summary>
    public IReadOnlyList<string> ContextWindowFallbacks { get; init; } = [];
    /// <summary>Groups that are asked when a provider's content policy refused; empty: the refusal is the answer.</summary>
    public IReadOnlyList<string> ContentPolicyFallbacks { get; init; } = [];
    public TimeoutConfig Timeouts { get; init; } = new();
    public RateLimits Limits { get; init; } = RateLimits.None;
    /// <summary>When a slow call gets another one beside it; null: never.</summary>
    public HedgeOptions? Hedge { get; init; }
}

/// <summary>One model at one account.</summary>
public sealed record DeploymentConfig
{
    public required string Provider { get; init; }
    public required string Model { get; init; }
    /// <summary>Tier of the <c>priority</c> strategy; 1 is asked first.</summary>
    public int Priority { get; init; } = 1;
    /// <value>Above 0. Default: 1.</value>
    public double Weight { get; init; } = 1;
    public RateLimits Limits { get; init; } = RateLimits.None;
    public string? Region { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
    /// <summary>Longest prompt in tokens; null: as the price table says.</summary>
    public long? ContextTokensMax { get; init; }
    /// <summary>Prices in US dollars per 1,000,000 tokens; null: as the price table says.</summary>
    public PriceConfig? Price { get; init; }
}

/// <summary>Prices in US dollars per 1,000,000 tokens.</summary>
public sealed record PriceConfig(decimal Input, decimal Output, decimal? CacheRead = null, decimal? CacheWrite = null, decimal? Reasoning = null);

/// <summary>Patience with a provider.</summary>
public sealed record TimeoutConfig
{
    /// <summary>Silence before the first content of a stream.</summary>
    /// <value>Default: 60 s.</value>
    public TimeSpan FirstToken { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>Silence within a stream.</summary>
    /// <value>Default: 60 s.</value>
    public TimeSpan Idle { get; init; } = TimeSpan.FromSeconds(60);
    /// <summary>Of one attempt at an answer that is not streamed; null: half of <see cref="Total"/>, so that another one has time left.</summary>
    public TimeSpan? Answer { get; init; }
    /// <summary>Of one operation with all its attempts.</summary>
    /// <value>Default: 10 min.</value>
    public TimeSpan Total { get; init; } = TimeSpan.FromMinutes(10);
}

public sealed record CacheConfig
{
    public ExactCacheConfig Exact { get; init; } = new();
    public SemanticCacheConfig Semantic { get; init; } = new();
}

public sealed record ExactCacheConfig
{
    public bool Enabled { get; init; }
    public TimeSpan Ttl { get; init; } = TimeSpan.FromHours(1);
    /// <value>Default: 256 MiB.</value>
    public long BytesMax { get; init; } = 268_435_456;
    /// <summary><c>memory</c>, <c>sqlite</c> or <c>redis</c>.</summary>
    public string Store { get; init; } = "memory";
    /// <summary>Of <c>redis</c>: <c>redis://host:port</c>, or a reference to it.</summary>
    public string? Url { get; init; }
}

public sealed record SemanticCacheConfig
{
    public bool Enabled { get; init; }
    /// <summary>Embedding model, by a name that the gateway can resolve.</summary>
    public string? Model { get; init; }
    /// <value>Cosine similarity, 0.5 to 1. Default: 0.95.</value>
    public double Threshold { get; init; } = 0.95;
    public TimeSpan Ttl { get; init; } = TimeSpan.FromHours(1);
    /// <summary>Questions that are remembered at most, over all tenants.</summary>
    public int EntriesMax { get; init; } = 10_000;
}

/// <summary>What is looked for in prompts and answers.</summary>
/// <param name="Kind"><c>secrets</c>, <c>personal_data</c>, <c>prompt_injection</c> or <c>moderation</c>.</param>
/// <param name="Action"><c>block</c>, <c>redact</c>, <c>label</c> or <c>ask</c>.</param>
public sealed record FilterConfig(string Kind, string Action)
{
    /// <summary><c>input</c>, <c>output</c> or <c>both</c>.</summary>
    public string On { get; init; } = "both";
    /// <summary>Of <c>moderation</c>: the address that is asked.</summary>
    public string? Url { get; init; }
    /// <summary>Of <c>moderation</c>: its key by reference, <c>env:NAME</c> or <c>file:PATH</c>; null: it asks for none.</summary>
    public string? ApiKey { get; init; }
    /// <summary>Of <c>moderation</c>: patience with one answer.</summary>
    /// <value>Default: 5 s.</value>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);
    /// <summary>Of <c>moderation</c>: whether text passes where it does not answer.</summary>
    public bool FailOpen { get; init; }
}

/// <summary>Where keys, ledger and caches are kept.</summary>
/// <param name="Sqlite">File; null: memory, gone with the process.</param>
public sealed record StoreConfig(string? Sqlite = ".hydra/gateway.db", string? Postgres = null);
