using Hydra.Agents.Nodes;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Parsing;

/// <summary>The node types that the tests of stages 1 and 2 know, and short ways through both.</summary>
internal static class TestTypes
{
    public static IReadOnlyDictionary<string, INodeType> All { get; } = NodeTypes.Of([.. NodeTypes.Core, new AgentNode(), new ToolNode(), .. PatternTypes.All]);

    public static WorkflowSpec Parse(string text)
    {
        var (spec, problems) = WorkflowParser.Parse(text, "test.yaml", All);
        Assert.Empty(problems.Problems.Select(problem => problem.ToString()));
        return spec!;
    }

    public static string[] ParseProblems(string text) => Lines(WorkflowParser.Parse(text, "test.yaml", All).Problems);

    /// <summary>Errors and warnings of both stages.</summary>
    public static string[] Problems(string text, ValidationOptions? options = null)
    {
        var (spec, problems) = WorkflowParser.Parse(text, "test.yaml", All);
        if (spec is null) return Lines(problems);
        return [.. Lines(problems), .. Lines(WorkflowValidator.Check(spec, All, options)).Where(line => !line.Contains(" note: "))];
    }

    public static string[] Lines(ProblemList problems) => [.. problems.Problems.Select(problem => problem.ToString())];
}
