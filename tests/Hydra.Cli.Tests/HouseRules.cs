using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Hydra.Cli.Tests;

/// <summary>The arrows of the house: what may see what, read from the sources themselves.</summary>
public sealed partial class HouseRules
{
    private static readonly string[] Stages = ["Parsing", "Validation", "Planning", "Scheduling", "Execution", "Journal", "Artifacts", "Tracing", "Nodes"];
    private static readonly string[] Leaves = ["Templates", "Schemas", "Policies"];

    private static readonly Dictionary<string, string[]> Arrows = new(StringComparer.Ordinal)
    {
        ["Hydra"] = [],
        ["Hydra.Gateway"] = ["Hydra"],
        ["Hydra.Gateway.Fake"] = ["Hydra"],
        ["Hydra.Agents"] = ["Hydra"],
        ["Hydra.Cli"] = ["Hydra", "Hydra.Agents", "Hydra.Gateway", "Hydra.Gateway.Fake"],
    };

    /// <summary>Arrows that stand in the code today and point the wrong way; the list may only get shorter.</summary>
    private static readonly HashSet<string> Known = new(StringComparer.Ordinal)
    {
        "Execution/RunLoop.cs -> Scheduling",                                               // the loop is the shell around the reducer
        "Journal/SqliteRunStore.cs -> Artifacts", "Journal/MemoryRunStore.cs -> Artifacts", // a store brings its artifacts
    };

    [Fact]
    public void Projects_see_only_those_below_them()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Terminal.Root, "src"), "*.csproj", SearchOption.AllDirectories))
        {
            var name = Path.GetFileNameWithoutExtension(file);
            Assert.True(Arrows.TryGetValue(name, out var allowed), $"{name} is a project that the house does not know");
            var seen = XDocument.Load(file).Descendants("ProjectReference").Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));
            Assert.Empty(seen.Except(allowed!, StringComparer.Ordinal));
        }
    }

    [Fact]
    public void A_stage_sees_the_model_and_the_leaves_and_no_other_stage()
    {
        var wrong = new List<string>();
        foreach (var (stage, file, text) in Files([.. Stages, "Model", .. Leaves]))
        {
            foreach (Match match in Imports().Matches(text))
            {
                var seen = match.Groups["stage"].Value;
                var isAllowed = seen == stage || seen == "Model" || Leaves.Contains(seen) || !Stages.Contains(seen);
                var arrow = $"{file} -> {seen}";
                if (!isAllowed && !Known.Contains(arrow)) wrong.Add(arrow);
            }
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_problem_code_has_its_page()
    {
        var codes = typeof(Model.ProblemCodes).GetFields().Select(field => (string)field.GetValue(null)!).ToList();
        Assert.Equal(codes.Count, codes.Distinct(StringComparer.Ordinal).Count());
        Assert.All(codes, code => Assert.True(File.Exists(Path.Combine(Terminal.Root, "docs", "errors", code + ".md")), $"docs/errors/{code}.md is missing"));
    }

    [Fact]
    public void Only_the_command_line_touches_console_and_environment()
    {
        var wrong = Directory.EnumerateFiles(Path.Combine(Terminal.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !IsBuilt(file) && !file.Contains("/Hydra.Cli/", StringComparison.Ordinal))
            .Where(file => Touches().IsMatch(File.ReadAllText(file)));
        Assert.Empty(wrong);
    }

    private static IEnumerable<(string Stage, string File, string Text)> Files(IEnumerable<string> stages)
    {
        var root = Path.Combine(Terminal.Root, "src", "Hydra");
        return stages.Where(stage => Directory.Exists(Path.Combine(root, stage))).SelectMany(stage => Directory.EnumerateFiles(Path.Combine(root, stage), "*.cs", SearchOption.AllDirectories)
            .Select(file => (stage, Path.GetRelativePath(root, file), File.ReadAllText(file))));
    }

    private static bool IsBuilt(string file) => file.Contains("/obj/", StringComparison.Ordinal) || file.Contains("/bin/", StringComparison.Ordinal);

    [GeneratedRegex(@"^using (static )?Hydra\.(?<stage>\w+)", RegexOptions.Multiline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Imports();

    [GeneratedRegex(@"\bConsole\.|\bEnvironment\.(GetEnvironmentVariable|Exit)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Touches();
}
