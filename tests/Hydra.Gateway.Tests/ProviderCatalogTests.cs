using Hydra.Gateway.Fake;
using Hydra.Gateway.Prices;
using Hydra.Gateway.Providers;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>The well-known providers: their data, and what a name with their prefix does.</summary>
public sealed class ProviderCatalogTests
{
    [Fact]
    public void Every_entry_can_be_used_and_says_where_it_is_from()
    {
        Assert.InRange(ProviderCatalog.All.Count, 100, 200);
        foreach (var preset in ProviderCatalog.All)
        {
            var all = preset.Variables.Where(name => name != preset.BaseUrlVariable).ToDictionary(name => name, _ => "x");
            var endpoint = preset.Endpoint(all);
            Assert.True(Uri.TryCreate(endpoint.Base, UriKind.Absolute, out var uri) && uri.Host.Length > 0, preset.Name);
            Assert.True(uri.Scheme == "https" || uri.IsLoopback, preset.Name);
            Assert.DoesNotContain('{', endpoint.Base);
            Assert.StartsWith("https://", preset.Source);
            Assert.Contains(preset.Kind, (string[])["openai", "openai-responses", "anthropic"]);
            Assert.Matches("^[a-z0-9][a-z0-9-]*$", preset.Name);
            Assert.Matches("^[A-Z][A-Z0-9_]*$", preset.Key ?? "NONE");
        }
    }

    [Fact]
    public void Prices_named_for_a_provider_stand_in_the_table()
    {
        var names = PriceTable.Load().Names;
        Assert.All(ProviderCatalog.All.Where(preset => preset.Prices is not null),
            preset => Assert.Contains(names, name => name.StartsWith(preset.Prices + "/", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("groq/llama-3.3-70b-versatile", "GROQ_API_KEY", "groq", "max_completion_tokens")]
    [InlineData("mistral/mistral-large-latest", "MISTRAL_API_KEY", "mistral_ai", "max_tokens")]
    [InlineData("deepseek/deepseek-chat", "DEEPSEEK_API_KEY", "deepseek", "max_tokens")]
    [InlineData("openrouter/anthropic/claude-sonnet-4.5", "OPENROUTER_API_KEY", "openrouter", "max_tokens")]
    public async Task A_model_of_a_preset_is_asked_at_its_address_in_its_way(string model, string key, string provider, string field)
    {
        await using var fake = await FakeProvider.StartAsync();
        var name = model.Split('/')[0];
        using var gateway = new ModelGateway(GatewayOptions.FromEnvironment(variable =>
            variable == key ? Calls.Key : variable == $"{name.ToUpperInvariant()}_BASE_URL" ? fake.Url + "/v1" : null));
        Assert.False(gateway.IsOfflineByDefault);
        Assert.Equal((provider, model[(name.Length + 1)..]), (gateway.Resolve(model).Provider, gateway.Resolve(model).Id));
        await gateway.GetClient(model).GetStreamingResponseAsync("Hi", new ChatOptions { MaxOutputTokens = 5 }).ToChatResponseAsync();
        Assert.Equal((model[(name.Length + 1)..], "authorization"), (fake.Calls[0].Model, fake.Calls[0].KeyHeader));
        Assert.Contains($"\"{field}\":5", fake.Calls[0].Body);
        Assert.Equal(name != "mistral", fake.Calls[0].Body.Contains("include_usage"));
    }

    [Fact]
    public async Task Reasoning_goes_back_and_a_schema_is_put_in_words_where_a_server_wants_it_so()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Thought = "Hm.", Answer = "{}" }));
        using var gateway = new ModelGateway(GatewayOptions.FromEnvironment(variable =>
            variable == "ZAI_BASE_URL" ? fake.Url + "/v1" : null));
        var client = gateway.GetClient("zai/glm-4.6");
        var first = await client.GetStreamingResponseAsync("Hi").ToChatResponseAsync();
        Assert.Equal("Hm.", first.Messages[0].Contents.OfType<TextReasoningContent>().Single().Text);
        var schema = System.Text.Json.JsonSerializer.SerializeToElement(new { type = "object" });
        await client.GetResponseAsync([new(ChatRole.User, "Hi"), .. first.Messages, new(ChatRole.User, "Go on")],
            new ChatOptions { ResponseFormat = ChatResponseFormat.ForJsonSchema(schema) });
        Assert.Contains("\"reasoning_content\":\"Hm.\"", fake.Calls[1].Body);
        Assert.Contains("\"response_format\":{\"type\":\"json_object\"}", fake.Calls[1].Body);
        Assert.Contains("fits this JSON Schema", fake.Calls[1].Body);
    }

    [Fact]
    public async Task A_preset_in_anthropics_format_is_asked_in_it()
    {
        await using var fake = await FakeProvider.StartAsync();
        using var gateway = new ModelGateway(GatewayOptions.FromEnvironment(variable => variable switch
        {
            "MOONSHOT_API_KEY" => "k", "MOONSHOT_ANTHROPIC_BASE_URL" => fake.Url, _ => null,
        }));
        await gateway.GetClient("moonshot-anthropic/kimi-k2").GetResponseAsync("Hi");
        Assert.Equal(("/v1/messages", "x-api-key"), (fake.Calls[0].Path, fake.Calls[0].KeyHeader));
    }

    [Fact]
    public void A_missing_key_is_named_and_so_is_every_part_of_the_address()
    {
        Refuses("groq/llama", "GROQ_API_KEY is not set", "OPENAI_API_KEY");
        Refuses("cloudflare/llama", "CLOUDFLARE_ACCOUNT_ID is not set", "OPENAI_API_KEY", "CLOUDFLARE_API_TOKEN");
        Refuses("cloudflare/llama", "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID are not set", "OPENAI_API_KEY");
        Refuses("lmstudio/qwen", "LMSTUDIO_BASE_URL is not set", "OPENAI_API_KEY");
        Refuses("azure/gpt", "AZURE_OPENAI_ENDPOINT is not set", "OPENAI_API_KEY");

        static void Refuses(string model, string said, params string[] set)
        {
            using var gateway = new ModelGateway(GatewayOptions.FromEnvironment(name => set.Contains(name) ? "x" : null));
            Assert.Contains(said, Assert.Throws<ModelUnavailableException>(() => gateway.Resolve(model)).Message);
        }
    }

    [Fact]
    public void A_key_that_serves_other_things_too_does_not_end_the_offline_default()
    {
        using var gateway = new ModelGateway(GatewayOptions.FromEnvironment(name => name == "GITHUB_TOKEN" ? "x" : null));
        Assert.True(gateway.IsOfflineByDefault);
        Assert.Equal("offline", gateway.Resolve("gpt-4o").Provider);
        Assert.Equal("github", gateway.Resolve("github/openai/gpt-4o").Provider);
    }

    [Fact]
    public void A_server_of_ones_own_keeps_names_that_look_like_a_preset()
    {
        using var gateway = new ModelGateway(new GatewayOptions { OpenAIBaseUrl = "http://localhost:8000/v1" });
        Assert.Equal(("openai", "deepseek/deepseek-r1"), (gateway.Resolve("deepseek/deepseek-r1").Provider, gateway.Resolve("deepseek/deepseek-r1").Id));
    }

    [Fact]
    public void A_host_sets_the_price_not_the_maker()
    {
        using var gateway = new ModelGateway(GatewayOptions.FromEnvironment(name => name is "OPENROUTER_API_KEY" or "GITHUB_TOKEN" ? "x" : null));
        Assert.Null(gateway.Resolve("github/gpt-4o").Price);
        Assert.NotNull(gateway.Resolve("openrouter/openai/gpt-4o").Price);
    }
}
