using System.Runtime.CompilerServices;

namespace Hydra.Templates;

/// <summary>A template's text with its line starts, so that a node needs to keep one number only.</summary>
internal sealed class SourceText(string text)
{
    private int[]? _lineStarts;

    public string Text { get; } = text;

    public (int Line, int Column) PlaceOf(int position)
    {
        var starts = _lineStarts ??= FindLineStarts(Text);
        var line = Array.BinarySearch(starts, position);
        if (line < 0) line = ~line - 1;
        return (line + 1, position - starts[line] + 1);
    }

    public TemplateSyntaxException SyntaxError(int position, string message)
    {
        var (line, column) = PlaceOf(position);
        return new TemplateSyntaxException(message, line, column);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int[] FindLineStarts(string text)
    {
        var starts = new int[text.AsSpan().Count('\n') + 1];
        for (int line = 1, at = 0; line < starts.Length; line++) starts[line] = at = text.IndexOf('\n', at) + 1;
        return starts;
    }
}
