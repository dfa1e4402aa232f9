using System.Text.RegularExpressions;
using Hydra.Agents.Nodes;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Nodes;

/// <summary>The examples of <c>docs/nodes.md</c>: each is a whole file without problems, and those that call nobody run as they stand.</summary>
public partial class NodesPageTests
{
    private static readonly FunctionRegistry Functions = new FunctionRegistry().Add("total", arguments => arguments.AsObject["items"].Items.Sum(item => item.AsInteger));

    [GeneratedRegex("## (?<type>[a-z_]+)\n(?:(?!\n## ).)*?```yaml\n(?<text>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Example();

    private static Dictionary<string, string> Examples { get; } = Example().Matches(File.ReadAllText(Path.Combine(TestFiles.Root, "docs", "nodes.md")))
        .ToDictionary(match => match.Groups["type"].Value, match => match.Groups["text"].Value);

    [Fact]
    public void Every_node_type_has_its_section()
    {
        var types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode(), new ToolNode(), .. PatternTypes.All]);
        Assert.Equal(types.Keys.Order(), Examples.Keys.Order());
    }

    [Fact]
    public void Every_example_is_without_problems()
    {
        var types = NodeTypes.Of([.. NodeTypes.CoreWith(Functions), new AgentNode(), new ToolNode(), .. PatternTypes.All]);
        foreach (var (type, text) in Examples)
        {
            var (spec, problems) = WorkflowParser.Parse(text, type, types);
            foreach (var problem in WorkflowValidator.Check(spec!, types).Problems) problems.Add(problem);
            Assert.DoesNotContain(problems.Problems.Select(problem => problem.ToString()), line => !line.Contains(" note: "));
        }
    }

    [Theory]
    [InlineData("map", "lengths", """["0: 3","1: 9","2: 3"]""")]
    [InlineData("loop", "grow", "128")]
    [InlineData("set", "settings", """{"limit":21,"greeting":"hello you"}""")]
    [InlineData("bash", "safe", "\"it's; rm -rf /\"")]
    [InlineData("python_exec", "stats", """{"longest":"owl","count":2}""")]
    [InlineData("function", "total", "7")]
    public async Task An_example_gives_what_it_seems_to(string type, string node, string expected)
    {
        var run = await YamlRun.OfAsync(Examples[type], Functions, new RunRequest { Inputs = ValueMap.Of(("words", "it's; rm -rf /")) });
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        Assert.Equal(expected, run.Json(node));
    }
}
