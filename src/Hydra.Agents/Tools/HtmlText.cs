using System.Net;
using System.Text;

namespace Hydra.Agents.Tools;

/// <summary>The text of an HTML page as a reader sees it: no markup, no scripts, nothing hidden in attributes. One pass, linear in the page.</summary>
internal static class HtmlText
{
    private static readonly HashSet<string> Silent = new(StringComparer.OrdinalIgnoreCase) { "script", "style", "noscript", "template", "svg", "head", "iframe", "object" };
    private static readonly HashSet<string> Inline = new(StringComparer.OrdinalIgnoreCase) { "a", "abbr", "b", "cite", "code", "em", "i", "mark", "q", "s", "small", "span", "strong", "sub", "sup", "time", "u", "var" };

    public static bool IsHtml(string text)
    {
        var head = text.AsSpan(0, Math.Min(text.Length, 1_000)).TrimStart();
        return head.StartsWith("<!doctype html", StringComparison.OrdinalIgnoreCase) || head.Contains("<html", StringComparison.OrdinalIgnoreCase);
    }

    /// <returns>The page's title, empty where it has none, and its text.</returns>
    public static (string Title, string Text) Of(string html)
    {
        var text = new StringBuilder();
        var title = "";
        string? until = null;   // the element whose content is not shown
        for (var at = 0; at < html.Length;)
        {
            var open = html.IndexOf('<', at);
            if (open < 0) open = html.Length;
            if (until is null) text.Append(html, at, open - at);
            if (open == html.Length) break;
            if (html.AsSpan(open).StartsWith("<!--", StringComparison.Ordinal))
            {
                var end = html.IndexOf("-->", open + 4, StringComparison.Ordinal);
                at = end < 0 ? html.Length : end + 3;
                continue;
            }
            var close = html.IndexOf('>', open);
            if (close < 0) break;
            var name = NameOf(html.AsSpan(open + 1, close - open - 1), out var isEnd);
            if (name.Equals("title", StringComparison.OrdinalIgnoreCase) && !isEnd && title.Length == 0)
            {
                var end = html.IndexOf("</title", close, StringComparison.OrdinalIgnoreCase);
                title = Squeezed(html[(close + 1)..(end < 0 ? html.Length : end)]);
                at = end < 0 ? html.Length : end;
                continue;
            }
            if (until is not null)
            {
                if (isEnd && name.Equals(until, StringComparison.OrdinalIgnoreCase)) until = null;
            }
            else if (!isEnd && Silent.Contains(name) && html[close - 1] != '/') until = name;
            else if (!Inline.Contains(name)) text.Append('\n');
            at = close + 1;
        }
        return (title, Squeezed(text.ToString()));
    }

    private static string NameOf(ReadOnlySpan<char> tag, out bool isEnd)
    {
        isEnd = tag.StartsWith("/", StringComparison.Ordinal);
        if (isEnd) tag = tag[1..];
        var length = 0;
        while (length < tag.Length && (char.IsAsciiLetterOrDigit(tag[length]) || tag[length] == '-')) length++;
        return tag[..length].ToString();
    }

    /// <summary>Entities read, blanks and empty lines squeezed.</summary>
    private static string Squeezed(string raw)
    {
        var lines = WebUtility.HtmlDecode(raw).Split('\n').Select(line => string.Join(' ', line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))).Where(line => line.Length > 0);
        return string.Join('\n', lines);
    }
}
