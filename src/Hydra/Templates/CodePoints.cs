using System.Text;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>Texts counted as Python counts them: one per Unicode code point, not per UTF-16 unit.</summary>
internal static class CodePoints
{
    private static readonly Value[] Ascii = [.. Enumerable.Range(0, 128).Select(code => Value.Of(((char)code).ToString()))];

    public static bool AreUnits(ReadOnlySpan<char> text) => text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0;

    public static int Count(string text)
    {
        if (AreUnits(text)) return text.Length;
        var count = 0;
        for (var i = 0; i < text.Length; i += SizeAt(text, i)) count++;
        return count;
    }

    public static string Slice(string text, int start, int count)
    {
        if (count <= 0) return "";
        if (AreUnits(text)) return text.Substring(start, count);
        var from = Skip(text, 0, start);
        return text[from..Skip(text, from, count)];
    }

    public static Value[] Split(string text)
    {
        var items = new Value[Count(text)];
        for (int i = 0, at = 0; i < items.Length; i++)
        {
            var size = SizeAt(text, at);
            items[i] = size == 1 && text[at] < 128 ? Ascii[text[at]] : text.Substring(at, size);
            at += size;
        }
        return items;
    }

    public static string Pick(string text, int start, long step, int count)
    {
        var all = Split(text);
        var picked = new StringBuilder(count);
        for (var i = 0; i < count; i++) picked.Append(all[(int)(start + (i * step))].AsText);
        return picked.ToString();
    }

    public static string Reverse(string text) => Pick(text, Count(text) - 1, -1, Count(text));

    private static int Skip(string text, int at, int count)
    {
        for (; count > 0 && at < text.Length; count--) at += SizeAt(text, at);
        return at;
    }

    private static int SizeAt(string text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
}
