namespace Hydra.Gateway.Routing;

/// <summary>What a call needs of the one who answers.</summary>
[Flags]
public enum Capabilities
{
    None = 0,
    Tools = 1,
    Images = 2,
    /// <summary>Answers bound to a JSON schema.</summary>
    Schema = 4,
    Reasoning = 8,
    Audio = 16,
    Embeddings = 32,
}

/// <summary>A call that must or should go back to where it came from.</summary>
/// <param name="QuotaGroup">The account that holds the state: opaque reasoning content, <c>previous_response_id</c>.</param>
/// <param name="IsRequired">True: no other account can read the state, so nobody else is asked.</param>
public sealed record RouteAffinity(string QuotaGroup, bool IsRequired);

/// <summary>The facts of one call that a route is chosen by.</summary>
public sealed record RouteRequest
{
    /// <summary>Bound of the prompt's tokens: never less than what is billed. Prices and limits are reckoned with it.</summary>
    public long PromptTokensMax { get; init; }
    /// <summary>
    /// What the prompt likely has; null: the bound. The context-window check uses it, because a
    /// bound is often twice the truth and would send away calls that fit.
    /// </summary>
    public long? PromptTokensLikely { get; init; }
    /// <summary>Most tokens of the answer.</summary>
    public long OutputTokensMax { get; init; }
    public Capabilities Needs { get; init; }
    public bool IsStreaming { get; init; }
    /// <summary>The caller's tags and metadata, for conditions.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = NoMetadata;
    /// <summary>Hash of the prompt's leading part (system, tools, first turns); null: no prompt-cache affinity.</summary>
    public ulong? PrefixHash { get; init; }
    public RouteAffinity? Affinity { get; init; }
    /// <summary>User, session or key: the same one meets the same side of a canary. Null: the draw decides.</summary>
    public string? StickyKey { get; init; }
    /// <summary>Score of <see cref="ComplexityScore"/>; null: not scored.</summary>
    public ComplexityScore? Complexity { get; init; }
    /// <summary>Regions that may answer; empty: all.</summary>
    public IReadOnlyList<string> Regions { get; init; } = [];

    private static readonly IReadOnlyDictionary<string, string> NoMetadata = new Dictionary<string, string>(StringComparer.Ordinal);
}
