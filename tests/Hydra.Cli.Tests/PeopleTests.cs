namespace Hydra.Cli.Tests;

/// <summary>Runs that wait for people, across processes.</summary>
public sealed class PeopleTests
{
    private static readonly Dictionary<string, string> Nobody = [];

    [Fact]
    public async Task A_run_that_waits_goes_on_when_another_process_answers()
    {
        using var terminal = WithFlow();
        using var run = HydraProcess.Start(terminal.PathOf(""), Nobody, "run", "flow.yaml", "--run-id", "r1", "--wait", "--backend", "offline");
        await run.ReadErrorUntilAsync("hydra approve r1 review");
        Assert.Equal((0, "r1 review approved\n", ""), await EndAsync(terminal, "approve", "r1", "review", "--approver", "anna"));
        await run.ReadErrorUntilAsync("hydra respond r1 channel blog");
        Assert.Equal((0, "r1 channel answered\n", ""), await EndAsync(terminal, "respond", "r1", "channel", "newsletter", "--approver", "bo"));
        var (code, result, _) = await run.EndAsync();
        Assert.Equal((0, "Announcement: the new release is here. (newsletter, 15 characters, approved by anna)\n"), (code, result));
    }

    [Fact]
    public async Task A_run_that_only_people_can_help_ends_with_3_and_goes_on_after_the_answers()
    {
        using var terminal = WithFlow();
        var (code, _, error) = await EndAsync(terminal, "run", "flow.yaml", "--run-id", "r1", "--backend", "offline");
        Assert.Equal(3, code);
        Assert.Contains("  hydra approve r1 review", error);
        Assert.Equal(0, terminal.Run("list", "--status", "paused", "--json"));
        Assert.Contains("\"run_id\": \"r1\"", terminal.Out);
        Assert.Equal(0, terminal.Run("inspect", "r1"));
        Assert.Contains("Announcement: the new release is here.", terminal.Out);
        Assert.Equal(2, terminal.Run("approve", "r1", "reviwe", "--approver", "anna"));
        Assert.Equal(2, terminal.Run("approve", "r1", "review", "--approver", "anna", "--payload", "00"));
        Assert.Equal(0, terminal.Run("approve", "r1", "review", "--approver", "anna", "--comment", "fine"));
        Assert.Equal(2, terminal.Run("approve", "r1", "review", "--approver", "bo", "--reject"));
        Assert.Equal(3, terminal.Run("resume", "r1"));
        Assert.Equal(2, terminal.Run("respond", "r1", "channel", "radio", "--approver", "anna"));
        Assert.Equal(0, terminal.Run("respond", "r1", "channel", "both", "--approver", "anna"));
        Assert.Equal(0, terminal.Run("resume", "r1"));
        Assert.Contains("(both, 15 characters, approved by anna)", terminal.Out);
    }

    private static async Task<(int Code, string Out, string Error)> EndAsync(Terminal terminal, params string[] words)
    {
        using var process = HydraProcess.Start(terminal.PathOf(""), Nobody, words);
        return await process.EndAsync();
    }

    private static Terminal WithFlow()
    {
        var terminal = new Terminal();
        terminal.Write("flow.yaml", File.ReadAllText(Path.Combine(Terminal.Root, "examples", "approval_flow.yaml")));
        return terminal;
    }
}
