namespace Hydra.Agents.Tests;

public class AgentCallTests
{
    private readonly FakeLine _line = new();

    [Fact]
    public async Task The_text_of_the_answer_is_the_result()
    {
        var models = new FakeModels().Answers("owls see at night");
        var outcome = await Ask.Async(models, _line, "model: m, system: Be brief., prompt: 'Tell of {{ topic }}'");

        Assert.Equal(Value.Of("owls see at night"), Assert.IsType<AttemptOutcome.Completed>(outcome).Output);
        var asked = Assert.Single(models.Asked);
        Assert.Equal(["system: Be brief.", "user: Tell of owls"], asked.Messages.Select(message => $"{message.Role}: {message.Text}"));
        Assert.Equal((4096, "m-id", null), (asked.Options.MaxOutputTokens, asked.Options.ModelId, asked.Options.Temperature));
        Assert.True(asked.IsStreamed);
    }

    [Fact]
    public async Task A_call_is_announced_with_the_most_it_can_cost_and_what_it_asks()
    {
        await Ask.Async(new FakeModels().Answers("x"), _line, "model: m, max_output_tokens: 50, prompt: 'ähm'");
        var call = Assert.Single(_line.Calls);
        Assert.Equal((StepKind.Model, "m", "fake"), (call.Kind, call.Name, call.Provider));
        Assert.Equal((2 + 16, 2 + 16 + 50), (call.PromptTokensMax, call.TokensMax));
        Assert.Equal(18 + (50 * 10), call.UsdMax!.Value.Amount);
        Assert.Equal("""[{"role":"user","content":"ähm"}]""", call.Request!.Inline.ToJson());
    }

    [Fact]
    public void A_tool_counts_beside_its_words_as_much_as_a_message_does()
    {
        var plain = new Calls.ModelQuestion { Model = new ModelFacts { Name = "m", Provider = "fake", Id = "m" }, Messages = [new ChatMessage(ChatRole.User, "hi")], OutputTokensMax = 1 };
        var tooled = plain with { Tools = [AIFunctionFactory.CreateDeclaration("look", "Look", System.Text.Json.JsonElement.Parse("{}"))] };
        Assert.Equal((1 + 16, 1 + 16 + 5 + 16), (plain.PromptTokensMax, tooled.PromptTokensMax));   // as a gateway counts
    }

    [Fact]
    public async Task An_unknown_price_is_announced_as_unknown_and_not_as_free()
    {
        await Ask.Async(new FakeModels { Price = null }.Answers("x"), _line, "model: m, prompt: p");
        Assert.Null(_line.Calls[0].UsdMax);
    }

    [Fact]
    public async Task What_the_call_cost_is_reported_class_by_class()
    {
        await Ask.Async(new FakeModels().Answers("one two"), _line, "model: m, prompt: p");
        var result = Assert.Single(_line.Results);
        Assert.Equal(new TokenUsage(60, 5, CacheRead: 40, Reasoning: 4), result.Usage);
        Assert.Equal(100 + 90, result.Cost.Amount);
        Assert.Equal(("m-2026", "stop", 40.0, 80.0), (result.AnsweredBy, result.FinishReason, result.FirstTokenMs, result.DurationMs));
        Assert.Equal("one two", result.Response!.Inline.AsText);
    }

    [Fact]
    public async Task A_provider_that_counts_nothing_is_charged_at_the_bound()
    {
        await Ask.Async(new FakeModels { SaysUsage = false }.Answers("12345678"), _line, "model: m, prompt: abcd");
        Assert.Equal(new TokenUsage(18, 4), _line.Results[0].Usage);
    }

    [Fact]
    public async Task Every_chunk_is_a_sign_of_life_and_the_text_is_shown_at_most_ten_times_a_second()
    {
        await Ask.Async(new FakeModels().Answers("a b c d e f"), _line, "model: m, prompt: p");
        Assert.Equal(["a", null, null, "a b c d", null, null], _line.Shown.Take(6));
    }

    [Fact]
    public async Task Without_streaming_the_answer_comes_at_once()
    {
        var models = new FakeModels().Answers("done");
        var outcome = await Ask.Async(models, _line, "model: m, prompt: p, stream: false");
        Assert.Equal(Value.Of("done"), Assert.IsType<AttemptOutcome.Completed>(outcome).Output);
        Assert.False(models.Asked[0].IsStreamed);
        Assert.Equal(9 - 4, _line.Results[0].Usage.Output);
    }

    [Fact]
    public async Task An_answer_known_from_before_a_crash_is_not_asked_for_again()
    {
        _line.Known.Enqueue(new StepResult(ValueRef.Of("from before"), default, default, null, 1));
        var models = new FakeModels();
        var outcome = await Ask.Async(models, _line, "model: m, prompt: p");
        Assert.Equal(Value.Of("from before"), Assert.IsType<AttemptOutcome.Completed>(outcome).Output);
        Assert.Empty(models.Asked);
        Assert.Empty(_line.Results);
    }

    [Fact]
    public async Task The_same_question_has_the_same_key_and_another_has_another()
    {
        foreach (var node in (string[])["model: m, prompt: p", "model: m, prompt: p", "model: n, prompt: p", "model: m, prompt: q", "model: m, prompt: p, temperature: 1"])
            await Ask.Async(new FakeModels().Answers("x"), _line, node);
        var keys = _line.Calls.Select(call => call.Key).ToList();
        Assert.Equal(keys[0], keys[1]);
        Assert.Equal(4, keys.Distinct().Count());
    }

    [Fact]
    public async Task A_refused_call_is_not_made()
    {
        var models = new FakeModels();
        var outcome = await Ask.Async(models, new FakeLine { Refusal = new CallFailedException(ErrorCode.Budget, "spent") }, "model: m, prompt: p");
        Assert.Equal(ErrorCode.Budget, Assert.IsType<AttemptOutcome.Failed>(outcome).Code);
        Assert.Empty(models.Asked);
    }

    [Fact]
    public async Task A_failed_call_reports_what_it_cost_and_fails_with_its_code()
    {
        var models = new FakeModels().Throws(new CallFailedException(ErrorCode.RateLimited, "slow down") { Usage = new TokenUsage(7, 0), RetryAfter = TimeSpan.FromSeconds(9) });
        var outcome = Assert.IsType<AttemptOutcome.Failed>(await Ask.Async(models, _line, "model: m, prompt: p"));
        Assert.Equal((ErrorCode.RateLimited, TimeSpan.FromSeconds(9)), (outcome.Code, outcome.RetryAfter));
        Assert.Equal((7L, ErrorCode.RateLimited), (_line.Results[0].Usage.Input, _line.Results[0].Error!.Code));
    }

    [Fact]
    public async Task Whatever_a_client_throws_is_the_providers_failure()
    {
        var outcome = Assert.IsType<AttemptOutcome.Failed>(await Ask.Async(new FakeModels().Throws(new InvalidDataException("odd")), _line, "model: m, prompt: p"));
        Assert.Equal((ErrorCode.ProviderError, "the client of 'm' failed: InvalidDataException: odd"), (outcome.Code, outcome.Message));
        Assert.Equal(ErrorCode.ProviderError, _line.Results[0].Error!.Code);
    }

    [Fact]
    public async Task A_withheld_answer_is_content_filtered()
    {
        var outcome = await Ask.Async(new FakeModels { Finish = ChatFinishReason.ContentFilter }.Answers("…"), _line, "model: m, prompt: p");
        Assert.Equal(ErrorCode.ContentFiltered, Assert.IsType<AttemptOutcome.Failed>(outcome).Code);
    }

    [Fact]
    public async Task The_time_limit_of_an_alias_holds_for_one_call_and_charges_its_bound()
    {
        var models = new FakeModels { HangsAfterFirstWord = true }.Answers("a b");
        var outcome = Assert.IsType<AttemptOutcome.Failed>(await Ask.Async(models, _line, "model: fast, max_output_tokens: 10, prompt: p", "models: {fast: {model: m, timeout_seconds: 5}}"));
        Assert.Equal(ErrorCode.Timeout, outcome.Code);
        Assert.Contains("5 s", outcome.Message);
        Assert.Equal(10, _line.Results[0].Usage.Output);
    }

    [Fact]
    public async Task Cancelling_is_no_failure_of_the_call()
    {
        using var stop = new CancellationTokenSource();
        var models = new FakeModels { HangsAfterFirstWord = true }.Answers("a b");
        var running = Ask.Async(models, _line, "model: m, prompt: p", cancellationToken: stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(_line.Results);
    }

    [Fact]
    public async Task Stop_when_ends_the_answer_early_as_completed()
    {
        var outcome = await Ask.Async(new FakeModels().Answers("a b c confidence: 0.95 and a lot more text"), _line, """model: m, prompt: p, stop_when: "confidence is number and confidence > 0.9 and 'c' in output" """);
        var done = Assert.IsType<AttemptOutcome.Completed>(outcome);
        Assert.StartsWith("a b c confidence: 0.95", done.Output.AsText);
        Assert.DoesNotContain("text", done.Output.AsText);
        Assert.Equal("""{"finish_reason":"stop_when"}""", done.Signal.ToJson());
        Assert.Equal("stop_when", _line.Results[0].FinishReason);
        Assert.True(_line.Results[0].Usage.Output > 0);
    }
}
