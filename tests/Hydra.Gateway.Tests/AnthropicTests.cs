using System.Text.Json;
using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>What only Anthropic's Messages have.</summary>
public sealed class AnthropicTests
{
    private const string Claude = "claude-sonnet-4-5";

    [Theory]
    [InlineData("Hm.", "sig==", "\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"sig==\"")]
    [InlineData("", "sig==", "\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"sig==\"")]
    [InlineData(null, "blob==", "\"type\":\"redacted_thinking\",\"data\":\"blob==\"")]
    public async Task Thoughts_shown_and_hidden_go_back_as_they_came(string? thought, string state, string sent)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Thought = thought, ThoughtState = state, Answer = "Yes" }));
        using var gateway = new ModelGateway(Calls.To(fake));
        var client = gateway.GetClient(Claude);
        ChatResponse[] both = [await client.GetResponseAsync("Hi"), await client.GetStreamingResponseAsync("Hi").ToChatResponseAsync()];
        foreach (var first in both)
        {
            await client.GetResponseAsync([new(ChatRole.User, "Hi"), .. first.Messages, new(ChatRole.User, "Go on")]);
            Assert.Contains(sent, fake.Calls[^1].Body);
        }
    }

    [Fact]
    public async Task Another_makers_sealed_thoughts_stay_behind()
    {
        await using var fake = await FakeProvider.StartAsync();
        using var gateway = new ModelGateway(Calls.To(fake));
        await gateway.GetClient(Claude).GetResponseAsync([new(ChatRole.User, "Hi"),
            new(ChatRole.Assistant, [new TextReasoningContent("Hm.") { ProtectedData = "openai:sealed" }, new TextContent("Yes")]), new(ChatRole.User, "Go on")]);
        Assert.DoesNotContain("sealed", fake.Calls[0].Body);
    }

    [Fact]
    public async Task A_mark_for_the_cache_stands_where_it_was_put()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "x", Usage = new(10, 3, 5, 200, 0, CacheWriteHour: 500) }));
        using var gateway = new ModelGateway(Calls.To(fake));
        var client = gateway.GetClient(Claude);
        ChatMessage[] messages =
        [
            new(ChatRole.System, [new TextContent("A long text.") { AdditionalProperties = new() { ["cache_control"] = "1h" } }]),
            new(ChatRole.User, [new TextContent("Hi") { AdditionalProperties = new() { ["cache_control"] = "5m" } }]),
        ];
        ChatResponse[] both = [await client.GetResponseAsync(messages), await client.GetStreamingResponseAsync(messages).ToChatResponseAsync()];
        using var body = JsonDocument.Parse(fake.Calls[0].Body);
        Assert.Equal("""{"type":"ephemeral","ttl":"1h"}""", body.RootElement.GetProperty("system")[0].GetProperty("cache_control").GetRawText());
        Assert.Equal("""{"type":"ephemeral"}""", body.RootElement.GetProperty("messages")[0].GetProperty("content")[0].GetProperty("cache_control").GetRawText());
        foreach (var response in both)
        {
            Assert.Equal(new TokenUsage(10, 3, 5, 200) { CacheWriteHour = 500 }, UsageReader.Read(response.Usage));
        }
    }

    [Fact]
    public async Task Effort_becomes_a_budget_and_forces_no_tool()
    {
        await using var fake = await FakeProvider.StartAsync();
        var schema = JsonSerializer.SerializeToElement(new { type = "object", properties = new { city = new { type = "string" } } });
        var response = await fake.AskAsync(Claude, new ChatOptions { MaxOutputTokens = 10_000, Seed = 1,
            Reasoning = new() { Effort = ReasoningEffort.High }, ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) });
        using var body = JsonDocument.Parse(fake.Calls[0].Body);
        Assert.Equal("""{"type":"enabled","budget_tokens":5000}""", body.RootElement.GetProperty("thinking").GetRawText());
        Assert.Equal("auto", body.RootElement.GetProperty("tool_choice").GetProperty("type").GetString());
        Assert.Equal("seed", response.AdditionalProperties![Wire.Parameters.DroppedKey]);

        var small = await fake.StreamAsync(Claude, new ChatOptions { MaxOutputTokens = 500, Reasoning = new() { Effort = ReasoningEffort.Low } });
        Assert.Equal("reasoning.effort", small.AdditionalProperties![Wire.Parameters.DroppedKey]);
        Assert.DoesNotContain("thinking", fake.Calls[1].Body);
    }

    [Fact]
    public async Task A_paused_turn_says_so_and_an_overload_in_a_stream_has_its_class()
    {
        const string overload = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { When = new() { Prompt = "many" }, Body = overload },
            new FakeRule { Answer = "wait", Finish = "pause_turn" }));
        foreach (var response in await fake.BothAsync(Claude)) Assert.Equal("pause_turn", response.FinishReason!.Value.Value);
        using var gateway = new ModelGateway(Calls.To(fake));
        var failure = await Assert.ThrowsAsync<CallFailedException>(() => gateway.GetClient(Claude).GetStreamingResponseAsync("many").ToChatResponseAsync());
        Assert.Equal((ErrorClass.Overloaded, 200, false), (failure.Class, failure.HttpStatus, failure.HasDelivered));
    }
}
