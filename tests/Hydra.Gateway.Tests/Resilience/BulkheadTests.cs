using Hydra.Gateway.Resilience;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Resilience;

public sealed class BulkheadTests
{
    [Fact]
    public void First_come_is_first_served_and_the_line_is_bounded()
    {
        var bulkhead = new Bulkhead(limit: 1, queueMax: 2, Seconds(5));
        Assert.Equal([BulkheadAnswer.Entered, BulkheadAnswer.Queued, BulkheadAnswer.Queued, BulkheadAnswer.Refused],
            new long[] { 1, 2, 3, 4 }.Select(caller => bulkhead.Enter(caller, Seconds(0))));
        Assert.Equal([2L], bulkhead.Leave());
        Assert.True(bulkhead.GiveUp(3));
        Assert.False(bulkhead.GiveUp(3));
        Assert.Empty(bulkhead.Leave());
        Assert.Equal((0, 0), (bulkhead.InFlight, bulkhead.Queued));
    }

    [Fact]
    public void A_wait_that_is_too_long_ends()
    {
        var bulkhead = new Bulkhead(1, 5, Seconds(5));
        bulkhead.Enter(1, Seconds(0));
        bulkhead.Enter(2, Seconds(0));
        bulkhead.Enter(3, Seconds(1));
        Assert.Empty(bulkhead.Expire(Seconds(4.9)));
        Assert.Equal([2L], bulkhead.Expire(Seconds(5)));
        Assert.Equal([3L], bulkhead.Leave());
    }

    [Fact]
    public void A_larger_limit_lets_those_in_line_enter_and_a_smaller_one_ends_nobody()
    {
        var bulkhead = new Bulkhead(1, 5, Seconds(5));
        for (var caller = 1; caller <= 4; caller++) bulkhead.Enter(caller, Seconds(0));
        Assert.Equal([2L, 3L], bulkhead.Change(3));
        Assert.Empty(bulkhead.Change(1));
        Assert.Equal(3, bulkhead.InFlight);
        Assert.Empty(bulkhead.Leave());
        Assert.Empty(bulkhead.Leave());
        Assert.Equal([4L], bulkhead.Leave());
    }

    [Fact]
    public void Nobody_is_lost_and_nobody_overtakes()
    {
        Each((_, random) =>
        {
            var bulkhead = new Bulkhead(random.Next(1, 5), random.Next(0, 8), Seconds(10));
            var line = new List<long>();
            var inside = 0;
            var now = TimeSpan.Zero;
            for (long caller = 1; caller <= 100; caller++)
            {
                now += Seconds(random.NextDouble() * 2);
                switch (random.Next(6))
                {
                    case 0 or 1 or 2:
                        var answer = bulkhead.Enter(caller, now);
                        if (answer == BulkheadAnswer.Entered) inside++;
                        if (answer == BulkheadAnswer.Queued) line.Add(caller);
                        Assert.True(answer != BulkheadAnswer.Entered || (line.Count == 0 && inside <= bulkhead.Limit));
                        break;
                    case 3 when inside > 0:
                        inside--;
                        Came(bulkhead.Leave());
                        break;
                    case 4:
                        Came(bulkhead.Change(random.Next(1, 5)));
                        break;
                    default:
                        foreach (var expired in bulkhead.Expire(now)) Assert.True(line.Remove(expired));
                        break;
                }
                Assert.Equal((inside, line.Count), (bulkhead.InFlight, bulkhead.Queued));
                Assert.True(line.Count == 0 || inside >= bulkhead.Limit, "a place is free and somebody waits");
            }

            void Came(IReadOnlyList<long> entered)
            {
                Assert.Equal(line.Take(entered.Count), entered);
                line.RemoveRange(0, entered.Count);
                inside += entered.Count;
                Assert.True(entered.Count == 0 || inside <= bulkhead.Limit);
            }
        });
    }
}
