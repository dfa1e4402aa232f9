using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>What only Google's format has.</summary>
public sealed class GeminiTests
{
    private static readonly ChatOptions Tools = new() { Tools = [Calls.Weather] };

    [Fact]
    public async Task The_signature_of_a_call_comes_back_even_from_a_conversation_kept_as_json()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Times = 2, Thought = "Hm.", ThoughtState = "c2ln",
            ToolCalls = [Natives.Tool("weather", """{"city":"Oslo"}"""), Natives.Tool("weather", """{"city":"Rome"}""")] }));
        foreach (var response in await fake.TwiceAsync(Natives.Gemini3, Tools))
        {
            await fake.CallAsync(Natives.Gemini3, false, Tools, Natives.After(response));
            var parts = fake.BodyOf(fake.Calls.Count).GetProperty("contents")[1].GetProperty("parts");
            Assert.Equal(2, parts.GetArrayLength());   // the thought itself was not signed and stays here
            Assert.Equal("c2ln", parts[0].GetProperty("thoughtSignature").GetString());
            Assert.False(parts[1].TryGetProperty("thoughtSignature", out _));
        }
    }

    [Fact]
    public async Task The_signature_of_a_text_comes_back_on_that_text()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "Yes", ThoughtState = "dGV4dA==" }));
        foreach (var response in await fake.TwiceAsync(Natives.Gemini3))
        {
            await fake.CallAsync(Natives.Gemini3, false, null, [.. Natives.After(response)[..^1], new(ChatRole.User, "Go on")]);
            var part = fake.BodyOf(fake.Calls.Count).GetProperty("contents")[1].GetProperty("parts")[0];
            Assert.Equal(("Yes", "dGV4dA=="), (part.GetProperty("text").GetString(), part.GetProperty("thoughtSignature").GetString()));
        }
    }

    [Fact]
    public async Task Calls_of_another_model_are_marked_as_not_signed_and_its_thoughts_stay_behind()
    {
        await using var fake = await FakeProvider.StartAsync();
        ChatMessage[] messages =
        [
            new(ChatRole.User, "Weather?"),
            new(ChatRole.Assistant, [new TextReasoningContent("Hm.") { ProtectedData = "anothers" },
                new FunctionCallContent("toolu_1", "weather", new Dictionary<string, object?>(StringComparer.Ordinal) { ["city"] = "Oslo" })]),
            new(ChatRole.Tool, [new FunctionResultContent("toolu_1", """{"sky":"grey"}""")]),
        ];
        await fake.CallAsync(Natives.Gemini3, false, Tools, messages);
        var contents = fake.BodyOf(1).GetProperty("contents");
        Assert.DoesNotContain("anothers", fake.Calls[0].Body);
        Assert.Equal("skip_thought_signature_validator", contents[1].GetProperty("parts")[0].GetProperty("thoughtSignature").GetString());
        var response = contents[2].GetProperty("parts")[0].GetProperty("functionResponse");
        Assert.Equal(("weather", "toolu_1", "grey"), (response.GetProperty("name").GetString(), response.GetProperty("id").GetString(),
            response.GetProperty("response").GetProperty("sky").GetString()));
    }

    [Fact]
    public async Task An_id_that_the_provider_gave_is_kept_and_one_of_ours_is_not_sent()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            new FakeRule { Times = 1, ToolCalls = [Natives.Tool("weather", "{}", id: "theirs")] },
            new FakeRule { Times = 1, ToolCalls = [Natives.Tool("weather", "{}")] }));
        var first = await fake.CallAsync(Natives.Gemini, false, Tools);
        ChatMessage[] history = Natives.After(first);
        var second = await fake.CallAsync(Natives.Gemini, true, Tools, history);
        await fake.CallAsync(Natives.Gemini, false, Tools, [.. history, .. Natives.After(second)[1..]]);
        Assert.Contains("\"id\":\"theirs\"", fake.Calls[2].Body);
        Assert.DoesNotContain("hydra_call", fake.Calls[2].Body);
        Assert.Equal("hydra_call_1", Assert.Single(second.Messages[0].Contents.OfType<FunctionCallContent>()).CallId);
    }

    [Fact]
    public async Task A_blocked_prompt_has_no_candidate_and_is_filtered()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Finish = "prompt_blocked" }));
        foreach (var isStream in new[] { false, true })
        {
            var failure = await fake.RefusedAsync(Natives.Gemini, isStream);
            Assert.Equal(ErrorCode.ContentFiltered, failure.Code);
            Assert.Contains("SAFETY", failure.Message);
        }
    }

    [Theory]
    [InlineData("RECITATION", "content_filtered")]
    [InlineData("PROHIBITED_CONTENT", "content_filtered")]
    [InlineData("SPII", "content_filtered")]
    [InlineData("MALFORMED_FUNCTION_CALL", "invalid_output")]
    public async Task Reasons_that_are_no_answer_are_failures(string reason, string code)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "x", Finish = reason }));
        Assert.Equal(code, (await fake.RefusedAsync(Natives.Gemini, isStream: true)).Code.Name);
    }

    [Fact]
    public async Task Words_inside_an_error_decide_when_its_status_does_not()
    {
        const string quota = """{"error":{"code":429,"message":"Quota","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}]}}""";
        const string key = """[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]""";
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            new FakeRule { Times = 1, Status = 429, Body = quota }, new FakeRule { Status = 400, Body = key }));
        var waits = await fake.RefusedAsync(Natives.Gemini);
        Assert.Equal((ErrorCode.RateLimited, TimeSpan.FromSeconds(34)), (waits.Code, waits.RetryAfter));
        Assert.Equal(ErrorCode.Auth, (await fake.RefusedAsync(Natives.Gemini, isStream: true)).Code);
    }

    [Fact]
    public async Task An_unknown_reason_is_kept_and_tokens_of_tools_count_as_prompt()
    {
        const string body = """{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"NEW_ONE"}],"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"toolUsePromptTokenCount":7,"candidatesTokenCount":3,"thoughtsTokenCount":3,"promptTokensDetails":[{"modality":"TEXT","tokenCount":4},{"modality":"AUDIO","tokenCount":5}],"cacheTokensDetails":[{"modality":"AUDIO","tokenCount":3}],"candidatesTokensDetails":[{"modality":"AUDIO","tokenCount":1}]}}""";
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Body = body, ContentType = "application/json" }));
        foreach (var response in await fake.TwiceAsync(Natives.Gemini))
        {
            Assert.Equal("NEW_ONE", response.FinishReason!.Value.Value);
            Assert.Equal(new TokenUsage(Input: 10, Output: 2, CacheRead: 4, CacheWrite: 0, Reasoning: 3) { InputAudio = 2, OutputAudio = 1 },
                UsageReader.Read(response.Usage));
        }
    }

    [Fact]
    public async Task Thinking_is_a_level_from_generation_3_on_and_a_budget_before()
    {
        await using var fake = await FakeProvider.StartAsync();
        var options = new ChatOptions { Reasoning = new() { Effort = ReasoningEffort.Low }, AdditionalProperties = new()
        {
            ["cachedContent"] = "cachedContents/1", ["generationConfig"] = new { candidateCount = 1 },
        } };
        await fake.CallAsync(Natives.Gemini3, false, options);
        await fake.CallAsync(Natives.Gemini, false, options);
        var configs = new[] { fake.BodyOf(1), fake.BodyOf(2) }.Select(body => body.GetProperty("generationConfig")).ToArray();
        Assert.Equal("low", configs[0].GetProperty("thinkingConfig").GetProperty("thinkingLevel").GetString());
        Assert.Equal(1_024, configs[1].GetProperty("thinkingConfig").GetProperty("thinkingBudget").GetInt32());
        Assert.Equal(1, configs[1].GetProperty("candidateCount").GetInt32());
        Assert.Equal("cachedContents/1", fake.BodyOf(1).GetProperty("cachedContent").GetString());
    }

    [Fact]
    public async Task A_tool_that_must_be_called_is_named()
    {
        await using var fake = await FakeProvider.StartAsync();
        await fake.CallAsync(Natives.Gemini, false, new ChatOptions { Tools = [Calls.Weather], ToolMode = ChatToolMode.RequireSpecific("weather") });
        var mode = fake.BodyOf(1).GetProperty("toolConfig").GetProperty("functionCallingConfig");
        Assert.Equal(("ANY", "weather"), (mode.GetProperty("mode").GetString(), mode.GetProperty("allowedFunctionNames")[0].GetString()));
    }
}
