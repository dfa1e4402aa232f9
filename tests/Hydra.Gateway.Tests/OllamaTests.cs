using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>What only Ollama's format has.</summary>
public sealed class OllamaTests
{
    [Fact]
    public async Task The_context_window_is_asked_for_by_what_the_prompt_needs()
    {
        await using var fake = await FakeProvider.StartAsync();
        await fake.CallAsync(Natives.Ollama, false);
        await fake.CallAsync(Natives.Ollama, true, new ChatOptions { MaxOutputTokens = 100 }, new ChatMessage(ChatRole.User, new string('x', 20_000)));
        Assert.Equal([8_192, 16_384], new[] { 1, 2 }.Select(call => fake.BodyOf(call).GetProperty("options").GetProperty("num_ctx").GetInt32()));
        Assert.All([fake.BodyOf(1), fake.BodyOf(2)], body => Assert.False(body.GetProperty("truncate").GetBoolean() || body.GetProperty("shift").GetBoolean()));
        Assert.Equal(100, fake.BodyOf(2).GetProperty("options").GetProperty("num_predict").GetInt32());
    }

    [Fact]
    public void The_context_window_is_never_more_than_the_model_has()
    {
        var facts = new ModelFacts { Name = "m", Provider = "ollama", Id = "m", ContextTokensMax = 6_000 };
        ChatMessage[] messages = [new(ChatRole.User, new string('x', 100_000))];
        Assert.Equal(6_000, Ollama.OllamaRequest.ContextTokens(facts, messages, null));
        Assert.Equal(65_536, Ollama.OllamaRequest.ContextTokens(facts with { ContextTokensMax = null }, messages, null));
    }

    [Fact]
    public async Task What_the_caller_says_of_the_options_wins()
    {
        await using var fake = await FakeProvider.StartAsync();
        await fake.CallAsync(Natives.Ollama, false, new ChatOptions { Temperature = 0, AdditionalProperties = new()
        {
            ["options"] = new { num_ctx = 99_999 }, ["keep_alive"] = "1h",
        } });
        Assert.Equal(99_999, fake.BodyOf(1).GetProperty("options").GetProperty("num_ctx").GetInt32());
        Assert.Equal(0, fake.BodyOf(1).GetProperty("options").GetProperty("temperature").GetInt32());
        Assert.Equal("1h", fake.BodyOf(1).GetProperty("keep_alive").GetString());
    }

    [Fact]
    public async Task Calls_get_ids_that_are_the_same_again_and_never_twice_in_a_conversation()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { ToolCalls = [Natives.Tool("weather", "{}"), Natives.Tool("weather", "{}")] }));
        var options = new ChatOptions { Tools = [Calls.Weather] };
        var first = await fake.TwiceAsync(Natives.Ollama, options);
        var second = await fake.CallAsync(Natives.Ollama, true, options, Natives.After(first[0]));
        Assert.Equal(Ids(first[0]), Ids(first[1]));
        Assert.Equal(["hydra_call_2", "hydra_call_3"], Ids(second));
        var results = fake.BodyOf(3).GetProperty("messages").EnumerateArray().Where(message => message.GetProperty("role").GetString() == "tool");
        Assert.All(results, result => Assert.Equal("weather", result.GetProperty("tool_name").GetString()));
        Assert.DoesNotContain("hydra_call", fake.Calls[2].Body);

        static IEnumerable<string> Ids(ChatResponse response) =>
            response.Messages[0].Contents.OfType<FunctionCallContent>().Select(call => call.CallId);
    }

    [Fact]
    public async Task A_prompt_that_was_all_cached_counts_with_its_bound_as_read_from_the_cache()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "x", Usage = new(Input: 50, Output: 3, CacheRead: 50) }));
        foreach (var response in await fake.TwiceAsync(Natives.Ollama))
        {
            Assert.Equal(new TokenUsage(Input: 0, Output: 3, CacheRead: 17), UsageReader.Read(response.Usage));
        }
    }

    [Fact]
    public async Task Thinking_is_a_level_for_gpt_oss_and_a_switch_for_others()
    {
        await using var fake = await FakeProvider.StartAsync();
        var options = new ChatOptions { Reasoning = new() { Effort = ReasoningEffort.Low } };
        await fake.CallAsync("ollama/gpt-oss:20b", false, options);
        await fake.CallAsync(Natives.Ollama, false, options);
        await fake.CallAsync(Natives.Ollama, false, new ChatOptions { Reasoning = new() { Effort = ReasoningEffort.None } });
        Assert.Equal(["\"low\"", "true", "false"], new[] { 1, 2, 3 }.Select(call => fake.BodyOf(call).GetProperty("think").GetRawText()));
    }

    [Fact]
    public async Task What_it_has_no_way_to_take_is_refused_before_anything_is_sent()
    {
        await using var fake = await FakeProvider.StartAsync();
        var pdf = new ChatMessage(ChatRole.User, [new DataContent(new byte[] { 1 }, "application/pdf")]);
        Assert.Contains("application/pdf", (await fake.RefusedAsync(Natives.Ollama, false, null, pdf)).Message);
        var must = new ChatOptions { Tools = [Calls.Weather], ToolMode = ChatToolMode.RequireAny };
        Assert.Equal(ErrorCode.BadRequest, (await fake.RefusedAsync(Natives.Ollama, false, must)).Code);
        Assert.Empty(fake.Calls);
    }
}
