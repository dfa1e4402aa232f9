namespace Hydra.Cli.Tests;

/// <summary>Forks and replays of a run whose agent ran another workflow as a tool.</summary>
public sealed class WorkflowToolTests : IDisposable
{
    private readonly Terminal _terminal = new();

    public WorkflowToolTests()
    {
        _terminal.Write("parts/report.yaml", "name: report\ninputs: {topic: {type: string}}\nnodes:\n  - {id: line, type: agent, model: offline/x, prompt: \"Say in one line: barn {{ topic }} hunt at night.\"}\n");
        _terminal.Write("flow.yaml", "name: main\ntools: {report: {type: workflow, path: parts/report.yaml}}\nnodes:\n  - {id: facts, type: set, value: owls}\n"
            + "  - {id: a, type: agent, model: offline/x, tools: [report], depends_on: [facts], prompt: \"Report.\\n@tool report {\\\"topic\\\": \\\"{{ facts }}\\\"}\\n\"}\n  - {id: end, type: set, depends_on: [a], value: \"{{ a }}!\"}\n");
        Assert.True(_terminal.Run("run", "flow.yaml", "--run-id", "one", "--backend", "offline") == 0, _terminal.Error);
        Assert.Contains("barn owls", _terminal.Out, StringComparison.Ordinal);
    }

    public void Dispose() => _terminal.Dispose();

    /// <summary>How often models were asked in the fork itself.</summary>
    private int AskedIn(string run)
    {
        Assert.Equal(0, _terminal.Run("inspect", run, "--events"));
        var events = _terminal.Out;
        return events[Math.Max(0, events.IndexOf("forked from", StringComparison.Ordinal))..].Split("model offline/x asked").Length - 1;
    }

    [Theory]
    [InlineData("--from", "end", "barn owls", 0)]                 // the call, its graph and the agent are kept
    [InlineData("--from", "a", "barn owls", 3)]                   // the call is made again, and its graph with it
    [InlineData("--set-output", "facts=mice", "barn mice", 3)]
    [InlineData("--set-output", "a#1/line=my own line", "my own line", 2)]   // the agent goes on with another result of the call
    public void A_fork_does_anew_what_depends_on_the_change_and_keeps_the_rest(string how, string what, string result, int asked)
    {
        Assert.True(_terminal.Run("rerun", "one", how, what, "--run-id", "two") == 0, _terminal.Error);
        Assert.Contains(result, _terminal.Out, StringComparison.Ordinal);
        Assert.Equal(asked, AskedIn("two"));
    }

    [Fact]
    public void A_replay_gives_the_same_with_no_model_at_hand()
    {
        var recorded = _terminal.Out;
        Assert.True(_terminal.Run("run", "flow.yaml", "--run-id", "two", "--replay-run", "one") == 0, _terminal.Error);
        Assert.Contains("barn owls", _terminal.Out, StringComparison.Ordinal);
        Assert.Equal(recorded, _terminal.Out);
        Assert.Equal(0, _terminal.Run("inspect", "two"));
        Assert.Contains("a#1/line", _terminal.Out, StringComparison.Ordinal);
    }
}
