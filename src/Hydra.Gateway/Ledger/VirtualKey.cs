using Hydra.Model;

namespace Hydra.Gateway.Ledger;

/// <summary>What a virtual key allows. The key itself is nowhere: only its keyed hash is stored.</summary>
public sealed record VirtualKey
{
    public required string Id { get; init; }
    /// <summary>Unique among the keys that are not deleted.</summary>
    public required string Name { get; init; }
    /// <summary>How the key begins, so that people know which it is.</summary>
    public required string Prefix { get; init; }
    public string? Team { get; init; }
    public string? User { get; init; }
    /// <summary>Labels written <c>NAME=VALUE</c>, on every call of this key.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
    /// <summary>Model groups that it may name; empty: all.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];
    public int? RequestsPerMinute { get; init; }
    public long? TokensPerMinute { get; init; }
    public int? ParallelMax { get; init; }
    /// <summary>Its own budget; null: only those of its team, user, tags and models hold.</summary>
    public Budget? Budget { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ExpiresAt { get; init; }
    public bool IsBlocked { get; init; }
    /// <summary>To the minute; null: never.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
    /// <summary>Until when the secret before the last rotation is good, too; null: it is not.</summary>
    public DateTimeOffset? OldSecretUntil { get; init; }

    public bool Allows(string model) => Models.Count == 0 || Models.Contains(model, StringComparer.Ordinal);

    /// <summary>Who calls with this key. What the key says of its user wins over what the request claims; tags of both count.</summary>
    public Caller ToCaller(string? claimedUser, IReadOnlyList<string> claimedTags) =>
        new(Id, Team, User ?? claimedUser, Tags.Count == 0 ? claimedTags : claimedTags.Count == 0 ? Tags : [.. Tags, .. claimedTags]);
}

/// <summary>Why a presented key is no good.</summary>
public enum KeyProblem { Unknown, Blocked, Expired }

/// <summary>What a presented key is: the key's facts, or why it is refused.</summary>
public abstract record KeyCheck
{
    private KeyCheck() { }
    public sealed record Valid(VirtualKey Key) : KeyCheck;
    public sealed record Refused(KeyProblem Problem) : KeyCheck;
}

/// <summary>Knows every virtual key by what callers present. Safe to share between threads; reads memory only.</summary>
public interface IKeyRing
{
    KeyCheck Find(string presented);
}

/// <summary>What a new key may do.</summary>
public sealed record NewKey
{
    /// <summary>1 to 64 of letters, digits, <c>.</c>, <c>_</c>, <c>-</c>.</summary>
    public required string Name { get; init; }
    public string? Team { get; init; }
    public string? User { get; init; }
    public IReadOnlyList<string> Tags { get; init; } = [];
    public IReadOnlyList<string> Models { get; init; } = [];
    public int? RequestsPerMinute { get; init; }
    public long? TokensPerMinute { get; init; }
    public int? ParallelMax { get; init; }
    public decimal? UsdMax { get; init; }
    public long? TokensMax { get; init; }
    /// <summary>Of the two limits before.</summary>
    public BudgetWindow Window { get; init; } = BudgetWindow.Total;
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A key with its secret, which is shown this once.</summary>
public sealed record IssuedKey(VirtualKey Key, string Secret);

/// <summary>A wish about keys that cannot be; the message says why and what to do.</summary>
public sealed class KeyRefusedException(string message) : Exception(message);
