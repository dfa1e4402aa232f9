using System.Text.Json;
using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>OpenAI's Responses, over real loopback HTTP.</summary>
public sealed class ResponsesTests
{
    private const string Model = "openai-responses/gpt-5";

    [Fact]
    public async Task An_answer_comes_with_its_reasoning_calls_and_usage()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule
        {
            Answer = "Let me look.", Thought = "Oslo it is.", ThoughtState = "sealed==",
            ToolCalls = [Tool("""{"city":"Oslo"}"""), Tool("""{"city":"Bergen"}""")],
            Usage = new(Input: 10, Output: 3, CacheRead: 5, CacheWrite: 2, Reasoning: 4),
        }));
        foreach (var response in await fake.BothAsync(Model, new ChatOptions { Tools = [Calls.Weather] }))
        {
            Assert.Equal("Let me look.", response.Text);
            var contents = response.Messages.Single().Contents;
            var thought = Assert.Single(contents.OfType<TextReasoningContent>());
            Assert.Equal(("Oslo it is.", "openai:sealed=="), (thought.Text, thought.ProtectedData));
            Assert.Equal(["Oslo", "Bergen"], contents.OfType<FunctionCallContent>().Select(call => call.Arguments!["city"]!.ToString()!));
            Assert.Equal(ChatFinishReason.ToolCalls, response.FinishReason);
            Assert.Equal(new TokenUsage(10, 3, 5, 2, 4), UsageReader.Read(response.Usage));
            Assert.Equal("gpt-5", response.ModelId);
            Assert.StartsWith("resp_", response.ResponseId);
        }
        Assert.All(fake.Calls, call => Assert.Equal("/v1/responses", call.Path));
    }

    [Fact]
    public async Task What_came_goes_back_in_its_order_with_its_sealed_state()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            new FakeRule { Times = 1, Thought = "Hm.", ThoughtState = "sealed==", ToolCalls = [Tool("""{"city":"Oslo"}""")] },
            new FakeRule { Answer = "Rain." }));
        using var gateway = new ModelGateway(Calls.To(fake));
        var client = gateway.GetClient(Model);
        var user = new ChatMessage(ChatRole.User, "Weather?");
        var first = await client.GetStreamingResponseAsync([user]).ToChatResponseAsync();
        var call = first.Messages[0].Contents.OfType<FunctionCallContent>().Single();
        var second = await client.GetResponseAsync([new(ChatRole.System, "Be brief."), user, .. first.Messages,
            new(ChatRole.Tool, [new FunctionResultContent(call.CallId, "Rain")])]);
        Assert.Equal("Rain.", second.Text);

        using var body = JsonDocument.Parse(fake.Calls[1].Body);
        var items = body.RootElement.GetProperty("input").EnumerateArray().ToArray();
        Assert.Equal(["message", "message", "reasoning", "function_call", "function_call_output"], items.Select(item => item.GetProperty("type").GetString()!));
        Assert.Equal("sealed==", items[2].GetProperty("encrypted_content").GetString());
        Assert.Equal(call.CallId, items[4].GetProperty("call_id").GetString());
        Assert.False(body.RootElement.GetProperty("store").GetBoolean());
        Assert.Equal("reasoning.encrypted_content", body.RootElement.GetProperty("include")[0].GetString());
    }

    [Fact]
    public async Task Options_are_told_in_the_words_of_responses()
    {
        await using var fake = await FakeProvider.StartAsync();
        var schema = JsonSerializer.SerializeToElement(new { type = "object", properties = new { city = new { type = "string" } }, required = new[] { "city" }, additionalProperties = false });
        using var gateway = new ModelGateway(Calls.To(fake));
        var message = new ChatMessage(ChatRole.User, [new TextContent("What?"), new DataContent(new byte[] { 1, 2, 3 }, "image/png"),
            new UriContent("https://example.com/a.png", "image/png")]);
        var response = await gateway.GetClient(Model).GetResponseAsync([message], new ChatOptions
        {
            Instructions = "Be kind.", MaxOutputTokens = 77, Temperature = 0.5f, Seed = 3, TopK = 4,
            Reasoning = new() { Effort = ReasoningEffort.High, Output = ReasoningOutput.Summary },
            ResponseFormat = ChatResponseFormat.ForJsonSchema(schema, "place"), Tools = [Calls.Weather],
            ToolMode = ChatToolMode.RequireSpecific("weather"), AllowMultipleToolCalls = false,
            AdditionalProperties = new() { ["prompt_cache_key"] = "k1" },
        });
        using var body = JsonDocument.Parse(fake.Calls[0].Body);
        var root = body.RootElement;
        Assert.Equal(("Be kind.", 77, "k1"), (root.GetProperty("instructions").GetString(), root.GetProperty("max_output_tokens").GetInt32(), root.GetProperty("prompt_cache_key").GetString()));
        Assert.Equal("""{"effort":"high","summary":"auto"}""", root.GetProperty("reasoning").GetRawText());
        var format = root.GetProperty("text").GetProperty("format");
        Assert.Equal(("json_schema", "place", true), (format.GetProperty("type").GetString(), format.GetProperty("name").GetString(), format.GetProperty("strict").GetBoolean()));
        Assert.Equal("""{"type":"function","name":"weather"}""", root.GetProperty("tool_choice").GetRawText());
        Assert.False(root.GetProperty("parallel_tool_calls").GetBoolean());
        Assert.Equal(["input_text", "input_image", "input_image"], root.GetProperty("input")[0].GetProperty("content").EnumerateArray().Select(part => part.GetProperty("type").GetString()!));
        Assert.False(root.TryGetProperty("seed", out _));
        Assert.Equal("top_k,seed", response.AdditionalProperties![Wire.Parameters.DroppedKey]);
    }

    [Theory]
    [InlineData("length", "length", null)]
    [InlineData("stop", "stop", null)]
    [InlineData("content_filter", null, "content_filtered")]
    [InlineData("refusal", null, "content_filtered")]
    [InlineData("failed", null, "provider_error")]
    public async Task The_last_status_decides_how_it_ended(string finish, string? reason, string? code)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abc", Finish = finish, Usage = new(4, 1) }));
        foreach (var isStream in new[] { false, true })
        {
            if (code is null)
            {
                var response = isStream ? await fake.StreamAsync(Model) : await fake.AskAsync(Model);
                Assert.Equal((reason, "abc"), (response.FinishReason!.Value.Value, response.Text));
                continue;
            }
            var failure = await fake.FailAsync(Model, isStream);
            Assert.Equal((code, new TokenUsage(4, 1)), (failure.Code.Name, failure.Usage));
        }
    }

    [Theory]
    [InlineData(4, "truncated", false)]    // before any text
    [InlineData(6, "truncated", true)]
    public async Task A_stream_without_its_last_event_is_truncated(int events, string said, bool hasDelivered)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abcdef", CutAfter = events }));
        var failure = await fake.FailAsync(Model, isStream: true);
        Assert.Contains(said, failure.Message);
        Assert.Equal((ErrorClass.RetrySame, hasDelivered), (failure.Class, failure.HasDelivered));
    }

    [Fact]
    public async Task An_error_event_and_an_error_status_are_told_with_their_class()
    {
        const string stream = "event: error\ndata: {\"type\":\"error\",\"code\":\"rate_limit_exceeded\",\"message\":\"Slow down\",\"sequence_number\":0}\n\n";
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { When = new() { Stream = true }, Body = stream },
            new FakeRule { Status = 400, ErrorCode = "context_length_exceeded" }));
        Assert.Equal(ErrorClass.RateLimited, (await fake.FailAsync(Model, isStream: true)).Class);
        Assert.Equal(ErrorClass.ContextWindow, (await fake.FailAsync(Model, isStream: false)).Class);
    }

    [Fact]
    public async Task Tool_calls_of_a_broken_stream_are_not_handed_on()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { ToolCalls = [Tool("""{"city":"Oslo"}""")], CutAfter = 7 }));
        using var gateway = new ModelGateway(Calls.To(fake));
        var seen = new List<AIContent>();
        await Assert.ThrowsAsync<CallFailedException>(async () =>
        {
            await foreach (var update in gateway.GetClient(Model).GetStreamingResponseAsync("Hi")) seen.AddRange(update.Contents);
        });
        Assert.DoesNotContain(seen, content => content is FunctionCallContent);
    }

    private static FakeToolCall Tool(string arguments) => new() { Name = "weather", Arguments = JsonDocument.Parse(arguments).RootElement };
}
