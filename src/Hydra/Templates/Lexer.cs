using System.Buffers;
using System.Globalization;
using System.Text;
using Hydra.Model;

namespace Hydra.Templates;

internal enum TokenKind : byte { Text, OutputBegin, OutputEnd, TagBegin, TagEnd, Name, String, Integer, Number, Operator, End }

/// <param name="Text">The literal text, the name, the operator, or the decoded string.</param>
internal readonly record struct Token(TokenKind Kind, string Text, int Position, Value Value = default)
{
    public bool Is(TokenKind kind, string text) => Kind == kind && Text == text;
    public override string ToString() => Kind switch
    {
        TokenKind.End => "the end of the template",
        TokenKind.Text => "text",
        _ => $"'{Text}'",
    };
}

/// <summary>Cuts a template into tokens by Jinja2's rules, with whitespace control applied and comments gone.</summary>
internal sealed class Lexer(SourceText source)
{
    private static readonly string[] Operators =
        ["**", "//", "==", "!=", ">=", "<=", "+", "-", "*", "/", "%", "~", "[", "]", "(", ")", "{", "}", ">", "<", "=", ".", ":", "|", ",", ";"];

    private readonly string _text = source.Text;
    private readonly List<Token> _tokens = Emptied();
    private readonly List<(char Closing, int Position)> _open = [];
    private int _at;

    /// <summary>Tokens are read once and right away, and most templates have few: one list does for all of a thread.</summary>
    [ThreadStatic]
    private static List<Token>? _reused;
    private const int KeptMax = 1_024;

    private static List<Token> Emptied()
    {
        if (_reused is not { Capacity: <= KeptMax } tokens) return _reused = new(32);
        tokens.Clear();
        return tokens;
    }

    /// <summary>Tokens of a template, until this thread reads the next one.</summary>
    public static List<Token> Template(SourceText source)
    {
        var lexer = new Lexer(source);
        lexer.ReadTemplate();
        return lexer._tokens;
    }

    /// <summary>Tokens of a bare expression, until this thread reads the next one.</summary>
    public static List<Token> Expression(SourceText source)
    {
        var lexer = new Lexer(source);
        lexer.ReadCode(closing: null, 0);
        lexer.Add(TokenKind.End, "", source.Text.Length);
        return lexer._tokens;
    }

    private void ReadTemplate()
    {
        var stripNext = false;
        while (_at < _text.Length)
        {
            var start = _at;
            var mark = FindMark(_at);
            var end = mark < 0 ? _text.Length : mark;
            var control = mark >= 0 && mark + 2 < _text.Length ? _text[mark + 2] : ' ';
            AddText(start, end, stripNext, control == '-');
            stripNext = false;
            if (mark < 0) { _at = _text.Length; break; }
            _at = mark + 2 + (control is '-' or '+' ? 1 : 0);
            stripNext = _text[mark + 1] switch
            {
                '#' => SkipComment(mark),
                '{' => ReadOutput(mark),
                _ => ReadTag(mark),
            };
        }
        Add(TokenKind.End, "", _text.Length);
    }

    private int FindMark(int from)
    {
        while (true)
        {
            var brace = _text.IndexOf('{', from);
            if (brace < 0 || brace + 1 >= _text.Length) return -1;
            if (_text[brace + 1] is '{' or '%' or '#') return brace;
            from = brace + 1;
        }
    }

    private void AddText(int start, int end, bool stripLeft, bool stripRight)
    {
        var span = _text.AsSpan(start, end - start);
        if (stripLeft) span = span.TrimStart();
        if (stripRight) span = span.TrimEnd();
        if (span.IsEmpty) return;
        Add(TokenKind.Text, span.Length == _text.Length ? _text : span.ToString(), start);
    }

    private bool SkipComment(int mark)
    {
        var end = _text.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0) throw source.SyntaxError(mark, "The comment that begins here has no end. Add '#}'.");
        // The '-' of '{#-#}' opens and closes at once, as in Jinja2.
        var strips = end - 1 >= mark + 2 && _text[end - 1] == '-';
        _at = end + 2;
        return strips;
    }

    private bool ReadOutput(int mark)
    {
        Add(TokenKind.OutputBegin, "{{", mark);
        return ReadCode("}}", mark);
    }

    private bool ReadTag(int mark)
    {
        if (TryReadWord(_at, "raw", out var afterRaw)) return ReadRaw(mark, afterRaw);
        Add(TokenKind.TagBegin, "{%", mark);
        return ReadCode("%}", mark);
    }

    /// <summary>Matches <c>word -? %}</c> after blanks; gives the place behind it, negative-free, and whether it strips.</summary>
    private bool TryReadWord(int at, string word, out (int At, bool Strips) after)
    {
        after = default;
        at = SkipBlanks(at);
        if (string.CompareOrdinal(_text, at, word, 0, word.Length) != 0) return false;
        at = SkipBlanks(at + word.Length);
        var strips = at < _text.Length && _text[at] == '-';
        if (strips || (at < _text.Length && _text[at] == '+')) at++;
        if (string.CompareOrdinal(_text, at, "%}", 0, 2) != 0) return false;
        after = (at + 2, strips);
        return true;
    }

    private bool ReadRaw(int mark, (int At, bool Strips) begin)
    {
        for (var at = begin.At; (at = _text.IndexOf("{%", at, StringComparison.Ordinal)) >= 0; at += 2)
        {
            var control = at + 2 < _text.Length ? _text[at + 2] : ' ';
            if (!TryReadWord(at + 2 + (control is '-' or '+' ? 1 : 0), "endraw", out var end)) continue;
            AddText(begin.At, at, begin.Strips, control == '-');
            _at = end.At;
            return end.Strips;
        }
        throw source.SyntaxError(mark, "The raw block that begins here has no end. Add '{% endraw %}'.");
    }

    private int SkipBlanks(int at)
    {
        while (at < _text.Length && char.IsWhiteSpace(_text[at])) at++;
        return at;
    }

    /// <summary>Reads tokens up to the closing mark; says whether it strips the blanks behind it.</summary>
    private bool ReadCode(string? closing, int mark)
    {
        while (true)
        {
            _at = SkipBlanks(_at);
            if (_at >= _text.Length)
            {
                if (_open.Count > 0) throw source.SyntaxError(_open[^1].Position, $"The bracket that opens here is not closed. Add '{_open[^1].Closing}'.");
                if (closing is null) return false;
                throw source.SyntaxError(mark, $"The '{(closing == "}}" ? "{{" : "{%")}' that begins here has no end. Add '{closing}'.");
            }
            if (closing is not null && _open.Count == 0 && TryClose(closing, out var strips)) return strips;
            ReadToken(closing);
        }
    }

    private bool TryClose(string closing, out bool strips)
    {
        strips = _text[_at] == '-';
        var at = strips || (_text[_at] == '+' && closing == "%}") ? _at + 1 : _at;
        if (string.CompareOrdinal(_text, at, closing, 0, 2) != 0) return false;
        Add(closing == "}}" ? TokenKind.OutputEnd : TokenKind.TagEnd, closing, _at);
        _at = at + 2;
        return true;
    }

    private void ReadToken(string? closing)
    {
        var c = _text[_at];
        if (c is '\'' or '"') ReadString(c);
        else if (char.IsAsciiDigit(c)) ReadNumber();
        else if (IsNamePart(c)) ReadName();
        else ReadOperator(closing);
    }

    internal static bool IsNamePart(char c) => c == '_' || char.IsLetterOrDigit(c)
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private void ReadName()
    {
        var start = _at;
        while (_at < _text.Length && IsNamePart(_text[_at])) _at++;
        Add(TokenKind.Name, _text[start.._at], start);
    }

    private void ReadOperator(string? closing)
    {
        foreach (var candidate in Operators)
        {
            if (candidate[0] != _text[_at] || (candidate.Length > 1 && (_at + 1 >= _text.Length || candidate[1] != _text[_at + 1]))) continue;
            Balance(candidate[0], candidate.Length);
            Add(TokenKind.Operator, candidate, _at);
            _at += candidate.Length;
            return;
        }
        var mend = _text[_at] switch
        {
            '&' => " Write 'and'.",
            '!' => " Write 'not'.",
            '?' => " Write 'a if condition else b'.",
            '`' or '“' or '”' or '‘' or '’' => " Write texts in straight quotes.",
            _ => closing is null ? "" : $" Is a '{closing}' missing before it?",
        };
        throw source.SyntaxError(_at, $"The character '{_text[_at]}' has no meaning in an expression.{mend}");
    }

    private void Balance(char bracket, int length)
    {
        if (length != 1) return;
        switch (bracket)
        {
            case '(': _open.Add((')', _at)); break;
            case '[': _open.Add((']', _at)); break;
            case '{': _open.Add(('}', _at)); break;
            case ')' or ']' or '}':
                if (_open.Count == 0) throw source.SyntaxError(_at, $"The '{bracket}' closes nothing. Remove it, or open its bracket.");
                if (_open[^1].Closing != bracket) throw source.SyntaxError(_at, $"The '{bracket}' stands where '{_open[^1].Closing}' is expected.");
                _open.RemoveAt(_open.Count - 1);
                break;
        }
    }

    private void ReadNumber()
    {
        var start = _at;
        if (_text[_at] == '0' && _at + 1 < _text.Length && NumberBase(_text[_at + 1]) is var radix and > 0)
        {
            _at += 2;
            ulong bits = 0;
            var digits = 0;
            for (; _at < _text.Length && (char.IsAsciiHexDigit(_text[_at]) || _text[_at] == '_'); _at++)
            {
                if (_text[_at] == '_') continue;
                var digit = Convert.ToInt32(_text[_at].ToString(), 16);
                if (digit >= radix) break;
                digits++;
                if (bits > (long.MaxValue - (ulong)digit) / (ulong)radix) throw TooLarge(start);
                bits = (bits * (ulong)radix) + (ulong)digit;
            }
            if (digits == 0 || (_at < _text.Length && IsNamePart(_text[_at]))) throw source.SyntaxError(start, $"'{_text[start..Math.Min(_at + 1, _text.Length)]}' is not a number.");
            Add(TokenKind.Integer, _text[start.._at], start, (long)bits);
            return;
        }
        SkipDigits();
        var fraction = _at + 1 < _text.Length && _text[_at] == '.' && char.IsAsciiDigit(_text[_at + 1]) && !FollowsDot(start);
        if (fraction)
        {
            _at++;
            SkipDigits();
        }
        var exponent = ExponentLength();
        _at += exponent;
        if (exponent > 0) SkipDigits();
        if (_at < _text.Length && IsNamePart(_text[_at])) throw source.SyntaxError(start, $"'{_text[start..(_at + 1)]}…' is neither a number nor a name. Names begin with a letter or '_'.");
        var digitsText = _text[start.._at].Replace("_", "");
        if (!fraction && exponent == 0 && digitsText[0] == '0' && digitsText.AsSpan().TrimStart('0').Length > 0)
        {
            throw source.SyntaxError(start, "A whole number does not begin with 0. Write 0o17 for octal ones.");
        }
        if (fraction || exponent > 0) Add(TokenKind.Number, digitsText, start, double.Parse(digitsText, NumberStyles.Float, CultureInfo.InvariantCulture));
        else if (long.TryParse(digitsText, NumberStyles.None, CultureInfo.InvariantCulture, out var whole)) Add(TokenKind.Integer, digitsText, start, whole);
        else throw TooLarge(start);
    }

    /// <summary><c>x.0.1</c> reads two indices, not the number 0.1.</summary>
    private bool FollowsDot(int start) => start > 0 && _text[start - 1] == '.';

    private int ExponentLength()
    {
        if (_at + 1 >= _text.Length || _text[_at] is not ('e' or 'E')) return 0;
        var sign = _text[_at + 1] is '+' or '-' ? 1 : 0;
        return _at + 1 + sign < _text.Length && char.IsAsciiDigit(_text[_at + 1 + sign]) ? 1 + sign : 0;
    }

    private static int NumberBase(char mark) => mark switch { 'x' or 'X' => 16, 'o' or 'O' => 8, 'b' or 'B' => 2, _ => 0 };

    private TemplateSyntaxException TooLarge(int start) => source.SyntaxError(start, "The whole number does not fit into 64 bits. Write it as a fraction (1e20) or as text.");

    private void SkipDigits()
    {
        while (_at < _text.Length && (char.IsAsciiDigit(_text[_at]) || (_text[_at] == '_' && _at + 1 < _text.Length && char.IsAsciiDigit(_text[_at + 1])))) _at++;
    }

    private void ReadString(char quote)
    {
        var start = _at++;
        var end = _at;
        while (end < _text.Length && _text[end] != quote) end += _text[end] == '\\' ? 2 : 1;
        if (end >= _text.Length) throw source.SyntaxError(start, $"The text that begins here has no end. Add {quote}.");
        var body = _text.AsSpan(_at, end - _at);
        Add(TokenKind.String, body.Contains('\\') ? Unescape(body) : body.ToString(), start);
        _at = end + 1;
    }

    /// <summary>Python's escapes; an unknown one keeps its backslash.</summary>
    private string Unescape(ReadOnlySpan<char> body)
    {
        var text = new StringBuilder(body.Length);
        for (var i = 0; i < body.Length; i++)
        {
            if (body[i] != '\\' || i + 1 >= body.Length) { text.Append(body[i]); continue; }
            var c = body[++i];
            switch (c)
            {
                case '\\' or '\'' or '"': text.Append(c); break;
                case '\n': break;
                case 'n': text.Append('\n'); break;
                case 't': text.Append('\t'); break;
                case 'r': text.Append('\r'); break;
                case 'a': text.Append('\a'); break;
                case 'b': text.Append('\b'); break;
                case 'f': text.Append('\f'); break;
                case 'v': text.Append('\v'); break;
                case 'x': i += AppendHex(text, body[(i + 1)..], 2); break;
                case 'u': i += AppendHex(text, body[(i + 1)..], 4); break;
                case 'U': i += AppendHex(text, body[(i + 1)..], 8); break;
                case >= '0' and <= '7':
                    var octal = 0;
                    var end = Math.Min(i + 3, body.Length);
                    for (; i < end && body[i] is >= '0' and <= '7'; i++) octal = (octal * 8) + (body[i] - '0');
                    i--;
                    text.Append((char)octal);
                    break;
                default: text.Append('\\').Append(c); break;
            }
        }
        return text.ToString();
    }

    private int AppendHex(StringBuilder text, ReadOnlySpan<char> rest, int digits)
    {
        if (rest.Length < digits || !int.TryParse(rest[..digits], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || code > 0x10FFFF || code < 0)
        {
            throw source.SyntaxError(_at, $"The escape in this text needs {digits} hexadecimal digits of a Unicode character. Write '\\\\' for a backslash.");
        }
        if (code > 0xFFFF) text.Append(char.ConvertFromUtf32(code));
        else text.Append((char)code);
        return digits;
    }

    private void Add(TokenKind kind, string text, int position, Value value = default) => _tokens.Add(new Token(kind, text, position, value));
}
