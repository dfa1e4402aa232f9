using Hydra.Gateway.Resilience;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Resilience;

/// <summary>Many calls at once against a deployment that comes and goes, verdicts in any order; what must hold is kept beside the breaker.</summary>
public sealed class CallBreakerSimulation
{
    private static readonly BreakerOptions Options = new()
    {
        ConsecutiveFailures = 4, MinimumCalls = 8, OpenFirst = Seconds(2), OpenMax = Seconds(20), ProbeMax = Seconds(15), Window = Seconds(20),
    };

    [Fact]
    public void One_probe_per_window_and_nobody_passes_an_open_breaker()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Each((_, random) => Play(random, seen));
        string[] rare = ["probe succeeded", "probe failed", "probe lost", "probe withdrawn", "probe left", "stale success while open", "stale failure while open", "stale verdict while probing", "opened by ratio"];
        Assert.Empty(rare.Except(seen));
    }

    private static void Play(Random random, HashSet<string> seen)
    {
        var breaker = new CallBreaker(Options);
        var underWay = new List<(BreakerTicket Ticket, TimeSpan At, int Epoch)>();
        var now = TimeSpan.Zero;
        var epoch = 0;                      // grows when the breaker is seen to leave "closed", and at each probe
        (BreakerTicket Ticket, TimeSpan At)? probe = null;
        TimeSpan? openUntil = null;
        for (var step = 0; step < 120; step++)
        {
            now += Seconds(random.NextDouble() * (random.Next(12) == 0 ? 12 : 0.8));
            if (probe is { } hanging && now >= hanging.At + Options.ProbeMax)
            {
                seen.Add("probe lost");
                probe = null;
                openUntil = breaker.At(now).RefusesUntil ?? now;
            }
            if (underWay.Count < 2 || (random.Next(2) == 0 && underWay.Count < 12)) Enter();
            else End(random.Next(underWay.Count));
        }

        void Enter()
        {
            var isClosed = openUntil is null && probe is null;
            if (!breaker.TryEnter(now, out var ticket))
            {
                Assert.False(isClosed, "a closed breaker refused");
                return;
            }
            Assert.True(probe is null, "a call passed beside the probe");
            Assert.True(openUntil is null || now >= openUntil, "a call passed an open breaker");
            Assert.Equal(!isClosed, ticket.IsProbe);
            if (ticket.IsProbe)
            {
                probe = (ticket, now);
                openUntil = null;
                epoch++;
            }
            underWay.Add((ticket, now, epoch));
        }

        void End(int index)
        {
            var (ticket, _, begun) = underWay[index];
            underWay.RemoveAt(index);
            var isProbe = probe?.Ticket == ticket;
            var isStale = begun != epoch;
            var before = breaker.At(now);
            // The deployment is ill for 10 s of every 20 s.
            var isIll = now.TotalSeconds % 20 < 10;
            var draw = random.Next(20);
            if (draw == 0)
            {
                breaker.Withdrawn(ticket);
                if (isProbe) Over("probe withdrawn", breaker.At(now).RefusesUntil ?? now);
            }
            else if (draw == 1)
            {
                breaker.Failed(ticket, FailureKind.ClientCancelled, now);
                if (isProbe) Over("probe left", now + Options.OpenFirst);
            }
            else if (!isIll && draw < 18)
            {
                breaker.Succeeded(ticket, now);
                var after = breaker.At(now);
                if (isProbe)
                {
                    Assert.Equal(BreakerPosition.Closed, after.Position);
                    Over("probe succeeded", null);
                }
                else if (isStale)
                {
                    Assert.Equal(before, after);   // a stale success changes nothing at all
                    if (before.Position == BreakerPosition.Open) seen.Add("stale success while open");
                    if (before.IsProbing) seen.Add("stale verdict while probing");
                }
            }
            else
            {
                breaker.Failed(ticket, FailureKind.Transient, now);
                var after = breaker.At(now);
                if (isProbe) Over("probe failed", after.RefusesUntil);
                else if (isStale && before is { Position: not BreakerPosition.Closed, IsProbing: false })
                {
                    Assert.True(after.RefusesUntil >= (before.RefusesUntil ?? now), "a failure brought the deadline nearer");
                    seen.Add("stale failure while open");
                    openUntil = after.RefusesUntil;
                }
                else if (isStale)
                {
                    Assert.Equal(before.Position, after.Position);
                }
                else if (after.Position == BreakerPosition.Open)
                {
                    Assert.True(after.RefusesUntil >= now + Options.OpenFirst);
                    if (after.Cause!.Contains("calls failed", StringComparison.Ordinal)) seen.Add("opened by ratio");
                    openUntil = after.RefusesUntil;
                    epoch++;
                }
            }
        }

        void Over(string what, TimeSpan? until)
        {
            seen.Add(what);
            probe = null;
            openUntil = until;
            epoch++;
        }
    }
}
