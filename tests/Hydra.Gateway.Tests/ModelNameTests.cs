using Hydra.Model;

namespace Hydra.Gateway.Tests;

/// <summary>Who answers for which name: the table of docs/models.md.</summary>
public sealed class ModelNameTests
{
    private static readonly GatewayOptions Nothing = new();
    private static readonly GatewayOptions OpenAI = new() { OpenAIApiKey = "k" };
    private static readonly GatewayOptions Anthropic = new() { AnthropicApiKey = "k" };
    private static readonly GatewayOptions Proxy = new() { GatewayUrl = "http://gateway:4000" };
    private static readonly GatewayOptions Ollama = new() { OllamaHost = "localhost:11434" };

    [Theory]
    [InlineData("gpt-4o", "openai", "gpt-4o")]
    [InlineData("openai/my-own", "openai", "my-own")]
    [InlineData("o3", "openai", "o3")]
    [InlineData("o4-mini", "openai", "o4-mini")]
    [InlineData("ft:gpt-4o-2024-08-06:acme::1", "openai", "ft:gpt-4o-2024-08-06:acme::1")]
    [InlineData("claude-sonnet-4-5", "anthropic", "claude-sonnet-4-5")]
    [InlineData("anthropic/claude-x", "anthropic", "claude-x")]
    [InlineData("gemini-2.5-pro", "gemini", "gemini-2.5-pro")]
    [InlineData("gemini/gemini-2.5-pro", "gemini", "gemini-2.5-pro")]
    [InlineData("ollama/gpt-oss:20b", "ollama", "gpt-oss:20b")]
    [InlineData("gpt-oss:20b", "ollama", "gpt-oss:20b")]
    [InlineData("llama3.2", "ollama", "llama3.2")]
    [InlineData("offline/anything", "offline", "offline/anything")]
    [InlineData("command/echo", "command", "command/echo")]
    public void A_name_finds_its_provider_when_all_are_configured(string model, string provider, string id)
    {
        var all = new GatewayOptions { OpenAIApiKey = "k", AnthropicApiKey = "k", GeminiApiKey = "k",
            OllamaHost = "localhost", Commands = new Dictionary<string,
            string>(StringComparer.Ordinal) { ["echo"] = "cat" } };
        using var gateway = new ModelGateway(all);
        var facts = gateway.Resolve(model);
        Assert.Equal((provider, id, model), (facts.Provider, facts.Id, facts.Name));
    }

    [Theory]
    [InlineData("claude-sonnet-4-5")]
    [InlineData("gpt-4o")]
    [InlineData("llama3.2")]
    [InlineData("openai/gpt-4o")]
    public void The_offline_model_answers_only_when_nothing_at_all_is_configured(string model)
    {
        using var gateway = new ModelGateway(Nothing);
        Assert.True(gateway.IsOfflineByDefault);
        Assert.Equal("offline", gateway.Resolve(model).Provider);
        Assert.Equal(new ModelPrice(0, 0, "offline model").CostOf(new TokenUsage(5, 5)), MicroUsd.Zero);
    }

    [Fact]
    public void What_is_configured_for_others_is_an_error_that_names_the_mend()
    {
        Refuses(OpenAI, "claude-sonnet-4-5", "ANTHROPIC_API_KEY");
        Refuses(Anthropic, "gpt-4o", "OPENAI_API_KEY");
        Refuses(Anthropic, "gemini-2.5-pro", "GEMINI_API_KEY");
        Refuses(Ollama, "gpt-4o", "ollama/gpt-4o");
        Refuses(OpenAI, "llama3.2", "prefix");
        Refuses(OpenAI, "bedrock/anthropic.claude-x", "AWS_ACCESS_KEY_ID");
        Refuses(OpenAI, "command/claude", "HYDRA_COMMANDS");
        Refuses(OpenAI, "openai/", "without a name");
        Refuses(OpenAI, " ", "No model is named");
        Refuses(Nothing with { Backend = "api" }, "gpt-4o", "--backend offline");
    }

    [Fact]
    public void A_gateway_answers_for_every_name_that_has_no_key_of_its_own()
    {
        using var gateway = new ModelGateway(Proxy with { OpenAIApiKey = "k" });
        Assert.Equal("openai", gateway.Resolve("gpt-4o").Provider);
        Assert.Equal(("hydra", "claude-sonnet-4-5"),
            (gateway.Resolve("claude-sonnet-4-5").Provider, gateway.Resolve("claude-sonnet-4-5").Id));
        Assert.Equal("bedrock/x", gateway.Resolve("bedrock/x").Id);
        Assert.NotNull(gateway.Resolve("anthropic/claude-sonnet-4-5").Price);
    }

    [Fact]
    public void An_own_base_address_serves_names_of_no_known_maker()
    {
        using var gateway = new ModelGateway(new GatewayOptions { OpenAIBaseUrl = "http://localhost:8000/v1" });
        Assert.Equal("openai", gateway.Resolve("qwen3-32b").Provider);
        Assert.False(gateway.IsOfflineByDefault);
    }

    [Fact]
    public void A_forced_backend_answers_for_every_name()
    {
        using var offline = new ModelGateway(OpenAI with { Backend = "offline" });
        Assert.Equal("offline", offline.Resolve("gpt-4o").Provider);
        Assert.False(offline.IsOfflineByDefault);
        using var command = new ModelGateway(OpenAI with { Backend = "command:cat" });
        Assert.Equal("command", command.Resolve("gpt-4o").Provider);
    }

    [Fact]
    public void All_that_is_wrong_with_the_options_is_said_at_once()
    {
        var wrong = new GatewayOptions { Backend = "cloud", OpenAIBaseUrl = "localhost", IdleTimeout = TimeSpan.Zero };
        Assert.Equal(3, wrong.Check().Count);
        Assert.Contains("'cloud'", Assert.Throws<ArgumentException>(() => new ModelGateway(wrong)).Message);
    }

    [Fact]
    public void The_environment_is_read_by_the_usual_names()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OPENAI_API_KEY"] = " k ", ["ANTHROPIC_API_KEY"] = "", ["OLLAMA_HOST"] = "0.0.0.0",
                ["HYDRA_COMMANDS"] = "a=cat -n; b=tr a b",
        };
        var options = GatewayOptions.FromEnvironment(name => variables.GetValueOrDefault(name));
        Assert.Equal("k", options.OpenAIApiKey);
        Assert.Null(options.AnthropicApiKey);
        Assert.Equal("http://localhost:11434", options.OllamaAddress);
        Assert.Equal("tr a b", options.Commands["b"]);
        Assert.Empty(options.Check());
    }

    private static void Refuses(GatewayOptions options, string model, string mend)
    {
        using var gateway = new ModelGateway(options);
        Assert.Contains(mend, Assert.Throws<ModelUnavailableException>(() => gateway.Resolve(model)).Message);
    }
}
