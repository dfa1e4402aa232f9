namespace Hydra.Parsing;

/// <summary>The YAML library's complaints in the house's words: what, quoting the line, and the mend.</summary>
internal static class YamlMessages
{
    private const int QuoteLengthMax = 60;

    public static string Of(string message, ReadOnlySpan<char> line)
    {
        var what = message.Trim().TrimEnd('.').Replace("  ", " ");
        var comma = what.IndexOf(", ", StringComparison.Ordinal);
        if (comma >= 0 && what.StartsWith("While ", StringComparison.Ordinal)) what = $"{what[(comma + 2)..].Trim()} ({char.ToLowerInvariant(what[0])}{what[1..comma]})";
        var quoted = line.Trim().Length > QuoteLengthMax ? $"{line.Trim()[..QuoteLengthMax]}…" : line.Trim().ToString();
        var near = quoted.Length == 0 ? "" : $" near '{quoted}'";
        return $"this is not valid YAML{near}: {what}. {Mend(message, quoted)}";
    }

    private static string Mend(string message, string line)
    {
        if (line.Contains("{{", StringComparison.Ordinal) && !line.Contains('"') && !line.Contains('\''))
            return "A value that begins with '{{' needs quotes: \"{{ … }}\".";
        if (message.Contains("tab", StringComparison.OrdinalIgnoreCase)) return "Indent with spaces instead of tabs.";
        if (message.Contains("',' or", StringComparison.Ordinal)) return "Close the bracket, or put a comma between the items.";
        if (message.Contains("'-' indicator", StringComparison.Ordinal) || message.Contains("expected key", StringComparison.Ordinal))
            return "Indent the items of one list or map alike.";
        if (message.Contains("Mapping values", StringComparison.OrdinalIgnoreCase) || message.Contains("mapping values", StringComparison.Ordinal))
            return "Put text that holds ': ' in quotes.";
        if (message.Contains("cannot start any token", StringComparison.Ordinal)) return "Put text that begins with '@', '`' or '%' in quotes.";
        if (message.Contains("quoted scalar", StringComparison.Ordinal)) return "Close the quotes, and write backslashes twice inside double quotes.";
        return "Check indentation, quotes and brackets on this line and the one above.";
    }
}
