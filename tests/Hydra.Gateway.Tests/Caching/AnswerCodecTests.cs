using System.Text;
using System.Text.Json;
using Hydra.Gateway.Caching;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests.Caching;

public sealed class AnswerCodecTests
{
    [Fact]
    public void Every_part_of_an_answer_comes_back()
    {
        var call = new FunctionCallContent("call_1", "find", new Dictionary<string, object?> { ["query"] = "ü\n\"x\"", ["max"] = JsonSerializer.SerializeToElement(3) })
        {
            AdditionalProperties = new() { ["extra_content"] = JsonSerializer.SerializeToElement(new { google = new { thought_signature = "abc" } }) },
        };
        var answer = AnswerOf(
            new ChatResponseUpdate(ChatRole.Assistant, [new TextReasoningContent("hm") { ProtectedData = "anthropic:sealed" }]) { ResponseId = "r1", MessageId = "m1", ModelId = "gpt-5" },
            new ChatResponseUpdate(ChatRole.Assistant, "Hel"), new ChatResponseUpdate(ChatRole.Assistant, "lo"),
            new ChatResponseUpdate(null, [call, new UsageContent(new UsageDetails { InputTokenCount = 7, OutputTokenCount = 3, ReasoningTokenCount = 1, AdditionalCounts = new() { ["cache_write_tokens"] = 2 } })]) { FinishReason = ChatFinishReason.ToolCalls });

        var read = AnswerCodec.Read(AnswerCodec.Write(answer)!)!;

        Assert.Equal(["hm", "Hel", "lo", ""], read.Updates.Select(update => update.Text.Length > 0 ? update.Text : update.Contents.OfType<TextReasoningContent>().FirstOrDefault()?.Text ?? ""));
        Assert.Equal(("r1", "m1", "gpt-5"), (read.Updates[0].ResponseId, read.Updates[0].MessageId, read.Updates[0].ModelId));
        Assert.Equal("anthropic:sealed", ((TextReasoningContent)read.Updates[0].Contents[0]).ProtectedData);
        var again = (FunctionCallContent)read.Updates[3].Contents[0];
        Assert.Equal(("call_1", "find", "ü\n\"x\"", 3), (again.CallId, again.Name, again.Arguments!["query"]!.ToString(), ((JsonElement)again.Arguments["max"]!).GetInt32()));
        Assert.Contains("abc", again.AdditionalProperties!["extra_content"]!.ToString());
        var usage = ((UsageContent)read.Updates[3].Contents[1]).Details;
        Assert.Equal((7, 3, 1, 2), (usage.InputTokenCount, usage.OutputTokenCount, usage.ReasoningTokenCount, usage.AdditionalCounts!["cache_write_tokens"]));
        Assert.Equal((ChatFinishReason.ToolCalls, 0.25m, 10L, "smart"), (read.Updates[3].FinishReason, read.CostUsd, read.Tokens, read.Model));
        Assert.Equal(["app=shop"], read.Tags);
    }

    [Fact]
    public void An_answer_with_a_part_that_has_no_form_is_not_kept() =>
        Assert.Null(AnswerCodec.Write(AnswerOf(new ChatResponseUpdate(ChatRole.Assistant, [new ErrorContent("no")]))));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{\"v\":2}")]
    [InlineData("{\"v\":1,\"m\":7}")]
    [InlineData("{\"v\":1,\"m\":\"smart\",\"at\":1,\"x\":1,\"usd\":0,\"tok\":1,\"tags\":[],\"u\":[{\"c\":[{\"what\":1}]}]}")]
    public void Foreign_bytes_are_no_answer(string text) => Assert.Null(AnswerCodec.Read(Encoding.UTF8.GetBytes(text)));

    private static CachedAnswer AnswerOf(params ChatResponseUpdate[] updates) => new()
    {
        Model = "smart", At = DateTimeOffset.UnixEpoch, ExpiresAt = DateTimeOffset.UnixEpoch.AddHours(1), Tags = ["app=shop"], CostUsd = 0.25m, Tokens = 10, Updates = updates,
    };
}
