using System.Text;
using System.Text.Json;
using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Tests.Parsing;

/// <summary>The public YAML test suite: what is no YAML is refused with a line, what is supported loads to the suite's JSON.</summary>
public class YamlSuiteTests
{
    private sealed record Case(string Id, bool IsError, string Yaml, string? Json);

    [Fact]
    public void Every_broken_case_is_refused_with_a_line_and_every_other_equals_its_json_but_for_the_documented_ones()
    {
        var accepted = new List<string>();
        var differing = new List<string>();
        foreach (var test in Cases())
        {
            var problems = new ProblemList("case.yaml");
            var node = YamlReader.Read(Encoding.UTF8.GetBytes(test.Yaml), problems);
            if (problems.HasErrors) Assert.Null(node);
            Assert.All(problems.Problems, problem => Assert.True(problem.At.Line > 0, $"{test.Id}: {problem}"));
            if (test.IsError && !problems.HasErrors) accepted.Add(test.Id);
            if (!test.IsError && test.Json is not null && (problems.HasErrors || !SameJson(node, test.Json))) differing.Add(test.Id);
        }
        Assert.Empty(accepted);
        Assert.Equal(Documented(), differing.Order(StringComparer.Ordinal));
    }

    private static bool SameJson(SourceNode? node, string json)
    {
        if (json.Trim().Length == 0) return node is null;
        return ValueJson.TryParse(json, out var expected) && (node?.ToValue() ?? Value.Null).Equals(expected);
    }

    /// <summary>The ids in the list of unsupported cases of the user's reference.</summary>
    private static IEnumerable<string> Documented()
    {
        var lines = File.ReadAllLines(Path.Combine(TestFiles.Root, "docs", "workflow-format.md"));
        return lines.SkipWhile(line => line != "<!-- yaml-suite -->").TakeWhile(line => line != "<!-- /yaml-suite -->")
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(line => line.Split('|')[1].Split(',').Select(id => id.Trim().Trim('`'))).Order(StringComparer.Ordinal);
    }

    private static IEnumerable<Case> Cases()
    {
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "data", "yaml-test-suite", "cases.jsonl")))
        {
            var test = JsonDocument.Parse(line).RootElement;
            yield return new(test.GetProperty("id").GetString()!, test.GetProperty("expect").GetString() == "error",
                test.GetProperty("yaml").GetString()!, test.TryGetProperty("json", out var json) ? json.GetString() : null);
        }
    }
}
