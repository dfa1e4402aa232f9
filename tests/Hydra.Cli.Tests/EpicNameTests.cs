using Hydra.Model;

namespace Hydra.Cli.Tests;

/// <summary>What the name of an epic stands for, before and after it is planned and run.</summary>
public sealed class EpicNameTests
{
    private static string Genesis(string tasks) => $"""<projectGenesis version="1.0"><metadata><epicName>tea</epicName></metadata><executionPlan><tasks>{tasks}</tasks></executionPlan></projectGenesis>""";

    [Fact]
    public void An_epic_without_a_blueprint_is_told_apart_from_what_is_not_there()
    {
        using var terminal = new Terminal();
        Assert.Equal(0, terminal.Run("new", "tea"));
        Assert.Contains($"Fill in what matters in {Path.Combine("epics", "tea", "brief.md")}.", terminal.Error, StringComparison.Ordinal);
        foreach (var verb in new[] { "run", "validate", "graph" })
        {
            Assert.Equal(2, terminal.Run(verb, "tea"));
            Assert.Contains("epic 'tea' has no genesis.xml yet. Make it with `hydra plan tea`.", terminal.Error, StringComparison.Ordinal);
        }
        terminal.Write("one.yaml", "name: one\nnodes:\n  - {id: only, type: set, value: done}\n");
        Assert.Equal(0, terminal.Run("run", "one.yaml"));
        Assert.Equal(2, terminal.Run("recap", "tea"));
        Assert.Contains("Make it with `hydra plan tea`", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_epic_s_name_stands_for_its_latest_run()
    {
        using var terminal = new Terminal();
        terminal.Write("epics/tea/genesis.xml", Genesis("""<task id="words"><name>Words</name><description>Write.</description><assignedAgent>editor</assignedAgent><estimatedDuration>1h</estimatedDuration></task>"""));
        Assert.True(terminal.Run("run", "tea", "--run-id", "first") == 0, terminal.Error);
        Assert.True(terminal.Run("run", "tea", "--run-id", "second") == 0, terminal.Error);
        Assert.Equal(0, terminal.Run("inspect", "tea"));
        Assert.StartsWith("second  tea  completed", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("recap", "tea", "--runbook", "--json"));
        Assert.Contains("# Runbook: tea", Value.ParseJson(terminal.Out).AsObject["runbook"].AsText, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("recap", "tea"));
        Assert.Contains("Run `second`, completed: every node has ended. Begun ", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("the offline model answered, so the times say nothing of the estimates", terminal.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("% of its estimate", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_many_warnings_alike_a_run_tells_the_first_and_validate_all()
    {
        using var terminal = new Terminal();
        var tasks = string.Concat(Enumerable.Range(0, 5).Select(i => $"<task id=\"t{i}\" status=\"pending\"><name>T</name><description>Do it.</description><assignedAgent>editor</assignedAgent><estimatedDuration>1h</estimatedDuration></task>"));
        terminal.Write("epics/tea/genesis.xml", Genesis(tasks));
        Assert.True(terminal.Run("run", "tea") == 0, terminal.Error);
        Assert.Contains("the task 't0' has status=\"pending\"", terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("the task 't1' has status", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("… and 4 more HYD143: `hydra validate tea` lists them.", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("validate", "epics/tea/genesis.xml"));
    }
}
