using System.Runtime.CompilerServices;
using Hydra.Gateway.Config;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Routing;
using Hydra.Model;

namespace Hydra.Gateway.Tests.Config;

/// <summary><c>gateway.yaml</c> as it is read.</summary>
public sealed class GatewayConfigTests
{
    [Fact]
    public void The_documented_file_is_read()
    {
        var config = Read("""
            providers:
              openai-main: {kind: openai, base_url: "https://host/v1", api_key: env:OPENAI_API_KEY, quota_group: org-1}
              claude:      {kind: anthropic, api_key: env:ANTHROPIC_API_KEY}
              local:       {kind: ollama, base_url: "http://127.0.0.1:11434"}
              fast:        {kind: groq, api_key: file:groq.key, headers: {x-team: research}}
            models:
              smart:
                strategy: priority
                deployments:
                  - {provider: claude, model: claude-sonnet-4-6, priority: 1, rpm: 600, tpm: 400000}
                  - {provider: openai-main, model: gpt-5, priority: 2, price: {input: 1.25, output: 10}}
                fallbacks: [cheap]
                timeouts: {first_token_seconds: 20, idle_seconds: 30, total_seconds: 600}
              cheap: {deployments: [{provider: local, model: qwen3}]}
            limits: {rpm: 3000, tpm: 2000000, max_parallel: 256}
            budgets:
              - {scope: team:research, max_usd: 50.25, window: day}
            cache: {exact: {enabled: true, ttl_seconds: 3600, max_bytes: 268435456}, semantic: {enabled: false}}
            filters: [{kind: secrets, action: redact}]
            prices: {overrides: prices.yaml}
            auth: {required: true}
            store: {sqlite: .hydra/gateway.db}
            """);
        Assert.Equal("org-1", config.Providers["openai-main"].QuotaGroup);
        Assert.Equal("research", config.Providers["fast"].Headers["x-team"]);
        var smart = config.Models["smart"];
        Assert.Equal(RouteStrategy.Priority, smart.Policy.Strategy);
        Assert.Equal((600, 400_000), (smart.Deployments[0].Limits.Rpm, smart.Deployments[0].Limits.Tpm));
        Assert.Equal(1.25m, smart.Deployments[1].Price!.Input);
        Assert.Equal(TimeSpan.FromSeconds(20), smart.Timeouts.FirstToken);
        Assert.Equal(new Budget(new BudgetScope(BudgetScopeKind.Team, "research"), BudgetWindow.Day, 50.25m, null), Assert.Single(config.Budgets));
        Assert.Equal(256, config.Limits.MaxParallel);
        Assert.True(config.Cache.Exact.Enabled);
        Assert.False(config.Passthrough);
        Assert.Equal("prices.yaml", config.PriceOverridesFile);
    }

    [Fact]
    public void Json_is_the_same_format()
    {
        var config = Read("""{"providers": {"local": {"kind": "ollama"}}, "auth": {"required": false}}""");
        Assert.Equal("ollama", config.Providers["local"].Kind);
        Assert.True(config.Passthrough);
        Assert.False(config.AuthRequired);
    }

    [Fact]
    public void Every_strategy_takes_its_options()
    {
        var config = Read("""
            providers: {a: {kind: offline}, b: {kind: offline}}
            models:
              by-rule:
                strategy: conditional
                deployments: [{provider: a, model: m, tags: [eu]}, {provider: b, model: m}]
                rules:
                  - {name: europe, when: {region: [eu, ch], plan: {not: free}, id: {starts_with: x}, tier: gold}, use: {deployments: [eu]}}
                default: {group: by-size}
              by-size:
                strategy: complexity
                deployments: [{provider: a, model: m}, {provider: b, model: m}]
                steps: [{at_least: 0.4, use: {deployments: [b/m]}}]
                prompt_cache: true
              trial: {strategy: canary, deployments: [{provider: a, model: m}, {provider: b, model: m}], canary: {percent: 5, deployments: [b]}}
              learnt: {strategy: adaptive, deployments: [{provider: a, model: m}], adaptive: {enabled: false, exploration_max: 0.05}, prompt_cache: {load_max: 3}}
              quick: {strategy: lowest_latency, latency_buffer: 0.5, deployments: [{provider: a, model: m}, {provider: a, model: m}]}
            """);
        var rule = config.Models["by-rule"].Policy.Rules[0];
        Assert.Equal([ConditionKind.OneOf, ConditionKind.NotEqualTo, ConditionKind.StartsWith, ConditionKind.EqualTo], rule.When.Select(condition => condition.Kind));
        Assert.Equal(["by-rule/a/m"], ((RouteUse.Deployments)rule.Use).Names);
        Assert.Equal(new RouteUse.Group("by-size"), config.Models["by-rule"].Policy.Default);
        Assert.Equal(["by-size/b/m"], ((RouteUse.Deployments)config.Models["by-size"].Policy.Steps[0].Use).Names);
        Assert.NotNull(config.Models["by-size"].Policy.PromptCache);
        Assert.Equal(("trial", 5), (config.Models["trial"].Policy.Canary!.Salt, config.Models["trial"].Policy.Canary!.Percent));
        Assert.False(config.Models["learnt"].Policy.Adaptive.IsEnabled);
        Assert.Equal(3, config.Models["learnt"].Policy.PromptCache!.LoadMax);
        Assert.Equal(0.5, config.Models["quick"].Policy.LatencyBuffer);
    }

    [Fact]
    public void A_store_is_a_file_or_a_database_and_never_both()
    {
        Assert.Equal(new StoreConfig(".hydra/gateway.db"), Read("providers: {a: {kind: offline}}").Store);
        Assert.Equal(new StoreConfig("a.db"), Read("store: {sqlite: a.db}").Store);
        Assert.Equal(new StoreConfig(null, "env:DATABASE_URL"), Read("store: {postgres: env:DATABASE_URL}").Store);
        var both = Assert.Single(Problems("store: {postgres: env:DATABASE_URL, sqlite: a.db}"));
        Assert.Equal((ProblemCodes.TwoGatewayStores, "1:45"), (both.Code, $"{both.At}"));
    }

    [Theory]
    [InlineData("{}", 0.95, 0.2, 5)]
    [InlineData("{after_seconds: 2}", null, 2, 5)]
    [InlineData("{after_seconds: 2, quantile: 0.9, percent_max: 10}", 0.9, 2, 10)]
    public void A_second_call_beside_a_slow_one_is_asked_for_by_the_group(string written, double? quantile, double after, double percent)
    {
        var models = Read($$$"""
            providers: {a: {kind: offline}}
            models: {quick: {deployments: [{provider: a, model: m}], hedge: {{{written}}} }, plain: {deployments: [{provider: a, model: m}]} }
            """).Models;
        Assert.Equal((quantile, TimeSpan.FromSeconds(after), percent), (models["quick"].Hedge!.Quantile, models["quick"].Hedge!.After, models["quick"].Hedge!.PercentMax));
        Assert.Null(models["plain"].Hedge);
    }

    [Fact]
    public void A_moderation_filter_takes_its_key_its_patience_and_what_to_do_without_it()
    {
        var filter = Assert.Single(Read("""
            providers: {a: {kind: offline}}
            filters: [{kind: moderation, action: block, url: "https://m.example/v1/moderations", api_key: env:M, timeout_seconds: 2, fail_open: true}]
            """).Filters);
        Assert.Equal(("env:M", TimeSpan.FromSeconds(2), true), (filter.ApiKey, filter.Timeout, filter.FailOpen));
    }

    [Fact]
    public void Every_problem_is_named_at_once_with_its_place()
    {
        var problems = Problems("""
            providers:
              a: {kind: opnai, api_key: env:KEY}
              b: {kind: azure}
            modls: {}
            models:
              smart:
                strategy: wieghted
                deployments: [{provider: c, model: m, rpm: -1}]
                fallbacks: [smart, chaep]
              cheap: {deployments: [{provider: a, model: m}], canary: {percent: 5, deployments: [z]}}
            budgets: [{scope: research, window: day}]
            """);
        Assert.Equal(
        [
            "HYD120 4:1", "HYD124 7:15", "HYD123 8:48", "HYD901 2:13", "HYD907 3:6", "HYD907 3:6", "HYD902 8:30", "HYD903 9:17", "HYD903 9:24",
            "HYD906 10:59", "HYD906 10:86", "HYD905 11:19", "HYD905 11:11",
        ], problems.Select(problem => $"{problem.Code} {problem.At}"));
        Assert.Contains("Did you mean 'openai'?", problems.First(problem => problem.Code == ProblemCodes.UnknownProviderKind).Message, StringComparison.Ordinal);
        Assert.Contains("Did you mean 'models'?", problems[0].Message, StringComparison.Ordinal);
        Assert.StartsWith("HYD901 gateway.yaml:2:13: ", problems.First(problem => problem.Code == ProblemCodes.UnknownProviderKind).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("providers: {a: {kind: anthropic, api_key: LITERAL}}")]
    [InlineData("providers: {a: {kind: openai, headers: {Authorization: LITERAL}}}")]
    [InlineData("providers: {a: {kind: openai, base_url: \"https://me:LITERAL@host/v1\"}}")]
    [InlineData("auth: {admin_key: LITERAL}")]
    [InlineData("store: {postgres: \"postgres://me:LITERAL@host/db\"}")]
    public void A_secret_in_the_file_is_refused_and_never_repeated(string text)
    {
        var problem = Assert.Single(Problems(text));
        Assert.Equal(ProblemCodes.LiteralSecret, problem.Code);
        Assert.DoesNotContain("LITERAL", problem.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_editors_schema_is_made_of_the_same_declarations()
    {
        var file = SchemaFile();
        var generated = ValueJson.ToText(GatewayConfigReader.Schema(), indented: true) + "\n";
        if (Environment.GetEnvironmentVariable("HYDRA_WRITE_SCHEMA") == "1") File.WriteAllText(file, generated);
        Assert.Equal(File.ReadAllText(file), generated);
    }

    private static GatewayConfig Read(string text)
    {
        var problems = new ProblemList("gateway.yaml");
        var config = GatewayConfigReader.Read(text, problems);
        Assert.Empty(problems.Problems.Select(problem => problem.ToString()));
        return config!;
    }

    private static IReadOnlyList<Problem> Problems(string text)
    {
        var problems = new ProblemList("gateway.yaml");
        Assert.Null(GatewayConfigReader.Read(text, problems));
        return problems.Problems;
    }

    private static string SchemaFile([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "..", "rules", "gateway.schema.json"));
}
