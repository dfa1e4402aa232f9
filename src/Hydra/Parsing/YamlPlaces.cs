using Hydra.Model;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Hydra.Parsing;

/// <summary>Finds where the content of a scalar begins.</summary>
internal static class YamlPlaces
{
    public static SourcePosition TextOf(YamlText text, Scalar scalar, SourcePosition at)
    {
        switch (scalar.Style)
        {
            case ScalarStyle.Literal or ScalarStyle.Folded:
                var header = text.Text.AsSpan((int)scalar.Start.Index).IndexOfAny('|', '>');
                var line = header < 0 ? at.Line : text.PlaceOf(scalar.Start.Index + header).Line;
                return new(line + 1, 1 + BlockIndent(text, line + 1, scalar.Value));
            case ScalarStyle.SingleQuoted or ScalarStyle.DoubleQuoted:
                var quote = text.Text.AsSpan((int)scalar.Start.Index).IndexOf(scalar.Style == ScalarStyle.SingleQuoted ? '\'' : '"');
                return text.PlaceOf(scalar.Start.Index + quote + 1);
            default:
                return at;
        }
    }

    /// <summary>Where each written line of a folded text begins; null where the text stands as it reads.</summary>
    public static IReadOnlyList<TextLine>? FoldsOf(YamlText text, Scalar scalar, SourcePosition textAt)
    {
        if (scalar.Style == ScalarStyle.Literal || scalar.End.Line <= scalar.Start.Line) return null;
        var last = text.PlaceOf(Math.Min(scalar.End.Index, text.Text.Length)).Line;
        var lines = new List<TextLine>();
        var from = 0;
        for (var number = textAt.Line; number <= last && from < scalar.Value.Length; number++)
        {
            var line = text.Line(number);
            var start = number == textAt.Line ? Math.Min(textAt.Column - 1, line.Length) : line.Length - line.TrimStart(" \t").Length;
            var written = line[start..].TrimEnd(" \t");
            if (number == last) written = written.TrimEnd("'\"");
            if (written.IsEmpty) continue;
            var offset = scalar.Value.AsSpan(from).IndexOf(written);
            if (offset < 0) continue;   // escapes: the line before stands for it
            lines.Add(new(from + offset, new(number, start + 1)));
            from += offset + written.Length;
        }
        return lines.Count > 0 ? lines : null;
    }

    /// <summary>Spaces that the block's indentation takes: those of its first written line less those that belong to the text.</summary>
    private static int BlockIndent(YamlText text, int first, string content)
    {
        for (var number = first; number <= text.LineCount; number++)
        {
            var line = text.Line(number);
            if (line.IsWhiteSpace()) continue;
            var own = content.AsSpan().TrimStart('\n');
            return Math.Max(0, Spaces(line) - Spaces(own));
        }
        return 0;
    }

    private static int Spaces(ReadOnlySpan<char> line)
    {
        var count = line.IndexOfAnyExcept(' ');
        return count < 0 ? line.Length : count;
    }
}
