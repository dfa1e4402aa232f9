using Hydra.Gateway.Fake;

namespace Hydra.Cli.Tests;

/// <summary>The program as the shell sees it: signals, the background, the launcher.</summary>
public sealed class ProcessTests
{
    private const string Slow = "name: slow\nnodes:\n  - {id: quick, type: set, value: done}\n  - {id: never, type: wait, seconds: 86400, depends_on: [quick]}\n";
    private static readonly Dictionary<string, string> Nothing = [];

    [Theory]
    [InlineData(2)]
    [InlineData(15)]
    public async Task Ctrl_c_stops_cleanly_and_says_how_to_go_on(int signal)
    {
        using var terminal = new Terminal();
        terminal.Write("slow.yaml", Slow);
        using var hydra = HydraProcess.Start(terminal.Folder, Nothing, "run", "slow.yaml", "--run-id", "slow");
        await hydra.ReadErrorUntilAsync("never waiting");
        hydra.Signal(signal);
        var (code, output, error) = await hydra.EndAsync();
        Assert.Equal(130, code);
        Assert.Equal("", output);
        Assert.Contains("hydra resume slow", error);
        Assert.Equal(0, terminal.Run("list", "--status", "interrupted", "--json"));
        Assert.Contains("\"run_id\": \"slow\"", terminal.Out);
    }

    [Fact]
    public async Task A_run_in_the_background_is_followed_and_cancelled_from_outside()
    {
        using var terminal = new Terminal();
        terminal.Write("slow.yaml", Slow);
        using var starter = HydraProcess.Start(terminal.Folder, Nothing, "run", "slow.yaml", "--detach", "--run-id", "slow");
        var (code, output, error) = await starter.EndAsync();
        Assert.Equal((0, "slow\n"), (code, output));
        Assert.Contains("slow.log", error);
        using var follower = HydraProcess.Start(terminal.Folder, Nothing, "inspect", "slow", "--follow");
        await follower.ReadErrorUntilAsync("started");
        Assert.Equal(2, terminal.Run("resume", "slow"));
        Assert.Contains("owned by another process", terminal.Error);
        Assert.Equal(0, terminal.Run("cancel", "slow", "--reason", "enough"));
        Assert.Matches("slow cancelled: cancelled by .+: enough", terminal.Out);
        Assert.Equal(0, (await follower.EndAsync()).Code);
    }

    [Fact]
    public async Task Killed_and_resumed_a_run_prints_the_same_result()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { When = new() { Prompt = "second" }, Times = 1, Then = "hang", CutAfter = 0 }));
        var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["OPENAI_BASE_URL"] = fake.Url + "/v1", ["OPENAI_API_KEY"] = "fake" };
        using var terminal = new Terminal();
        terminal.Write("two.yaml", "name: two\ndefaults: {model: openai/fake-model}\nnodes:\n  - {id: a, type: agent, prompt: first}\n  - {id: b, type: agent, prompt: 'second after {{ a }}', depends_on: [a]}\n");
        using var killed = HydraProcess.Start(terminal.Folder, environment, "run", "two.yaml", "--run-id", "two");
        await fake.WaitForCallAsync(2, CancellationToken.None);
        killed.Kill();
        Assert.Equal(137, (await killed.EndAsync()).Code);
        using var resumed = HydraProcess.Start(terminal.Folder, environment, "resume", "two");
        var (code, output, error) = await resumed.EndAsync();
        Assert.True(code == 0, error);
        Assert.Equal("Fake answer to: second after Fake answer to: first\n", output);
        Assert.Equal(1, fake.Calls.Count(call => call.Prompt == "first"));
    }
}
