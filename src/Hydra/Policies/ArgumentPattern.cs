using System.Text.RegularExpressions;
using Hydra.Model;

namespace Hydra.Policies;

/// <summary>
/// What one argument of a call must be like: a value, a text in which <c>*</c> stands for letters of one word (no white space, comma,
/// semicolon, quote or bracket, so that a list of addresses is no address) and <c>**</c> for any, or <c>{matches, one_of, min, max}</c>.
/// Of program text (<see cref="ProgramText"/>) a pattern that allows lets nothing begin a second command that is not written in it, and stars of
/// one that does not allow stand for anything.
/// </summary>
public sealed class ArgumentPattern
{
    private readonly Value _written;
    private readonly Regex? _matches;

    private ArgumentPattern(Value written, Regex? matches) => (_written, _matches) = (written, matches);

    public static IReadOnlyList<string> Keys { get; } = ["matches", "one_of", "min", "max"];

    /// <summary>Reads a pattern; null, with what is wrong in words.</summary>
    public static ArgumentPattern? Read(Value written, out string wrong)
    {
        wrong = "";
        if (written.IsList) wrong = "is a list; write {one_of: [...]}";
        if (!written.IsObject) return wrong.Length > 0 ? null : new ArgumentPattern(written, null);
        var map = written.AsObject;
        if (map.Keys.FirstOrDefault(key => !Keys.Contains(key)) is { } unknown) wrong = $"has no '{unknown}'.{DidYouMean.Hint(unknown, Keys)} A pattern has {string.Join(", ", Keys)}";
        else if (map.Count == 0) wrong = "says nothing; leave it out, or write '**' for any text";
        else if (map.TryGetValue("one_of", out var list) && !list.IsList) wrong = "has a `one_of` that is no list";
        else if (map.GetOrNull("min") is { IsNull: false, IsNumeric: false } || map.GetOrNull("max") is { IsNull: false, IsNumeric: false }) wrong = "has a `min` or `max` that is no number";
        if (wrong.Length > 0) return null;
        if (map.GetOrNull("matches").TextOrNull is not { } pattern) return new ArgumentPattern(written, null);
        try
        {
            // Without backtracking, so that no argument can make the match slow; a limit in time would hit any argument on a busy machine.
            return new ArgumentPattern(written, new Regex($@"\A(?:{pattern})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant));
        }
        catch (Exception bad) when (bad is ArgumentException or NotSupportedException)
        {
            wrong = $"has a `matches` that cannot be used: {bad.Message}";
            return null;
        }
    }

    /// <param name="anyOf">Of a list, whether one item that fits is enough.</param>
    internal bool Fits(Value given, bool anyOf, ArgumentUse use)
    {
        if (!given.IsList || (!_written.IsObject && _written == given)) return FitsOne(given, use);
        return anyOf ? given.Items.Any(item => Fits(item, true, use)) : given.Items.Count > 0 && given.Items.All(item => Fits(item, false, use));
    }

    private bool FitsOne(Value given, ArgumentUse use)
    {
        if (_written.IsText) return FitsText(_written.AsText, given.ToDisplayText(), use);
        if (!_written.IsObject) return _written == given;
        var map = _written.AsObject;
        if (_matches is not null && use == ArgumentUse.AllowedProgram && given.ToDisplayText().Any(ProgramText.IsOperator)) return false;
        if (_matches is not null && !_matches.IsMatch(given.ToDisplayText())) return false;
        if (map.TryGetValue("one_of", out var list) && !list.Items.Contains(given)) return false;
        if (map.TryGetValue("min", out var min) && !(given.IsNumeric && given.AsNumber >= min.AsNumber)) return false;
        return !map.TryGetValue("max", out var max) || (given.IsNumeric && given.AsNumber <= max.AsNumber);
    }

    private static bool FitsText(string pattern, string text, ArgumentUse use)
    {
        if (use == ArgumentUse.Data) return Glob.Fits(pattern, text, Ends);
        if (use == ArgumentUse.HeldProgram) return Glob.Fits(pattern, text);
        // A quote could swallow what the pattern demands behind it.
        var mayQuote = pattern.IndexOf('*', StringComparison.Ordinal) == pattern.Length - 2;
        return Glob.Fits(pattern, text,
            letter => Ends(letter) || ProgramText.IsOperator(letter),
            letter => ProgramText.IsOperator(letter) || (!mayQuote && letter is '"' or '\''),
            isExact: true);
    }

    private static bool Ends(char letter) => char.IsWhiteSpace(letter) || char.IsControl(letter) || letter is ',' or ';' or '"' or '\'' or '<' or '>' or '`';
}
