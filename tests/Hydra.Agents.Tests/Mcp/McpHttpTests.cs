using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Hydra.Agents.Mcp;
using Hydra.Tests.Shared;

namespace Hydra.Agents.Tests;

/// <summary>The tools of an MCP server that is called by address.</summary>
public sealed class McpHttpTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-mcp-").FullName;
    private readonly HttpListener _listener;
    private readonly List<string> _seen = [];
    private readonly string _url;
    private Func<JsonObject, HttpListenerResponse, bool> _special = (_, _) => false;

    public McpHttpTests()
    {
        (_listener, var port) = Listening.On("/mcp/");
        _url = $"http://127.0.0.1:{port}/mcp/";
        _ = ServeAsync();
    }

    public void Dispose()
    {
        _listener.Close();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                return;
            }
            context.Response.KeepAlive = false;   // the listener may end an answer after the next question has come on the same connection
            if (context.Request.HttpMethod != "POST")
            {
                context.Response.StatusCode = 405;
                context.Response.Close();
                continue;
            }
            lock (_seen) _seen.Add(context.Request.Headers["X-Token"] ?? "");
            var asked = (JsonObject)(await JsonNode.ParseAsync(context.Request.InputStream))!;
            if (_special(asked, context.Response)) continue;
            JsonNode? result = (string)asked["method"]! switch
            {
                "initialize" => JsonNode.Parse("""{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"t","version":"1"}}"""),
                "tools/list" => JsonNode.Parse("""{"tools":[{"name":"echo","description":"Says it again.","inputSchema":{"type":"object"}}]}"""),
                "tools/call" => JsonNode.Parse("""{"content":[{"type":"text","text":"again"}]}"""),
                _ => null,
            };
            context.Response.StatusCode = asked["id"] is null ? 202 : 200;
            context.Response.ContentType = "application/json";
            var answer = new JsonObject { ["jsonrpc"] = "2.0", ["id"] = asked["id"]?.DeepClone() };
            if (result is null) answer["error"] = JsonNode.Parse("""{"code":-32601,"message":"no such method"}""");
            else answer["result"] = result;
            context.Response.Close(asked["id"] is null ? [] : Encoding.UTF8.GetBytes(answer.ToJsonString()), willBlock: false);
        }
    }

    private McpServer Server() => new(new McpServerSpec { Name = "s", Url = new Uri(_url), Headers = new Dictionary<string, string> { ["X-Token"] = "owl" } }, _folder, null, TimeProvider.System);

    private async Task<CallFailedException> FailureAsync(EffectClass effect = EffectClass.Pure)
    {
        await using var server = Server();
        return await Assert.ThrowsAsync<CallFailedException>(async () => await server.CallAsync("echo", ValueMap.Empty, effect, null, () => { }, CancellationToken.None));
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("""{"supportedVersions": "none"}""")]
    public async Task A_server_that_answers_the_newest_revision_with_nothing_useful_is_greeted_by_an_older_one(string answer)
    {
        _special = (asked, response) =>
        {
            if ((string)asked["method"]! != "server/discover") return false;
            response.ContentType = "application/json";
            response.Close(Encoding.UTF8.GetBytes(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = asked["id"]!.DeepClone(), ["result"] = JsonNode.Parse(answer) }.ToJsonString()), willBlock: false);
            return true;
        };
        await using var server = Server();
        Assert.Equal("again", await server.CallAsync("echo", ValueMap.Empty, EffectClass.Pure, null, () => { }, CancellationToken.None));
    }

    [Fact]
    public async Task A_tool_is_called_with_the_headers_of_its_server()
    {
        await using var server = Server();
        Assert.Equal("again", await server.CallAsync("echo", ValueMap.Empty, EffectClass.Pure, null, () => { }, CancellationToken.None));
        lock (_seen) Assert.All(_seen, token => Assert.Equal("owl", token));
    }

    [Fact]
    public async Task Redirects_are_not_followed()
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        _special = (_, response) =>
        {
            response.Redirect($"http://127.0.0.1:{((IPEndPoint)other.LocalEndpoint).Port}/");
            response.Close();
            return true;
        };
        Assert.Contains("the MCP server 's'", (await FailureAsync()).Message, StringComparison.Ordinal);
        Assert.False(other.Pending());
    }

    [Fact]
    public async Task A_message_without_end_is_cut_off()
    {
        _special = (asked, response) =>
        {
            if ((string?)asked["method"] != "tools/call") return false;
            response.ContentType = "application/json";
            var block = new byte[1024 * 1024];
            Array.Fill(block, (byte)'x');
            try
            {
                for (var i = 0; i < 100; i++) response.OutputStream.Write(block);
            }
            catch (Exception cut) when (cut is HttpListenerException or IOException)
            {
                // The client has had enough.
            }
            return true;
        };
        Assert.Contains("more than 16 MiB", (await FailureAsync()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EffectClass.Pure, "network")]
    [InlineData(EffectClass.Irreversible, "unknown_outcome")]
    public async Task A_connection_lost_in_the_middle_is_told_by_what_a_repetition_would_mean(EffectClass effect, string code)
    {
        _special = (asked, response) =>
        {
            if ((string?)asked["method"] != "tools/call") return false;
            response.Abort();
            return true;
        };
        var failed = await FailureAsync(effect);
        Assert.StartsWith($"{code}: 'echo' of the MCP server 's' was lost in the middle of the call", $"{failed.Code}: {failed.Message}", StringComparison.Ordinal);
    }
}
