using Hydra.Gateway.Config;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Routing;
using Hydra.Model;

namespace Hydra.Gateway.Tests.Config;

/// <summary>LiteLLM's proxy configuration as a gateway's.</summary>
public sealed class LiteLlmImportTests
{
    [Fact]
    public void A_realistic_configuration_becomes_a_valid_one()
    {
        var (config, left) = Import("""
            model_list:
              - model_name: smart
                litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: os.environ/ANTHROPIC_API_KEY, rpm: 600, order: 1}
                model_info: {id: one, input_cost_per_token: 0.000003, output_cost_per_token: 0.000015}
              - model_name: smart
                litellm_params: {model: azure/gpt-5-prod, api_base: "https://me.openai.azure.com", api_key: os.environ/AZURE_API_KEY, api_version: "2024-10-21", order: 2}
              - model_name: cheap
                litellm_params: {model: groq/llama-3.3-70b, api_key: os.environ/GROQ_API_KEY, stream_timeout: 5}
              - model_name: local
                litellm_params: {model: ollama_chat/qwen3, api_base: "http://127.0.0.1:11434"}
              - model_name: openai/*
                litellm_params: {model: openai/*, api_key: os.environ/OPENAI_API_KEY}
            router_settings:
              num_retries: 2
              fallbacks: [{smart: [cheap]}]
              model_group_alias: {gpt-4: smart}
              enable_pre_call_checks: true
            litellm_settings:
              drop_params: true
              request_timeout: 300
              max_budget: 100
              budget_duration: 30d
            general_settings:
              master_key: os.environ/LITELLM_MASTER_KEY
            """);
        Assert.Equal(RouteStrategy.Priority, config.Models["smart"].Policy.Strategy);
        Assert.Equal([("anthropic", "claude-sonnet-4-5"), ("azure", "gpt-5-prod")], config.Models["smart"].Deployments.Select(one => (one.Provider, one.Model)));
        Assert.Equal((3m, 15m), (config.Models["smart"].Deployments[0].Price!.Input, config.Models["smart"].Deployments[0].Price!.Output));
        Assert.Equal(["cheap"], config.Models["smart"].Fallbacks);
        Assert.Equal(2, config.Models["gpt-4"].Deployments.Count);
        Assert.Equal("ollama", config.Providers["ollama"].Kind);
        Assert.Equal("env:GROQ_API_KEY", config.Providers["groq"].ApiKey);
        Assert.Equal(3, config.Retries.AttemptsMax);
        Assert.Equal(TimeSpan.FromSeconds(300), config.Models["local"].Timeouts.Total);
        Assert.Equal(new Budget(BudgetScope.All, BudgetWindow.Month, 100, null), Assert.Single(config.Budgets));
        Assert.Equal("env:LITELLM_MASTER_KEY", config.AdminKey);
        Assert.True(config.Passthrough);
        Assert.Equal(["8:83 stream_timeout", "17:3 router_settings.enable_pre_call_checks"], left.Select(one => $"{one.At} {one.Message.Split('`')[1]}"));
    }

    [Fact]
    public void The_settings_of_a_shared_cache_name_one_address()
    {
        var (config, left) = Import("""{"litellm_settings": {"cache": {"type": "redis", "host": "os.environ/REDIS_HOST", "port": "os.environ/REDIS_PORT"}}}""");
        Assert.Equal((true, "redis", "env:REDIS_URL"), (config.Cache.Exact.Enabled, config.Cache.Exact.Store, config.Cache.Exact.Url));
        Assert.Contains("REDIS_URL", Assert.Single(left).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_secret_in_the_file_is_neither_copied_nor_repeated()
    {
        var problems = new ProblemList("litellm.yaml");
        var text = LiteLlmImport.Convert("model_list: [{model_name: a, litellm_params: {model: openai/gpt-5, api_key: sk-LITERAL}}]", problems)!;
        Assert.DoesNotContain("LITERAL", text + string.Join('\n', problems.Problems), StringComparison.Ordinal);
        Assert.Contains("env:OPENAI_API_KEY", text, StringComparison.Ordinal);
        Assert.Single(problems.Problems);
    }

    [Fact]
    public void What_a_gateway_would_refuse_is_left_out_and_told()
    {
        var (config, left) = Import("""
            model_list:
              - {model_name: good, litellm_params: {model: openai/gpt-5, api_key: os.environ/A}}
              - {model_name: astray, litellm_params: {model: openai/gpt-5, api_base: "http://user:hunter2@host/v1"}}
              - {model_name: nowhere, litellm_params: {model: openai/gpt-5, api_base: "http://"}}
              - {model_name: greedy, litellm_params: {model: openai/gpt-5, api_key: os.environ/A, rpm: 5000000000000}}
            router_settings:
              fallbacks: [{good: [nobody, good]}]
              default_fallbacks: [nobody]
            litellm_settings: {max_budget: 99000000}
            """);
        Assert.Equal(["good"], config.Models.Keys);
        Assert.Empty(config.Models["good"].Fallbacks);
        Assert.Empty(config.Budgets);
        var told = string.Join('\n', left.Select(one => one.Message));
        Assert.All(["`openai-2` is left out", "`openai-3` is left out", "`astray` is left out", "`nowhere` is left out", "`greedy` is left out", "`budgets` is left out", "'nobody' of 'good'"], what => Assert.Contains(what, told, StringComparison.Ordinal));
        Assert.DoesNotContain("hunter2", told, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_nothing_can_be_used_there_is_nothing_to_write()
    {
        var problems = new ProblemList("litellm.yaml");
        Assert.Null(LiteLlmImport.Convert("litellm_settings: {max_budget: 99000000}", problems));
        Assert.True(problems.HasErrors);
    }

    [Fact]
    public void Text_that_is_cut_or_no_map_is_an_error_with_its_place()
    {
        var problems = new ProblemList("litellm.json");
        Assert.Null(LiteLlmImport.Convert("{\n  \"model_list\":\n  }\n],\n", problems));
        Assert.True(problems.HasErrors);
        Assert.Null(LiteLlmImport.Convert("- a", problems));
    }

    private static (GatewayConfig Config, IReadOnlyList<Problem> Left) Import(string text)
    {
        var (left, problems) = (new ProblemList("litellm.yaml"), new ProblemList("gateway.yaml"));
        var config = GatewayConfigReader.Read(LiteLlmImport.Convert(text, left)!, problems);
        Assert.Empty(problems.Problems.Select(problem => problem.ToString()));
        return (config!, left.Problems);
    }
}
