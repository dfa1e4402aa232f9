using System.Buffers;
using System.Text;
using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>The text of one file: decoded strictly, its lines known, so that any index can be told as line and column.</summary>
internal sealed class YamlText
{
    /// <summary>The first character that YAML text may not hold: C0 controls but tab and line breaks, and the two non-characters.</summary>
    /// <remarks>A plain loop: it is ready at once, where a vectorised set is compiled at every start of the program.</remarks>
    private static int IndexOfForbidden(ReadOnlySpan<char> text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] is < ' ' and not ('\t' or '\n' or '\r') or '\uFFFE' or '\uFFFF') return i;
        }
        return -1;
    }

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly List<int> _lineStarts = [0];

    private YamlText(string text)
    {
        Text = text;
        var at = 0;
        while (true)
        {
            var next = text.AsSpan(at).IndexOfAny('\r', '\n');
            if (next < 0) break;
            at += next + 1;
            if (text[at - 1] == '\r' && at < text.Length && text[at] == '\n') at++;
            _lineStarts.Add(at);
        }
    }

    public string Text { get; }
    public int LineCount => _lineStarts.Count;

    /// <summary>Decodes a file's bytes; null with a problem where they are no text.</summary>
    public static YamlText? Decode(ReadOnlySpan<byte> bytes, ProblemList problems)
    {
        if (bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || bytes.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            problems.Error(ProblemCodes.BadEncoding, new(1, 1), "the file begins with a UTF-16 byte order mark. Save it as UTF-8.");
            return null;
        }
        if (bytes.StartsWith(Encoding.UTF8.Preamble)) bytes = bytes[Encoding.UTF8.Preamble.Length..];
        try
        {
            return Of(Strict.GetString(bytes), problems);
        }
        catch (DecoderFallbackException broken)
        {
            var index = FirstInvalid(bytes);
            var before = new YamlText(Encoding.UTF8.GetString(bytes[..index]));
            problems.Error(ProblemCodes.BadEncoding, before.PlaceOf(before.Text.Length),
                $"the byte 0x{(broken.BytesUnknown is { Length: > 0 } unknown ? unknown[0] : 0):X2} is not valid UTF-8. Save the file as UTF-8.");
            return null;
        }
    }

    public static YamlText? Of(string text, ProblemList problems)
    {
        if (text.StartsWith('\uFEFF')) text = text[1..];
        var decoded = new YamlText(text);
        var bad = IndexOfForbidden(text);
        if (bad < 0) return decoded;
        problems.Error(ProblemCodes.BadEncoding, decoded.PlaceOf(bad),
            $"the control character U+{(int)text[bad]:X4} may not stand in a YAML file. Remove it, or write it as \"\\x{(int)text[bad]:X2}\" in double quotes.");
        return null;
    }

    public SourcePosition PlaceOf(long index)
    {
        var line = _lineStarts.BinarySearch((int)index);
        if (line < 0) line = ~line - 1;
        return new(line + 1, (int)index - _lineStarts[line] + 1);
    }

    public int IndexOf(int line) => _lineStarts[line - 1];

    /// <summary>One line without its break; lines count from 1.</summary>
    public ReadOnlySpan<char> Line(int line)
    {
        var start = _lineStarts[line - 1];
        var end = line < _lineStarts.Count ? _lineStarts[line] : Text.Length;
        return Text.AsSpan(start, end - start).TrimEnd("\r\n");
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length && Rune.DecodeFromUtf8(bytes[at..], out _, out var length) == OperationStatus.Done) at += length;
        return at;
    }
}
