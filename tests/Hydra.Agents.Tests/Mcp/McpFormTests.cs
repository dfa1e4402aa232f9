using Hydra.Agents.Mcp;

namespace Hydra.Agents.Tests;

/// <summary>MCP servers that ask the user in the middle of a call, with <c>forms: ask</c>.</summary>
public sealed class McpFormTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-mcp-").FullName;
    private readonly MemoryRunStore _store = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string FileOf(string mode) => $"name: test\nmcp_servers: {{s: {{command: python3, forms: ask, args: ['{Path.Combine(AppContext.BaseDirectory, "Mcp", "server.py")}', {mode}]}}}}\nnodes:\n  - {{id: a, type: tool, tool: s/echo, arguments: {{text: owls}}}}\n";

    private Task<RunReport> RunAsync(string file, ToolModels? models = null, TimeProvider? clock = null)
    {
        ToolRun.Engine(file, models ?? Turns(), null, _store, out var workflow);
        var engine = new Engine(new EngineOptions { Types = ToolRun.Types(models ?? Turns(), null), Store = _store, ReadDefinition = (_, _, _) => workflow, Clock = clock ?? TimeProvider.System });
        return _store.Find(ToolRun.Run) is null ? engine.RunAsync(workflow, new RunRequest { Run = ToolRun.Run, WorkingDirectory = _folder }, CancellationToken.None) : engine.ResumeAsync(ToolRun.Run, new RunRequest { WorkingDirectory = _folder }, CancellationToken.None);
    }

    private string? Respond(string file, string answer)
    {
        var engine = ToolRun.Engine(file, Turns(), null, _store, out _);
        return engine.Answer(ToolRun.Run, new GivenAnswer("a", WaitKind.Input, answer, IsText: true, "anna", IsAuthenticated: false, "", ""));
    }

    private IEnumerable<RunEvent> Events => _store.Read(ToolRun.Run).SelectMany(frame => frame.Events);
    private WaitRequest Asked => Events.OfType<RunEvent.WaitOpened>().Last().Request;
    private int ToolSteps => Events.OfType<RunEvent.StepIntended>().Count(step => step.Call.Name == "s__echo");

    [Fact]
    public async Task The_run_waits_for_a_person_and_the_call_is_made_anew_with_what_they_say()
    {
        var file = FileOf("asks");
        Assert.Equal(RunStatus.Paused, (await RunAsync(file)).Status);
        Assert.Equal("The MCP server 's' asks, while node 'a' calls its tool 's/echo': Which pick?", Asked.Prompt);
        Assert.Equal((WaitKind.Input, AnswerType.Form), (Asked.Kind, Asked.AnswerType));
        Assert.Contains("does not fit `schema`", Respond(file, """{"pick": "o"}"""), StringComparison.Ordinal);
        Assert.Null(Respond(file, """{"pick": "owl", "extra": 1}"""));
        var report = await RunAsync(file);
        Assert.Equal("""[{"action": "accept", "content": {"pick": "owl"}}]""", report.Outputs["a"].AsText);
        Assert.Equal(2, ToolSteps);
    }

    [Fact]
    public async Task Each_question_of_a_call_is_a_wait_of_its_own()
    {
        var file = FileOf("askstwice");
        await RunAsync(file);
        Assert.Null(Respond(file, """{"pick": "owl"}"""));
        Assert.Equal(RunStatus.Paused, (await RunAsync(file)).Status);
        Assert.EndsWith("Which size?", Asked.Prompt, StringComparison.Ordinal);
        Assert.Null(Respond(file, """{"size": "big"}"""));
        Assert.Equal("""[{"action": "accept", "content": {"pick": "owl"}}, {"action": "accept", "content": {"size": "big"}}]""", (await RunAsync(file)).Outputs["a"].AsText);
        Assert.Equal(3, ToolSteps);
    }

    [Theory]
    [InlineData("""{"decline": true}""")]
    [InlineData(null)]   // nobody says anything for a week
    public async Task A_person_who_declines_and_nobody_in_time_are_told_as_declining(string? answer)
    {
        var file = FileOf("asks");
        await RunAsync(file);
        if (answer is not null) Assert.Null(Respond(file, answer));
        var report = await RunAsync(file, clock: answer is null ? new LaterClock(TimeSpan.FromDays(8)) : null);
        Assert.Equal("""[{"action": "decline"}]""", report.Outputs["a"].AsText);
    }

    [Fact]
    public async Task A_form_that_asks_for_a_secret_is_declined_and_put_to_nobody()
    {
        var report = await RunAsync(FileOf("askssecret"));
        Assert.Equal("""[{"action": "decline"}]""", report.Outputs["a"].AsText);
        Assert.DoesNotContain(Events, happened => happened is RunEvent.WaitOpened);
    }

    [Fact]
    public async Task A_result_that_feigns_a_form_is_put_to_nobody()
    {
        var report = await RunAsync(FileOf("feigns"));
        Assert.DoesNotContain(Events, happened => happened is RunEvent.WaitOpened);
        Assert.Equal(RunStatus.Failed, report.Status);
    }

    [Fact]
    public async Task An_agents_call_waits_too_and_the_model_is_not_asked_again_for_it()
    {
        var file = ToolRun.File("mcp_servers: [s]", FileOf("asks")[..FileOf("asks").IndexOf("nodes:", StringComparison.Ordinal)].Replace("name: test\n", "", StringComparison.Ordinal) + "policy: {rules: [{tool: 's/*', label: [trusted, untrusted], decision: allow}]}");
        var models = Turns([Call("s__echo", ("text", "owls"))], Say("ok"));
        Assert.Equal(RunStatus.Paused, (await RunAsync(file, models)).Status);
        Assert.Null(Respond(file, """{"pick": "owl"}"""));
        Assert.Equal("ok", (await RunAsync(file, models)).Outputs["a"].AsText);
        Assert.Equal(2, models.Asked);
        Assert.Contains("owl", (string)models.Conversations[^1][^1].Contents.OfType<FunctionResultContent>().Single().Result!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_run_nobody_can_be_asked_and_it_is_declined()
    {
        await using var server = new McpServer(new McpServerSpec { Name = "s", Command = "python3", Forms = McpFormRule.Ask, Arguments = [Path.Combine(AppContext.BaseDirectory, "Mcp", "server.py"), "asks"] }, _folder, null, TimeProvider.System);
        Assert.Equal("""[{"action": "decline"}]""", await server.CallAsync("echo", ValueMap.Of(("text", "owls")), EffectClass.Pure, null, () => { }, CancellationToken.None));
    }

    private sealed class LaterClock(TimeSpan later) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + later;
    }
}
