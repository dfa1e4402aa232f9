using System.Text.Json;

namespace Hydra.Cli.Tests;

/// <summary>An attempt that takes longer than expected, as people see it.</summary>
public sealed class OverdueTests
{
    [Fact]
    public async Task An_attempt_that_takes_longer_than_expected_is_said_told_and_shown_and_completes()
    {
        await using var world = new EffectServer();
        using var terminal = new Terminal();
        terminal.Write("late.yaml", "name: late\nnodes:\n" + world.Node("slow", "estimate_seconds: 0.02"));
        var held = world.Hold("slow");
        using var run = HydraProcess.Start(terminal.Folder, new Dictionary<string, string> { ["HYDRA_NOTIFY"] = "cat >> told.jsonl" }, "run", "late.yaml", "--run-id", "late");
        await run.ReadErrorUntilAsync("slow runs longer than expected: over 30 ms, 150 % of its estimate_seconds");
        held.SetResult();
        Assert.Equal(0, (await run.EndAsync()).Code);

        using var told = JsonDocument.Parse(File.ReadAllText(terminal.PathOf("told.jsonl")));
        Assert.Equal(("overdue", "slow", 1), (told.RootElement.GetProperty("event").GetString(), told.RootElement.GetProperty("node").GetString(), told.RootElement.GetProperty("attempt").GetInt32()));
        Assert.Equal(0, terminal.Run("inspect", "late"));
        Assert.Contains("completed, longer than expected", terminal.Out);
        Assert.Equal(0, terminal.Run("inspect", "late", "--node", "slow"));
        Assert.Contains("attempt 1 ran for more than 150 % of estimate_seconds", terminal.Out);
    }
}
