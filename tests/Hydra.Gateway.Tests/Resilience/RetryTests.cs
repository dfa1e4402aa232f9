using Hydra.Gateway.Resilience;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Resilience;

public sealed class RetryTests
{
    private static readonly RetryOptions Options = new();

    /// <summary>The whole table: what follows on each failure, with everything at hand and with nothing at hand.</summary>
    [Fact]
    public void Each_failure_has_its_way()
    {
        var table = string.Join("\n", Enum.GetValues<FailureKind>().Select(kind =>
        {
            var rich = new RetryFacts { Kind = kind, Attempts = 1, Remaining = Seconds(60), HasOther = true, HasOtherCredential = true, HasContentPolicyFallback = true, HasContextWindowFallback = true };
            var poor = new RetryFacts { Kind = kind, Attempts = 1, Remaining = Seconds(60) };
            return $"{kind}: {Decide(rich).Step}, alone {Decide(poor).Step}";
        }));
        Assert.Equal("""
            Transient: RetrySame, alone RetrySame
            RateLimited: RotateCredential, alone RetrySame
            Overloaded: OtherDeployment, alone RetrySame
            CredentialDead: RotateCredential, alone Never
            OutOfMoney: RotateCredential, alone Never
            ContextWindow: ContextWindowFallback, alone Never
            ContentPolicy: ContentPolicyFallback, alone Never
            InvalidRequest: Never, alone Never
            NotFound: OtherDeployment, alone Never
            Timeout: OtherDeployment, alone RetrySame
            StreamCut: OtherDeployment, alone RetrySame
            InvalidOutput: RetrySame, alone RetrySame
            ClientCancelled: Never, alone Never
            Unknown: OtherDeployment, alone Never
            """, table);
    }

    [Fact]
    public void What_may_pass_is_tried_where_it_was_then_elsewhere_then_again_and_then_no_more()
    {
        var facts = Facts(FailureKind.Transient) with { HasOther = true };
        Assert.Equal(RetryStep.RetrySame, Decide(facts).Step);
        Assert.Equal("Transient; tried again 1 times", Decide(facts with { Attempts = 2, SameTried = 1 }) is { Step: RetryStep.OtherDeployment } other ? other.Reason : "");
        Assert.Equal(RetryStep.RetrySame, Decide(facts with { Attempts = 2, SameTried = 1, HasOther = false }).Step);
        Assert.Equal("tried again 2 times; nobody else is left; tried again 2 times", Decide(facts with { Attempts = 3, SameTried = 2, HasOther = false }).Reason);
        Assert.Equal("all 6 attempts are made", Decide(facts with { Attempts = 6 }).Reason);
    }

    [Fact]
    public void The_wait_is_drawn_below_a_bound_that_doubles()
    {
        Each((_, random) =>
        {
            var tried = random.Next(0, 2);
            var wait = Decide(Facts(FailureKind.Transient) with { SameTried = tried }, draw: random.NextDouble()).Wait;
            Assert.InRange(wait, TimeSpan.Zero, Seconds(tried == 0 ? 0.5 : 1));
        });
        Assert.Equal(Seconds(0.25), Decide(Facts(FailureKind.Transient), draw: 0.5).Wait);
    }

    [Fact]
    public void What_the_provider_asks_for_is_waited_whole_up_to_the_cap()
    {
        Assert.Equal(Seconds(2.25), Decide(Facts(FailureKind.RateLimited) with { RetryAfter = Seconds(2) }, draw: 0.5).Wait);
        var long_ = Decide(Facts(FailureKind.RateLimited) with { RetryAfter = Seconds(120) });
        Assert.Equal((RetryStep.Never, "no other credential; nobody else is left; the provider asks for 120 s, 30 s are waited at most"), (long_.Step, long_.Reason));
    }

    [Fact]
    public void A_wait_beyond_the_deadline_is_not_begun()
    {
        var late = Decide(Facts(FailureKind.Overloaded) with { RetryAfter = Seconds(5), Remaining = Seconds(3) });
        Assert.Equal((RetryStep.Never, "nobody else is left; a wait of 5 s would pass the deadline"), (late.Step, late.Reason));
        Assert.Equal(RetryStep.OtherDeployment, Decide(Facts(FailureKind.Overloaded) with { RetryAfter = Seconds(5), Remaining = Seconds(3), HasOther = true }).Step);
        Assert.Equal("the deadline has passed", Decide(Facts(FailureKind.Overloaded) with { Remaining = TimeSpan.Zero, HasOther = true }).Reason);
    }

    [Fact]
    public void Nothing_follows_once_content_has_reached_the_caller() =>
        Assert.Equal("content has reached the caller", Decide(Facts(FailureKind.StreamCut) with { IsCommitted = true, HasOther = true }).Reason);

    [Fact]
    public void An_empty_retry_budget_sends_the_call_elsewhere_or_back()
    {
        var budget = new RetryBudget(new RetryBudgetOptions { Minimum = 0, Ratio = 0.2 });
        for (var i = 0; i < 10; i++) budget.Requested(Seconds(0));
        var facts = Facts(FailureKind.Transient);
        Assert.Equal([RetryStep.RetrySame, RetryStep.RetrySame, RetryStep.Never],
            Enumerable.Range(0, 3).Select(_ => RetryDecision.Of(Options, facts, budget, 0, Seconds(1)).Step));
        var elsewhere = RetryDecision.Of(Options, facts with { HasOther = true }, budget, 0, Seconds(1));
        Assert.Equal((RetryStep.OtherDeployment, "Transient; the retry budget is empty: 2 extra calls for 10 within 10 s"), (elsewhere.Step, elsewhere.Reason));
        Assert.Equal(RetryStep.Never, RetryDecision.Of(Options, facts, budget, 0, Seconds(30)).Step);   // the firsts are forgotten too
    }

    [Fact]
    public void Extra_calls_stay_below_their_share_of_first_calls()
    {
        Each((_, random) =>
        {
            var options = new RetryBudgetOptions { Minimum = random.Next(0, 4), Ratio = random.NextDouble() * 0.5 };
            var budget = new RetryBudget(options);
            List<TimeSpan> firsts = [], extras = [];
            var now = TimeSpan.Zero;
            for (var step = 0; step < 150; step++)
            {
                now += Seconds(random.NextDouble() * 0.3);
                if (random.Next(2) == 0)
                {
                    budget.Requested(now);
                    firsts.Add(now);
                }
                else if (budget.TryTake(now))
                {
                    extras.Add(now);
                    var slack = options.Window / 20;   // first calls are remembered up to one slot longer
                    Assert.True(extras.Count(at => at > now - options.Window) <= Math.Max(options.Minimum, options.Ratio * firsts.Count(at => at > now - options.Window - slack)) + 1e-9);
                }
            }
        });
    }

    private static RetryFacts Facts(FailureKind kind) => new() { Kind = kind, Attempts = 1, Remaining = Seconds(60) };

    private static RetryDecision Decide(RetryFacts facts, double draw = 0) =>
        RetryDecision.Of(Options, facts, new RetryBudget(new RetryBudgetOptions()), draw, Seconds(0));
}
