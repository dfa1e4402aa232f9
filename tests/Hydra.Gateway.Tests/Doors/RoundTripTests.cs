using System.Text.Json;
using System.Text.Json.Nodes;
using Hydra.Gateway.Fake;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

/// <summary>Every door in front of every format of providers: the same is said, called, counted and handed back.</summary>
public sealed class RoundTripTests
{
    private static readonly string[] Doors = ["chat", "responses", "messages"];
    private static readonly (string Kind, string Model)[] Providers =
        [("openai", "gpt-5-mini"), ("openai-responses", "gpt-5-mini"), ("anthropic", "claude-sonnet-4-5"), ("gemini", "gemini-3-pro-preview"), ("ollama", "qwen3")];

    public static TheoryData<string, string, string> Pairs => Of(Providers);
    /// <summary>Those whose formats have sealed reasoning.</summary>
    public static TheoryData<string, string, string> Sealing => Of(Providers[1..4]);

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task Text_calls_and_usage_are_the_same_streamed_and_whole(string door, string kind, string model)
    {
        var rule = new FakeRule { Answer = "Ünïcode 🐍 text.", Usage = new(Input: 11, Output: 7), ToolCalls = [new() { Name = "look", Id = "call_1", Arguments = JsonSerializer.SerializeToElement(new { at = "it" }) }] };
        await using var gateway = await StartAsync(To(kind, model), FakeScript.Of(rule));
        var talk = new DoorTalk(door, gateway).User("Look!").Tool("look");

        var whole = talk.Read(await talk.AskAsync());
        var streamed = await talk.StreamAsync();

        Assert.Equal(new Said("Ünïcode 🐍 text.", """look{"at":"it"}""", 11, 7), whole);
        Assert.Equal(whole, streamed);
    }

    [Theory]
    [MemberData(nameof(Pairs))]
    public async Task A_shape_and_a_picture_reach_every_provider(string door, string kind, string model)
    {
        await using var gateway = await StartAsync(To(kind, model), FakeScript.Of(new FakeRule { Answer = """{"a":1}""" }));
        var schema = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["a"] = new JsonObject { ["type"] = "integer" } } };
        var talk = new DoorTalk(door, gateway).User("What is it?", "aGVsbG8=").Shape(schema);

        var whole = talk.Read(await talk.AskAsync());
        var streamed = await talk.StreamAsync();

        Assert.Equal(("""{"a":1}""", """{"a":1}"""), (whole.Text, streamed.Text));
        Assert.All(gateway.Fake.Calls, call => Assert.Contains("aGVsbG8=", call.Body));
        Assert.All(gateway.Fake.Calls, call => Assert.Contains("integer", call.Body));
    }

    [Theory]
    [MemberData(nameof(Sealing))]
    public async Task Sealed_reasoning_and_the_call_it_led_to_come_back_to_their_maker(string door, string kind, string model)
    {
        var first = new FakeRule { Times = 1, Thought = "Hm.", ThoughtState = "c2VhbGVk", ToolCalls = [new() { Name = "look", Id = "call_1" }] };
        await using var gateway = await StartAsync(To(kind, model), FakeScript.Of(first, new FakeRule { Answer = "Seen." }));
        var talk = new DoorTalk(door, gateway).User("Look!").Tool("look");

        talk.GoOn(await talk.AskAsync(), "a snake");
        var said = talk.Read(await talk.AskAsync());

        Assert.Equal("Seen.", said.Text);
        Assert.Contains("c2VhbGVk", gateway.Fake.Calls[1].Body);
        Assert.Contains("a snake", gateway.Fake.Calls[1].Body);
        Assert.DoesNotContain("anthropic:", gateway.Fake.Calls[1].Body);
        Assert.DoesNotContain("openai:", gateway.Fake.Calls[1].Body);
        Assert.DoesNotContain("gemini:", gateway.Fake.Calls[1].Body);
    }

    [Fact]
    public async Task A_field_that_only_the_dialect_of_the_door_has_goes_on_or_is_told_as_dropped()
    {
        const string body = """{"model":"smart","logit_bias":{"1":2},"logprobs":true,"seed":7,"messages":[{"role":"user","content":"x"}]}""";
        await using var chat = await StartAsync();
        await using var other = await StartAsync(To("anthropic", "claude-sonnet-4-5"));

        using var passed = await chat.PostAsync("/v1/chat/completions", body);
        using var dropped = await other.PostAsync("/v1/chat/completions", body);
        using var streamed = await other.PostAsync("/v1/chat/completions", Streamed(body));

        Assert.Contains("\"logit_bias\":{\"1\":2}", chat.Fake.Calls[0].Body);
        Assert.Equal("logprobs", Header(passed, "x-hydra-dropped"));   // its answer has no place in ours
        Assert.DoesNotContain("logit_bias", other.Fake.Calls[0].Body);
        Assert.Equal(("logit_bias, logprobs, seed", "logit_bias, logprobs, seed"), (Header(dropped, "x-hydra-dropped"), Header(streamed, "x-hydra-dropped")));
    }

    private static TheoryData<string, string, string> Of(IEnumerable<(string Kind, string Model)> providers)
    {
        var data = new TheoryData<string, string, string>();
        foreach (var (kind, model) in providers)
        {
            foreach (var door in Doors) data.Add(door, kind, model);
        }
        return data;
    }
}
