using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

/// <summary>Whatever comes in is answered in the dialect of the door, by a status below 500, and says nothing of keys or providers.</summary>
public sealed class BadInputTests
{
    /// <summary>A request that every door takes, with most of its fields.</summary>
    private static readonly Dictionary<string, string> Good = new(StringComparer.Ordinal)
    {
        ["/v1/chat/completions"] = """
            {"model":"smart","messages":[{"role":"system","content":"s"},{"role":"user","name":"n","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:image/png;base64,aGk="}},{"type":"input_audio","input_audio":{"data":"aGk=","format":"wav"}}]},
             {"role":"assistant","content":"a","reasoning_content":"r","reasoning_details":[{"type":"reasoning.encrypted","text":"t","data":"d"}],"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"},"extra_content":{"google":{"thought_signature":"s"}}}]},{"role":"tool","tool_call_id":"c","content":"r"}],
             "stream":false,"stream_options":{"include_usage":true},"max_completion_tokens":5,"temperature":1,"top_p":1,"frequency_penalty":0,"presence_penalty":0,"seed":1,"stop":["a"],"reasoning_effort":"low",
             "response_format":{"type":"json_schema","json_schema":{"name":"s","description":"d","schema":{"type":"object"}}},"tools":[{"type":"function","function":{"name":"f","description":"d","parameters":{"type":"object"}}}],
             "tool_choice":{"type":"function","function":{"name":"f"}},"parallel_tool_calls":true,"n":1,"user":"u","metadata":{"a":"b"}}
            """,
        ["/v1/responses"] = """
            {"model":"smart","instructions":"i","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"x"},{"type":"input_image","image_url":"data:image/png;base64,aGk="},{"type":"input_file","filename":"f","file_data":"data:application/pdf;base64,aGk="}]},
             {"type":"reasoning","summary":[{"type":"summary_text","text":"t"}],"encrypted_content":"e"},{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"o"}],
             "stream":false,"max_output_tokens":20,"temperature":1,"top_p":1,"reasoning":{"effort":"low","summary":"auto"},"text":{"format":{"type":"json_schema","name":"s","schema":{"type":"object"}}},
             "tools":[{"type":"function","name":"f","description":"d","parameters":{"type":"object"}}],"tool_choice":{"type":"function","name":"f"},"parallel_tool_calls":true,"metadata":{"a":"b"},"user":"u","store":false,"include":["reasoning.encrypted_content"],"background":false}
            """,
        ["/v1/messages"] = """
            {"model":"smart","max_tokens":50,"system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}},{"type":"document","title":"t","source":{"type":"text","media_type":"text/plain","data":"d"}}]},
             {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},{"type":"tool_use","id":"c","name":"f","input":{"a":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","is_error":true,"content":[{"type":"text","text":"r"}]}]}],
             "stream":false,"temperature":1,"top_p":1,"top_k":5,"stop_sequences":["a"],"thinking":{"type":"enabled","budget_tokens":2000},"output_config":{"effort":"low","format":{"type":"json_schema","schema":{"type":"object"}}},
             "tools":[{"name":"f","description":"d","type":"custom","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}],"tool_choice":{"type":"tool","name":"f","disable_parallel_tool_use":true},"metadata":{"user_id":"u"}}
            """,
        ["/v1/embeddings"] = """{"model":"smart","input":["a","b"],"encoding_format":"float","dimensions":4,"user":"u"}""",
    };

    public static TheoryData<string> Paths => [.. Good.Keys, "/v1/messages/count_tokens"];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task No_case_of_the_json_test_suite_is_a_request(string path)
    {
        await using var gateway = await StartAsync();
        foreach (var line in await File.ReadAllLinesAsync(Data("json-test-suite/cases.jsonl"), TestContext.Current.CancellationToken))
        {
            var one = JsonDocument.Parse(line).RootElement;
            await RefusedAsync(gateway, path, one.GetProperty("bytes_b64").GetBytesFromBase64(), Text(one, "id")!);
        }
        Assert.Empty(gateway.Fake.Calls);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task A_wrong_type_anywhere_is_refused_or_harmless(string path)
    {
        await using var gateway = await StartAsync(config => config with { Retries = new() { AttemptsMax = 1 } });
        var good = Good.GetValueOrDefault(path, Good["/v1/messages"]);
        using var taken = await gateway.PostAsync(path, good);
        Assert.True(taken.IsSuccessStatusCode, await taken.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var refused = 0;
        foreach (var mutant in Mutants(good))
        {
            using var response = await gateway.PostAsync(path, mutant);
            Assert.True((int)response.StatusCode < 500, $"{(int)response.StatusCode} {mutant}");
            if (response.IsSuccessStatusCode) continue;
            refused++;
            await InDialectAsync(path, response, mutant);
        }
        Assert.True(refused > 10);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Broken_bytes_nesting_and_sizes_are_refused(string path)
    {
        await using var gateway = await StartAsync();
        var field = path == "/v1/embeddings" ? "input" : path == "/v1/responses" ? "instructions" : path == "/v1/chat/completions" ? "user" : "system";
        await RefusedAsync(gateway, path, [.. "{\"model\":\""u8, 0xff, 0xfe, .. "\"}"u8], "invalid UTF-8");
        await RefusedAsync(gateway, path, Encoding.UTF8.GetBytes("{\"model\":" + new string('[', 100_000)), "deep nesting");
        await RefusedAsync(gateway, path, Encoding.UTF8.GetBytes("{\"model\":\"smart\",\"metadata\":{\"a\":1,\"a\":2}}"), "a key twice");
        await RefusedAsync(gateway, path, Encoding.UTF8.GetBytes($$"""{"model":"\ud800","{{field}}":"\udc00"}"""), "half a surrogate pair");
        await RefusedAsync(gateway, path, Encoding.UTF8.GetBytes($$"""{"model":"{{new string('m', 2_000_000)}}","max_tokens":1,"input":"x","messages":[{"role":"user","content":"x"}]}"""), "an enormous name");
        using var binary = new ByteArrayContent("{}"u8.ToArray()) { Headers = { ContentType = new MediaTypeHeaderValue("text/xml") } };
        using var xml = await gateway.Http.PostAsync(path, binary, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.BadRequest, xml.StatusCode);
        Assert.Empty(gateway.Fake.Calls);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Keys_that_are_missing_wrong_or_blocked_and_foreign_pages_stay_outside(string path)
    {
        await using var gateway = await StartAsync(config => config with { AuthRequired = true });
        var issued = await gateway.Service.Keys.CreateAsync(new NewKey { Name = "ci" });
        await gateway.Service.Keys.SetBlockedAsync(issued.Key.Id, isBlocked: true);
        var body = Good.GetValueOrDefault(path, Good["/v1/messages"]);
        foreach (var key in (string?[])[null, "nonsense", issued.Secret + "x", issued.Secret])
        {
            using var response = await gateway.PostAsync(path, body, key);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            var text = await InDialectAsync(path, response, "a key");
            if (key is not null) Assert.DoesNotContain(key, text);
        }
        foreach (var (name, value) in ((string, string)[])[("Host", "evil.example"), ("Origin", "https://evil.example")])
        {
            var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
            request.Headers.TryAddWithoutValidation(name, value);
            using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
            await InDialectAsync(path, response, name);
        }
    }

    [Theory]
    [InlineData(400)]
    [InlineData(401)]
    [InlineData(500)]
    public async Task What_a_provider_says_in_anger_does_not_carry_its_key_outside(int status)
    {
        const string secret = """{"error":{"message":"internal host db-7 refused {{KEY}}"}}""";
        var rule = new FakeRule { Status = status, BodyB64 = Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)) };
        await using var gateway = await StartAsync(config => config with { Retries = new() { AttemptsMax = 1 } }, FakeScript.Of(rule));
        foreach (var (path, body) in Good)
        {
            using var response = await gateway.PostAsync(path, body);
            var text = await InDialectAsync(path, response, $"{status}");
            Assert.DoesNotContain("sk-upstream", text);
            if (status != 400) Assert.DoesNotContain("db-7", text);
        }
    }

    [Theory]
    [InlineData("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef")]
    [InlineData("Content-Length: -1\r\n\r\n")]
    [InlineData("Content-Length: 1e3\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n")]
    [InlineData("Content-Length : 5\r\n\r\nabcde")]
    public async Task A_request_of_two_meanings_is_refused_once_and_its_connection_closed(string rest)
    {
        await using var gateway = await StartAsync();
        using var socket = new TcpClient();
        var cancelled = TestContext.Current.CancellationToken;
        var url = new Uri(gateway.Url);
        await socket.ConnectAsync(url.Host, url.Port, cancelled);
        var hidden = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{rest}{hidden}"), cancelled);

        var answer = await new StreamReader(socket.GetStream(), Encoding.ASCII).ReadToEndAsync(cancelled);

        Assert.StartsWith("HTTP/1.1 4", answer);
        Assert.DoesNotContain("alive", answer);
        Assert.Empty(gateway.Fake.Calls);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task A_body_that_is_too_large_is_refused_with_413_whether_its_length_is_told_or_not(string path)
    {
        await using var gateway = await StartAsync();
        using var told = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StreamContent(new Zeros(RequestBody.BytesMax + 1)) { Headers = { ContentType = new("application/json"), ContentLength = RequestBody.BytesMax + 1 } } };
        using var untold = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StreamContent(new Zeros(RequestBody.BytesMax + 1)) { Headers = { ContentType = new("application/json") } }, Headers = { TransferEncodingChunked = true } };
        told.Headers.ExpectContinue = true;   // so that the refusal comes before the body
        foreach (var request in (HttpRequestMessage[])[told, untold])
        {
            using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
            var error = JsonDocument.Parse(await InDialectAsync(path, response, "413")).RootElement.GetProperty("error");
            Assert.Equal(path.StartsWith("/v1/messages", StringComparison.Ordinal) ? "request_too_large" : "invalid_request_error", Text(error, "type"));
        }
        Assert.Empty(gateway.Fake.Calls);
    }

    /// <summary>Strings that have broken programs before: as a prompt they reach the provider unchanged, as a model's name they are unknown.</summary>
    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Naughty_strings_go_through_as_they_are_or_are_refused(string path)
    {
        await using var gateway = await StartAsync();
        var naughty = JsonSerializer.Deserialize<string[]>(await File.ReadAllTextAsync(Data("naughty-strings/blns.json"), TestContext.Current.CancellationToken))!;
        Assert.True(naughty.Length > 400);
        foreach (var text in naughty)
        {
            var count = gateway.Fake.Calls.Count;
            var quoted = JsonSerializer.Serialize(text);
            using var asked = await gateway.PostAsync(path, path switch
            {
                "/v1/embeddings" => $$"""{"model":"smart","input":[{{quoted}}]}""",
                "/v1/responses" => $$"""{"model":"smart","input":{{quoted}}}""",
                _ => $$"""{"model":"smart","max_tokens":5,"messages":[{"role":"user","content":{{quoted}}}]}""",
            });
            if (!asked.IsSuccessStatusCode)
            {
                Assert.Equal((HttpStatusCode.BadRequest, true), (asked.StatusCode, text.Length == 0));
                await InDialectAsync(path, asked, text);
            }
            else if (!path.EndsWith("count_tokens", StringComparison.Ordinal))
            {
                var body = JsonDocument.Parse(gateway.Fake.Calls[count].Body).RootElement;
                Assert.Equal(text, path == "/v1/embeddings" ? body.GetProperty("input")[0].GetString() : body.GetProperty("messages")[0].GetProperty("content").GetString());
            }
            using var named = await gateway.PostAsync(path, $$"""{"model":{{quoted}},"max_tokens":5,"input":"x","messages":[{"role":"user","content":"x"}]}""");
            Assert.True(named.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.BadRequest, $"{(int)named.StatusCode} {text}");
            await InDialectAsync(path, named, text);
        }
    }

    private static async Task RefusedAsync(GatewayUnderTest gateway, string path, byte[] body, string what)
    {
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var response = await gateway.Http.PostAsync(path, content, TestContext.Current.CancellationToken);
        Assert.True((int)response.StatusCode is 400 or 404, $"{what}: {(int)response.StatusCode}");
        await InDialectAsync(path, response, what);
    }

    private static async Task<string> InDialectAsync(string path, HttpResponseMessage response, string what)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(text.Length < 4_000, what);
        var json = JsonDocument.Parse(text).RootElement;
        var error = json.GetProperty("error");
        Assert.False(string.IsNullOrEmpty(Text(error, "message")), what);
        if (path.StartsWith("/v1/messages", StringComparison.Ordinal)) Assert.Equal(("error", true), (Text(json, "type"), json.TryGetProperty("request_id", out _)));
        else Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(member => member.Name));
        return text;
    }

    /// <summary>The document with each of its values replaced by values of every other kind.</summary>
    private static IEnumerable<string> Mutants(string good)
    {
        string[] others = ["7", "-1e300", "\"x\"", "\"\"", "true", "[]", "[null]", "{}", "null"];
        var paths = new List<object[]>();
        Collect(JsonNode.Parse(good)!, []);
        foreach (var path in paths)
        {
            foreach (var other in others)
            {
                var root = JsonNode.Parse(good)!;
                var at = root;
                foreach (var step in path[..^1]) at = step is string name ? at![name] : at![(int)step];
                if (path[^1] is string last) at![last] = JsonNode.Parse(other);
                else at![(int)path[^1]] = JsonNode.Parse(other);
                yield return root.ToJsonString();
            }
        }

        void Collect(JsonNode node, object[] path)
        {
            if (path.Length > 0) paths.Add(path);
            if (node is JsonObject members)
            {
                foreach (var (name, value) in members) Collect(value!, [.. path, name]);
            }
            else if (node is JsonArray items)
            {
                for (var i = 0; i < items.Count; i++) Collect(items[i]!, [.. path, i]);
            }
        }
    }

    /// <summary>So many zeros.</summary>
    private sealed class Zeros(long length) : Stream
    {
        private long _at;

        public override bool CanRead => true;
        public override bool CanSeek => false;
        public override bool CanWrite => false;
        public override long Length => throw new NotSupportedException();
        public override long Position { get => _at; set => throw new NotSupportedException(); }
        public override void Flush() => throw new NotSupportedException();
        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
        public override void SetLength(long value) => throw new NotSupportedException();
        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = (int)Math.Min(count, length - _at);
            buffer.AsSpan(offset, read).Fill((byte)'0');
            _at += read;
            return read;
        }
    }

    private static string Data(string name, [CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "../../data", name);
}
