using System.Text;
using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>
/// Puts a rule into the text of a <c>hydra.yaml</c> or takes one out, and leaves every other line as it stands. Pure. What the edit made is
/// read again: where that is not the old file with just this rule more or less, nothing is changed.
/// </summary>
public static class PolicyFileEdit
{
    private const string NoteLead = "# accepted ";
    private const string Breaks = "\r\n";   // the reader counts no others

    /// <summary>The text with the rule as the last one, below a comment; in the place of a rule with its name. Null where problems were added (<c>HYD307</c>).</summary>
    /// <param name="text">Empty: there is no file yet.</param>
    /// <param name="note">Who put it there and when, in one line.</param>
    public static string? Add(string text, ValueMap rule, string note, ProblemList problems)
    {
        if (Find(text, rule["name"].AsText, problems) is not null)
        {
            if (Remove(text, rule["name"].AsText, problems) is not { } without) return null;
            text = without;
        }
        if (problems.HasErrors) return null;
        var root = Read(text, problems);
        if (problems.HasErrors) return null;
        var lines = LinesOf(text);
        var lineEnd = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var policy = root?.Get("policy");
        var rules = policy?.Get("rules");
        if (rules is { Items: { Count: > 0 } items } && DashOf(lines, items[0]) is { } dash)
        {
            Insert(lines, EndOf(lines, items[^1].At.Line - 1, dash), NoteAndRule(dash, rule, note), lineEnd);
        }
        else if (rules is { Items.Count: 0 } && EntryOf(policy!, "rules") is { } empty)
        {
            var at = empty.KeyAt.Line - 1;
            if (lines[at].IndexOf(" []", StringComparison.Ordinal) is >= 0 and var brackets) lines[at] = lines[at].Remove(brackets, 3);
            Insert(lines, at + 1, NoteAndRule(empty.KeyAt.Column + 1, rule, note), lineEnd);
        }
        else if (rules is null && policy?.Entries is { Count: > 0 } others && EntryOf(root!, "policy") is { } block)
        {
            var end = EndOf(lines, block.KeyAt.Line - 1, block.KeyAt.Column - 1);
            Insert(lines, end, [$"{Blanks(others[0].KeyAt.Column - 1)}rules:", .. NoteAndRule(others[0].KeyAt.Column + 1, rule, note)], lineEnd);
        }
        else if (policy is { IsScalar: true, Scalar.IsNull: true } && EntryOf(root!, "policy") is { } bare)
        {
            Insert(lines, bare.KeyAt.Line, ["  rules:", .. NoteAndRule(4, rule, note)], lineEnd);
        }
        else if (policy is null && root is null or { Entries: not null })
        {
            while (lines.Count > 0 && lines[^1].AsSpan().Trim(Breaks).Length == 0) lines.RemoveAt(lines.Count - 1);
            Insert(lines, lines.Count, ["policy:", "  rules:", .. NoteAndRule(4, rule, note)], lineEnd);
        }
        return Checked(text, lines, policies => [.. policies, Value.Of(rule)], policy?.At, problems);
    }

    /// <summary>The text without the rule and without the comment that <see cref="Add"/> put above it. Null where problems were added, or where no rule has the name.</summary>
    public static string? Remove(string text, string name, ProblemList problems)
    {
        if (Find(text, name, problems) is not var (policy, rule)) return null;
        var lines = LinesOf(text);
        if (DashOf(lines, rule) is { } dash)
        {
            var first = rule.At.Line - 1;
            var end = EndOf(lines, first, dash);
            if (first > 0 && IsNote(lines[first - 1].AsSpan().TrimStart())) first--;
            lines.RemoveRange(first, end - first);
            var list = EntryOf(policy, "rules")!;
            var colon = list.KeyAt.Column - 1 + list.Key.Length;
            if (list.Value.Items!.Count == 1 && lines[list.KeyAt.Line - 1].ElementAtOrDefault(colon) == ':') lines[list.KeyAt.Line - 1] = lines[list.KeyAt.Line - 1].Insert(colon + 1, " []");
        }
        return Checked(text, lines, policies => [.. policies.Where(each => !IsNamed(each, name))], rule.At, problems);
    }

    /// <summary>The rule of that name and the policy around it; null: there is none.</summary>
    private static (SourceNode Policy, SourceNode Rule)? Find(string text, string name, ProblemList problems) =>
        Read(text, problems)?.Get("policy") is { } policy && policy.Get("rules")?.Items?.FirstOrDefault(rule => rule.Entries is not null && IsNamed(rule.ToValue(), name)) is { } found ? (policy, found) : null;

    private static bool IsNamed(Value rule, string name) => rule.IsObject && rule.AsObject.GetOrNull("name").TextOrNull == name;

    private static SourceNode? Read(string text, ProblemList problems) => string.IsNullOrWhiteSpace(text) ? null : YamlReader.Read(Encoding.UTF8.GetBytes(text), problems) is { } root && !(root.IsScalar && root.Scalar.IsNull) ? root : null;

    private static SourceEntry? EntryOf(SourceNode map, string key) => map.Entries!.FirstOrDefault(entry => entry.Key == key);

    /// <summary>A person's own comment may begin with the word, too; ours goes on with the date.</summary>
    private static bool IsNote(ReadOnlySpan<char> line) => line.StartsWith(NoteLead, StringComparison.Ordinal) && line.Length > NoteLead.Length && char.IsAsciiDigit(line[NoteLead.Length]);

    /// <summary>Each with the line break that it has.</summary>
    private static List<string> LinesOf(string text)
    {
        var lines = new List<string>();
        var from = 0;
        while (text.AsSpan(from).IndexOfAny('\r', '\n') is >= 0 and var length)
        {
            var next = from + length + (text.AsSpan(from + length).StartsWith("\r\n") ? 2 : 1);
            lines.Add(text[from..next]);
            from = next;
        }
        lines.Add(text[from..]);
        return lines;
    }

    private static string Blanks(int count) => new(' ', count);

    /// <summary>The column (from 0) of the dash before a list's item; null: the list is not written one item below the other.</summary>
    private static int? DashOf(List<string> lines, SourceNode item)
    {
        var before = lines[item.At.Line - 1].AsSpan(0, item.At.Column - 1);
        return before.Trim() is "-" ? before.IndexOf('-') : null;
    }

    /// <summary>The line after the block that begins at a line, with its first sign at a column.</summary>
    private static int EndOf(List<string> lines, int first, int column)
    {
        var end = first + 1;
        for (var i = end; i < lines.Count; i++)
        {
            var indent = lines[i].AsSpan().TrimEnd(Breaks).IndexOfAnyExcept(' ');
            if (indent < 0 || (lines[i][indent] == '#' && indent <= column)) continue;
            if (indent <= column) break;
            end = i + 1;
        }
        return end;
    }

    private static List<string> NoteAndRule(int column, ValueMap rule, string note)
    {
        List<string> written = [$"{Blanks(column)}{NoteLead}{note}"];
        foreach (var (key, value) in rule) written.Add($"{Blanks(column)}{(written.Count == 1 ? "- " : "  ")}{key}: {ValueJson.ToText(value)}");   // JSON is YAML
        return written;
    }

    private static void Insert(List<string> lines, int at, List<string> written, string lineEnd)
    {
        if (at > 0 && at == lines.Count && !Breaks.Contains(lines[^1][^1])) lines[^1] += lineEnd;
        lines.InsertRange(at, written.Select(line => line + lineEnd));
    }

    private static string? Checked(string before, List<string> lines, Func<IReadOnlyList<Value>, IEnumerable<Value>> change, SourcePosition? at, ProblemList problems)
    {
        var edited = string.Concat(lines);
        var old = Read(before, problems)?.ToValue() is { IsObject: true } whole ? whole.AsObject : ValueMap.Empty;
        var policy = old.GetOrNull("policy") is { IsObject: true } some ? some.AsObject : ValueMap.Empty;
        var expected = old.With("policy", policy.With("rules", Value.Of(change(policy.GetOrNull("rules") is { IsList: true } rules ? rules.Items : []))));
        if (Read(edited, new ProblemList(PolicyFile.Name))?.ToValue() is { } found && ValueJson.ToText(found) == ValueJson.ToText(expected)) return edited;
        problems.Error(ProblemCodes.PolicyNotEdited, at ?? new(1, 1), "the rules are written in a way that cannot be edited without touching other text. Write `policy:`, `rules:` and each rule on lines of their own, or edit the file by hand.");
        return null;
    }
}
