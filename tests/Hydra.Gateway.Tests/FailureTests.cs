using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>Every way in which a provider fails, as the caller sees it.</summary>
public sealed class FailureTests
{
    private const string Gpt = "gpt-4o", Claude = "claude-sonnet-4-5";

    [Theory]
    [InlineData(Gpt, 400, null, "bad_request")]
    [InlineData(Gpt, 400, "context_length_exceeded", "context_length")]
    [InlineData(Gpt, 400, "content_filter", "content_filtered")]
    [InlineData(Gpt, 401, null, "auth")]
    [InlineData(Gpt, 403, null, "auth")]
    [InlineData(Gpt, 404, null, "bad_request")]
    [InlineData(Gpt, 408, null, "timeout")]
    [InlineData(Gpt, 409, null, "provider_error")]
    [InlineData(Gpt, 413, null, "context_length")]
    [InlineData(Gpt, 429, null, "rate_limited")]
    [InlineData(Gpt, 429, "insufficient_quota", "auth")]
    [InlineData(Gpt, 429, "budget_exceeded", "budget")]
    [InlineData(Gpt, 500, null, "provider_error")]
    [InlineData(Gpt, 503, null, "provider_error")]
    [InlineData(Gpt, 504, null, "timeout")]
    [InlineData(Claude, 400, null, "bad_request")]
    [InlineData(Claude, 401, null, "auth")]
    [InlineData(Claude, 429, null, "rate_limited")]
    [InlineData(Claude, 529, null, "provider_error")]
    public async Task A_status_becomes_an_error_code(string model, int status, string? providerCode, string code)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Status = status,
            ErrorCode = providerCode }));
        foreach (var isStream in new[] { false, true })
        {
            var failure = await fake.FailAsync(model, isStream);
            Assert.Equal(code, failure.Code.Name);
            Assert.Equal(status, failure.HttpStatus);
            Assert.False(failure.HasDelivered);
            Assert.Contains(fake.Url, failure.Message);
        }
        Assert.Equal(2, fake.Calls.Count);   // nobody retried
    }

    [Theory]
    [InlineData("2", null, 2_000)]
    [InlineData("0.5", null, 500)]
    [InlineData("9", 1500, 1_500)]
    [InlineData("Thu, 01 Jan 2026 00:00:30 GMT", null, 30_000)]
    [InlineData("soon", null, -1)]
    public async Task Retry_after_is_read_in_every_spelling(string header, int? milliseconds, int expected)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Status = 429,
            RetryAfter = header, RetryAfterMs = milliseconds }));
        using var gateway = new ModelGateway(Calls.To(fake) with { Clock = new ManualTime() });
        var failure = await Assert.ThrowsAsync<CallFailedException>(() =>
            gateway.GetClient(Gpt).GetResponseAsync("Hi", null, TestContext.Current.CancellationToken));
        Assert.Equal(expected < 0 ? (TimeSpan?)null : TimeSpan.FromMilliseconds(expected), failure.RetryAfter);
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task A_stream_that_stops_in_the_middle_is_truncated_and_tells_its_usage(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abcdef",
            CutAfter = 4, Usage = new(Input: 9, Output: 3) }));
        var failure = await fake.FailAsync(model, isStream: true);
        Assert.Equal(ErrorCode.ProviderError, failure.Code);
        Assert.Contains("truncated", failure.Message);
        Assert.True(failure.HasDelivered);
        if (model == Claude) Assert.Equal(9, failure.Usage.Input);
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task A_connection_that_breaks_is_told_as_such(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abcdef",
            CutAfter = 3, Then = "reset" }));
        foreach (var isStream in new[] { false, true })
        {
            var failure = await fake.FailAsync(model, isStream);
            Assert.True(failure.Code == ErrorCode.Network || failure.Code == ErrorCode.ProviderError, failure.Message);
        }
    }

    [Fact]
    public async Task What_breaks_after_the_finish_reason_takes_nothing_away()
    {
        const string all = "data: {\"choices\":[{\"delta\":{\"content\":\"abc\"},\"finish_reason\":\"stop\"}]}\n\n";
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Body = all, Then = "hang" }));
        var time = new ManualTime();
        using var gateway = new ModelGateway(Calls.To(fake) with { Clock = time });
        ChatFinishReason? finish = null;
        await foreach (var update in gateway.GetClient(Gpt).GetStreamingResponseAsync("Hi",
            cancellationToken: TestContext.Current.CancellationToken))
        {
            if (update.Text == "abc") time.Expire();   // the silence that follows would be an idle timeout
            finish = update.FinishReason;
        }
        Assert.Equal(ChatFinishReason.Stop, finish);
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task A_reader_who_takes_long_does_not_make_the_provider_silent(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "abcdef", Chunks = 3, ChunkDelayMs = 50 }));
        var time = new ManualTime();
        using var gateway = new ModelGateway(Calls.To(fake) with { Clock = time });
        var text = "";
        await foreach (var update in gateway.GetClient(model).GetStreamingResponseAsync("Hi", cancellationToken: TestContext.Current.CancellationToken))
        {
            text += update.Text;
            time.Elapse();
        }
        Assert.Equal("abcdef", text);
    }

    [Theory, InlineData(Gpt, false), InlineData(Gpt, true), InlineData(Claude, false), InlineData(Claude, true)]
    public async Task A_web_page_names_the_address_and_the_setting(string model, bool isStream)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Body = "<!doctype html><title>Log in</title>", ContentType = "text/html; charset=utf-8" }));
        var failure = await fake.FailAsync(model, isStream);
        Assert.Equal(ErrorCode.ProviderError, failure.Code);
        Assert.Contains(fake.Url, failure.Message);
        Assert.Contains(model == Gpt ? "OPENAI_BASE_URL" : "ANTHROPIC_BASE_URL", failure.Message);
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task A_filtered_answer_is_a_failure_with_its_usage(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "bad",
            Finish = "content_filter", Usage = new(Input: 4, Output: 1) }));
        foreach (var isStream in new[] { false, true })
        {
            var failure = await fake.FailAsync(model, isStream);
            Assert.Equal(ErrorCode.ContentFiltered, failure.Code);
            Assert.Equal(new TokenUsage(4, 1), failure.Usage);
        }
    }

    [Fact]
    public async Task Nobody_listening_is_a_network_error_that_names_the_setting()
    {
        using var gateway = new ModelGateway(new GatewayOptions { OpenAIBaseUrl = "http://127.0.0.1:1/v1" });
        var failure = await Assert.ThrowsAsync<CallFailedException>(() =>
            gateway.GetClient(Gpt).GetResponseAsync("Hi", null, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorCode.Network, failure.Code);
        Assert.Contains("OPENAI_BASE_URL", failure.Message);
    }

    [Theory, InlineData(Gpt), InlineData(Claude)]
    public async Task Silence_is_a_timeout_not_a_cancellation(string model)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Then = "hang" }));
        var time = new ManualTime();
        using var gateway = new ModelGateway(Calls.To(fake) with { Clock = time });
        var answer = gateway.GetClient(model).GetResponseAsync("Hi", null, TestContext.Current.CancellationToken);
        await (await fake.WaitForCallAsync(1, TestContext.Current.CancellationToken)).Written;
        time.Expire();
        Assert.Equal(ErrorCode.Timeout, (await Assert.ThrowsAsync<CallFailedException>(() => answer)).Code);
    }

    [Fact]
    public async Task The_key_never_reaches_a_message()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Status = 401,
            ErrorMessage = $"Incorrect API key provided: {Calls.Key}" }));
        Assert.DoesNotContain(Calls.Key, (await fake.FailAsync(Gpt, isStream: false)).ToString());
        Assert.DoesNotContain(Calls.Key, Calls.To(fake).ToString());
    }
}
