using System.Globalization;
using System.Text;

namespace Hydra.Schemas;

/// <summary>Texts that match a regular expression: repeats as few times as it may. Lookarounds are skipped and hoped for.</summary>
internal sealed class PatternSample
{
    private const int DepthMax = 50, LengthMax = 100_000;
    private const string Printable = "aA0 -_./@:bcdefghijklmnopqrstuvwxyzBCDEFGHIJKLMNOPQRSTUVWXYZ123456789!\"#$%&'()*+,;<=>?[\\]^`{|}~\t\n\u00e9";

    private readonly string _pattern;
    private readonly int _seed;
    private int _at, _extra, _depth;

    private PatternSample(string pattern, int seed, int extra)
    {
        _pattern = pattern;
        _seed = seed;
        _extra = extra;
    }

    /// <summary>A text for the pattern, or null where it holds what cannot be followed.</summary>
    /// <param name="seed">Chooses among letters and alternatives.</param>
    /// <param name="extra">Repetitions to add beyond the fewest, where one is open.</param>
    public static string? For(string pattern, int seed, int extra)
    {
        try
        {
            return new PatternSample(pattern, seed, extra).Alternatives();
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private string Alternatives()
    {
        if (++_depth > DepthMax) throw new FormatException("nested too deeply");
        var forms = new List<string> { Sequence() };
        while (Eat('|')) forms.Add(Sequence());
        _depth--;
        return forms[_seed % forms.Count];
    }

    private string Sequence()
    {
        var text = new StringBuilder();
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
        {
            var atom = Atom();
            var (least, most) = Repeats();
            var extra = atom.Length == 0 ? 0 : Math.Min(_extra, most - least);
            _extra -= extra;
            if ((least + (long)extra) * atom.Length > LengthMax) throw new FormatException("too long");
            for (var i = 0; i < least + extra; i++) text.Append(atom);
            if (text.Length > LengthMax) throw new FormatException("too long");
        }
        return text.ToString();
    }

    private string Atom()
    {
        var start = _at;
        var letter = _pattern[_at++];
        switch (letter)
        {
            case '^' or '$': return "";
            case '.': return Letter(".");
            case '(': return Group();
            case '[':
                if (_at < _pattern.Length && _pattern[_at] == '^') _at++;
                while (_at < _pattern.Length && _pattern[_at] != ']') _at += _pattern[_at] == '\\' ? 2 : 1;
                _at = Math.Min(_at + 1, _pattern.Length);
                return Letter(_pattern[start.._at]);
            case '\\':
                if (_at >= _pattern.Length || _pattern[_at] is 'k' or (>= '1' and <= '9')) throw new FormatException("refers back");
                return Escape(start);
            default: return letter.ToString();
        }
    }

    private string Group()
    {
        var isSkipped = false;
        if (Eat('?'))
        {
            isSkipped = Peek("=") || Peek("!") || Peek("<=") || Peek("<!");
            var end = Peek("<") && !isSkipped ? _pattern.IndexOf('>', _at) : _at;
            _at = Math.Max(end, _at) + 1;
        }
        var text = Alternatives();
        if (!Eat(')')) throw new FormatException("not closed");
        return isSkipped ? "" : text;
    }

    private string Escape(int start)
    {
        var letter = _pattern[_at++];
        if (letter is 'b' or 'B') return "";
        if (letter is 'p' or 'P' || (letter == 'u' && Peek("{"))) _at = _pattern.IndexOf('}', _at) + 1;
        else _at += letter switch { 'u' => 4, 'x' => 2, 'c' => 1, _ => 0 };
        if (_at <= start || _at > _pattern.Length) throw new FormatException("ends too early");
        var escape = _pattern[start.._at];
        if (letter is 'u' && int.TryParse(escape.AsSpan(2).Trim("{}"), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) && code <= 0xffff)
        {
            return ((char)code).ToString();
        }
        return char.IsAsciiLetterOrDigit(letter) ? Letter(escape) : letter.ToString();
    }

    /// <summary>A letter that the class or escape matches.</summary>
    private string Letter(string set)
    {
        var regex = EcmaRegex.Parse($"^{set}$", TimeSpan.FromSeconds(1));
        var fitting = Printable.Where(letter => regex.IsMatch(letter.ToString())).Take(_seed + 1).ToArray();
        if (fitting.Length > 0) return fitting[^1].ToString();
        for (var code = 0; code <= 0xd7ff; code++)
        {
            if (regex.IsMatch(((char)code).ToString())) return ((char)code).ToString();
        }
        throw new FormatException("no letter fits");
    }

    private (int Least, int Most) Repeats()
    {
        var (least, most) = (1, 1);
        if (Eat('*')) (least, most) = (0, LengthMax);
        else if (Eat('+')) (least, most) = (1, LengthMax);
        else if (Eat('?')) (least, most) = (0, 1);
        else if (Peek("{"))
        {
            var end = _pattern.IndexOf('}', _at);
            var bounds = end < 0 ? [] : _pattern[(_at + 1)..end].Split(',');
            if (bounds.Length is 0 or > 2 || !Number(bounds[0], out least)) throw new FormatException("not a repetition");
            most = bounds.Length == 1 ? least : Number(bounds[1], out var limit) ? limit : LengthMax;
            _at = end + 1;
        }
        else return (1, 1);
        Eat('?');
        return (least, Math.Max(least, most));
    }

    private static bool Number(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private bool Peek(string next) => _pattern.AsSpan(_at).StartsWith(next);

    private bool Eat(char letter)
    {
        if (_at >= _pattern.Length || _pattern[_at] != letter) return false;
        _at++;
        return true;
    }
}
