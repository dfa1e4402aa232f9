using System.Net;
using System.Text.Json;
using Hydra.Gateway.Fake;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

public sealed class ResponsesDoorTests
{
    private const string Path = "/v1/responses";
    private const string Hello = """{"model":"smart","input":"Say hello."}""";
    private static readonly FakeRule Everything = new()
    {
        Thought = "Let me think.", Answer = "It rains.", Usage = new(Input: 10, Output: 3, CacheRead: 5, Reasoning: 2),
        ToolCalls = [new() { Name = "weather", Id = "t1", Arguments = JsonSerializer.SerializeToElement(new { city = "Bern" }) }],
    };

    [Fact]
    public async Task A_whole_answer_has_every_member_that_strict_clients_want()
    {
        await using var gateway = await StartAsync(FakeScript.Of(Everything));

        using var response = await gateway.PostAsync(Path, """{"model":"smart","input":"Hi","temperature":0.5,"metadata":{"a":"b"},"include":["reasoning.encrypted_content"]}""");

        var json = await JsonAsync(response);
        Assert.Equal((HttpStatusCode.OK, "response", "completed"), (response.StatusCode, Text(json, "object"), Text(json, "status")));
        foreach (var name in (string[])["id", "created_at", "error", "incomplete_details", "instructions", "max_output_tokens", "model", "parallel_tool_calls", "previous_response_id", "reasoning", "store", "text", "tool_choice", "tools", "top_p", "truncation", "user"])
        {
            Assert.True(json.TryGetProperty(name, out _), name);
        }
        Assert.Equal((0.5, "b"), (json.GetProperty("temperature").GetDouble(), Text(json.GetProperty("metadata"), "a")));
        var output = json.GetProperty("output").EnumerateArray().ToArray();
        Assert.Equal(["reasoning", "message", "function_call"], output.Select(item => Text(item, "type")));
        Assert.Equal("It rains.", Text(output[1].GetProperty("content")[0], "text"));
        Assert.Equal(("t1", """{"city":"Bern"}"""), (Text(output[2], "call_id"), Text(output[2], "arguments")));
        var usage = json.GetProperty("usage");
        Assert.Equal((15, 5, 20), (Number(usage, "input_tokens"), Number(usage, "output_tokens"), Number(usage, "total_tokens")));
        Assert.Equal((5, 2), (Number(usage.GetProperty("input_tokens_details"), "cached_tokens"), Number(usage.GetProperty("output_tokens_details"), "reasoning_tokens")));
    }

    [Fact]
    public async Task A_stream_tells_the_whole_life_of_every_item_in_numbered_events()
    {
        await using var gateway = await StartAsync(FakeScript.Of(Everything with { Chunks = 1 }));

        var events = await gateway.EventsAsync(Path, Streamed(Hello));

        Assert.Equal(Enumerable.Range(0, events.Count).Select(number => (long)number), events.Select(one => Number(one.Json, "sequence_number")));
        Assert.Equal(
        [
            "response.created", "response.in_progress",
            "response.output_item.added", "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "response.reasoning_summary_part.done", "response.output_item.done",
            "response.output_item.added", "response.content_part.added", "response.output_text.delta", "response.output_text.done", "response.content_part.done", "response.output_item.done",
            "response.output_item.added", "response.function_call_arguments.delta", "response.function_call_arguments.done", "response.output_item.done",
            "response.completed",
        ], events.Select(one => one.Name));
        var done = events.Where(one => one.Name == "response.output_item.done").Select(one => one.Json.GetProperty("item").GetRawText());
        Assert.Equal(done, events[^1].Json.GetProperty("response").GetProperty("output").EnumerateArray().Select(item => item.GetRawText()));
    }

    [Fact]
    public async Task An_answer_cut_by_its_length_is_incomplete()
    {
        await using var gateway = await StartAsync(FakeScript.Of(new FakeRule { Answer = "half", Finish = "length" }));

        using var whole = await gateway.PostAsync(Path, Hello);
        var events = await gateway.EventsAsync(Path, Streamed(Hello));

        var json = await JsonAsync(whole);
        Assert.Equal(("incomplete", "max_output_tokens"), (Text(json, "status"), Text(json.GetProperty("incomplete_details"), "reason")));
        Assert.Equal("response.incomplete", events[^1].Name);
    }

    [Fact]
    public async Task A_stream_that_breaks_ends_as_failed_with_what_had_come()
    {
        await using var gateway = await StartAsync(FakeScript.Of(new FakeRule { CutAfter = 3, Chunks = 6 }));

        var events = await gateway.EventsAsync(Path, Streamed(Hello));

        var response = events[^1].Json.GetProperty("response");
        Assert.Equal(("response.failed", "failed", "server_error"), (events[^1].Name, Text(response, "status"), Text(response.GetProperty("error"), "code")));
        Assert.Equal("incomplete", Text(response.GetProperty("output")[0], "status"));
    }

    [Fact]
    public async Task Items_become_turns_that_a_provider_of_chat_completions_takes()
    {
        await using var gateway = await StartAsync();
        const string body = """
            {"model":"smart","instructions":"Be brief.","tool_choice":"required","parallel_tool_calls":false,"reasoning":{"effort":"low"},"max_output_tokens":50,
             "text":{"format":{"type":"json_schema","name":"shape","schema":{"type":"object","properties":{},"additionalProperties":false,"required":[]}}},
             "tools":[{"type":"function","name":"look","parameters":{"type":"object","properties":{}},"strict":true}],
             "input":[{"role":"user","content":[{"type":"input_text","text":"Hi"},{"type":"input_image","image_url":"data:image/png;base64,aGk="}]},
               {"type":"message","role":"assistant","content":[{"type":"output_text","text":"Looking."}]},
               {"type":"function_call","call_id":"a","name":"look","arguments":"{}"},{"type":"function_call","call_id":"b","name":"look","arguments":"{}"},
               {"type":"function_call_output","call_id":"a","output":"one"},{"type":"function_call_output","call_id":"b","output":[{"type":"input_text","text":"two"}]}]}
            """;

        using var response = await gateway.PostAsync(Path, body);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var sent = JsonDocument.Parse(gateway.Fake.Calls[0].Body).RootElement;
        var messages = sent.GetProperty("messages");
        Assert.Equal(["system", "user", "assistant", "tool", "tool"], messages.EnumerateArray().Select(one => Text(one, "role")));
        Assert.Equal(2, messages[2].GetProperty("tool_calls").GetArrayLength());
        Assert.Equal(("two", "required", "low"), (Text(messages[4], "content"), Text(sent, "tool_choice"), Text(sent, "reasoning_effort")));
        Assert.Equal("shape", Text(sent.GetProperty("response_format").GetProperty("json_schema"), "name"));
    }

    [Theory]
    [InlineData("\"previous_response_id\":\"resp_1\"", "keeps no conversations")]
    [InlineData("\"conversation\":\"c1\"", "keeps no conversations")]
    [InlineData("\"store\":true", "keeps no responses")]
    [InlineData("\"background\":true", "while you wait")]
    [InlineData("\"tools\":[{\"type\":\"web_search\"}]", "function only")]
    [InlineData("\"include\":[\"file_search_call.results\"]", "reasoning.encrypted_content only")]
    [InlineData("\"input\":[{\"type\":\"item_reference\",\"id\":\"x\"}]", "keeps no items")]
    public async Task What_needs_memory_or_foreign_tools_is_refused_with_its_mend(string member, string said)
    {
        await using var gateway = await StartAsync();
        var body = member.StartsWith("\"input", StringComparison.Ordinal) ? $$"""{"model":"smart",{{member}}}""" : $$"""{"model":"smart","input":"x",{{member}}}""";

        using var response = await gateway.PostAsync(Path, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(said, Text((await JsonAsync(response)).GetProperty("error"), "message"));
        Assert.Empty(gateway.Fake.Calls);
    }
}
