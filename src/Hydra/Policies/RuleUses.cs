namespace Hydra.Policies;

/// <summary>
/// The calls of one run that rules with <c>max_per_run</c> have let through: the journal's (by the fold, so that a resumed run counts on), and
/// those on their way into it. Thread-safe.
/// </summary>
public sealed class RuleUses
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _counts = new(StringComparer.Ordinal);
    private readonly HashSet<(string Rule, string Path, string Call)> _made = [], _reserved = [];

    /// <summary>Whether the journal already holds this very call as let through by the rule: what is known from before stays allowed.</summary>
    public bool Has(string rule, string path, string call)
    {
        lock (_lock) return _made.Contains((rule, path, call)) || _reserved.Contains((rule, path, call));
    }

    public bool IsUsedUp(string rule, int max)
    {
        lock (_lock) return _counts.GetValueOrDefault(rule) >= max;
    }

    /// <summary>Takes one use for a call that is about to be journaled; false: another call took the last one.</summary>
    internal bool TryTake(string rule, int max, string path, string call)
    {
        lock (_lock)
        {
            if (_made.Contains((rule, path, call)) || _reserved.Contains((rule, path, call))) return true;
            if (_counts.GetValueOrDefault(rule) >= max) return false;
            _counts[rule] = _counts.GetValueOrDefault(rule) + 1;
            return _reserved.Add((rule, path, call));
        }
    }

    /// <summary>The journal holds a call that the rule let through.</summary>
    internal void Note(string rule, string path, string call)
    {
        lock (_lock)
        {
            if (!_reserved.Remove((rule, path, call))) _counts[rule] = _counts.GetValueOrDefault(rule) + 1;
            _made.Add((rule, path, call));
        }
    }

    /// <summary>The node starts anew: its calls were made and count, and the next ones are others.</summary>
    internal void Forget(string path)
    {
        lock (_lock) _made.RemoveWhere(made => made.Path == path);
    }
}
