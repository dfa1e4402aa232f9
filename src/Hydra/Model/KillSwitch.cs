namespace Hydra.Model;

/// <summary>What the kill switch stops.</summary>
[Flags]
public enum SwitchScope : byte { None = 0, Tools = 1, Models = 2, All = Tools | Models }

/// <summary>The kill switch of a runs directory as it stands.</summary>
/// <param name="Scope">What is stopped; <see cref="SwitchScope.None"/>: nothing.</param>
/// <param name="By">Who used it last, as they say.</param>
/// <param name="AtMs">When (Unix milliseconds).</param>
public sealed record KillSwitch(SwitchScope Scope, string By, string Reason, long AtMs)
{
    public static KillSwitch Off { get; } = new(SwitchScope.None, "", "", 0);

    public bool IsOn => Scope != SwitchScope.None;
    public bool Covers(StepKind kind) => (Scope & ScopeOf(kind)) != SwitchScope.None;
    public static SwitchScope ScopeOf(StepKind kind) => kind == StepKind.Model ? SwitchScope.Models : SwitchScope.Tools;

    /// <summary><c>tools</c>, <c>models</c> or <c>tools and models</c>.</summary>
    public string ScopeText => Scope switch { SwitchScope.Tools => "tools", SwitchScope.Models => "models", SwitchScope.All => "tools and models", _ => "nothing" };

    /// <summary>Why a call is refused, in words.</summary>
    public string Because => $"the kill switch is on for {ScopeText} since {DateTimeOffset.FromUnixTimeMilliseconds(AtMs):yyyy-MM-dd HH:mm:ss} UTC, by {By}: {Reason}";
}

/// <summary>One use of the switch, for the audit.</summary>
public sealed record SwitchUse(bool TurnsOn, SwitchScope Scope, string By, string Reason, long AtMs);

/// <summary>The switch that every process sharing a runs directory obeys. Safe for use from many threads and processes.</summary>
public interface IKillSwitch
{
    KillSwitch Read();
    /// <summary>Turns scopes on or off and writes the audit, in one transaction; gives the switch as it is now.</summary>
    KillSwitch Use(SwitchUse use);
    /// <summary>Every use, oldest first.</summary>
    IReadOnlyList<SwitchUse> Audit();
}

/// <summary>The frame holds calls that the kill switch forbids: nothing of it was written.</summary>
public sealed class SwitchedOffException(KillSwitch killSwitch) : Exception(killSwitch.Because)
{
    public KillSwitch Switch { get; } = killSwitch;
}

/// <summary>A switch within one process, for stores that share nothing.</summary>
public sealed class MemoryKillSwitch : IKillSwitch
{
    private readonly Lock _lock = new();
    private readonly List<SwitchUse> _uses = [];
    private volatile KillSwitch _now = KillSwitch.Off;

    public KillSwitch Read() => _now;

    public KillSwitch Use(SwitchUse use)
    {
        lock (_lock)
        {
            _uses.Add(use);
            return _now = _now.After(use);
        }
    }

    public IReadOnlyList<SwitchUse> Audit()
    {
        lock (_lock) return [.. _uses];
    }
}

public static class KillSwitchMoves
{
    /// <summary>The switch after one more use.</summary>
    public static KillSwitch After(this KillSwitch now, SwitchUse use) =>
        new(use.TurnsOn ? now.Scope | use.Scope : now.Scope & ~use.Scope, use.By, use.Reason, use.AtMs);
}
