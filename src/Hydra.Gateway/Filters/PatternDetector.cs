using System.Text.RegularExpressions;

namespace Hydra.Gateway.Filters;

/// <summary>One pattern and, where the field has one, the checksum that tells the real thing from what only looks like it.</summary>
/// <param name="Pattern">Matches whole things only. Its shortest match is at most <see cref="TextWindow.HoldBack"/> long. A group named <c>value</c> is the part that is hidden.</param>
/// <param name="Check">Null: the pattern is enough.</param>
internal sealed record PatternRule(string Kind, Regex Pattern, Func<string, bool>? Check = null);

/// <summary>Finds what any of its rules matches. Safe to share between threads.</summary>
internal sealed class PatternDetector(params IReadOnlyList<PatternRule> rules) : IDetector
{
    public void Find(string text, List<Finding> findings)
    {
        foreach (var rule in rules)
        {
            for (var match = rule.Pattern.Match(text); match.Success; match = match.NextMatch())
            {
                Group found = match.Groups.TryGetValue("value", out var value) && value.Success ? value : match;
                if (rule.Check?.Invoke(found.Value) != false) findings.Add(new Finding(found.Index, found.Length, rule.Kind));
            }
        }
    }
}
