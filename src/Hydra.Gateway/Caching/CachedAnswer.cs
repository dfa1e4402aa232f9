using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Caching;

/// <summary>An answer that is kept, with what is needed to find, judge and forget it.</summary>
internal sealed record CachedAnswer
{
    /// <summary>The model group that was asked.</summary>
    public required string Model { get; init; }
    public required DateTimeOffset At { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    /// <summary>Tags of the caller, written <c>NAME=VALUE</c>.</summary>
    public required IReadOnlyList<string> Tags { get; init; }
    /// <summary>What the answer cost when it was made, in US dollars: what a hit saves.</summary>
    public required decimal CostUsd { get; init; }
    /// <summary>All tokens of the call that made it: what a hit serves.</summary>
    public required long Tokens { get; init; }
    /// <summary>The answer as it came, piece by piece.</summary>
    public required IReadOnlyList<ChatResponseUpdate> Updates { get; init; }
}

/// <summary>What of a cache is meant. Every part that is given must hold; nothing given means everything.</summary>
/// <param name="Tag">A tag written <c>NAME=VALUE</c>.</param>
/// <param name="MadeBefore">Answers made before this moment.</param>
public sealed record CacheSelection(string? Tag = null, string? Model = null, DateTimeOffset? MadeBefore = null)
{
    internal bool Takes(CachedAnswer answer) =>
        (Tag is null || answer.Tags.Contains(Tag, StringComparer.Ordinal)) && (Model is null || answer.Model == Model) && (MadeBefore is not { } moment || answer.At < moment);
}

/// <summary>What a cache holds.</summary>
/// <param name="Bytes">As they are stored.</param>
/// <param name="SavesUsd">What one hit of each entry would save together, in US dollars.</param>
public sealed record CacheStats(long Entries, long Bytes, decimal SavesUsd);

/// <summary>Where whole answers are kept. Safe to share between threads. Nothing here fails a call: what cannot be read is not there.</summary>
internal interface IAnswerStore : IAsyncDisposable
{
    ValueTask<CachedAnswer?> FindAsync(string key, CancellationToken cancellationToken);

    ValueTask KeepAsync(string key, CachedAnswer answer, CancellationToken cancellationToken);

    /// <summary>Forgets what is selected and says how many entries that were.</summary>
    ValueTask<long> ClearAsync(CacheSelection selection, CancellationToken cancellationToken);

    ValueTask<CacheStats> StatsAsync(CancellationToken cancellationToken);
}
