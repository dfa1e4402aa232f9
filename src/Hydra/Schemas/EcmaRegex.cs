using System.Text.RegularExpressions;

namespace Hydra.Schemas;

/// <summary>
/// A regular expression of ECMA-262 in Unicode mode (core §6.4), run by .NET: in linear time wherever the pattern allows it,
/// else under a time limit. Known differences: <c>\b</c> sees Unicode words, and <c>\p{…}</c> knows general categories
/// of the basic plane only.
/// </summary>
internal sealed class EcmaRegex
{
    private const int PatternLengthMax = 4_000;
    /// <summary>Linear matching gets more time: it is only long for long texts.</summary>
    private const int LinearTimeFactor = 8;

    private readonly Regex _regex;

    private EcmaRegex(string source, Regex regex)
    {
        Source = source;
        _regex = regex;
    }

    public string Source { get; }

    /// <summary>Throws <see cref="ArgumentException"/> for a pattern that ECMA-262 does not have.</summary>
    public static EcmaRegex Parse(string pattern, TimeSpan timeout)
    {
        if (pattern.Length > PatternLengthMax) throw new ArgumentException($"it is longer than {PatternLengthMax} characters");
        var translated = new EcmaPattern(pattern).Translate();
        try
        {
            return new(pattern, new(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, timeout * LinearTimeFactor));
        }
        catch (NotSupportedException)   // it looks around or refers back, or its automaton would be too large
        {
            return new(pattern, new(translated, RegexOptions.CultureInvariant, timeout));
        }
    }

    /// <summary>Whether the pattern occurs in the text. Throws <see cref="RegexMatchTimeoutException"/>.</summary>
    public bool IsMatch(string text) => _regex.IsMatch(text);
}
