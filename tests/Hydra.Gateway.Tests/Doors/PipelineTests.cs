using Hydra.Gateway.Config;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Resilience;
using Hydra.Model;
using Microsoft.Extensions.AI;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

/// <summary>What holds between the stages of a running gateway.</summary>
public sealed class PipelineTests
{
    private const string Chat = """{"model":"smart","messages":[{"role":"user","content":"Hi"}]}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_deployment_whose_embeddings_fail_may_still_chat()
    {
        await using var gateway = await StartAsync(config => config with { Retries = new() { AttemptsMax = 1 }, Breaker = config.Breaker with { ConsecutiveFailures = 1 } },
            FakeScript.Of(new FakeRule { When = new() { Prompt = "to a vector" }, Status = 500 }, new FakeRule { When = new() { Model = "gpt-5-mini" } }));
        const string embed = """{"model":"smart","input":["to a vector"]}""";
        using var failed = await gateway.PostAsync("/v1/embeddings", embed);
        using var cooling = await gateway.PostAsync("/v1/embeddings", embed);
        using var chat = await gateway.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal((429, "all_deployments_cooling"), ((int)cooling.StatusCode, Text((await JsonAsync(cooling)).GetProperty("error"), "code")));
        Assert.True(chat.IsSuccessStatusCode);
        Assert.Single(gateway.Fake.Calls, call => call.Path == "/v1/embeddings");
    }

    [Fact]
    public async Task Changed_retries_are_taken_by_a_running_gateway()
    {
        var quick = new RetryOptions { BackoffFirst = TimeSpan.FromMilliseconds(1), BackoffMax = TimeSpan.FromMilliseconds(1), AttemptsMax = 1 };
        await using var gateway = await StartAsync(config => config with { Retries = quick }, FakeScript.Of(new FakeRule { Status = 500 }));
        using (await gateway.PostAsync("/v1/chat/completions", Chat)) Assert.Single(gateway.Fake.Calls);
        await gateway.Service.ReloadAsync(gateway.Service.Config with { Retries = quick with { AttemptsMax = 2 } }, Token);
        using (await gateway.PostAsync("/v1/chat/completions", Chat)) Assert.Equal(3, gateway.Fake.Calls.Count);
    }

    [Fact]
    public async Task Embeddings_of_the_semantic_cache_stand_in_the_ledger_and_obey_budgets()
    {
        const string embedder = "first/text-embedding-3-small";
        await using var gateway = await StartAsync(config => config with
        {
            Cache = new CacheConfig { Semantic = new SemanticCacheConfig { Enabled = true, Model = embedder } },
            Budgets = [new Budget(BudgetScope.TryParse($"model:{embedder}")!.Value, BudgetWindow.Total, 0.00001m, null)],
        }, new FakeScript());
        using (var first = await gateway.PostAsync("/v1/chat/completions", Chat)) Assert.Equal("miss", Header(first, "x-hydra-cache"));
        using (var second = await gateway.PostAsync("/v1/chat/completions", Chat)) Assert.Equal("hit", Header(second, "x-hydra-cache"));
        Assert.Equal(2, gateway.Fake.Calls.Count(call => call.Path == "/v1/embeddings"));
        var spent = Assert.Single(await gateway.Service.Ledger.BudgetsAsync(Token)).SpentUsd;
        Assert.True(spent > 0);

        await gateway.Service.ReloadAsync(gateway.Service.Config with { Budgets = [new Budget(BudgetScope.TryParse($"model:{embedder}")!.Value, BudgetWindow.Total, spent, null)] }, Token);
        using var third = await gateway.PostAsync("/v1/chat/completions", Chat);
        Assert.Equal((true, "bypass"), (third.IsSuccessStatusCode, Header(third, "x-hydra-cache")));   // the cache is not worth more than its budget
        Assert.Equal(2, gateway.Fake.Calls.Count(call => call.Path == "/v1/embeddings"));
    }

    [Fact]
    public async Task A_team_has_limits_of_its_own_over_all_its_callers_and_a_reload_changes_them()
    {
        await using var gateway = await StartAsync(config => config with { Teams = new Dictionary<string, RateLimits> { ["research"] = new() { Rpm = 1 } } }, new FakeScript());
        var (ada, bob, other) = (ClientOf("research", "ada"), ClientOf("research", "bob"), ClientOf("sales", "cy"));
        await ada.GetResponseAsync("Hi", cancellationToken: Token);
        var refused = await Assert.ThrowsAsync<CallFailedException>(() => bob.GetResponseAsync("Hi", cancellationToken: Token));
        Assert.Equal(ErrorCode.RateLimited, refused.Code);
        Assert.Contains("research", refused.Message, StringComparison.Ordinal);
        await other.GetResponseAsync("Hi", cancellationToken: Token);
        await gateway.Service.ReloadAsync(gateway.Service.Config with { Teams = new Dictionary<string, RateLimits> { ["research"] = new() { Rpm = 2 } } }, Token);
        await bob.GetResponseAsync("Hi", cancellationToken: Token);

        IChatClient ClientOf(string team, string user) => new InProcessModels(gateway.Service, new Caller(null, team, user, [])).GetClient("smart");
    }

    [Fact]
    public async Task A_reload_takes_changed_limits_of_a_group()
    {
        await using var gateway = await StartAsync(config => Limited(config, 1), new FakeScript());
        using (await gateway.PostAsync("/v1/chat/completions", Chat)) { }
        using (var refused = await gateway.PostAsync("/v1/chat/completions", Chat)) Assert.Equal(429, (int)refused.StatusCode);
        await gateway.Service.ReloadAsync(Limited(gateway.Service.Config, 2), Token);
        using (var answered = await gateway.PostAsync("/v1/chat/completions", Chat)) Assert.Equal(200, (int)answered.StatusCode);

        static GatewayConfig Limited(GatewayConfig config, long rpm) => config with { Models = config.Models.ToDictionary(pair => pair.Key, pair => pair.Value with { Limits = new() { Rpm = rpm } }) };
    }

    [Fact]
    public async Task A_budget_of_a_tag_holds_for_calls_of_the_engine()
    {
        await using var gateway = await StartAsync(config => config with { Budgets = [new Budget(BudgetScope.TryParse("tag:node=dear")!.Value, BudgetWindow.Total, 0, null)] }, new FakeScript());
        var client = new InProcessModels(gateway.Service, new Caller(null, null, null, ["source=engine"])).GetClient("smart");
        var failed = await Assert.ThrowsAsync<CallFailedException>(() => client.GetResponseAsync("Hi", new Tagged("run=r1", "node=dear"), Token));
        Assert.Equal(ErrorCode.Budget, failed.Code);
        Assert.Contains("tag:node=dear", failed.Message);
        Assert.NotEmpty((await client.GetResponseAsync("Hi", new Tagged("run=r1", "node=cheap"), Token)).Text);
    }

    [Fact]
    public void A_connection_that_breaks_may_have_cost_something_once_it_has_delivered()
    {
        Assert.False(Failures.MayHaveCost(new CallFailedException(ErrorCode.Network, "refused")));
        Assert.True(Failures.MayHaveCost(new CallFailedException(ErrorCode.Network, "reset") { HasDelivered = true }));
    }

    [Fact]
    public async Task Whoever_keeps_an_account_holds_and_is_charged_what_the_ledger_holds_and_charges()
    {
        await using var gateway = await StartAsync(config => config with { Retries = new() { AttemptsMax = 2 }, Budgets = [new Budget(BudgetScope.All, BudgetWindow.Total, null, 1_000_000)] },
            FakeScript.Of(new FakeRule { Times = 1, Chunks = 4, CutAfter = 0, Then = "close" }, new FakeRule { Usage = new FakeUsage { Input = 10, Output = 5 } }));
        var client = new InProcessModels(gateway.Service, Caller.Anyone).GetClient("smart");
        var account = new Accounted { MaxOutputTokens = 100 };
        await foreach (var _ in client.GetStreamingResponseAsync("Hi", account, Token)) Assert.Null(account.Charged);
        var state = Assert.Single(await gateway.Service.Ledger.BudgetsAsync(Token));
        Assert.Equal((state.SpentUsd, state.SpentTokens), (account.Charged!.Value.CostUsd, account.Charged.Value.Usage.Total));
        Assert.Equal(777 + 100 + 15, state.SpentTokens);   // the first attempt broke off and stands at its bound
    }

    [Theory]
    [InlineData(false, 2)]
    [InlineData(true, 1)]
    public async Task Another_attempt_beside_one_that_was_charged_is_made_only_where_no_budget_of_the_run_holds_less(bool isUnderBudget, int calls)
    {
        await using var gateway = await StartAsync(config => config with { Retries = new() { AttemptsMax = 2 } }, FakeScript.Of(new FakeRule { Times = 1, Chunks = 4, CutAfter = 0, Then = "close" }));
        var client = new InProcessModels(gateway.Service, Caller.Anyone).GetClient("smart");
        var account = new Accounted { MaxOutputTokens = 100, Cap = isUnderBudget ? new CallCap(1m, 877) : null };
        var answer = client.GetStreamingResponseAsync("Hi", account, Token).ToChatResponseAsync(Token);
        if (isUnderBudget) Assert.Equal(ErrorCode.ProviderError, (await Assert.ThrowsAsync<CallFailedException>(() => answer)).Code);   // the node repeats it, with a hold of its own
        else Assert.NotEmpty((await answer).Text);
        Assert.Equal(calls, gateway.Fake.Calls.Count);
        Assert.True(account.Charged!.Value.Usage.Total >= 877);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_a_run_reserves_suffices_whoever_answers(bool isFallback)
    {
        // The price of the other is lower for as many tokens of both kinds, and higher for a short question with a long answer.
        var (usual, other) = (new PriceConfig(10m, 1m), new PriceConfig(isFallback ? 20m : 1m, 9m));
        await using var gateway = await StartAsync(config => TwoPrices(config, usual, other, isFallback), FakeScript.Of(new FakeRule { Status = 500 }),
            FakeScript.Of(new FakeRule { Usage = new FakeUsage { Input = 700, Output = 1_000 } }));
        var models = new InProcessModels(gateway.Service, Caller.Anyone);
        var reserved = models.Resolve("smart").Price!.BoundOf(777, 1_000).Usd;
        var account = new Accounted { MaxOutputTokens = 1_000, Cap = new CallCap(reserved, 1_777) };
        Assert.NotEmpty((await models.GetClient("smart").GetResponseAsync("Hi", account, Token)).Text);
        Assert.InRange(account.Charged!.Value.CostUsd, 0.009m, reserved);
    }

    [Fact]
    public async Task A_fallback_whose_price_is_unknown_is_not_asked_where_a_budget_of_the_run_holds_dollars()
    {
        await using var gateway = await StartAsync(config => TwoPrices(config, new PriceConfig(10m, 1m), null, isFallback: true), FakeScript.Of(new FakeRule { Status = 500 }), new FakeScript());
        var models = new InProcessModels(gateway.Service, Caller.Anyone);
        var account = new Accounted { MaxOutputTokens = 100, Cap = new CallCap(1m, 877) };
        await Assert.ThrowsAsync<CallFailedException>(() => models.GetClient("smart").GetResponseAsync("Hi", account, Token));
        Assert.Empty(gateway.Fakes[1].Calls);
    }

    private static GatewayConfig TwoPrices(GatewayConfig config, PriceConfig usual, PriceConfig? other, bool isFallback)
    {
        var smart = config.Models["smart"];
        var (first, second) = (smart.Deployments[0] with { Price = usual }, smart.Deployments[1] with { Model = other is null ? "made-up" : "gpt-5-mini", Price = other });
        var models = new Dictionary<string, ModelGroupConfig> { ["smart"] = smart with { Deployments = isFallback ? [first] : [first, second], Fallbacks = isFallback ? ["other"] : [] } };
        if (isFallback) models["other"] = smart with { Deployments = [second] };
        return config with { Models = models, Retries = InProcessModels.WithoutRepeats(config.Retries) };
    }

    [Fact]
    public async Task A_run_without_a_gateway_asks_as_often_at_once_as_it_likes_however_often_it_was_refused_before()
    {
        const int refusals = 40, atOnce = 4;
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Times = refusals, Status = 429 }, new FakeRule { LatencyMs = 2_000 }), Token);
        using var models = new ModelGateway(Calls.To(fake));
        await using var direct = new DirectModels(models, null, Caller.Anyone, TimeProvider.System);
        var client = direct.GetClient("gpt-4o");
        for (var i = 0; i < refusals; i++) Assert.Equal(ErrorCode.RateLimited, (await Assert.ThrowsAsync<CallFailedException>(() => client.GetResponseAsync("Hi", cancellationToken: Token))).Code);
        var calls = Enumerable.Range(0, atOnce).Select(_ => client.GetResponseAsync("Hi", cancellationToken: Token)).ToArray();
        await Task.WhenAny(calls);
        Assert.Equal(refusals + atOnce, fake.Calls.Count);
        await Task.WhenAll(calls);
    }

    [Fact]
    public async Task An_answer_of_a_cache_is_charged_nothing()
    {
        await using var gateway = await StartAsync(config => config with { Cache = new CacheConfig { Exact = new ExactCacheConfig { Enabled = true } } }, new FakeScript());
        var client = new InProcessModels(gateway.Service, Caller.Anyone).GetClient("smart");
        var (first, second) = (new Accounted { MaxOutputTokens = 100, Temperature = 0 }, new Accounted { MaxOutputTokens = 100, Temperature = 0 });
        await client.GetResponseAsync("Hi", first, Token);
        await client.GetResponseAsync("Hi", second, Token);
        Assert.Single(gateway.Fake.Calls);
        Assert.True(first.Charged!.Value.CostUsd > 0);
        Assert.Equal((0m, 0L), (second.Charged!.Value.CostUsd, second.Charged.Value.Usage.Total));
    }

    private sealed class Accounted : ChatOptions, IAccounted
    {
        public (decimal CostUsd, TokenUsage Usage)? Charged { get; private set; }
        public long PromptTokensMax => 777;
        public CallCap? Cap { get; init; }
        public void Charge(decimal costUsd, TokenUsage usage) => Charged = (costUsd, usage);
    }

    private sealed class Tagged(params string[] tags) : ChatOptions, ITagged
    {
        public IReadOnlyList<string> Tags => tags;
    }
}
