using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Tests.Shared;

namespace Hydra.Tests.Nodes;

public sealed class HttpTests : IDisposable
{
    private readonly LoopbackServer _server = new();

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData("/json", """{"a":1}""")]
    [InlineData("/text", "\"plain\"")]
    [InlineData("/redirect", """{"a":1}""")]
    public async Task The_body_is_the_result_parsed_when_it_is_json(string path, string expected)
    {
        var run = await GetAsync(path);
        Assert.Equal(NodeStatus.Completed, run["h"].Status);
        Assert.Equal(expected, run.Json("h"));
    }

    [Theory]
    [InlineData("/status/429", "rate_limited")]
    [InlineData("/status/503", "provider_error")]
    [InlineData("/status/401", "auth")]
    [InlineData("/status/404", "bad_request")]
    [InlineData("/binary", "tool_failed")]
    [InlineData("/badjson", "tool_failed")]
    [InlineData("/loop", "bad_request")]
    public async Task What_is_no_success_fails_with_a_code_that_says_whether_to_try_again(string path, string code)
    {
        var run = await GetAsync(path);
        Assert.Equal(code, run["h"].Error!.Code.Name);
        Assert.Contains("127.0.0.1", run["h"].Error!.Message);
    }

    [Fact]
    public async Task A_server_that_asks_for_patience_is_given_it()
    {
        var outcome = await HttpCall.SendAsync(new HttpQuestion(HttpMethod.Get, new Uri(_server.Url("/status/429")), [], Value.Null, ["127.0.0.1"]), () => { }, CancellationToken.None);
        Assert.Equal(TimeSpan.FromSeconds(7), Assert.IsType<AttemptOutcome.Failed>(outcome).RetryAfter);
    }

    [Theory]
    [InlineData("")]
    [InlineData(", allow_hosts: [example.org]")]
    public async Task This_machine_is_refused_unless_it_is_listed(string allow)
    {
        var run = await YamlRun.OfAsync($"  - {{id: h, type: http, url: '{_server.Url("/json")}'{allow}}}");
        Assert.Equal(ErrorCode.PolicyDenied, run["h"].Error!.Code);
        Assert.Contains("allow_hosts", run["h"].Error!.Message);
        Assert.Empty(_server.Seen);
    }

    [Fact]
    public async Task A_name_that_leads_inwards_is_refused_by_its_address()
    {
        var run = await YamlRun.OfAsync($"  - {{id: h, type: http, url: '{_server.Url("/json").Replace("127.0.0.1", "localhost")}'}}");
        Assert.Equal(ErrorCode.PolicyDenied, run["h"].Error!.Code);
        Assert.Contains("'localhost' leads to", run["h"].Error!.Message);
    }

    [Fact]
    public async Task A_redirect_to_a_host_that_is_not_listed_is_refused()
    {
        var run = await GetAsync("/elsewhere");
        Assert.Equal(ErrorCode.PolicyDenied, run["h"].Error!.Code);
        Assert.Equal(["GET /elsewhere"], _server.Seen.Select(seen => seen.Line));
    }

    [Fact]
    public async Task Headers_that_may_hold_secrets_go_to_no_other_origin()
    {
        await GetAsync("/other-origin", """, headers: {Authorization: Bearer x, X-Api: y, Accept: text/plain}""", "localhost");
        var (line, headers, _) = _server.Seen.Last();
        Assert.Equal("GET /json", line);
        Assert.Equal((null, null, "text/plain"), (headers["Authorization"], headers["X-Api"], headers["Accept"]));
    }

    [Fact]
    public async Task A_body_is_sent_as_json_with_a_key_that_is_the_same_on_every_try()
    {
        await GetAsync("/json", """, method: POST, body: {q: "{{ 1 + 1 }}"}""");
        await GetAsync("/json", """, method: POST, body: {q: 2}, headers: {Content-Type: application/x-test}""");
        var seen = _server.Seen.ToArray();
        Assert.Equal(["{\"q\":2}", "{\"q\":2}"], seen.Select(each => each.Body));
        Assert.Equal(["application/json", "application/x-test"], seen.Select(each => each.Headers["Content-Type"]));
        Assert.NotNull(seen[0].Headers["Idempotency-Key"]);
        Assert.NotEqual(seen[0].Headers["Idempotency-Key"], seen[1].Headers["Idempotency-Key"]);   // other arguments: another effect
        await GetAsync("/json", """, method: POST, body: {q: 2}""");
        Assert.Equal(seen[0].Headers["Idempotency-Key"], _server.Seen.Last().Headers["Idempotency-Key"]);
    }

    [Theory]
    [InlineData("GET", EffectClass.Pure)]
    [InlineData("PUT", EffectClass.Idempotent)]
    [InlineData("POST", EffectClass.Irreversible)]
    [InlineData("POST, effect: idempotent", EffectClass.Idempotent)]
    public async Task The_method_says_what_a_repetition_would_do_unless_the_author_does(string method, EffectClass expected)
    {
        var run = await GetAsync("/json", $", method: {method}");
        Assert.Equal(expected, run.Calls[0].Effect);
    }

    [Fact]
    public async Task The_log_keeps_the_request_without_its_secrets()
    {
        var run = await GetAsync("/json", ", headers: {Authorization: Bearer x, Accept: a/b}");
        Assert.Equal("""[["Authorization","(secret)"],["Accept","a/b"]]""", run.Calls[0].Request!.Inline.AsObject["headers"].ToJson());
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("10.1.2.3")]
    [InlineData("172.31.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("169.254.169.254")]
    [InlineData("100.64.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("::1")]
    [InlineData("::")]
    [InlineData("fe80::1")]
    [InlineData("fd00::1")]
    [InlineData("::ffff:10.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("2002:7f00:1::")]
    public void Addresses_that_lead_inwards_are_not_public(string address) => Assert.False(PublicAddress.Is(IPAddress.Parse(address)));

    [Theory]
    [InlineData("8.8.8.8")]
    [InlineData("172.32.0.1")]
    [InlineData("2606:4700::1111")]
    [InlineData("64:ff9b::808:808")]
    public void Addresses_of_the_internet_are(string address) => Assert.True(PublicAddress.Is(IPAddress.Parse(address)));

    private Task<YamlRun> GetAsync(string path, string more = "", string hosts = "") =>
        YamlRun.OfAsync($"  - {{id: h, type: http, url: '{_server.Url(path)}', allow_hosts: [127.0.0.1{(hosts.Length == 0 ? "" : ", " + hosts)}]{more}}}", request: new RunRequest { Run = new RunId("run-1") });

    /// <summary>A real server on this machine that answers by path and remembers what it saw.</summary>
    private sealed class LoopbackServer : IDisposable
    {
        private readonly HttpListener _listener;
        private readonly int _port;

        public LoopbackServer()
        {
            (_listener, _port) = Listening.On(isNamed: true);
            _ = ServeAsync();
        }

        public ConcurrentQueue<(string Line, WebHeaderCollection Headers, string Body)> Seen { get; } = new();
        public string Url(string path) => $"http://127.0.0.1:{_port}{path}";
        public void Dispose() => _listener.Close();

        private async Task ServeAsync()
        {
            try
            {
                while (true) await AnswerAsync(await _listener.GetContextAsync());
            }
            catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
            {
                // The test is over.
            }
        }

        private async Task AnswerAsync(HttpListenerContext context)
        {
            var path = context.Request.Url!.AbsolutePath;
            using var reader = new StreamReader(context.Request.InputStream);
            Seen.Enqueue(($"{context.Request.HttpMethod} {path}", (WebHeaderCollection)context.Request.Headers, await reader.ReadToEndAsync()));
            var response = context.Response;
            var (type, body) = path switch
            {
                "/json" => ("application/json", "{\"a\": 1}"u8.ToArray()),
                "/badjson" => ("application/json", "{"u8.ToArray()),
                "/binary" => ("image/png", [0x89, 0x50, 0xFF]),
                _ => ("text/plain", "plain"u8.ToArray()),
            };
            if (path.StartsWith("/status/", StringComparison.Ordinal)) response.StatusCode = int.Parse(path[8..]);
            if (response.StatusCode == 429) response.AddHeader("Retry-After", "7");
            var location = path switch { "/redirect" => "/json", "/loop" => "/loop", "/elsewhere" => Url("/json").Replace("127.0.0.1", "127.0.0.2"), "/other-origin" => Url("/json").Replace("127.0.0.1", "localhost"), _ => null };
            if (location is not null)
            {
                response.StatusCode = 302;
                response.AddHeader("Location", location);
            }
            response.ContentType = type;
            await response.OutputStream.WriteAsync(body);
            response.Close();
        }
    }
}
