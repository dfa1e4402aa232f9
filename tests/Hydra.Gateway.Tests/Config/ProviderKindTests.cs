using System.Net;
using Hydra.Gateway.Config;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Tests.Doors;

namespace Hydra.Gateway.Tests.Config;

/// <summary>Every kind of provider behind the chat door, and models that are no groups.</summary>
public sealed class ProviderKindTests
{
    private const string Hello = """{"model": "MODEL", "messages": [{"role": "user", "content": "Hi"}]}""";

    [Theory]
    [InlineData("openai", "/v1", "gpt-5-mini", "chat")]
    [InlineData("openai", "/v1", "gpt-5-mini", "responses")]
    [InlineData("anthropic", "", "claude-sonnet-4-5", "chat")]
    [InlineData("gemini", "", "gemini-2.5-flash", "chat")]
    [InlineData("ollama", "", "qwen3", "chat")]
    [InlineData("azure", "", "gpt-5-mini", "chat")]
    [InlineData("groq", "/v1", "llama-3.3-70b-versatile", "chat")]
    [InlineData("offline", "", "offline", "chat")]
    public async Task Every_kind_answers(string kind, string path, string model, string api)
    {
        await using var gateway = await GatewayUnderTest.StartAsync(config => config with
        {
            Providers = new Dictionary<string, ProviderConfig>
            {
                ["account"] = new() { Kind = kind, BaseUrl = config.Providers["first"].BaseUrl![..^3] + path, ApiKey = "env:FAKE_KEY", Api = api, Headers = new Dictionary<string, string> { ["x-team"] = "research" } },
            },
            Models = new Dictionary<string, ModelGroupConfig> { ["smart"] = new() { Deployments = [new() { Provider = "account", Model = model, Price = new PriceConfig(1_000, 1_000) }] } },
        });
        var answer = await gateway.PostAsync("/v1/chat/completions", Hello.Replace("MODEL", "smart", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(decimal.Parse(GatewayUnderTest.Header(answer, "x-hydra-cost-usd"), System.Globalization.CultureInfo.InvariantCulture) > 0.001m);
    }

    [Fact]
    public async Task A_model_that_is_no_group_passes_to_the_provider_in_its_name()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(config => config with { Passthrough = true });
        var answer = await gateway.PostAsync("/v1/chat/completions", Hello.Replace("MODEL", "first/gpt-5-mini", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("first/gpt-5-mini/first/gpt-5-mini", GatewayUnderTest.Header(answer, "x-hydra-deployment"));
        Assert.Equal(HttpStatusCode.OK, (await gateway.PostAsync("/v1/chat/completions", Hello.Replace("MODEL", "gpt-5", StringComparison.Ordinal))).StatusCode);
    }

    [Fact]
    public async Task Without_passthrough_only_groups_are_models()
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.PostAsync("/v1/chat/completions", Hello.Replace("MODEL", "first/gpt-5-mini", StringComparison.Ordinal))).StatusCode);
    }

    [Fact]
    public void The_environment_makes_a_configuration_without_secrets_in_it()
    {
        var set = new Dictionary<string, string> { ["OPENAI_API_KEY"] = "sk-1", ["GROQ_API_KEY"] = "gsk-1", ["OLLAMA_HOST"] = "localhost:11434" };
        var config = AutomaticConfig.Of(set.GetValueOrDefault);
        Assert.Equal(["groq", "ollama", "openai"], config.Providers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("env:OPENAI_API_KEY", config.Providers["openai"].ApiKey);
        Assert.Equal(("openai", "gpt-5"), Target("gpt-5"));
        Assert.Equal(("groq", "llama"), Target("groq/llama"));
        Assert.Null(AutomaticConfig.Deployment(config, "claude-sonnet-4-5"));
        Assert.Equal("offline", Assert.Single(AutomaticConfig.Of(_ => null).Providers).Key);

        (string, string) Target(string model) => AutomaticConfig.Deployment(config, model) is { } found ? (found.Provider, found.Model) : ("", "");
    }

    [Theory]
    [InlineData("gpt-5", "gpt-5-2025-08-07", false)]
    [InlineData("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", false)]
    [InlineData("claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", false)]
    [InlineData("qwen3", "qwen3:8b", false)]
    [InlineData("meta/llama-3", "llama-3", false)]
    [InlineData("gpt-5", "gpt-5-mini", true)]
    [InlineData("gpt-5", "gpt-4o", true)]
    public void Another_model_than_the_asked_one_is_noticed(string asked, string answered, bool isOther)
    {
        var attempt = new Attempt { Number = 1, Deployment = "d", Group = "g", Provider = "p", Model = asked, AnsweredBy = answered };
        Assert.Equal(isOther, attempt.IsOtherModel);
    }
}
