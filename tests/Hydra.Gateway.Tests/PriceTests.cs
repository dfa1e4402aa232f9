using System.Text.Json;
using Hydra.Gateway.Prices;
using Hydra.Model;

namespace Hydra.Gateway.Tests;

public sealed class PriceTests
{
    private static readonly PriceTable Table = PriceTable.Load();

    [Fact]
    public void A_price_comes_with_its_tiers_limits_and_source()
    {
        var entry = Table.Find("claude-sonnet-4-5")!;
        Assert.Equal((3m, 15m, 0.3m, 3.75m),
            (entry.Price!.Input, entry.Price.Output, entry.Price.CacheRead!.Value, entry.Price.CacheWrite!.Value));
        Assert.Equal((200_000L, 6m), (entry.Price.Tiers[0].PromptTokensOver, entry.Price.Tiers[0].Price.Input));
        Assert.Equal((200_000L, 64_000L), (entry.ContextTokensMax!.Value, entry.OutputTokensMax!.Value));
        Assert.Contains(PriceTable.BuiltInDate, entry.Price.Source);
    }

    [Fact]
    public void Names_match_exactly_never_by_their_beginning()
    {
        Assert.Null(Table.Find("gpt-4o-nobody-knows"));
        Assert.Null(Table.Find("GPT-4O"));
        Assert.NotNull(Table.Find("gpt-4o"));
    }

    [Fact]
    public void Suspect_and_zero_prices_are_unknown()
    {
        Assert.Null(Table.Find("azure_ai/jais-30b-chat")!.Price);
        foreach (var name in Table.Names)
        {
            if (Table.Find(name)!.Price is { } price) Assert.InRange(price.Input + price.Output, 0.000001m, 2_000m);
        }
    }

    [Fact]
    public void Every_entry_of_the_table_can_be_read()
    {
        Assert.InRange(Table.Names.Count, 2_500, 3_000);
        Assert.All(Table.Names, name => Assert.NotNull(Table.Find(name)));
    }

    [Fact]
    public void A_model_is_priced_under_the_spelling_of_its_provider()
    {
        using var gateway = new ModelGateway(new GatewayOptions { GeminiApiKey = "k", OpenAIApiKey = "k",
            OllamaHost = "localhost" });
        Assert.Equal(1.25m, gateway.Resolve("gemini-2.5-pro").Price!.Input);
        Assert.Equal(2.5m, gateway.Resolve("openai/gpt-4o").Price!.Input);
        Assert.NotNull(gateway.Resolve("ft:gpt-4o-2024-08-06:acme::1").Price);
        Assert.Null(gateway.Resolve("openai/unheard-of").Price);
        Assert.Equal("runs on this machine (OLLAMA_HOST)", gateway.Resolve("ollama/unheard-of").Price!.Source);
    }

    [Fact]
    public void An_operators_entry_wins_and_may_be_free_or_another_name()
    {
        var overrides = Read("""{ "models": { "gpt-4o": {"in": 2, "out": 8, "max_out": 100}, "house": {"in": 0, "out": 0}, "fast": {"alias": "gpt-4o-mini"} } }""");
        Assert.Equal((2m, 100L), (overrides["gpt-4o"].Price!.Input, overrides["gpt-4o"].OutputTokensMax!.Value));
        Assert.Equal(0m, overrides["house"].Price!.Input);
        Assert.Equal("gpt-4o-mini", overrides["fast"].Alias);
    }

    [Theory]
    [InlineData("{", "not JSON")]
    [InlineData("[]", "no object 'models'")]
    [InlineData("""{ "models": { "a": 1 } }""", "'a'")]
    [InlineData("""{ "models": { "a": {"in": 1} } }""", "only one of")]
    [InlineData("""{ "models": { "a": {"in": -1, "out": 1} } }""", "0 or more")]
    [InlineData("""{ "models": { "a": {"input": 1, "out": 1} } }""", "unknown field 'input'")]
    [InlineData("""{ "models": { "a": {"in": 1, "out": 1}, "a": {"in": 1, "out": 1} } }""", "twice")]
    [InlineData("""{ "models": { "gpt-4o": {"in": 0.001, "out": 10} } }""", "\"confirm\": true")]
    [InlineData("""{ "models": { "gpt-4o": {"in": 0, "out": 10} } }""", "\"confirm\": true")]
    public void A_wrong_file_is_refused_with_its_mend(string json, string said)
    {
        var message = Assert.Throws<PriceFileException>(() => Read(json)).Message;
        Assert.Contains(said, message);
        Assert.Contains("prices.json", message);
    }

    [Fact]
    public void A_large_move_is_taken_when_it_is_confirmed() =>
        Assert.Equal(0m, Read("""{ "models": { "gpt-4o": {"in": 0, "out": 0, "confirm": true} } }""")["gpt-4o"].Price!.Output);

    [Fact]
    public void A_missing_file_names_the_variable() =>
        Assert.Contains("HYDRA_PRICES",
            Assert.Throws<PriceFileException>(() => PriceTable.Load("/nowhere/prices.json")).Message);

    private static Dictionary<string,
        PriceOverride> Read(string json) => PriceOverride.Read(json, "prices.json", Table.Find);
}
