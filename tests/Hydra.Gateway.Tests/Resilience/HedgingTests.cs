using Hydra.Gateway.Resilience;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Resilience;

public sealed class HedgingTests
{
    private static readonly HedgeFacts Slow = new(Seconds(3), Seconds(2), HasContent: false, IsHedged: false, HasOther: true, Remaining: Seconds(60));

    [Fact]
    public void A_call_slower_than_its_like_gets_one_more_beside_it()
    {
        var decision = Decide(Slow);
        Assert.Equal((true, "no content after 3 s; 0.95 of calls have some after 2 s"), (decision.Now, decision.Reason));
    }

    [Fact]
    public void Before_its_time_it_is_told_when_to_ask_again()
    {
        Assert.Equal((false, Seconds(1.5)), Decide(Slow with { Elapsed = Seconds(0.5) }) is var early ? (early.Now, early.AskAgainIn) : default);
        Assert.Equal(Seconds(0.1), Decide(Slow with { Elapsed = Seconds(0.1), Quantile = Seconds(0.01) }).AskAgainIn);
    }

    [Fact]
    public void Nothing_is_hedged_without_need_or_means()
    {
        Assert.Equal("content has come", Refused(Slow with { HasContent = true }));
        Assert.Equal("at most one extra call", Refused(Slow with { IsHedged = true }));
        Assert.Equal("nobody else may be asked", Refused(Slow with { HasOther = false }));
        Assert.Equal("too few calls measured", Refused(Slow with { Quantile = null }));
        Assert.Equal("the deadline comes first", Refused(Slow with { Elapsed = Seconds(1), Remaining = Seconds(1) }));
    }

    [Fact]
    public void Its_budget_bounds_it()
    {
        var budget = new RetryBudget(new RetryBudgetOptions { Ratio = 0.1, Minimum = 0 });
        for (var i = 0; i < 20; i++) budget.Requested(Seconds(0));
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => HedgeDecision.Of(new HedgeOptions(), Slow, budget, Seconds(0)).Now));
    }

    private static HedgeDecision Decide(HedgeFacts facts) => HedgeDecision.Of(new HedgeOptions(), facts, new RetryBudget(new RetryBudgetOptions()), Seconds(0));

    private static string Refused(HedgeFacts facts)
    {
        var decision = Decide(facts);
        Assert.Equal((false, null), (decision.Now, decision.AskAgainIn));
        return decision.Reason;
    }
}
