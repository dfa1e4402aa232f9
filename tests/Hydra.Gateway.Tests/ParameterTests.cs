using System.Text.Json;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>What a provider does not know is refused or dropped by rule, and the drop is told.</summary>
public sealed class ParameterTests
{
    [Theory]
    [InlineData("gpt-4o", "top_k")]
    [InlineData("openai-responses/gpt-5", "top_k,seed,frequency_penalty,presence_penalty")]
    [InlineData("claude-sonnet-4-5", "seed,frequency_penalty,presence_penalty")]
    public async Task Sampling_parameters_are_dropped_and_reported(string model, string dropped)
    {
        await using var fake = await FakeProvider.StartAsync();
        var options = new ChatOptions { TopK = 1, Seed = 2, FrequencyPenalty = 0.1f, PresencePenalty = 0.2f };
        foreach (var response in await fake.BothAsync(model, options))
        {
            Assert.Equal(dropped, response.AdditionalProperties![Parameters.DroppedKey]);
        }
        using var body = JsonDocument.Parse(fake.Calls[0].Body);
        foreach (var name in dropped.Split(',')) Assert.False(body.RootElement.TryGetProperty(name, out _), name);
    }

    [Fact]
    public async Task Nothing_dropped_is_nothing_reported()
    {
        await using var fake = await FakeProvider.StartAsync();
        foreach (var response in await fake.BothAsync("gpt-4o", new ChatOptions { Seed = 2, StopSequences = ["x"] })) Assert.Null(response.AdditionalProperties);
    }

    [Theory]
    [InlineData("openai-responses/gpt-5", "stop")]
    [InlineData("gpt-4o", "conversation_id")]
    [InlineData("claude-sonnet-4-5", "tools.web_search")]
    public async Task What_changes_the_question_is_refused_before_anything_is_sent(string model, string name)
    {
        await using var fake = await FakeProvider.StartAsync();
        var options = name switch
        {
            "stop" => new ChatOptions { StopSequences = ["END"] },
            "conversation_id" => new ChatOptions { ConversationId = "c1" },
            _ => new ChatOptions { Tools = [new HostedWebSearchTool()] },
        };
        var failure = await Assert.ThrowsAsync<CallFailedException>(() => fake.AskAsync(model, options));
        Assert.Equal(ErrorClass.NeverRetry, failure.Class);
        Assert.Contains($"'{name}'", failure.Message);
        await Assert.ThrowsAsync<CallFailedException>(() => fake.StreamAsync(model, options));
        Assert.Empty(fake.Calls);
    }
}
