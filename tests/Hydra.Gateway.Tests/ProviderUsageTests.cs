using System.Text.Json;
using Hydra.Gateway.Prices;
using Hydra.Gateway.Wire;
using Hydra.Model;

namespace Hydra.Gateway.Tests;

/// <summary>Usage payloads as providers send them, each in its disjoint classes and at its exact price.</summary>
public sealed class ProviderUsageTests
{
    // in, out, cache read, cache write 5m, reasoning, cache write 1h, audio in, audio out, tools
    public static TheoryData<string, string, string, long[], long> Payloads => new()
    {
        // The costs were computed by hand from the rates of the table, in micro-dollars, rounded up.
        { "chat", "gpt-5", """{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200}""", [1000, 200, 0, 0, 0], 3_250 },
        { "chat", "gpt-5", """{"prompt_tokens":1000,"completion_tokens":200,"total_tokens":1200,"prompt_tokens_details":{"cached_tokens":600},"completion_tokens_details":{"reasoning_tokens":150}}""", [400, 50, 600, 0, 150], 2_575 },
        { "chat", "gpt-4o", """{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":40},"completion_tokens_details":{"audio_tokens":20}}""", [60, 30, 0, 0, 0, 0, 40, 20, 0], 750 },
        { "chat", "deepseek/deepseek-chat", """{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100,"prompt_cache_hit_tokens":640,"prompt_cache_miss_tokens":360}""", [360, 100, 640, 0, 0], 161 },
        { "chat", "xai/grok-4", """{"prompt_tokens":500,"completion_tokens":20,"total_tokens":820,"prompt_tokens_details":{"cached_tokens":100},"completion_tokens_details":{"reasoning_tokens":300},"num_sources_used":3}""", [400, 20, 100, 0, 300, 0, 0, 0, 3], 6_300 },
        { "chat", "gemini/gemini-2.5-pro", """{"prompt_tokens":10,"completion_tokens":5,"total_tokens":1015}""", [10, 5, 0, 0, 1000], 10_063 },
        { "chat", "gemini/gemini-2.5-pro", """{"prompt_tokens":200001,"completion_tokens":10,"total_tokens":200011}""", [200_001, 10, 0, 0, 0], 500_153 },
        { "chat", "claude-sonnet-4-5", """{"prompt_tokens":17,"completion_tokens":3,"total_tokens":20,"prompt_tokens_details":{"cached_tokens":5,"cache_write_tokens":2}}""", [10, 3, 5, 2, 0], 84 },
        { "chat", "gpt-4o", """{"prompt_tokens":5,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":99}}""", [0, 1, 5, 0, 0], 17 },
        { "chat", "gpt-4o", """{"prompt_tokens":-5,"completion_tokens":"3"}""", [0, 3, 0, 0, 0], 30 },
        { "responses", "gpt-5", """{"input_tokens":1000,"input_tokens_details":{"cached_tokens":600},"output_tokens":200,"output_tokens_details":{"reasoning_tokens":150},"total_tokens":1200}""", [400, 50, 600, 0, 150], 2_575 },
        { "responses", "gpt-5.4", """{"input_tokens":300000,"input_tokens_details":{"cached_tokens":100000},"output_tokens":1000,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":301000}""", [200_000, 1000, 100_000, 0, 0], 1_072_500 },
        { "messages", "claude-sonnet-4-5", """{"input_tokens":10,"cache_creation_input_tokens":2,"cache_read_input_tokens":5,"output_tokens":3}""", [10, 3, 5, 2, 0], 84 },
        { "messages", "claude-sonnet-4-5", """{"input_tokens":10,"cache_creation_input_tokens":700,"cache_read_input_tokens":0,"cache_creation":{"ephemeral_5m_input_tokens":200,"ephemeral_1h_input_tokens":500},"output_tokens":100,"output_tokens_details":{"thinking_tokens":60}}""", [10, 40, 0, 200, 60, 500, 0, 0, 0], 5_280 },
        { "messages", "claude-sonnet-4-5", """{"input_tokens":100000,"cache_creation_input_tokens":0,"cache_read_input_tokens":150000,"output_tokens":100}""", [100_000, 100, 150_000, 0, 0], 692_250 },
        { "messages", "claude-sonnet-4-5", """{"input_tokens":1000,"output_tokens":100,"server_tool_use":{"web_search_requests":2}}""", [1000, 100, 0, 0, 0, 0, 0, 0, 2], 24_500 },
    };

    [Theory, MemberData(nameof(Payloads))]
    public void A_payload_is_counted_once_and_priced_exactly(string format, string model, string json, long[] classes, long microUsd)
    {
        var usage = JsonDocument.Parse(json).RootElement;
        var read = format switch
        {
            "chat" => ProviderUsage.OfChat(usage),
            "responses" => ProviderUsage.OfResponses(usage, 0),
            _ => ProviderUsage.OfMessages(usage, default),
        };
        Assert.Equal(classes, read.ToCounts());
        Assert.Equal(read, UsageReader.Read(UsageReader.ToDetails(read)));
        Assert.Equal(read, TokenUsage.OfCounts([.. read.ToCounts().Select(Value.Of)]));
        Assert.Equal(microUsd, PriceTable.Load().Find(model)!.Price!.CostOf(read).Amount);
    }

    [Fact]
    public void Every_class_has_its_own_rate_and_a_batch_its_own_price()
    {
        var price = PriceTable.Load().Find("claude-sonnet-4-5")!.Price!;
        Assert.Equal((6m, 0.01m, new DateOnly(2026, 8, 1)), (price.CacheWriteHour!.Value, price.ServerTool!.Value, price.AsOf!.Value));
        var gpt = PriceTable.Load().Find("gpt-5.4")!.Price!;
        Assert.Equal(["batch", "flex", "priority"], gpt.Services.Keys.Order());
        Assert.Equal(1_250 + 7_500, gpt.Services["batch"].CostOf(new TokenUsage(1_000, 1_000)).Amount);
        Assert.Contains("(batch)", gpt.Services["batch"].Source);
    }

    [Fact]
    public void A_class_without_a_rate_is_named_and_charged_like_its_neighbour()
    {
        var price = new ModelPrice(1, 2, "test");
        var usage = new TokenUsage(1, 1, CacheRead: 1) { OutputAudio = 1, ServerToolUnits = 1 };
        Assert.Equal(["cache_read", "output_audio", "server_tool_units"], price.Unpriced(usage));
        Assert.Equal(1 + 2 + 1 + 2, price.CostOf(usage).Amount);
    }

    [Fact]
    public void A_bound_knows_the_dear_classes_when_the_request_may_use_them()
    {
        var price = PriceTable.Load().Find("claude-sonnet-4-5")!.Price!;
        Assert.Equal(3_750, price.BoundOf(1_000, 0).Amount);
        Assert.Equal(6_000, price.BoundOf(1_000, 0, isWidest: true).Amount);
    }

    [Fact]
    public void A_model_says_when_it_retires_and_how_long_its_embeddings_are()
    {
        Assert.Equal(new DateOnly(2026, 2, 27), PriceTable.Load().Find("azure/eu/gpt-4o-2024-08-06")!.RetiresOn);
        Assert.Equal(3072, PriceTable.Load().Find("text-embedding-3-large")!.Dimensions);
    }
}
