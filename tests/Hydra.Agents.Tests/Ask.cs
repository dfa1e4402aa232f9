using Hydra.Agents.Nodes;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Planning;
using Hydra.Templates;

namespace Hydra.Agents.Tests;

/// <summary>Runs one attempt of an agent node written in YAML against a <see cref="FakeLine"/>.</summary>
internal static class Ask
{
    /// <param name="node">Fields of the node, in flow style without braces.</param>
    /// <param name="file">Further lines of the file.</param>
    /// <param name="repairs">More repairs than a file may ask for; null: as written.</param>
    /// <param name="variant">Which of the node's variants; 0: as written.</param>
    public static async Task<AttemptOutcome> Async(FakeModels models, FakeLine line, string node, string file = "", int variant = 0, int? repairs = null, CancellationToken cancellationToken = default)
    {
        var type = new AgentNode(models, models.ClientOf);
        var types = NodeTypes.Of([.. NodeTypes.Core, type]);
        var (spec, problems) = WorkflowParser.Parse($"name: test\n{file}\nnodes:\n  - {{id: a, type: agent, {node}}}\n", "test.yaml", types);
        Assert.Empty(problems.Problems.Select(problem => problem.ToString()));
        if (repairs is not null) spec = spec! with { Nodes = [spec.Nodes[0] with { Policy = spec.Nodes[0].Policy with { RepairAttempts = repairs } }] };
        var planned = Planner.Plan(spec!, types).Nodes[0];
        var attempt = new NodeAttempt
        {
            Run = new RunId("run-1"),
            Path = "a",
            Node = planned,
            Attempt = 1,
            Incarnation = 0,
            Variant = planned.Variants[variant],
            Scope = TemplateScope.Of(("topic", "owls")),
            Services = new AttemptServices { Clock = models.Clock },
        };
        try
        {
            return await type.RunAsync(attempt, line, cancellationToken);
        }
        catch (CallFailedException failed)
        {
            return new AttemptOutcome.Failed(failed.Code, failed.Message, failed.RetryAfter);
        }
    }
}
