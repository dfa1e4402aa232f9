using Hydra.Model;

namespace Hydra.Agents.Loop;

/// <summary>
/// Tells a loop that goes nowhere: the same call with the same result three times, or two turns that take turns. A call whose result
/// differs is work (a test run after each mend), however often it is made.
/// </summary>
internal sealed class LoopGuard
{
    /// <summary>How often a call may give the same result.</summary>
    public const int RepeatsMax = 3;

    private readonly Dictionary<string, int> _seen = new(StringComparer.Ordinal);
    private readonly List<string> _turns = [];

    /// <summary>Takes one turn's calls with their results; says what is wrong with the loop, null: nothing.</summary>
    public string? See(IReadOnlyList<(string Tool, ValueMap Arguments, string Result)> turn)
    {
        var keys = turn.Select(call => StepKey.Of(ValueMap.Of(("tool", call.Tool), ("arguments", call.Arguments), ("result", call.Result)))).ToList();
        for (var i = 0; i < keys.Count; i++)
        {
            if ((_seen[keys[i]] = _seen.GetValueOrDefault(keys[i]) + 1) >= RepeatsMax)
                return $"'{turn[i].Tool}' was called {RepeatsMax} times with the same arguments and gave the same result each time";
        }
        _turns.Add(string.Join('\n', keys.Order(StringComparer.Ordinal)));
        return _turns is [.., var a, var b, var c, var d] && a == c && b == d && a != b
            ? $"the last four turns go to and fro between the same two sets of calls ('{turn[0].Tool}' among them)"
            : null;
    }
}
