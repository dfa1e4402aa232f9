namespace Hydra.Nodes;

/// <summary>A place in a command where a template is not safe.</summary>
/// <param name="Where">In words: <c>inside double quotes</c>.</param>
internal sealed record UnsafeTemplate(int Line, int Column, string Where, string Mend);

/// <summary>
/// Reads a command as the shell will, as far as quoting goes, and finds templates that stand where quoting a value does not
/// keep it from becoming part of the command.
/// </summary>
internal sealed class ShellScan
{
    private const char Double = '"', Single = '\'', Ansi = 'S', Backtick = '`', Command = '(', Parameter = '{', Arithmetic = 'A', Group = 'g';
    private const string QuotesMend = "Remove the quotes around it: every `{{ value }}` is quoted already.";
    private const string ArgumentsMend = "Pass it in `args` and write \"$1\".";

    private readonly string _text;
    private readonly Stack<char> _open = new();
    private int _at;
    private int _line = 1;
    private int _lineStart;
    private bool _isComment;
    private bool _awaitsHereDocument;
    private bool _hasHereDocument;

    private ShellScan(string text) => _text = text;

    /// <summary>The first <c>{{ … }}</c> inside quotes, backticks, comments or arithmetic, after a here-document, or behind a backslash; null: none.</summary>
    public static UnsafeTemplate? FirstUnsafe(string command) => new ShellScan(command).Find();

    private UnsafeTemplate? Find()
    {
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (c == '{' && Next(1) is '{' or '%' or '#')
            {
                if (Next(1) == '{' && Danger() is var (where, mend)) return new(_line, _at - _lineStart + 1, where, mend);
                SkipTag();
                continue;
            }
            if (c == '\\' && Next(1) == '{' && Next(2) == '{' && !_isComment && Top is not Single)
                return new(_line, _at - _lineStart + 2, "behind a backslash", "Remove the backslash.");
            if (c == '\n') EndLine();
            else if (!_isComment && !_hasHereDocument) Read(c);
            _at++;
        }
        return null;
    }

    private char Top => _open.TryPeek(out var top) ? top : Command;
    private char Next(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    private void Read(char c)
    {
        switch (Top)
        {
            case Single:
                if (c == '\'') _open.Pop();
                return;
            case Ansi:
                if (c == '\\') Skip(1);
                else if (c == '\'') _open.Pop();
                return;
            case Double or Backtick when c == Top:
                _open.Pop();
                return;
        }
        switch (c)
        {
            case '\\' when Next(1) != '\n': Skip(1); break;
            case '$' when Next(1) == '(' && Next(2) == '(': Push(Arithmetic, 2); break;
            case '$' when Next(1) == '(': Push(Command, 1); break;
            case '$' when Next(1) == '{' && Next(2) is not ('{' or '%' or '#'): Push(Parameter, 1); break;
            case '`': Push(Backtick, 0); break;
            case '}' when Top == Parameter: _open.Pop(); break;
            case '"': Push(Double, 0); break;
            default:
                if (Top != Double) ReadUnquoted(c);
                break;
        }
    }

    private void ReadUnquoted(char c)
    {
        switch (c)
        {
            case '$' when Next(1) == '\'': Push(Ansi, 1); break;
            case '\'': Push(Single, 0); break;
            case '(' when Top is Arithmetic or Group: Push(Group, 0); break;
            case '(' when Next(1) == '(': Push(Arithmetic, 1); break;
            case '(': Push(Command, 0); break;
            case ')' when Top == Arithmetic: _open.Pop(); Skip(Next(1) == ')' ? 1 : 0); break;
            case ')' when _open.Count > 0 && Top is Command or Group: _open.Pop(); break;
            case '#' when Top is not (Arithmetic or Group or Parameter) && StartsWord: _isComment = true; break;
            case '<' when Next(1) == '<' && Next(2) == '<': Skip(2); break;
            case '<' when Next(1) == '<' && Top is not (Arithmetic or Group): _awaitsHereDocument = true; Skip(1); break;
        }
    }

    private bool StartsWord => _at == 0 || char.IsWhiteSpace(_text[_at - 1]) || _text[_at - 1] is ';' or '&' or '|' or '(' or ')';

    private void Push(char context, int skipped)
    {
        _open.Push(context);
        Skip(skipped);
    }

    private void Skip(int characters) => _at += characters;

    private void EndLine()
    {
        _line++;
        _lineStart = _at + 1;
        _isComment = false;
        _hasHereDocument |= _awaitsHereDocument;
    }

    /// <summary>Quotes count up to the innermost command substitution, where quoting begins anew; backticks do not begin anew.</summary>
    private (string Where, string Mend)? Danger()
    {
        if (_isComment) return ("inside a comment", "Remove it from the comment.");
        if (_hasHereDocument) return ("after a here-document has begun", ArgumentsMend);
        if (_open.Contains(Backtick)) return ("inside backticks", "Write $( … ) instead of backticks.");
        foreach (var context in _open)
        {
            switch (context)
            {
                case Command: return null;
                case Double: return ("inside double quotes", QuotesMend);
                case Single or Ansi: return ("inside single quotes", QuotesMend);
                case Arithmetic: return ("inside (( … ))", ArgumentsMend);
            }
        }
        return null;
    }

    /// <summary>Past the tag's end; what stands inside is the template's, not the shell's.</summary>
    private void SkipTag()
    {
        var closing = _text[_at + 1] switch { '{' => "}}", '%' => "%}", _ => "#}" };
        var end = _text.IndexOf(closing, _at + 2, StringComparison.Ordinal);
        var next = end < 0 ? _text.Length : end + 2;
        for (; _at < next; _at++)
        {
            if (_text[_at] != '\n') continue;
            _line++;
            _lineStart = _at + 1;
        }
    }
}
