using Hydra.Tests.Shared;

namespace Hydra.Agents.Tests;

public sealed class ToolTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-tools-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>What one call gives the model.</summary>
    private async Task<string> ResultOfAsync(string declared, FunctionCallContent call, string? sandbox = null)
    {
        var models = Turns([call], Say("ok"));
        var report = await ToolRun.Async(ToolRun.File($"tools: [{call.Name}]", declared), models, folder: _folder, sandbox: sandbox);
        Assert.Equal("ok", report.Outputs["a"].AsText);
        return (string)models.Conversations[1][^1].Contents.OfType<FunctionResultContent>().Single().Result!;
    }

    [Fact]
    public async Task Files_are_written_listed_and_read_under_the_root()
    {
        Assert.Equal("""{"bytes":4}""", await ResultOfAsync("tools: {save: {type: write_file, root: notes}}", Call("save", ("path", "a/b.txt"), ("content", "owls"))));
        Assert.Equal("""{"files":["a/b.txt"],"more":false}""", await ResultOfAsync("tools: {dir: {type: list_files, root: notes}}", Call("dir", ("path", "."))));
        Assert.Equal("owls", await ResultOfAsync("", Call("read_file", ("path", "notes/a/b.txt"))));
    }

    [Theory]
    [InlineData("../secret")]
    [InlineData("/etc/passwd")]
    [InlineData("link/passwd")]
    public async Task No_path_leads_outside_the_root(string path)
    {
        Directory.CreateDirectory(Path.Combine(_folder, "notes"));
        File.WriteAllText(Path.Combine(_folder, "secret"), "canary");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "notes", "link"), "/etc");
        foreach (var type in new[] { "read_file", "write_file" })
        {
            (string, object)[] given = type == "read_file" ? [("path", path)] : [("path", path), ("content", "x")];
            Assert.Contains("policy_denied", await ResultOfAsync($"tools: {{t: {{type: {type}, root: notes}}}}", Call("t", given)), StringComparison.Ordinal);
        }
        Assert.Equal("canary", File.ReadAllText(Path.Combine(_folder, "secret")));
    }

    [Fact]
    public async Task Http_reaches_listed_hosts_only()
    {
        var (listener, port) = Listening.On();
        using var server = listener;
        var serving = Task.Run(async () =>
        {
            var context = await server.GetContextAsync();
            context.Response.Close("four owls"u8.ToArray(), willBlock: false);
        });
        Assert.Equal("four owls", await ResultOfAsync("tools: {get: {type: http, allow_hosts: [127.0.0.1]}}", Call("get", ("url", $"http://127.0.0.1:{port}/"))));
        await serving;
        Assert.Contains("policy_denied", await ResultOfAsync("tools: {get: {type: http, allow_hosts: [example.org]}}", Call("get", ("url", $"http://127.0.0.1:{port}/"))), StringComparison.Ordinal);
        Assert.Contains("invalid_arguments", await ResultOfAsync("tools: {get: {type: http, allow_hosts: [127.0.0.1]}}", Call("get", ("url", $"http://127.0.0.1:{port}/"), ("method", "POST"))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Programs_run_where_the_run_allows_them_and_find_their_idempotency_key()
    {
        Assert.Matches("^[0-9a-f]{64}$", await ResultOfAsync("", Call("bash", ("command", "echo $HYDRA_IDEMPOTENCY_KEY")), "inprocess"));
        Assert.Equal("42", await ResultOfAsync("", Call("python_exec", ("code", "print(6 * 7)")), "inprocess"));
        var refused = await Assert.ThrowsAsync<RunRefusedException>(() => ResultOfAsync("", Call("bash", ("command", "true"))));
        Assert.Contains("--sandbox inprocess", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_may_be_repeated_and_takes_too_long_is_told_to_the_model_and_another_ends_the_node()
    {
        var models = Turns([Call("slow")], Say("ok"));
        var tools = ToolRun.Registry(async Task<string> (CancellationToken token) => { await Task.Delay(Timeout.Infinite, token); return ""; }, "wait");
        var file = ToolRun.File("tools: [slow]", "tools: {slow: {type: function, function: wait, timeout_seconds: 0.01}}");
        Assert.Equal("ok", (await ToolRun.Async(file, models, tools)).Outputs["a"].AsText);

        var acting = ToolRun.File("tools: [slow]", "tools: {slow: {type: function, function: wait, timeout_seconds: 0.01, effect: irreversible}}");
        var report = await ToolRun.Async(acting, Turns([Call("slow")], Say("ok")), tools);
        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Contains("not known whether it took effect", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_a_tool_may_not_be_repeated_the_node_has_one_attempt_unless_its_author_says_otherwise()
    {
        var acts = 0;
        var tools = ToolRun.Registry(() => ++acts, "pay", EffectClass.Irreversible);
        var models = new ToolModels(messages => messages.Length == 1 ? [Call("pay")] : throw new CallFailedException(ErrorCode.RateLimited, "busy"));
        var report = await ToolRun.Async(ToolRun.File("tools: [pay]"), models, tools);
        Assert.Equal((RunStatus.Failed, 1), (report.Status, acts));
    }

    [Theory]
    [InlineData("tools: [serch]", "", "HYD247 test.yaml:4:55: node 'a': the tool 'serch' is not defined")]
    [InlineData("tools: [get]", "tools: {get: {type: http}}", "may call no host")]
    [InlineData("tools: [ask]", "tools: {ask: {type: agent, agent: nobody}}", "asks the agent 'nobody', which is not defined")]
    [InlineData("tools: [ask]", "tools: {ask: {type: agent, agent: x}}\nagents: {x: {model: m, tools: [ask]}}", "agents call each other in a circle: x → x")]
    [InlineData("agent: x, tools: [bash]", "agents: {x: {model: m, tools: [read_file]}}", "gives the agent 'x' the tool 'bash', which its own `tools` do not list")]
    public void What_cannot_be_called_is_an_error_before_anything_runs(string node, string more, string problem) =>
        Assert.Contains(problem, string.Join('\n', ToolRun.Problems(ToolRun.File(node, more))), StringComparison.Ordinal);
}
