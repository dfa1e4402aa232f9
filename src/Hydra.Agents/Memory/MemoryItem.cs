using Hydra.Model;

namespace Hydra.Agents.Memory;

/// <summary>Whose memory it is: nothing is found under another owner, whatever its scope.</summary>
/// <param name="Scope">run, agent, user, project or organisation.</param>
/// <param name="Owner">The run's id, <c>agent in folder</c>, the user's or organisation's name, or the project.</param>
/// <param name="Run">Set where it ends with a run: only that run finds it. Empty: later runs do, too.</param>
public readonly record struct MemoryPlace(string Scope, string Owner, string Run);

/// <summary>One thing that an agent has noted, with where it comes from.</summary>
public sealed record MemoryItem
{
    /// <summary>Counts up within a store.</summary>
    public long Id { get; init; }
    public required MemoryPlace Place { get; init; }
    /// <summary>The same for the same act of remembering, however often a crash has it repeated.</summary>
    public required string Key { get; init; }
    /// <summary>What was noted, without secrets.</summary>
    public required string Text { get; init; }
    /// <summary>Labels of all that its writer had read; whoever recalls it has read that, too.</summary>
    public Labels Labels { get; init; }
    public required string Run { get; init; }
    public required string Node { get; init; }
    /// <summary>Empty: the node names no agent.</summary>
    public required string Agent { get; init; }
    /// <summary>Unix milliseconds.</summary>
    public required long WrittenMs { get; init; }
    /// <summary>Unix milliseconds; null: it is kept until it is removed or makes room.</summary>
    public long? ExpiresMs { get; init; }
}

/// <summary>Which items are meant: all that is given must hold; nothing given means every item.</summary>
public sealed record MemorySelection
{
    public long? Id { get; init; }
    public string? Scope { get; init; }
    public string? Owner { get; init; }
    /// <summary>The run that wrote it.</summary>
    public string? Run { get; init; }
    public string? Node { get; init; }
    public string? Agent { get; init; }
    /// <summary>Only what was written after reading what others had written.</summary>
    public bool IsUntrusted { get; init; }
}
