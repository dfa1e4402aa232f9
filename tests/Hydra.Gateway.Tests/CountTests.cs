using Hydra.Gateway.Offline;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

public sealed class CountTests
{
    [Fact]
    public void A_prompt_is_bounded_by_half_its_bytes_and_16_a_message()
    {
        Assert.Equal(16 + 5, PromptBound.Tokens([new ChatMessage(ChatRole.User, "0123456789")]));
        Assert.Equal(16 + 2, PromptBound.Tokens([new ChatMessage(ChatRole.User, "日")]));
        Assert.Equal(0, PromptBound.Tokens([]));
        Assert.True(PromptBound.Tokens([new ChatMessage(ChatRole.User, "Hi")],
            new ChatOptions { Tools = [Calls.Weather] }) > 50);
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("cat", 1)]
    [InlineData("reinforcement", 3)]
    [InlineData("Hi, you!", 4)]
    [InlineData("日本", 2)]
    public void Tokens_are_counted_by_the_documented_rule(string text, int tokens) =>
        Assert.Equal(tokens, TokenCount.Of(text));

    [Fact]
    public void Usage_goes_there_and_back()
    {
        var usage = new TokenUsage(10, 3, 5, 2, 4);
        Assert.Equal(usage, UsageReader.Read(UsageReader.ToDetails(usage)));
        Assert.Equal(default, UsageReader.Read(null));
        Assert.Equal(new TokenUsage(0, 0, 9, 0, 7),
            UsageReader.Read(new UsageDetails { InputTokenCount = 4, CachedInputTokenCount = 9, OutputTokenCount = 1,
            ReasoningTokenCount = 7 }));
    }
}
