using System.Net;
using System.Text.Json;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

public sealed class MessagesDoorTests
{
    private const string Hello = """{"model":"smart","max_tokens":100,"messages":[{"role":"user","content":"Say hello."}]}""";
    private const string Path = "/v1/messages";

    [Fact]
    public async Task A_whole_answer_is_a_message_with_usage_that_adds_up()
    {
        await using var gateway = await StartAsync(FakeScript.Of(new FakeRule { Answer = "hello", Usage = new(Input: 10, Output: 3, CacheRead: 5, Reasoning: 2) }));

        using var response = await gateway.PostAsync(Path, Hello);

        var json = await JsonAsync(response);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(("message", "assistant", "end_turn"), (Text(json, "type"), Text(json, "role"), Text(json, "stop_reason")));
        Assert.Equal("hello", Text(json.GetProperty("content")[0], "text"));
        var usage = json.GetProperty("usage");
        Assert.Equal((10, 5, 5), (Number(usage, "input_tokens"), Number(usage, "cache_read_input_tokens"), Number(usage, "output_tokens")));
        Assert.StartsWith("op", Header(response, "request-id"));
    }

    [Fact]
    public async Task A_stream_tells_every_block_from_its_start_to_its_stop()
    {
        var rule = new FakeRule { Thought = "Let me think.", Answer = "It rains.", ToolCalls = [new() { Name = "weather", Id = "t1", Arguments = JsonSerializer.SerializeToElement(new { city = "Bern" }) }] };
        await using var gateway = await StartAsync(FakeScript.Of(rule));

        var events = await gateway.EventsAsync(Path, Streamed(Hello));

        var names = events.Select(one => one.Name).ToArray();
        Assert.All(events, one => Assert.Equal(one.Name, Text(one.Json, "type")));
        Assert.Equal(["message_start", "ping", "content_block_start"], names[..3]);
        Assert.Equal(["message_delta", "message_stop"], names[^2..]);
        Assert.Equal(3, names.Count(name => name == "content_block_start"));
        Assert.Equal(3, names.Count(name => name == "content_block_stop"));
        Assert.True(Number(events[0].Json.GetProperty("message").GetProperty("usage"), "input_tokens") > 0);
        Assert.Equal("It rains.", string.Concat(events.Where(one => one.Json.TryGetProperty("delta", out var delta) && delta.TryGetProperty("text", out _)).Select(one => Text(one.Json.GetProperty("delta"), "text"))));
        var arguments = string.Concat(events.Where(one => one.Json.TryGetProperty("delta", out var delta) && delta.TryGetProperty("partial_json", out _)).Select(one => Text(one.Json.GetProperty("delta"), "partial_json")));
        Assert.Equal("""{"city":"Bern"}""", arguments);
        Assert.Equal("tool_use", Text(events[^2].Json.GetProperty("delta"), "stop_reason"));
    }

    [Fact]
    public async Task Everything_of_a_conversation_reaches_the_provider()
    {
        await using var gateway = await StartAsync();
        const string body = """
            {"model":"smart","max_tokens":100,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],
             "stop_sequences":["END"],"metadata":{"user_id":"u1"},
             "tools":[{"name":"look","description":"Looks.","input_schema":{"type":"object","properties":{"at":{"type":"string"}}}}],
             "tool_choice":{"type":"any","disable_parallel_tool_use":true},
             "messages":[
               {"role":"user","content":[{"type":"text","text":"What is this?"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"aGk="}}]},
               {"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"look","input":{"at":"it"}}]},
               {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","is_error":true,"content":[{"type":"text","text":"broken"},{"type":"image","source":{"type":"url","url":"https://example.org/a.png"}}]}]}]}
            """;

        using var response = await gateway.PostAsync(Path, body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var sent = JsonDocument.Parse(gateway.Fake.Calls[0].Body).RootElement;
        var messages = sent.GetProperty("messages");
        Assert.Equal(["system", "user", "assistant", "tool", "user"], messages.EnumerateArray().Select(one => Text(one, "role")));
        Assert.Equal("data:image/png;base64,aGk=", Text(messages[1].GetProperty("content")[1].GetProperty("image_url"), "url"));
        Assert.Equal("broken", Text(messages[3], "content"));
        Assert.Equal("https://example.org/a.png", Text(messages[4].GetProperty("content")[0].GetProperty("image_url"), "url"));
        Assert.Equal(("required", false), (Text(sent, "tool_choice"), sent.GetProperty("parallel_tool_calls").GetBoolean()));
        Assert.Equal("END", sent.GetProperty("stop")[0].GetString());
    }

    [Fact]
    public async Task Marks_for_the_cache_and_a_budget_to_think_with_reach_anthropic_as_they_were_sent()
    {
        await using var gateway = await StartAsync(To("anthropic", "claude-sonnet-4-5"));
        const string body = """
            {"model":"smart","max_tokens":9000,"thinking":{"type":"enabled","budget_tokens":2000},
             "system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral","ttl":"1h"}}],
             "tools":[{"name":"look","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral"}}],
             "messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}]}
            """;

        using var response = await gateway.PostAsync(Path, body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var sent = JsonDocument.Parse(gateway.Fake.Calls[0].Body).RootElement;
        Assert.Equal(2000, Number(sent.GetProperty("thinking"), "budget_tokens"));
        Assert.Equal("1h", Text(sent.GetProperty("system")[0].GetProperty("cache_control"), "ttl"));
        Assert.Equal("ephemeral", Text(sent.GetProperty("tools")[0].GetProperty("cache_control"), "type"));
        Assert.Equal("ephemeral", Text(sent.GetProperty("messages")[0].GetProperty("content")[0].GetProperty("cache_control"), "type"));
        Assert.Equal("", Header(response, "x-hydra-dropped"));
    }

    [Fact]
    public async Task A_count_of_tokens_asks_no_provider_and_needs_a_known_model()
    {
        await using var gateway = await StartAsync();

        using var counted = await gateway.PostAsync(Path + "/count_tokens", """{"model":"smart","messages":[{"role":"user","content":"How long is this?"}]}""");
        using var unknown = await gateway.PostAsync(Path + "/count_tokens", """{"model":"smrt","messages":[{"role":"user","content":"How long is this?"}]}""");

        Assert.True(Number(await JsonAsync(counted), "input_tokens") > 3);
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        Assert.Empty(gateway.Fake.Calls);
    }

    [Theory]
    [InlineData(429, 429, "rate_limit_error")]
    [InlineData(529, 529, "overloaded_error")]
    [InlineData(500, 502, "api_error")]
    [InlineData(401, 502, "api_error")]
    public async Task Failures_of_providers_have_anthropics_types_and_numbers(int upstream, int status, string type)
    {
        await using var gateway = await StartAsync(config => config with { Retries = new() { AttemptsMax = 1 } }, FakeScript.Of(new FakeRule { Status = upstream }));

        using var response = await gateway.PostAsync(Path, Hello);

        var json = await JsonAsync(response);
        Assert.Equal((status, "error", type), ((int)response.StatusCode, Text(json, "type"), Text(json.GetProperty("error"), "type")));
        Assert.Equal(Header(response, "request-id"), Text(json, "request_id"));
    }

    [Fact]
    public async Task A_spent_budget_is_a_matter_of_billing_that_clients_do_not_retry()
    {
        await using var gateway = await StartAsync(config => config with { Budgets = [new Budget(BudgetScope.All, BudgetWindow.Day, 0.000001m, null)] });

        using var response = await gateway.PostAsync(Path, Hello);

        Assert.Equal((402, "billing_error"), ((int)response.StatusCode, Text((await JsonAsync(response)).GetProperty("error"), "type")));
        Assert.Equal("false", Header(response, "x-should-retry"));
    }

    [Fact]
    public async Task A_stream_that_breaks_ends_in_an_error_event()
    {
        await using var gateway = await StartAsync(FakeScript.Of(new FakeRule { CutAfter = 3, Chunks = 6 }));

        var events = await gateway.EventsAsync(Path, Streamed(Hello));

        Assert.Equal(("error", "error"), (events[^1].Name, Text(events[^1].Json, "type")));
        Assert.DoesNotContain(events, one => one.Name == "message_stop");
    }
}
