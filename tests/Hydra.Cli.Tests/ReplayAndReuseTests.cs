using Hydra.Gateway.Fake;

namespace Hydra.Cli.Tests;

/// <summary>Recording, replaying and reusing by the real program; the fake provider counts who was asked.</summary>
public sealed class ReplayAndReuseTests
{
    private const string Flow = "name: flow\nnodes:\n  - {id: draft, type: agent, model: gpt-4o-mini, prompt: 'Write of {{ topic }} at {{ now }}'}\n  - {id: report, type: agent, model: gpt-4o-mini, prompt: 'Report: {{ draft }}', depends_on: [draft]}\n";
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public void What_a_composite_may_undo_is_not_reused_and_neither_is_what_undoes()
    {
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", """
            name: flow
            inputs: {code: {default: "1"}}
            nodes:
              - {id: book, type: map, over: "[1, 2]", as: n, max_concurrency: 1, body: {type: bash, cache: reuse, command: "echo book {{ n }} >> log"}, compensate: {type: bash, cache: reuse, command: "echo undo >> log"}}
              - {id: last, type: bash, depends_on: [book], command: "exit {{ code }}"}
            """);
        Assert.Equal(1, terminal.Run("run", "flow.yaml", "--sandbox", "inprocess", "--run-id", "first", "-q"));
        Assert.Equal(1, terminal.Run("run", "flow.yaml", "--sandbox", "inprocess", "-q"));
        Assert.Equal(0, terminal.Run("run", "flow.yaml", "--sandbox", "inprocess", "--run-id", "third", "-q", "-i", "code=0"));
        Assert.Equal("book 1,book 2,undo,book 1,book 2,undo,book 1,book 2", string.Join(',', File.ReadLines(terminal.PathOf("log"))));
        Assert.Equal(0, terminal.Run("inspect", "third", "--why", "book[0]"));
        Assert.Contains("'book' names a `compensate`", terminal.Out);
    }

    [Fact]
    public async Task A_recorded_run_replays_with_no_provider_and_drift_exits_1()
    {
        await using var provider = await FakeProvider.StartAsync();
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow);
        terminal.Write("changed.yaml", Flow.Replace("Report:", "Sum up:", StringComparison.Ordinal));

        var first = await EndAsync(terminal, Models(provider), "run", "flow.yaml", "-i", "topic=tides", "--run-id", "one", "--record", "one.cassette");
        var asked = provider.Calls.Count;
        var journal = await EndAsync(terminal, Nothing, "run", "flow.yaml", "--replay-run", "one");
        var file = await EndAsync(terminal, Nothing, "run", "flow.yaml", "--replay", "one.cassette", "--backend", "replay", "--runs-dir", "elsewhere");
        var drift = await EndAsync(terminal, Nothing, "run", "changed.yaml", "--replay", "one.cassette");

        Assert.Equal((0, 0, 0, 1), (first.Code, journal.Code, file.Code, drift.Code));
        Assert.Equal((first.Out, first.Out), (journal.Out, file.Out));
        Assert.Contains("+ Sum up:", drift.Error);
        Assert.DoesNotContain("hydra resume", drift.Error);   // a replay is not resumed
        Assert.Equal(2, asked);
        Assert.Equal(asked, provider.Calls.Count);
        Assert.DoesNotContain("sk-secret", await File.ReadAllTextAsync(Path.Combine(terminal.Folder, "one.cassette")));
    }

    [Theory]
    [InlineData("--dry is for new ones", "run", "one", "--dry")]
    [InlineData("--replay-run is for new ones", "run", "one", "--replay-run", "two")]
    [InlineData("--backend is for new ones", "run", "one", "--backend", "offline")]
    [InlineData("hydra rerun one --run-id other", "run", "one", "--run-id", "other")]
    [InlineData("A replay is a run of its own", "run", "flow.yaml", "--run-id", "one", "--replay-run", "two")]
    public async Task What_asks_for_no_call_makes_none_of_a_run_that_can_go_on(string told, params string[] words)
    {
        await using var provider = await FakeProvider.StartAsync();
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow.Replace("nodes:\n", "nodes:\n  - {id: gate, type: approval_gate, prompt_to_human: 'Go on?'}\n", StringComparison.Ordinal).Replace("id: draft,", "id: draft, depends_on: [gate],", StringComparison.Ordinal));
        foreach (var run in (string[])["one", "two"]) await EndAsync(terminal, Models(provider), "run", "flow.yaml", "-i", "topic=tides", "--run-id", run);
        await EndAsync(terminal, Nothing, "approve", "one", "gate");

        var refused = await EndAsync(terminal, Models(provider), words);

        Assert.Equal((2, 0), (refused.Code, provider.Calls.Count));
        Assert.Contains(told, refused.Error);
    }

    [Fact]
    public async Task An_unchanged_run_asks_nobody_again_and_an_exported_one_is_reused_nowhere_else()
    {
        await using var provider = await FakeProvider.StartAsync();
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", Flow.Replace(" at {{ now }}", "", StringComparison.Ordinal));

        await EndAsync(terminal, Models(provider), "run", "flow.yaml", "-i", "topic=tides", "--run-id", "one");
        var second = await EndAsync(terminal, Models(provider), "run", "flow.yaml", "-i", "topic=tides", "--run-id", "two", "--reuse");
        var why = await EndAsync(terminal, Nothing, "inspect", "two", "--why", "report");
        var export = await EndAsync(terminal, Nothing, "export", "one", "-o", "one.hydra");
        var import = await EndAsync(terminal, Nothing, "import", "one.hydra", "--run-id", "uno");
        var again = await EndAsync(terminal, Nothing, "import", "one.hydra");

        Assert.Equal((0, 0, 0, 2), (second.Code, export.Code, import.Code, again.Code));
        Assert.Contains("report reused from one/report", second.Error);
        Assert.Contains("reused from one/report", why.Out);
        Assert.Equal(2, provider.Calls.Count);
    }

    private static Dictionary<string, string> Models(FakeProvider provider) => new() { ["OPENAI_BASE_URL"] = provider.Url + "/v1", ["OPENAI_API_KEY"] = "sk-secret" };

    private static async Task<(int Code, string Out, string Error)> EndAsync(Terminal terminal, Dictionary<string, string> environment, params string[] words)
    {
        using var hydra = HydraProcess.Start(terminal.Folder, environment, words);
        return await hydra.EndAsync();
    }
}
