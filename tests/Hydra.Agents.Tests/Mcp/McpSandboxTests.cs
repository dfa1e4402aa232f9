using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Hydra.Agents.Tests;

/// <summary>Programs of MCP servers, confined by bubblewrap as the machine's kernel does it.</summary>
public sealed class McpSandboxTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-mcp-").FullName;

    public McpSandboxTests() => File.Copy(Path.Combine(AppContext.BaseDirectory, "Mcp", "server.py"), Path.Combine(_folder, "server.py"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Task<RunReport> RunAsync(string mode, string server, string? sandbox = null) =>
        ToolRun.Async($"name: test\nmcp_servers: {{s: {{command: python3, args: [server.py, {mode}]{server}}}}}\nnodes: [{{id: a, type: tool, tool: s/echo, arguments: {{text: owls}}}}]\n", Turns(), folder: _folder, sandbox: sandbox);

    private async Task<ValueMap> EscapesAsync(string server, string? sandbox)
    {
        using var door = new TcpListener(IPAddress.Loopback, 0);
        door.Start();
        Directory.CreateDirectory(Path.Combine(_folder, "notes"));
        Directory.CreateDirectory(Path.Combine(_folder, ".hydra"));
        await File.WriteAllTextAsync(Path.Combine(_folder, "notes", "port"), ((IPEndPoint)door.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture));
        await File.WriteAllTextAsync(Path.Combine(_folder, "notes", "process"), Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        await File.WriteAllTextAsync(Path.Combine(_folder, ".hydra", "secret"), "x");
        var report = await RunAsync("escapes", server, sandbox);
        Assert.True(report.Status == RunStatus.Completed, report.Reason);
        return Value.ParseJson(report.Outputs["a"].AsText).AsObject;
    }

    [Theory]
    [InlineData(", roots: [notes], sandbox: bubblewrap", null)]
    [InlineData(", roots: [notes]", "bubblewrap")]
    [InlineData(", roots: [notes], sandbox: inherit", "bubblewrap")]
    public async Task A_confined_server_writes_in_its_root_only_and_reaches_nobody(string server, string? sandbox)
    {
        var done = await EscapesAsync(server, sandbox);
        Assert.Equal(["in_its_root"], done.Where(way => way.Value.AsBoolean).Select(way => way.Key));
        Assert.Equal("x", await File.ReadAllTextAsync(Path.Combine(_folder, "notes", "new")));
    }

    [Fact]
    public async Task A_confined_server_without_roots_writes_nowhere()
    {
        Assert.DoesNotContain(await EscapesAsync(", sandbox: bubblewrap", null), way => way.Value.AsBoolean);
    }

    [Fact]
    public async Task A_server_that_is_trusted_by_name_is_not_confined_where_others_are()
    {
        var done = await EscapesAsync(", roots: [notes], sandbox: none", "bubblewrap");
        Assert.True(done["in_the_folder"].AsBoolean && done["over_the_network"].AsBoolean && done["journals_of_runs"].AsBoolean);
    }

    [Theory]
    [InlineData(", roots: ['../elsewhere'], sandbox: bubblewrap", "its root '../elsewhere' is no folder in the working directory")]
    [InlineData(", roots: [missing], sandbox: bubblewrap", "its root 'missing' is no folder in the working directory")]
    public async Task A_root_that_a_sandbox_cannot_open_is_said_before_anything_starts(string server, string said) =>
        Assert.Contains(said, (await RunAsync("good", server)).Reason, StringComparison.Ordinal);

    [Fact]
    public async Task A_confined_server_that_dies_says_why_and_leaves_nothing_behind()
    {
        Assert.Contains("out of paper", (await RunAsync("dies", ", sandbox: bubblewrap")).Reason, StringComparison.Ordinal);
        File.Delete(Path.Combine(_folder, "mcp.lock.json"));   // the next one is started otherwise
        var forked = await RunAsync("forks", ", sandbox: bubblewrap");
        Assert.Equal(RunStatus.Completed, forked.Status);
        var mine = Directory.GetDirectories("/proc").Select(process => ReadOrEmpty(Path.Combine(process, "cmdline"))).Where(line => line.Contains(_folder, StringComparison.Ordinal));
        Assert.Empty(mine);
    }

    [Fact]
    public async Task What_a_server_says_of_its_tools_is_others_text_to_every_other_tool()
    {
        var asked = 0;
        var inward = new FunctionTool(AIFunctionFactory.Create((string query) => ++asked, "search"), EffectClass.Pure);
        var outward = new ToolRegistry().Add(new FunctionTool(AIFunctionFactory.Create((string query) => ++asked, "search"), EffectClass.Pure) { Facts = inward.Facts with { IsOutward = true } });
        const string server = "mcp_servers: {s: {command: python3, args: [server.py, good]}}";
        var led = await ToolRun.Async(ToolRun.File("mcp_servers: [s], tools: [search]", server), Turns([Call("search", ("query", "x"))], Say("ok")), outward, folder: _folder);
        Assert.Equal((RunStatus.Paused, 0), (led.Status, asked));
        var alone = await ToolRun.Async(ToolRun.File("tools: [search]"), Turns([Call("search", ("query", "x"))], Say("ok")), outward, folder: _folder);
        Assert.Equal((RunStatus.Completed, 1), (alone.Status, asked));
    }

    private static string ReadOrEmpty(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
