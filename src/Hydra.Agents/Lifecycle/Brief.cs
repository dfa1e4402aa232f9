using Hydra.Model;

namespace Hydra.Agents.Lifecycle;

/// <summary>What a project is for, as its person said it; what a plan is made from. One Markdown file: <c>epics/NAME/brief.md</c>.</summary>
public sealed record Brief
{
    /// <summary>Longest brief that is read, in characters.</summary>
    public const int CharsMax = 200_000;
    private const string Unstated = "Not stated.";

    public required string Title { get; init; }
    public string Summary { get; init; } = "";
    public string Problem { get; init; } = "";
    public string Context { get; init; } = "";
    public IReadOnlyList<string> Users { get; init; } = [];
    /// <summary>What is different when it is done; each becomes work of its own.</summary>
    public IReadOnlyList<string> Success { get; init; } = [];
    public string Approach { get; init; } = "";
    public IReadOnlyList<string> OutOfScope { get; init; } = [];
    public IReadOnlyList<string> Constraints { get; init; } = [];
    public IReadOnlyList<string> Risks { get; init; } = [];
    public IReadOnlyList<string> Assumptions { get; init; } = [];

    /// <summary>Everything that was said, as one text: for choosing by words.</summary>
    public string AllText => string.Join('\n', [Title, Summary, Problem, Context, Approach, .. Success, .. Constraints, .. Users]);

    /// <summary>Parts that the person did not state.</summary>
    public IReadOnlyList<string> Gaps => [.. Parts().Where(part => part.IsEmpty).Select(part => part.Heading)];

    public string ToMarkdown()
    {
        var lines = new List<string> { $"# {Title}" };
        foreach (var (heading, text, items, isEmpty) in Parts())
        {
            lines.AddRange(["", $"## {heading}", ""]);
            if (isEmpty) lines.Add(Unstated);
            else if (items is not null) lines.AddRange(items.Select(item => "- " + item.ReplaceLineEndings(" ").Trim()));
            else lines.Add(text.Trim());
        }
        return string.Join('\n', lines) + "\n";
    }

    /// <summary>Reads a brief of any layout: known headings become parts, a text without any becomes the summary and the problem.</summary>
    /// <param name="title">Where the text has no heading of its own.</param>
    public static Brief Parse(string markdown, string title)
    {
        var sections = new Dictionary<string, List<string>>(StringComparer.OrdinalIgnoreCase);
        var at = sections[""] = [];
        foreach (var line in markdown.ReplaceLineEndings("\n").Split('\n').Select(line => line.TrimEnd()))
        {
            if (line.StartsWith("# ", StringComparison.Ordinal)) title = line[2..].Trim();
            else if (line.StartsWith("##", StringComparison.Ordinal))
            {
                var heading = line.TrimStart('#').Trim();
                if (!sections.TryGetValue(heading, out var known)) sections[heading] = known = [];
                at = known;
            }
            else if (line != Unstated) at.Add(line);
        }
        var lead = Text("");
        return new Brief
        {
            Title = title,
            Summary = Text("Summary", "Overview", "Executive summary") is { Length: > 0 } summary ? summary : lead,
            Problem = Text("Problem", "Problem statement", "Why") is { Length: > 0 } problem ? problem : lead,
            Context = Text("Context", "Business context", "Background"),
            Users = Items("Users", "Users and use cases", "Audience", "Who"),
            Success = Items("Success", "Success metrics", "Success criteria", "Goals", "Objectives", "Requirements", "Features"),
            Approach = Text("Approach", "Solution", "Technical approach", "How"),
            OutOfScope = Items("Out of scope", "Non-goals", "Exclusions"),
            Constraints = Items("Constraints", "Limits"),
            Risks = Items("Risks", "Risks and mitigation"),
            Assumptions = Items("Assumptions", "Dependencies and assumptions"),
        };

        string Text(params string[] headings) => headings.Select(heading => sections.GetValueOrDefault(heading)).FirstOrDefault(lines => lines is not null) is { } lines ? string.Join('\n', lines).Trim() : "";

        IReadOnlyList<string> Items(params string[] headings)
        {
            var lines = headings.Select(heading => sections.GetValueOrDefault(heading)).FirstOrDefault(found => found is not null) ?? [];
            var bullets = lines.Select(line => line.TrimStart()).Where(line => line.StartsWith("- ", StringComparison.Ordinal) || line.StartsWith("* ", StringComparison.Ordinal)
                || (line.Length > 2 && char.IsAsciiDigit(line[0]) && line.IndexOf(". ", StringComparison.Ordinal) is > 0 and < 4)).Select(line => line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..].Trim()).ToList();
            return bullets.Count > 0 ? bullets : [.. string.Join('\n', lines).Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)];
        }
    }

    /// <summary>A brief as the <c>cofounder</c> answers it (its <c>outputs</c>, part <c>brief</c>).</summary>
    public static Brief Of(ValueMap answer, string title) => new()
    {
        Title = title,
        Summary = answer.GetOrNull("summary").TextOrNull ?? "",
        Problem = answer.GetOrNull("problem").TextOrNull ?? "",
        Context = answer.GetOrNull("context").TextOrNull ?? "",
        Approach = answer.GetOrNull("approach").TextOrNull ?? "",
        Users = Lines(answer, "users"),
        Success = Lines(answer, "success"),
        OutOfScope = Lines(answer, "out_of_scope"),
        Constraints = Lines(answer, "constraints"),
        Risks = Lines(answer, "risks"),
        Assumptions = Lines(answer, "assumptions"),
    };

    private static IReadOnlyList<string> Lines(ValueMap answer, string key) => answer.GetOrNull(key) is { IsList: true } list ? [.. list.Items.Select(Line)] : [];

    private static string Line(Value item) => !item.IsObject
        ? item.ToDisplayText()
        : string.Join("; ", item.AsObject.Keys.Select(key => key is "measure" or "risk" ? item.AsObject[key].ToDisplayText() : $"{key}: {item.AsObject[key].ToDisplayText()}"));

    private IEnumerable<(string Heading, string Text, IReadOnlyList<string>? Items, bool IsEmpty)> Parts()
    {
        yield return ("Summary", Summary, null, Summary.Length == 0);
        yield return ("Problem", Problem, null, Problem.Length == 0);
        yield return ("Context", Context, null, Context.Length == 0);
        yield return ("Users", "", Users, Users.Count == 0);
        yield return ("Success", "", Success, Success.Count == 0);
        yield return ("Approach", Approach, null, Approach.Length == 0);
        yield return ("Out of scope", "", OutOfScope, OutOfScope.Count == 0);
        yield return ("Constraints", "", Constraints, Constraints.Count == 0);
        yield return ("Risks", "", Risks, Risks.Count == 0);
        yield return ("Assumptions", "", Assumptions, Assumptions.Count == 0);
    }
}
