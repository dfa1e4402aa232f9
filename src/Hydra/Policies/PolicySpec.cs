using Hydra.Model;

namespace Hydra.Policies;

/// <summary>What becomes of a call, from the mildest to the strictest.</summary>
public enum PolicyDecision : byte { Allow, Simulate, Ask, Deny }

/// <summary>Rules on what agents and nodes may do, in the order written: of one policy, the first that fits decides.</summary>
/// <param name="Default">For what no rule decides and no built-in caution asks about.</param>
/// <param name="Hash">Identity of the rules: a decision of people holds for these and no others.</param>
public sealed record PolicySpec(IReadOnlyList<PolicyRule> Rules, PolicyDecision Default, string Hash);

/// <summary>One rule: conditions, all of which must hold (an empty list holds always), and what then.</summary>
public sealed record PolicyRule
{
    /// <summary>Its own name, or <c>rule 3</c>.</summary>
    public required string Name { get; init; }
    public required PolicyDecision Decision { get; init; }
    public IReadOnlyList<string> Agents { get; init; } = [];
    public IReadOnlyList<string> Tools { get; init; } = [];
    public IReadOnlyList<string> Nodes { get; init; } = [];
    public IReadOnlyList<KeyValuePair<string, ArgumentPattern>> Arguments { get; init; } = [];
    public IReadOnlyList<string> Effects { get; init; } = [];
    public IReadOnlyList<string> Risks { get; init; } = [];
    public IReadOnlyList<string> Categories { get; init; } = [];
    public IReadOnlyList<string> Labels { get; init; } = [];
    public IReadOnlyList<string> Environments { get; init; } = [];
    public string Reason { get; init; } = "";
    /// <summary>A denial ends the node, where else the model is told and goes on.</summary>
    public bool EndsNode { get; init; }
    /// <summary>Who may decide; empty: anybody.</summary>
    public IReadOnlyList<string> Approvers { get; init; } = [];
    public int Quorum { get; init; } = 1;
    /// <summary>How long people are asked; then it counts as refused.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromDays(7);
    /// <summary><c>allow</c>: how many calls of a run it lets through; then it is passed over. Null: any number.</summary>
    public int? MaxPerRun { get; init; }
    /// <summary><c>allow</c>: the last day (UTC) on which it holds; null: for good.</summary>
    public DateOnly? Until { get; init; }
    /// <summary>Whether the call may have arguments that <see cref="Arguments"/> does not name.</summary>
    public bool AllowsOtherArguments { get; init; } = true;
    /// <summary>What a simulated call answers; null: that it was simulated.</summary>
    public Value Result { get; init; }

    /// <summary>Whether all conditions hold for the call.</summary>
    public bool Fits(PolicyQuestion call)
    {
        // What may be forbidden is forbidden for one item of a list; what is allowed is allowed for all of them.
        var isWary = Decision is PolicyDecision.Ask or PolicyDecision.Deny;
        return Names(Agents, call.Agent) && Names(Tools, call.Tool) && Names(Nodes, call.Node)
            && Holds(Effects, WireNames.Of(call.Effect)) && Holds(Risks, call.Risk) && Holds(Environments, call.Environment)
            && (Categories.Count == 0 || call.Categories.Any(Categories.Contains))
            && (Labels.Count == 0 || Labels.Any(label => Has(call, label)))
            && (AllowsOtherArguments || call.Arguments.Keys.All(given => Arguments.Any(pattern => pattern.Key == given)))
            && Arguments.All(pattern => call.Arguments.TryGetValue(pattern.Key, out var given) && pattern.Value.Fits(given, isWary, ProgramText.UseOf(pattern.Key, Decision)))
            && !BringsItsOwnVariables(call);
    }

    /// <summary>A rule that allows a command, and a call by no author that sets variables the rule does not name: <c>PATH</c> or <c>BASH_ENV</c> make another command of it.</summary>
    private bool BringsItsOwnVariables(PolicyQuestion call) =>
        Decision == PolicyDecision.Allow && !call.IsNode && call.Arguments.GetOrNull("env") is { IsObject: true, AsObject.Count: > 0 }
        && Arguments.Any(pattern => ProgramText.UseOf(pattern.Key, Decision) != ArgumentUse.Data) && Arguments.All(pattern => pattern.Key != "env");

    private static bool Has(PolicyQuestion call, string label) => label switch
    {
        "untrusted" => call.Labels.IsUntrusted,
        "private" => call.Labels.Readers is not null,
        "secret" => call.Labels.IsSecret,
        _ => !call.Labels.IsUntrusted,   // trusted
    };

    private static bool Holds(IReadOnlyList<string> allowed, string given) => allowed.Count == 0 || allowed.Contains(given, StringComparer.Ordinal);
    private static bool Names(IReadOnlyList<string> patterns, string name) => patterns.Count == 0 || patterns.Any(pattern => Glob.Fits(pattern, name));
}

/// <summary>All that is known of a call before it is made.</summary>
public sealed record PolicyQuestion
{
    /// <summary>The agent that asks; empty: none has a name.</summary>
    public string Agent { get; init; } = "";
    /// <summary>The tool, or the type of a node that acts itself.</summary>
    public required string Tool { get; init; }
    /// <summary>The path of the node.</summary>
    public required string Node { get; init; }
    public required ValueMap Arguments { get; init; }
    public required EffectClass Effect { get; init; }
    /// <value>low, medium, high.</value>
    public string Risk { get; init; } = "medium";
    /// <value>money, permissions, user_data, external.</value>
    public IReadOnlyList<string> Categories { get; init; } = [];
    /// <summary>Labels of all that the arguments may come from.</summary>
    public Labels Labels { get; init; }
    public bool IsOutward { get; init; }
    /// <summary>Who sees what is sent; empty: anybody might.</summary>
    public IReadOnlyList<string> Audience { get; init; } = [];
    /// <summary>The node's author wrote the call: built-in cautions are for what models ask.</summary>
    public bool IsNode { get; init; }
    public string Environment { get; init; } = "";
}

/// <summary>What was decided, and why: written with every call.</summary>
/// <param name="Rule">The rule's name, or a built-in one in angle brackets.</param>
public sealed record PolicyRuling(PolicyDecision Decision, string Rule, string Reason)
{
    /// <summary>The wait whose answer decided it; empty: no person did.</summary>
    public string Wait { get; init; } = "";
    /// <summary>Who answered.</summary>
    public string By { get; init; } = "";
}

/// <summary>Names with <c>*</c> for any letters.</summary>
internal static class Glob
{
    /// <param name="stops">Letters that a single <c>*</c> does not stand for.</param>
    /// <param name="stopsAny">Letters that <c>**</c> does not stand for; null: it stands for any.</param>
    /// <param name="isExact">Small and capital letters differ.</param>
    public static bool Fits(string pattern, string text, Func<char, bool>? stops = null, Func<char, bool>? stopsAny = null, bool isExact = false)
    {
        var (p, t, star, mark, isAny) = (0, 0, -1, 0, false);
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                isAny = p + 1 < pattern.Length && pattern[p + 1] == '*';
                p += isAny ? 2 : 1;
                (star, mark) = (p, t);
            }
            else if (p < pattern.Length && (pattern[p] == text[t] || (!isExact && char.ToUpperInvariant(pattern[p]) == char.ToUpperInvariant(text[t])))) (p, t) = (p + 1, t + 1);
            else if (star >= 0 && (isAny ? stopsAny : stops)?.Invoke(text[mark]) != true) (p, t) = (star, ++mark);
            else return false;
        }
        while (p < pattern.Length && pattern[p] == '*') p++;
        return p == pattern.Length;
    }
}
