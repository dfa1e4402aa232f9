using System.Net;
using System.Text;
using Hydra.Tests.Shared;

namespace Hydra.Agents.Tests;

/// <summary>Pages and searches, against a server of the test's own.</summary>
public sealed class WebToolTests : IDisposable
{
    private readonly HttpListener _listener;
    private readonly string _base;
    private readonly List<(string Path, string Token)> _seen = [];
    private string _answer = "";
    private string _type = "text/html";

    public WebToolTests()
    {
        (_listener, var port) = Listening.On("/");
        _base = $"http://127.0.0.1:{port}/";
        _ = ServeAsync();
    }

    public void Dispose() => _listener.Close();

    private async Task ServeAsync()
    {
        while (true)
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
            lock (_seen) _seen.Add((context.Request.RawUrl!, context.Request.Headers["X-Subscription-Token"] ?? ""));
            context.Response.ContentType = _type;
            context.Response.Close(Encoding.UTF8.GetBytes(_answer), willBlock: false);
        }
    }

    private static async Task<RunReport> RunAsync(string tools, string arguments, string more = "") =>
        await ToolRun.Async($"name: test\n{more}\ntools: {{t: {tools}}}\nnodes:\n  - {{id: a, type: tool, tool: t, arguments: {arguments}}}\n", ToolModels.Turns());

    [Fact]
    public async Task A_page_is_read_as_the_text_that_people_see()
    {
        _answer = "<!doctype html><html><head><title>Owls &amp; co</title><style>p{}</style></head><body><script>alert('<p>no')</script><h1>Owls</h1><p>Four <b>owls</b>,\n two &lt;mice&gt;.<!-- hidden --></p></body></html>";
        var report = await RunAsync("{type: fetch, allow_hosts: [127.0.0.1]}", $"{{url: '{_base}x'}}");
        Assert.Equal($$"""{"url":"{{_base}}x","title":"Owls & co","content":"Owls\nFour owls,\ntwo <mice>."}""", report.Outputs["a"].ToJson());
    }

    [Theory]
    [InlineData("{type: fetch, allow_hosts: [example.org]}", "is not listed in `allow_hosts`")]
    [InlineData("{type: fetch, allow_hosts: ['*']}", "which is no public address")]
    public async Task Pages_elsewhere_are_refused(string tool, string said)
    {
        var report = await RunAsync(tool, $"{{url: '{_base}x'}}");
        Assert.Contains($"policy_denied: ", report.Reason, StringComparison.Ordinal);
        Assert.Contains(said, report.Reason, StringComparison.Ordinal);
        lock (_seen) Assert.Empty(_seen);
    }

    [Fact]
    public async Task Nothing_but_an_address_is_taken() =>
        Assert.Contains("nothing was called", (await RunAsync("{type: fetch, allow_hosts: [127.0.0.1]}", $"{{url: '{_base}x', method: POST}}")).Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("engine: searxng", """{"results":[{"title":"Owls","url":"http://a/","content":"four <b>owls</b>"},{"title":"More","url":"http://b/","content":""}]}""")]
    [InlineData("engine: brave", """{"web":{"results":[{"title":"Owls","url":"http://a/","description":"four <b>owls</b>"},{"title":"More","url":"http://b/","description":""}]}}""")]
    [InlineData("results: a.b, fields: {title: t, url: u, snippet: s}", """{"a":{"b":[{"t":"Owls","u":"http://a/","s":"four <b>owls</b>"},{"t":"More","u":"http://b/","s":""}]}}""")]
    public async Task Engines_of_different_shapes_give_the_same_results(string engine, string answer)
    {
        (_answer, _type) = (answer, "application/json");
        var report = await RunAsync($"{{type: web_search, url: '{_base}s?q={{query}}&format=json', {engine}}}", "{query: owls & mice}");
        Assert.Equal("""[{"title":"Owls","url":"http://a/","snippet":"four owls"},{"title":"More","url":"http://b/","snippet":""}]""", report.Outputs["a"].ToJson());
        lock (_seen) Assert.Equal("/s?q=owls%20%26%20mice&format=json", _seen.Single().Path);
    }

    [Fact]
    public async Task An_engine_that_gives_something_else_is_told_of()
    {
        _answer = "<html>blocked</html>";
        Assert.Contains("the search engine's answer has no list at 'results'", (await RunAsync($"{{type: web_search, url: '{_base}s?q={{query}}'}}", "{query: owls}")).Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{type: web_search}", "has no search engine. Give it one: {type: web_search, engine: searxng")]
    [InlineData("{type: web_search, url: 'http://h/'}", "without {query}")]
    [InlineData("{type: fetch}", "may call no host")]
    [InlineData("{type: sql}", "reads no database")]
    [InlineData("{type: sql, source: a.csv, connection: x}", "reads no database")]
    public void What_cannot_work_is_an_error_before_anything_runs(string tool, string problem) =>
        Assert.Contains(problem, string.Join('\n', ToolRun.Problems(ToolRun.File("tools: [t]", $"tools: {{t: {tool}}}"))), StringComparison.Ordinal);

    [Fact]
    public void A_search_that_nothing_declares_says_how_to_declare_it() =>
        Assert.Contains("has no search engine", string.Join('\n', ToolRun.Problems(ToolRun.File("tools: [web_search]"))), StringComparison.Ordinal);
}
