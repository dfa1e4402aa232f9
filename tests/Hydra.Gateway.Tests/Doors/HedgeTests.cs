using Hydra.Gateway.Config;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Resilience;
using Microsoft.Extensions.AI;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

/// <summary>A second call beside a slow one: who answers, and what it costs.</summary>
public sealed class HedgeTests
{
    /// <summary>What one answer of the fake providers costs: 10 tokens at 0.25 and 5 at 2 US dollars for 1,000,000.</summary>
    private const decimal Answer = 0.0000125m;

    private static readonly FakeRule Plain = new() { Answer = "Hello", Usage = new(10, 5) };
    private static readonly FakeRule Silent = new() { Then = "hang", CutAfter = 0 };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Beside_a_silent_deployment_another_one_answers_and_both_are_paid_for(bool isStreamed)
    {
        await using var gateway = await StartAsync(Hedged(), FakeScript.Of(Silent), FakeScript.Of(Plain));
        gateway.Fakes[1].AnswersAfter = gateway.Fakes[0].WaitForCallAsync(1, Token);   // else the silent one may be cut before it was asked
        var operation = await AskAsync(gateway, isStreamed);

        Assert.Equal([(1, Attempt.Outpaced), (2, Attempt.Answered)], operation.Attempts.Select(attempt => (attempt.Number, attempt.Outcome)));
        Assert.Equal("smart/second/gpt-5-mini", operation.Last!.Deployment);
        Assert.Contains("hedged: no content after", operation.RouteReason);
        Assert.Equal("cancelled", await (await gateway.Fakes[0].WaitForCallAsync(1, Token)).Ended.WaitAsync(Token));
        // Nobody knows what the silent one has generated: it stands at its bound, 4,096 tokens and the prompt.
        Assert.Equal(Answer, operation.Attempts[1].CostUsd);
        Assert.Equal(((operation.PromptTokensMax * 0.25m) + (operation.OutputTokensMax * 2m)) / 1_000_000, operation.Attempts[0].CostUsd);
        await LedgerHoldsAsync(gateway, operation.CostUsd);
    }

    [Fact]
    public async Task Over_http_the_answer_says_that_two_were_asked()
    {
        await using var gateway = await StartAsync(Hedged(), FakeScript.Of(Silent), FakeScript.Of(Plain));
        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"smart","messages":[{"role":"user","content":"Hi"}]}""");
        Assert.True(response.IsSuccessStatusCode);
        Assert.Equal(("smart/second/gpt-5-mini", "2", "0"), (Header(response, "x-hydra-deployment"), Header(response, "x-hydra-attempts"), Header(response, "x-hydra-fallbacks")));
    }

    [Fact]
    public async Task A_deployment_that_answers_in_time_is_alone()
    {
        await using var gateway = await StartAsync(Hedged(TimeSpan.FromHours(1)), FakeScript.Of(Plain), FakeScript.Of(Plain));
        Assert.Equal(Answer, (await AskAsync(gateway, isStreamed: true)).CostUsd);
        Assert.Empty(gateway.Fakes[1].Calls);
    }

    [Fact]
    public async Task A_second_call_that_fails_takes_nothing_from_the_first()
    {
        await using var gateway = await StartAsync(Hedged(), FakeScript.Of(Plain with { LatencyMs = 300 }), FakeScript.Of(new FakeRule { Status = 500 }));
        gateway.Fakes[0].AnswersAfter = EndAsync(gateway.Fakes[1]);   // else the second may be outpaced before it fails
        var operation = await AskAsync(gateway, isStreamed: false);
        Assert.Equal((1, Attempt.Answered), (operation.Last!.Number, operation.Last.Outcome));
        Assert.Equal(Answer, operation.CostUsd);   // a 500 bills nothing
        await LedgerHoldsAsync(gateway, Answer);
    }

    [Fact]
    public async Task A_first_call_that_fails_meanwhile_leaves_the_answer_to_the_second()
    {
        await using var gateway = await StartAsync(Hedged(), FakeScript.Of(new FakeRule { Status = 500, LatencyMs = 100 }), FakeScript.Of(Plain with { LatencyMs = 500 }));
        gateway.Fakes[0].AnswersAfter = gateway.Fakes[1].WaitForCallAsync(1, Token);   // else the first may fail before there is a second
        var operation = await AskAsync(gateway, isStreamed: false);
        Assert.Equal((2, "smart/second/gpt-5-mini"), (operation.Attempts.Count, operation.Last!.Deployment));
        Assert.Equal(2, gateway.Fakes.Sum(fake => fake.Calls.Count));
    }

    [Fact]
    public async Task Where_both_fail_the_call_goes_on_as_without_a_hedge()
    {
        var busy = new FakeRule { Status = 500, LatencyMs = 100, Times = 1 };
        await using var gateway = await StartAsync(config => Hedged()(config) with { Retries = new() { BackoffFirst = TimeSpan.FromMilliseconds(1) } },
            FakeScript.Of(busy, Plain), FakeScript.Of(new FakeRule { Status = 500 }));
        Assert.Equal("smart/first/gpt-5-mini", (await AskAsync(gateway, isStreamed: true)).Last!.Deployment);
    }

    [Fact]
    public async Task Sealed_reasoning_stays_with_its_account()
    {
        await using var gateway = await StartAsync(Hedged(), FakeScript.Of(Plain with { LatencyMs = 100 }), FakeScript.Of(Plain));
        var thought = new TextReasoningContent("Hm.") { ProtectedData = "openai:sealed" };
        var operation = await AskAsync(gateway, isStreamed: false, new ChatMessage(ChatRole.Assistant, [thought, new TextContent("Yes")]));
        Assert.Single(operation.Attempts);
    }

    [Fact]
    public async Task Nothing_is_hedged_where_no_share_is_allowed()
    {
        await using var gateway = await StartAsync(Hedged(percentMax: 0), FakeScript.Of(Plain with { LatencyMs = 100 }), FakeScript.Of(Plain));
        Assert.Single((await AskAsync(gateway, isStreamed: false)).Attempts);
    }

    [Fact]
    public async Task A_caller_who_leaves_ends_both_and_both_are_settled()
    {
        await using var gateway = await StartAsync(Hedged(), FakeScript.Of(Silent), FakeScript.Of(Silent));
        using var leave = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var asking = AskAsync(gateway, isStreamed: true, cancellationToken: leave.Token);
        foreach (var fake in gateway.Fakes) await fake.WaitForCallAsync(1, Token);
        await leave.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        foreach (var fake in gateway.Fakes) Assert.Equal("cancelled", await fake.Calls[0].Ended.WaitAsync(Token));
        Assert.Equal(0, (await BudgetAsync(gateway)).ReservedUsd);
    }

    /// <remarks>Else it would be listed as running for ever.</remarks>
    [Fact]
    public async Task A_second_call_that_waits_for_its_money_when_the_first_answers_is_outpaced_and_asks_nobody()
    {
        await using var first = await FakeProvider.StartAsync(FakeScript.Of(Plain), Token);
        await using var second = await FakeProvider.StartAsync(FakeScript.Of(Plain), Token);
        var ledger = new LedgerWithoutRoomForTwo();
        first.AnswersAfter = ledger.SecondWaits;
        var config = Hedged()(ConfigOf([first, second]));
        var (gate, clock, begun) = (new Lock(), TimeProvider.System, TimeProvider.System.GetTimestamp());
        var factory = new PipelineFactory { Config = () => config, Ledger = ledger, Gate = gate, Clock = clock, Now = () => clock.GetElapsedTime(begun) };
        using var providers = new ProviderFactory(config, new GatewayServiceOptions { Environment = _ => "sk-upstream", Folder = Path.GetTempPath() });
        var models = GatewayModels.Build(config, providers, null, new ModelSurroundings(gate, clock, factory.Now));
        var operation = Operation.Begin("chat", Caller.Anyone, "smart", clock);
        var answer = await factory.Begin(factory.RouteTo(() => models), () => models).GetResponseAsync([new(ChatRole.User, "Hi")], new CallOptions(null, operation), Token);

        Assert.Equal("Hello", answer.Text);
        Assert.Equal([Attempt.Answered, Attempt.Outpaced], operation.Attempts.Select(attempt => attempt.Outcome));
        Assert.Null(operation.Attempts[1].BegunAt);
        Assert.Empty(second.Calls);
    }

    /// <summary>Two deployments that are about equally fast, many calls at once: whoever wins, the ledger holds what the attempts say and never less than was billed.</summary>
    [Fact]
    public async Task However_the_races_end_the_ledger_is_the_sum_of_the_attempts_and_never_below_the_bill()
    {
        const int calls = 60;
        await using var gateway = await StartAsync(Hedged(percentMax: 100), FakeScript.Of(Plain with { LatencyMs = 5 }), FakeScript.Of(Plain with { LatencyMs = 3 }));
        var operations = await Task.WhenAll(Enumerable.Range(0, calls).Select(i => AskAsync(gateway, isStreamed: i % 2 == 0)));

        Assert.All(operations, operation => Assert.Single(operation.Attempts, attempt => attempt.Outcome == Attempt.Answered));
        Assert.All(operations, operation => Assert.Equal(Attempt.Answered, operation.Last!.Outcome));
        var attempts = operations.SelectMany(operation => operation.Attempts).ToList();
        Assert.All(attempts, attempt => Assert.Contains(attempt.Outcome, (string[])[Attempt.Answered, Attempt.Outpaced]));
        await LedgerHoldsAsync(gateway, attempts.Sum(attempt => attempt.CostUsd));
        var billed = gateway.Fakes.Sum(fake => fake.Calls.Count) * Answer;
        Assert.True(attempts.Sum(attempt => attempt.CostUsd) >= billed, $"{billed} were billed");
    }

    /// <summary>Grants the first attempt; every other one waits until its caller leaves.</summary>
    private sealed class LedgerWithoutRoomForTwo : ICallLedger
    {
        private readonly NoLedger _inner = new();
        private readonly TaskCompletionSource _secondWaits = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task SecondWaits => _secondWaits.Task;

        public async ValueTask<ReserveResult> ReserveAsync(ReserveRequest request, CancellationToken cancellationToken)
        {
            if (request.Attempt == 1) return await _inner.ReserveAsync(request, cancellationToken);
            _secondWaits.SetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
            throw new InvalidOperationException("nobody waits for ever");
        }

        public Task<SettleResult> SettleAsync(Reservation reservation, Settlement settlement) => _inner.SettleAsync(reservation, settlement);
    }

    /// <summary>Of the first call that it is sent.</summary>
    private static async Task EndAsync(FakeProvider fake) => await (await fake.WaitForCallAsync(1, Token)).Ended;

    private static Func<GatewayConfig, GatewayConfig> Hedged(TimeSpan? after = null, double percentMax = 5) => config => config with
    {
        Budgets = [new Budget(BudgetScope.All, BudgetWindow.Total, 1_000, null)],
        Models = config.Models.ToDictionary(pair => pair.Key, pair => pair.Value with { Hedge = new HedgeOptions { Quantile = null, After = after ?? TimeSpan.FromMilliseconds(1), PercentMax = percentMax } }),
    };

    private static async Task<Operation> AskAsync(GatewayUnderTest gateway, bool isStreamed, ChatMessage? before = null, CancellationToken? cancellationToken = null)
    {
        var operation = gateway.Service.Open("chat", Caller.Anyone, "smart");
        operation.IsStreamed = isStreamed;
        var (options, token) = (new CallOptions(null, operation), cancellationToken ?? Token);
        List<ChatMessage> messages = before is null ? [new(ChatRole.User, "Hi")] : [before, new(ChatRole.User, "Hi")];
        var answer = isStreamed ? await gateway.Service.Client.GetStreamingResponseAsync(messages, options, token).ToChatResponseAsync(token) : await gateway.Service.Client.GetResponseAsync(messages, options, token);
        Assert.Equal("Hello", answer.Text);
        return operation;
    }

    private static async Task LedgerHoldsAsync(GatewayUnderTest gateway, decimal spent)
    {
        var budget = await BudgetAsync(gateway);
        Assert.Equal((spent, 0m), (budget.SpentUsd, budget.ReservedUsd));
    }

    private static async Task<BudgetState> BudgetAsync(GatewayUnderTest gateway) => Assert.Single(await gateway.Service.Ledger.BudgetsAsync(Token));
}
