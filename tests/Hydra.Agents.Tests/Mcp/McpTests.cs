using Hydra.Agents.Mcp;

namespace Hydra.Agents.Tests;

/// <summary>Agents and nodes with the tools of an MCP server that is a program, good and bad.</summary>
public sealed class McpTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-mcp-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <remarks>Python may take long to start on a busy machine: unless a test is about it, the clock ends nothing.</remarks>
    private const string Patient = "timeout_seconds: 300";

    private string Server(string mode, string more = Patient) => $"mcp_servers: {{s: {{command: python3, args: ['{Path.Combine(AppContext.BaseDirectory, "Mcp", "server.py")}', {mode}, '{Path.Combine(_folder, "log")}'], {more}}}}}";
    private int Starts => File.ReadAllLines(Path.Combine(_folder, "log")).Length;

    private async Task<RunReport> RunNodeAsync(string mode, string server = Patient, string tools = "", string node = "") =>
        await ToolRun.Async($"name: test\n{Server(mode, server)}\n{tools}\nnodes:\n  - {{id: a, type: tool, tool: s/echo, arguments: {{text: owls}}{(node.Length > 0 ? ", " + node : "")}}}\n", Turns(), folder: _folder);

    private async Task<string> FailureAsync(string mode, string server = Patient, string tools = "", string node = "")
    {
        var report = await RunNodeAsync(mode, server, tools, node);
        Assert.Equal(RunStatus.Failed, report.Status);
        return report.Reason;
    }

    /// <summary>Nobody is asked about what the servers' tools do.</summary>
    private const string Allowed = "policy: {rules: [{tool: 's/*', label: [trusted, untrusted], decision: allow}]}";
    private const string Repeatable = "tools: {s/echo: {type: mcp, effect: idempotent}}";

    [Fact]
    public async Task A_program_that_is_not_there_is_named_before_anything_else()
    {
        var server = new McpServer(new McpServerSpec { Name = "s", Command = "no-such-program", Arguments = [] }, _folder, null, TimeProvider.System);
        await using (server)
        {
            var failed = await Assert.ThrowsAsync<CallFailedException>(async () => await server.ToolsAsync(CancellationToken.None));
            Assert.DoesNotContain("Failed to send", failed.Message, StringComparison.Ordinal);
            Assert.Matches("^the MCP server 's' \\(no-such-program\\) could not be connected: .*no-such-program.*", failed.Message);
        }
    }

    [Fact]
    public async Task A_tool_node_calls_a_tool_of_a_server() => Assert.Equal("again: owls", (await RunNodeAsync("good")).Outputs["a"].AsText);

    [Theory]
    [InlineData("mcp_servers: [s]", "s__echo s__other")]
    [InlineData("tools: [s/echo]", "s__echo")]
    [InlineData("tools: ['s/*']", "s__echo s__other")]
    public async Task An_agent_is_told_of_the_tools_that_it_lists(string lists, string told)
    {
        var models = Turns([Call("s__echo", ("text", "owls"))], Say("ok"));
        var report = await ToolRun.Async(ToolRun.File(lists, $"{Server("good")}\n{Allowed}"), models, folder: _folder);
        Assert.Equal("ok", report.Outputs["a"].AsText);
        Assert.Equal(told, string.Join(' ', models.Options[0].Tools!.Select(tool => tool.Name)));
        Assert.Equal("again: owls", (string)models.Conversations[1][^1].Contents.OfType<FunctionResultContent>().Single().Result!);
        Assert.Equal(1, Starts);
    }

    [Fact]
    public async Task What_a_description_says_is_told_as_the_servers_word_and_bounded()
    {
        var models = Turns(Say("ok"));
        await ToolRun.Async(ToolRun.File("mcp_servers: [s]", Server("long")), models, folder: _folder);
        var description = models.Options[0].Tools![0].Description;
        Assert.StartsWith("[tool 'echo' of the MCP server 's'; what it says of itself:] xxx", description, StringComparison.Ordinal);
        Assert.True(description.Length < 1_200, $"{description.Length} characters");
        Assert.DoesNotContain("\u202e", description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("dies", "'echo' of the MCP server 's' was lost in the middle of the call")]
    [InlineData("dies", "standard error ends with: out of paper")]
    [InlineData("garbage", "lines that are no JSON-RPC messages, the last: this is no message")]
    [InlineData("floods", "it wrote a message of more than 16 MiB")]
    [InlineData("notfloods", "it wrote more than 64 MiB without being asked anything new")]
    [InlineData("error", "'echo' of the MCP server 's' failed: no such owl")]
    [InlineData("refuses", "'echo' of the MCP server 's' answered with an error")]
    [InlineData("wrongshape", "'echo' of the MCP server 's'")]
    [InlineData("unfit", "is not what it promises")]
    [InlineData("plain", "is not what it promises")]
    [InlineData("nostart", "the MCP server 's' (python3 ")]
    [InlineData("nostart", "no licence")]
    [InlineData("many", "lists more than 256 tools")]
    [InlineData("endless", "lists more than 256 tools")]
    [InlineData("twice", "lists two tools 'echo', and one would shadow the other")]
    [InlineData("badschema", "a schema that cannot be compiled")]
    public async Task A_bad_server_ends_the_node_with_its_name_and_what_it_did(string mode, string said) =>
        Assert.Contains(said, await FailureAsync(mode, tools: "tools: {s/echo: {type: mcp, effect: idempotent, timeout_seconds: 600}}"), StringComparison.Ordinal);   // what ends it is not the clock

    [Fact]
    public async Task A_server_that_says_nothing_is_given_up_after_its_time() =>
        Assert.Contains("timeout: the MCP server 's'", await FailureAsync("silent", "timeout_seconds: 0.5"), StringComparison.Ordinal);

    [Fact]
    public async Task A_call_that_hangs_is_cut_and_its_process_ended()
    {
        var said = await FailureAsync("hangs", tools: "tools: {s/echo: {type: mcp, effect: pure, timeout_seconds: 0.5}}");
        Assert.Contains("'s__echo' gave nothing within 0.5 s", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_was_lost_is_started_again_for_the_next_call()
    {
        var models = Turns([Call("s__echo", ("text", "a"))], [Call("s__echo", ("text", "b"))], Say("ok"));
        var report = await ToolRun.Async(ToolRun.File("mcp_servers: [s]", $"{Server("diesonce")}\n{Repeatable}\n{Allowed}"), models, folder: _folder);
        Assert.Equal("ok", report.Outputs["a"].AsText);
        Assert.Contains("tool_failed", (string)models.Conversations[1][^1].Contents.OfType<FunctionResultContent>().Single().Result!, StringComparison.Ordinal);
        Assert.Equal("again: b", (string)models.Conversations[2][^1].Contents.OfType<FunctionResultContent>().Single().Result!);
        Assert.Equal(2, Starts);
    }

    private McpServer Direct(string mode) =>
        new(new McpServerSpec { Name = "s", Command = "python3", Arguments = [Path.Combine(AppContext.BaseDirectory, "Mcp", "server.py"), mode, Path.Combine(_folder, "log")] }, _folder, null, TimeProvider.System);

    private static readonly ValueMap Owls = ValueMap.Of(("text", "owls"));

    [Fact]
    public async Task After_a_call_that_was_cut_a_server_that_answers_no_more_is_started_again()
    {
        await using var server = Direct("hangsonce");
        using var cut = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await server.CallAsync("echo", Owls, EffectClass.Pure, null, cut.Cancel, cut.Token));
        Assert.Equal("again: owls", await server.CallAsync("echo", Owls, EffectClass.Pure, null, () => { }, CancellationToken.None));
        Assert.Equal(2, Starts);
    }

    [Fact]
    public async Task Of_a_call_that_may_not_be_repeated_nobody_knows_whether_it_took_effect()
    {
        var report = await RunNodeAsync("dies");
        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Contains("unknown_outcome: 'echo' of the MCP server 's'", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_server_started_ends_with_the_attempt()
    {
        var report = await RunNodeAsync("forks");
        var processes = report.Outputs["a"].AsText.Split(' ').Select(int.Parse).ToList();
        Assert.Equal(2, processes.Count);
        Assert.All(processes, id => Assert.False(IsRunning(id), $"process {id} is still there"));
    }

    private static bool IsRunning(int id)
    {
        try
        {
            return File.ReadAllText($"/proc/{id}/stat").Split(')')[1].Trim()[0] is not ('Z' or 'X');
        }
        catch (Exception gone) when (gone is IOException)
        {
            return false;
        }
    }

    [Fact]
    public async Task What_a_server_offers_first_is_pinned_and_a_change_is_refused_by_name()
    {
        Assert.Equal(RunStatus.Completed, (await RunNodeAsync("changed")).Status);
        Assert.Contains("\"sha256\"", File.ReadAllText(Path.Combine(_folder, McpPins.FileName)), StringComparison.Ordinal);
        var said = await FailureAsync("changed");
        Assert.Contains("policy_denied: the MCP server 's' is not what was pinned in mcp.lock.json: its tool 'echo' has another description", said, StringComparison.Ordinal);
        Assert.Contains("hydra tools pin s --workflow FILE", said, StringComparison.Ordinal);
        Assert.Contains("policy_denied", await FailureAsync("changed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_start_command_is_a_change()
    {
        await RunNodeAsync("good");
        Assert.Contains("it is started or called by 'python3 ", await FailureAsync("structured"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tools_that_change_while_they_are_used_are_refused_from_then_on()
    {
        await using var server = Direct("changes");
        // The news of the change comes beside the answers, so it may take a call or two until it is known.
        async Task CallOnAsync()
        {
            while (true) await server.CallAsync("echo", Owls, EffectClass.Pure, null, () => { }, CancellationToken.None);
        }
        for (var i = 0; i < 2; i++)
        {
            var refused = await Assert.ThrowsAsync<CallFailedException>(CallOnAsync);
            Assert.Equal(ErrorCode.PolicyDenied, refused.Code);
            Assert.Contains("is not what was pinned", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Two_names_that_would_be_one_to_the_model_are_refused()
    {
        var report = await ToolRun.Async(ToolRun.File("mcp_servers: [s]", Server("collide")), Turns(Say("ok")), folder: _folder);
        Assert.Contains("policy_denied: two tools would be 's__ec_ho' to the model, and one would shadow the other", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Structured_content_is_the_result_and_held_against_the_schema() => Assert.Equal("""{"n":4}""", (await RunNodeAsync("structured")).Outputs["a"].ToJson());

    [Fact]
    public async Task What_is_no_text_is_told_of_and_links_are_not_followed() =>
        Assert.Equal("[image: not shown]\n[link to the resource http://evil.example/: click]", (await RunNodeAsync("binary")).Outputs["a"].AsText);

    [Theory]
    [InlineData("sampling", "", "-32601")]
    [InlineData("form", "", "-32601")]
    [InlineData("form", "forms: defaults", """{"action": "accept", "content": {"pick": "owl"}}""")]
    [InlineData("roots", "", "-32601")]
    [InlineData("roots", "roots: [notes]", "/notes\"")]
    public async Task What_a_server_asks_of_its_user_is_refused_but_for_what_the_workflow_allows(string mode, string server, string answered) =>
        Assert.Contains(answered, (await RunNodeAsync(mode, server)).Outputs["a"].AsText, StringComparison.Ordinal);

    [Fact]
    public async Task A_server_inherits_no_secret()
    {
        var names = (await RunNodeAsync("env", "env: {OWN: x}")).Outputs["a"].AsText;
        Assert.Contains("\"OWN\"", names, StringComparison.Ordinal);
        Assert.DoesNotContain("DOTNET", names, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_declaration_a_tool_is_irreversible_and_its_own_word_counts_only_where_it_is_trusted()
    {
        foreach (var (trusts, effect) in new[] { (false, EffectClass.Irreversible), (true, EffectClass.Pure) })
        {
            var spec = new McpServerSpec { Name = "s", Command = "x", TrustsHints = trusts };
            var definition = new McpDefinition(Value.ParseJson("""{"name":"echo","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}"""));
            Assert.Equal(effect, definition.FactsFor(spec, ValueMap.Empty).Effect);
            Assert.Equal(EffectClass.Idempotent, definition.FactsFor(spec, ValueMap.Of(("effect", "idempotent"))).Effect);
        }
    }

    [Fact]
    public async Task A_server_that_keeps_failing_is_left_alone()
    {
        var server = new McpServer(new McpServerSpec { Name = "s", Command = "/nowhere/at/all", Breaker = new BreakerSpec { Failures = 2 } }, _folder, null, TimeProvider.System);
        for (var i = 0; i < 2; i++) Assert.Contains("could not be connected", (await Assert.ThrowsAsync<CallFailedException>(async () => await server.ToolsAsync(CancellationToken.None))).Message, StringComparison.Ordinal);
        Assert.Contains("is left alone for 30 s after 2 failures", (await Assert.ThrowsAsync<CallFailedException>(async () => await server.ToolsAsync(CancellationToken.None))).Message, StringComparison.Ordinal);
        await server.DisposeAsync();
    }

    [Theory]
    [InlineData("tools: [t/echo]", "mcp_servers: {s: {command: x}}", "the MCP server 't' is not defined. Did you mean 's'?")]
    [InlineData("mcp_servers: [t]", "mcp_servers: {s: {command: x}}", "the MCP server 't' is not defined")]
    [InlineData("mcp_servers: [s]", "mcp_servers: {s: {}}", "needs either `command` (a program to start) or `url`")]
    [InlineData("mcp_servers: [s]", "mcp_servers: {s: {command: x, url: 'http://h/'}}", "needs either `command`")]
    [InlineData("mcp_servers: [s]", "mcp_servers: {s: {url: 'file:///x'}}", "no http or https address")]
    [InlineData("mcp_servers: [s]", "mcp_servers: {s: {url: 'http://u:p@h/'}}", "without a password")]
    [InlineData("mcp_servers: [s]", "mcp_servers: {s: {command: x, headers: {a: b}}}", "`headers` are for a `url`")]
    [InlineData("agent: x, tools: [s/other]", "mcp_servers: {s: {command: x}}\nagents: {x: {model: m, tools: [s/echo]}}", "gives the agent 'x' the tool 's/other'")]
    [InlineData("tools: [echo]", "tools: {echo: {type: mcp}}", "has the type mcp, and is no tool of a server")]
    public void What_cannot_be_called_is_an_error_before_anything_runs(string node, string more, string problem) =>
        Assert.Contains(problem, string.Join('\n', ToolRun.Problems(ToolRun.File(node, more))), StringComparison.Ordinal);

    [Fact]
    public void A_node_may_list_one_tool_of_a_server_whose_tools_its_agent_lists_all() =>
        Assert.Empty(ToolRun.Problems(ToolRun.File("agent: x, tools: [s/other]", "mcp_servers: {s: {command: x}}\nagents: {x: {model: m, mcp_servers: [s]}}")));
}
