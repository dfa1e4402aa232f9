using System.Globalization;
using System.Text;

namespace Hydra.Schemas;

/// <summary>Writes one ECMA-262 pattern (Unicode mode) as a .NET pattern that means the same.</summary>
internal sealed class EcmaPattern(string source)
{
    private const string Digits = "0-9", Words = "a-zA-Z0-9_";
    private const string NotDigits = @"\u0000-/:-\uffff", NotWords = @"\u0000-/:-@\[-\^`{-\uffff";
    private const string Blanks = @"\t\n\v\f\r\u0020\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff";
    private const string NotBlanks = @"\u0000-\u0008\u000e-\u001f!-\u009f\u00a1-\u167f\u1681-\u1fff\u200b-\u2027\u202a-\u202e\u2030-\u205e\u2060-\u2fff\u3001-\ufefe\uff00-\uffff";
    private const string LineEnds = @"\n\r\u2028\u2029";
    private const string Surrogates = @"\ud800-\udfff", SurrogatePair = @"[\ud800-\udbff][\udc00-\udfff]";

    private readonly StringBuilder _text = new();
    private int _at;

    public string Translate()
    {
        while (_at < source.Length)
        {
            var letter = source[_at++];
            switch (letter)
            {
                case '^': _text.Append(@"\A"); break;
                case '$': _text.Append(@"\z"); break;
                case '.': AppendNot(LineEnds, ""); break;
                case '[': Class(); break;
                case '(': Group(); break;
                case '\\': Escape(); break;
                case >= '\ud800' and <= '\udbff' when _at < source.Length && char.IsLowSurrogate(source[_at]):
                    AppendLiteral(char.ConvertToUtf32(letter, source[_at++]));
                    break;
                default: _text.Append(letter); break;
            }
        }
        return _text.ToString();
    }

    private void Group()
    {
        _text.Append('(');
        if (!Eat('?')) return;
        foreach (var opening in new[] { ":", "=", "!", "<=", "<!" })
        {
            if (!source.AsSpan(_at).StartsWith(opening)) continue;
            _text.Append('?').Append(opening);
            _at += opening.Length;
            return;
        }
        var end = Eat('<') ? source.IndexOf('>', _at) : -1;
        if (end < 0 || !IsName(source.AsSpan(_at, end - _at))) throw new ArgumentException("'(?' must be followed by ':', '=', '!', '<=', '<!' or '<name>'");
        _text.Append("?<").Append(source, _at, end - _at).Append('>');
        _at = end + 1;
    }

    private void Escape()
    {
        var letter = Next();
        switch (letter)
        {
            case 'd': _text.Append('[').Append(Digits).Append(']'); break;
            case 'w': _text.Append('[').Append(Words).Append(']'); break;
            case 's': _text.Append('[').Append(Blanks).Append(']'); break;
            case 'D': AppendNot(Digits, ""); break;
            case 'W': AppendNot(Words, ""); break;
            case 'S': AppendNot(Blanks, ""); break;
            case 'b' or 'B': _text.Append('\\').Append(letter); break;
            case 'p': _text.Append('[').Append(Category()).Append(']'); break;
            case 'P': AppendNot(Category(), ""); break;
            case 'k': BackReference(); break;
            case >= '1' and <= '9':
                _text.Append("(?:\\").Append(letter);
                while (_at < source.Length && char.IsAsciiDigit(source[_at])) _text.Append(source[_at++]);
                _text.Append(')');
                break;
            default: AppendLiteral(CodePoint(letter)); break;
        }
    }

    private void BackReference()
    {
        var end = Eat('<') ? source.IndexOf('>', _at) : -1;
        if (end < 0) throw new ArgumentException("'\\k' must be followed by '<name>'");
        _text.Append("\\k<").Append(source, _at, end - _at).Append('>');
        _at = end + 1;
    }

    /// <summary>A class in brackets. Code points past the basic plane become alternatives beside it.</summary>
    private void Class()
    {
        var isNegated = Eat('^');
        var (basic, astral) = (new StringBuilder(), new StringBuilder());
        while (!Eat(']'))
        {
            var (low, set) = ClassAtom();
            if (set is not null) { basic.Append(set); continue; }
            var high = low;
            if (_at + 1 < source.Length && source[_at] == '-' && source[_at + 1] != ']')
            {
                var before = _at++;
                (high, set) = ClassAtom();
                if (set is not null) (high, _at) = (low, before);   // a hyphen before a set is itself
                if (set is not null && Eat('-')) basic.Append(@"\-");
            }
            if (high < low) throw new ArgumentException("a range in brackets runs backwards");
            AddRange(basic, astral, low, high);
        }
        if (isNegated) AppendNot(basic.ToString(), astral.ToString());
        else if (astral.Length == 0) _text.Append(basic.Length == 0 ? @"[^\s\S]" : $"[{basic}]");
        else _text.Append("(?:").Append(basic.Length == 0 ? "" : $"[{basic}]|").Append(astral.ToString().TrimEnd('|')).Append(')');
    }

    private (int CodePoint, string? Set) ClassAtom()
    {
        var letter = Next();
        if (letter == '\\')
        {
            letter = Next();
            return letter switch
            {
                'd' => (0, Digits),
                'w' => (0, Words),
                's' => (0, Blanks),
                'D' => (0, NotDigits),
                'W' => (0, NotWords),
                'S' => (0, NotBlanks),
                'p' => (0, Category()),
                'P' => (0, Category().Replace(@"\p{", @"\P{")),
                'b' => ('\b', null),
                _ => (CodePoint(letter), null),
            };
        }
        var isPair = char.IsHighSurrogate(letter) && _at < source.Length && char.IsLowSurrogate(source[_at]);
        return (isPair ? char.ConvertToUtf32(letter, source[_at++]) : letter, null);
    }

    private static void AddRange(StringBuilder basic, StringBuilder astral, int low, int high)
    {
        if (low <= 0xffff) basic.Append(Unit(low)).Append('-').Append(Unit(Math.Min(high, 0xffff)));
        for (var start = Math.Max(low, 0x10000); start <= high;)
        {
            var end = Math.Min(high, start | 0x3ff);   // all that share one high surrogate
            var (first, last) = (char.ConvertFromUtf32(start), char.ConvertFromUtf32(end));
            astral.Append(Unit(first[0])).Append('[').Append(Unit(first[1])).Append('-').Append(Unit(last[1])).Append("]|");
            start = end + 1;
        }
    }

    /// <summary>One code point outside a set. Where it is repeated without end, half a pair counts as well and is faster.</summary>
    private void AppendNot(string set, string astral)
    {
        var isRepeated = _at < source.Length && source[_at] is '*' or '+';
        if (isRepeated && astral.Length == 0) _text.Append(set.Length == 0 ? @"[\s\S]" : $"[^{set}]");
        else _text.Append("(?:[^").Append(set).Append(Surrogates).Append("]|").Append(astral.Length == 0 ? "" : $"(?!{astral.TrimEnd('|')})").Append(SurrogatePair).Append(')');
    }

    private void AppendLiteral(int codePoint)
    {
        if (codePoint <= 0xffff) { _text.Append(Unit(codePoint)); return; }
        var pair = char.ConvertFromUtf32(codePoint);
        _text.Append("(?:").Append(Unit(pair[0])).Append(Unit(pair[1])).Append(')');
    }

    /// <summary>The code point of an escape whose letter is read already.</summary>
    private int CodePoint(char letter)
    {
        switch (letter)
        {
            case 't': return '\t';
            case 'n': return '\n';
            case 'v': return '\v';
            case 'f': return '\f';
            case 'r': return '\r';
            case '0': return 0;
            case 'c':
                var control = Next();
                return char.IsAsciiLetter(control) ? control % 32 : throw new ArgumentException("'\\c' must be followed by a letter");
            case 'x': return Hex(2);
            case 'u' when Eat('{'):
                var end = source.IndexOf('}', _at);
                var digits = end < 0 ? 0 : end - _at;
                if (digits is < 1 or > 6) throw new ArgumentException("'\\u{' must hold one to six hexadecimal digits and '}'");
                var wide = Hex(digits);
                _at++;
                return wide <= 0x10ffff && wide is < 0xd800 or > 0xdfff ? wide : throw new ArgumentException("'\\u{…}' names no character");
            case 'u':
                var unit = Hex(4);
                var isPair = char.IsHighSurrogate((char)unit) && source.AsSpan(_at).StartsWith("\\u") && _at + 6 <= source.Length;
                if (!isPair || !int.TryParse(source.AsSpan(_at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var low) || !char.IsLowSurrogate((char)low)) return unit;
                _at += 6;
                return char.ConvertToUtf32((char)unit, (char)low);
            // Unicode mode lets only syntax characters be escaped; other signs are let through, letters are likely mistakes.
            default: return char.IsAsciiLetterOrDigit(letter) ? throw new ArgumentException($"'\\{letter}' is not an escape") : letter;
        }
    }

    private int Hex(int digits)
    {
        if (_at + digits > source.Length || !int.TryParse(source.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number))
        {
            throw new ArgumentException($"an escape needs {digits} hexadecimal digits");
        }
        _at += digits;
        return number;
    }

    /// <summary>The name in <c>\p{name}</c> as .NET knows it.</summary>
    private string Category()
    {
        var end = Eat('{') ? source.IndexOf('}', _at) : -1;
        if (end < 0) throw new ArgumentException("'\\p' must be followed by '{name}'");
        var name = source[_at..end];
        _at = end + 1;
        if (name.StartsWith("General_Category=", StringComparison.Ordinal) || name.StartsWith("gc=", StringComparison.Ordinal)) name = name[(name.IndexOf('=', StringComparison.Ordinal) + 1)..];
        return UnicodeCategories.Find(name) ?? throw new ArgumentException($"'\\p{{{name}}}' is not a general category; scripts and other properties are not supported");
    }

    private char Next() => _at < source.Length ? source[_at++] : throw new ArgumentException("it ends too early");

    private bool Eat(char letter)
    {
        if (_at >= source.Length || source[_at] != letter) return false;
        _at++;
        return true;
    }

    private static string Unit(int unit) => string.Create(CultureInfo.InvariantCulture, $"\\u{unit:x4}");

    private static bool IsName(ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || char.IsAsciiDigit(text[0])) return false;
        foreach (var letter in text)
        {
            if (!char.IsLetterOrDigit(letter) && letter is not ('_' or '$')) return false;
        }
        return true;
    }
}
