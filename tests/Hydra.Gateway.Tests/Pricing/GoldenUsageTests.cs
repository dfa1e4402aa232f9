using System.Globalization;
using System.Text.Json.Nodes;
using Hydra.Gateway.Config;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests.Pricing;

/// <summary>What providers say they have used, through the whole pipeline to the ledger.</summary>
public sealed class GoldenUsageTests
{
    public static TheoryData<string> Names => [.. GoldenUsages.All.Select(golden => golden.Name)];

    [Theory, MemberData(nameof(Names))]
    public async Task A_payload_is_priced_exactly_whole_and_streamed(string name)
    {
        var golden = GoldenUsages.All.Single(one => one.Name == name);
        Assert.Equal(golden.Usd, Sum(golden.Arithmetic) / 1_000_000m);

        var streamed = Frames(golden);
        var rule = new FakeRule { Body = streamed, ContentType = golden.Provider == "ollama" ? "application/x-ndjson" : "text/event-stream", When = new() { Stream = true } };
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(rule, new FakeRule { Body = golden.Answer, ContentType = "application/json" }), TestContext.Current.CancellationToken);
        await using var service = await OpenAsync(fake, golden.Provider, golden.Model);
        Assert.Equal((golden.Usd, golden.Usd), await ChargeAsync(service, golden, isStreamed: false));
        if (streamed is not null) Assert.Equal((golden.Usd, 2 * golden.Usd), await ChargeAsync(service, golden, isStreamed: true));
    }

    [Fact]
    public void Every_provider_has_its_golden_payloads()
    {
        Assert.Equal(GoldenUsages.All.Count, GoldenUsages.All.Select(golden => golden.Name).Distinct(StringComparer.Ordinal).Count());
        Assert.Superset((HashSet<string>)["openai", "openai-responses", "azure", "anthropic", "gemini", "ollama", "bedrock"], GoldenUsages.All.Select(golden => golden.Provider).ToHashSet(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_class_of_service_that_has_no_known_rates_is_refused_under_a_budget()
    {
        await using var fake = await FakeProvider.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var service = await OpenAsync(fake, "openai", "gpt-4o");
        var operation = service.Open("chat", Caller.Anyone, "smart");
        var options = new CallOptions(new ChatOptions { AdditionalProperties = new() { ["service_tier"] = "flex" } }, operation);
        var refused = await Assert.ThrowsAsync<GatewayRefusedException>(() => service.Client.GetResponseAsync("Hi", options, TestContext.Current.CancellationToken));
        Assert.Equal(RefusalKind.PriceUnknown, refused.Kind);
        Assert.Contains("'flex'", refused.Message);
        Assert.Empty(fake.Calls);
    }

    [Fact]
    public async Task A_dear_class_of_service_is_held_at_its_own_bound()
    {
        await using var fake = await FakeProvider.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var service = await OpenAsync(fake, "openai", "gpt-5", usdMax: 0.03m);
        // 2,000 tokens to generate: 0.02 dollars in the usual class, 0.04 in the priority one.
        var usual = new CallOptions(new ChatOptions { MaxOutputTokens = 2_000 }, service.Open("chat", Caller.Anyone, "smart"));
        await service.Client.GetResponseAsync("Hi", usual, TestContext.Current.CancellationToken);
        var dear = new CallOptions(new ChatOptions { MaxOutputTokens = 2_000, AdditionalProperties = new() { ["service_tier"] = "priority" } }, service.Open("chat", Caller.Anyone, "smart"));
        var refused = await Assert.ThrowsAsync<GatewayRefusedException>(() => service.Client.GetResponseAsync("Hi", dear, TestContext.Current.CancellationToken));
        Assert.Equal(RefusalKind.BudgetExceeded, refused.Kind);
    }

    [Fact]
    public async Task What_is_to_be_cached_for_an_hour_is_held_at_that_rate()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Usage = new(CacheWriteHour: 10_000, Output: 1) }), TestContext.Current.CancellationToken);
        await using var service = await OpenAsync(fake, "anthropic", "claude-sonnet-4-5");
        var prompt = new TextContent(new string('x', 20_000)) { AdditionalProperties = new() { ["cache_control"] = "1h" } };
        var operation = service.Open("messages", Caller.Anyone, "smart");
        await service.Client.GetResponseAsync([new ChatMessage(ChatRole.User, [prompt])], new CallOptions(new ChatOptions { MaxOutputTokens = 1 }, operation), TestContext.Current.CancellationToken);
        Assert.Equal(0.060015m, operation.CostUsd);   // 10,000*6 + 1*15
        Assert.Equal(0, operation.Last!.OverBoundUsd);
    }

    /// <returns>What the call came to, and what the ledger has spent since the beginning.</returns>
    private static async Task<(decimal Cost, decimal Spent)> ChargeAsync(GatewayService service, GoldenUsage golden, bool isStreamed)
    {
        var operation = service.Open(IsEmbedding(golden) ? "embeddings" : "engine", Caller.Anyone, "smart");
        operation.IsStreamed = isStreamed;
        var options = new CallOptions(null, operation);
        await (isStreamed ? service.Client.GetStreamingResponseAsync("Hi", options, TestContext.Current.CancellationToken).ToChatResponseAsync(TestContext.Current.CancellationToken)
            : service.Client.GetResponseAsync("Hi", options, TestContext.Current.CancellationToken));
        var budget = Assert.Single(await service.Ledger.BudgetsAsync(TestContext.Current.CancellationToken));
        return (operation.CostUsd, budget.SpentUsd);
    }

    private static bool IsEmbedding(GoldenUsage golden) => golden.Answer.Contains("\"embedding", StringComparison.Ordinal);

    private static Task<GatewayService> OpenAsync(FakeProvider fake, string provider, string model, decimal usdMax = 1_000) => GatewayService.OpenAsync(
        new GatewayConfig
        {
            AuthRequired = false,
            Store = new StoreConfig(Sqlite: null),
            Budgets = [new Budget(BudgetScope.All, BudgetWindow.Total, usdMax, null)],
            Providers = new Dictionary<string, ProviderConfig>
            {
                ["account"] = new()
                {
                    Kind = provider == "openai-responses" ? "openai" : provider, Api = provider == "openai-responses" ? "responses" : "chat", ApiKey = "env:KEY", Region = "us-east-1",
                    BaseUrl = fake.Url + (provider is "openai" or "openai-responses" or "deepseek" or "xai" ? "/v1" : ""),
                },
            },
            Models = new Dictionary<string, ModelGroupConfig> { ["smart"] = new() { Deployments = [new DeploymentConfig { Provider = "account", Model = model }] } },
        },
        new GatewayServiceOptions { Environment = name => name == "KEY" ? "sk-upstream" : null, Folder = Path.GetTempPath() }, TestContext.Current.CancellationToken);

    /// <summary>The same answer as the provider streams it; null where it streams none, or in frames of its own.</summary>
    private static string? Frames(GoldenUsage golden)
    {
        if (IsEmbedding(golden)) return null;
        var answer = JsonNode.Parse(golden.Answer)!.AsObject();
        switch (golden.Provider)
        {
            case "ollama": return answer.ToJsonString() + "\n";
            case "gemini": return Event(answer);
            case "bedrock": return null;
            case "openai-responses": return Event(new JsonObject { ["type"] = "response.completed", ["response"] = answer });
            case "anthropic":
                var usage = answer["usage"]!.DeepClone();
                answer["usage"]!["output_tokens"] = 1;
                answer["content"] = new JsonArray();
                return Event(new JsonObject { ["type"] = "message_start", ["message"] = answer })
                    + Event(new JsonObject { ["type"] = "content_block_start", ["index"] = 0, ["content_block"] = new JsonObject { ["type"] = "text", ["text"] = "Hello" } })
                    + Event(new JsonObject { ["type"] = "content_block_stop", ["index"] = 0 })
                    + Event(new JsonObject { ["type"] = "message_delta", ["delta"] = new JsonObject { ["stop_reason"] = "end_turn" }, ["usage"] = usage })
                    + Event(new JsonObject { ["type"] = "message_stop" });
            default:
                var counted = answer["usage"]!.DeepClone();
                answer.Remove("usage");
                answer["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = new JsonObject { ["content"] = "Hello" }, ["finish_reason"] = "stop" });
                return Event(answer) + Event(new JsonObject { ["choices"] = new JsonArray(), ["usage"] = counted }) + "data: [DONE]\n\n";
        }

        static string Event(JsonObject json) => $"data: {json.ToJsonString()}\n\n";
    }

    private static decimal Sum(string arithmetic) => arithmetic.Split('+').Sum(product => product.Split('*').Aggregate(1m, (all, factor) => all * decimal.Parse(factor, CultureInfo.InvariantCulture)));
}
