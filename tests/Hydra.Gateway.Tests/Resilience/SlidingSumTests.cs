using Hydra.Gateway.Resilience;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Resilience;

public sealed class SlidingSumTests
{
    [Fact]
    public void What_was_added_within_the_window_counts_and_leaves_at_most_one_slot_later()
    {
        Each((_, random) =>
        {
            var sum = new SlidingSum(Seconds(10), 5);
            var added = new List<(TimeSpan At, long Amount)>();
            var now = TimeSpan.Zero;
            for (var step = 0; step < 60; step++)
            {
                now += Seconds(random.NextDouble() * 3);
                if (random.Next(3) == 0 && added.Count > 0 && added[^1].At > now - Seconds(10))
                {
                    sum.Return(added[^1].At, added[^1].Amount, now);
                    added.RemoveAt(added.Count - 1);
                }
                else
                {
                    var amount = random.Next(1, 9);
                    sum.Add(now, amount);
                    added.Add((now, amount));
                }
                var held = sum.Sum(now);
                Assert.True(held >= added.Where(item => item.At > now - Seconds(10)).Sum(item => item.Amount), "forgot too early");
                Assert.True(held <= added.Where(item => item.At > now - Seconds(12)).Sum(item => item.Amount), "remembered too long");
            }
        });
    }

    [Fact]
    public void It_knows_the_first_moment_at_which_it_has_fallen_so_far()
    {
        Each((_, random) =>
        {
            var sum = new SlidingSum(Seconds(10), 5);
            for (var step = 0; step < 8; step++) sum.Add(Seconds(step * random.NextDouble()), random.Next(1, 5));
            var now = Seconds(8);
            var most = random.NextInt64(sum.Sum(now));
            var at = sum.WhenAtMost(most, now);
            Assert.True(at > now);
            Assert.True(sum.Sum(at - TimeSpan.FromTicks(1)) > most);
            Assert.True(sum.Sum(at) <= most);
        });
    }
}
