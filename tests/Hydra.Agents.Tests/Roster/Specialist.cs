using System.Text.RegularExpressions;
using Hydra.Agents.Roster;
using Hydra.Parsing;

namespace Hydra.Agents.Tests.Roster;

/// <summary>A built-in agent file as the roster's tests see it: its front matter as data, its text by section.</summary>
internal sealed partial class Specialist
{
    private Specialist(BuiltInAgent file, ValueMap fields, string body) => (File, Fields, Body) = (file, fields, body);

    public static IReadOnlyList<Specialist> All { get; } = [.. BuiltInAgents.All.Select(Read)];
    public static IReadOnlySet<string> Names { get; } = All.Select(agent => agent.Name).ToHashSet(StringComparer.Ordinal);

    public BuiltInAgent File { get; }
    public ValueMap Fields { get; }
    public string Body { get; }
    public string Name => File.Name;
    public string Department => File.Department;
    public string Description => Fields["description"].AsText;
    public string Role => Fields["role"].AsText;
    public string Tier => Fields["model"].AsText;
    public IReadOnlyList<string> Tools => Texts("tools");
    public string? EscalatesTo => Fields.GetOrNull("escalates_to").TextOrNull;

    public IReadOnlyList<string> Texts(string key) => [.. Fields[key].Items.Select(item => item.AsText)];

    /// <summary>The points below a heading, each on one line.</summary>
    public IReadOnlyList<string> Points(string heading) =>
        [.. Bullet().Split("\n" + Section(heading)).Skip(1).Select(OneLine)];

    public string Section(string heading)
    {
        var start = Body.IndexOf($"\n## {heading}\n", StringComparison.Ordinal);
        Assert.True(start >= 0, $"{Name} has no section '{heading}'");
        var from = start + heading.Length + 5;
        var end = Body.IndexOf("\n## ", from, StringComparison.Ordinal);
        return Body[from..(end < 0 ? Body.Length : end)].Trim();
    }

    /// <summary>The instructions as runs of five words, without punctuation.</summary>
    public IReadOnlySet<string> WordRuns() => WordRuns(Body);

    public static IReadOnlySet<string> WordRuns(string text)
    {
        var words = Word().Matches(text.ToLowerInvariant()).Select(match => match.Value).ToList();
        return Enumerable.Range(0, Math.Max(0, words.Count - 4)).Select(at => string.Join(' ', words.Skip(at).Take(5))).ToHashSet(StringComparer.Ordinal);
    }

    public static string OneLine(string text) => Blank().Replace(text, " ").Trim();

    public override string ToString() => Name;

    private static Specialist Read(BuiltInAgent file)
    {
        var text = file.Text.ReplaceLineEndings("\n");
        Assert.StartsWith("---\n", text, StringComparison.Ordinal);
        var end = text.IndexOf("\n---\n", 4, StringComparison.Ordinal);
        Assert.True(end > 0, $"the front matter of {file.Name} has no end");
        var problems = new ProblemList($"{file.Department}/{file.Name}.md");
        var root = YamlReader.Read(text[..(end + 1)], problems);
        Assert.Empty(problems.Problems.Select(problem => problem.ToString()));
        return new(file, root!.ToValue().AsObject, text[(end + 5)..].Trim());
    }

    [GeneratedRegex(@"\n- ", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Bullet();

    [GeneratedRegex("[a-z0-9]+", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Word();

    [GeneratedRegex(@"\s+", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Blank();
}
