using Hydra.Gateway.Resilience;
using static Hydra.Gateway.Tests.Seeds;

namespace Hydra.Gateway.Tests.Resilience;

public sealed class AdmissionTests
{
    [Fact]
    public void A_refusal_names_the_scope_and_the_earliest_time()
    {
        var key = new ScopeMeter(LimitScope.Key, "ci", new RateLimits { Rpm = 2 });
        var team = new ScopeMeter(LimitScope.Team, "research", new RateLimits { Tpm = 1_000 });
        Assert.NotNull(Admission.TryAdmit([key, team], 400, Seconds(0.5), out _));
        Assert.NotNull(Admission.TryAdmit([key, team], 500, Seconds(20.5), out _));
        Assert.Null(Admission.TryAdmit([key, team], 600, Seconds(30), out var refusal));
        // The key has a request free after 61 s, the team its tokens only after 81 s.
        Assert.Equal(("team 'research' has 900 of 1000 tokens per minute used or reserved; this call needs 600", (TimeSpan?)Seconds(81)), (refusal!.ToString(), refusal.At));
        Assert.Null(Admission.TryAdmit([key, team], 50, Seconds(30), out refusal));
        Assert.Equal(("key 'ci' has 2 of 2 requests per minute used", (TimeSpan?)Seconds(61)), (refusal!.ToString(), refusal.At));
    }

    [Fact]
    public void A_call_that_alone_is_above_the_limit_is_refused_for_ever()
    {
        var meter = new ScopeMeter(LimitScope.Deployment, "smart/a/m", new RateLimits { Tpm = 1_000 });
        Assert.Null(Admission.TryAdmit([meter], 1_001, Seconds(0), out var refusal));
        Assert.True(refusal!.IsForEver);
        Assert.Equal("deployment 'smart/a/m' allows 1000 tokens per minute; this call alone is bounded by 1001", refusal.ToString());
    }

    [Fact]
    public void Settlement_gives_back_what_was_not_used_and_takes_what_was_used_above()
    {
        var meter = new ScopeMeter(LimitScope.Global, "", new RateLimits { Tpm = 1_000, Rpm = 10 });
        var call = Admission.TryAdmit([meter], 900, Seconds(0), out _)!;
        Assert.Equal(100, meter.TokenFigures(Seconds(1))!.Value.Remaining);
        call.Settle(250, Seconds(2));
        call.Settle(250, Seconds(2));
        Assert.Equal((750, 9, 0), (meter.TokenFigures(Seconds(2))!.Value.Remaining, meter.RequestFigures(Seconds(2))!.Value.Remaining, meter.InFlight));
        Admission.TryAdmit([meter], 100, Seconds(3), out _)!.Settle(300, Seconds(4));
        Assert.Equal(450, meter.TokenFigures(Seconds(4))!.Value.Remaining);
    }

    [Fact]
    public void A_call_that_was_never_sent_leaves_nothing()
    {
        var meter = new ScopeMeter(LimitScope.Global, "", new RateLimits { Tpm = 1_000, Rpm = 10, MaxParallel = 1 });
        Admission.TryAdmit([meter], 900, Seconds(0), out _)!.Withdraw(Seconds(1));
        Assert.Equal((1_000, 10, 0, 1.0), (meter.TokenFigures(Seconds(2))!.Value.Remaining, meter.RequestFigures(Seconds(2))!.Value.Remaining, meter.InFlight, meter.Headroom(Seconds(2))));
    }

    [Fact]
    public void Who_waits_for_a_place_is_told_no_time_because_nobody_knows_it()
    {
        var meter = new ScopeMeter(LimitScope.Route, "smart", new RateLimits { MaxParallel = 1 });
        var first = Admission.TryAdmit([meter], 1, Seconds(0), out _)!;
        Assert.Null(Admission.TryAdmit([meter], 1, Seconds(0), out var refusal));
        Assert.Equal((LimitKind.Parallel, null), (refusal!.Kind, refusal.At));
        first.Settle(1, Seconds(1));
        Assert.NotNull(Admission.TryAdmit([meter], 1, Seconds(1), out _));
    }

    [Fact]
    public void The_headers_show_the_tightest_scope()
    {
        var wide = new ScopeMeter(LimitScope.Global, "", new RateLimits { Rpm = 100, Tpm = 500 });
        var tight = new ScopeMeter(LimitScope.Key, "ci", new RateLimits { Rpm = 5 });
        Admission.TryAdmit([wide, tight], 200, Seconds(0.5), out _);
        var (requests, tokens) = Admission.Tightest([wide, tight], Seconds(10));
        Assert.Equal(new LimitFigures(5, 4, Seconds(51)), requests);
        Assert.Equal(new LimitFigures(500, 300, Seconds(51)), tokens);
    }

    [Fact]
    public void A_meter_named_twice_is_the_callers_mistake()
    {
        var meter = new ScopeMeter(LimitScope.Key, "ci", RateLimits.None);
        Assert.Contains("Key 'ci'", Assert.Throws<ArgumentException>(() => Admission.TryAdmit([meter, meter], 1, Seconds(0), out _)).Message);
    }

    [Fact]
    public void No_window_holds_more_than_its_limit_and_a_refusal_leaves_no_residue()
    {
        int admitted = 0, refused = 0;
        Each((_, random) =>
        {
            var shared = new Metered(LimitScope.Global, random);
            Metered[] own = [new(LimitScope.Key, random), new(LimitScope.Deployment, random)];
            var now = TimeSpan.Zero;
            var calls = new List<(Admitted Call, Metered[] Scopes, Entry Entry)>();
            for (var step = 0; step < 80; step++)
            {
                now += Seconds(random.NextDouble() * 4);
                if (calls.Count > 0 && random.Next(2) == 0)
                {
                    var at = random.Next(calls.Count);
                    var (call, scopes, entry) = calls[at];
                    calls.RemoveAt(at);
                    if (random.Next(5) == 0)
                    {
                        call.Withdraw(now);
                        (entry.Tokens, entry.Requests) = (0, 0);
                    }
                    else
                    {
                        entry.Tokens = random.NextInt64(entry.Tokens + 1);
                        call.Settle(entry.Tokens, now);
                    }
                    foreach (var scope in scopes) scope.InFlight--;
                }
                else
                {
                    Metered[] scopes = [shared, own[random.Next(2)]];
                    var tokens = random.NextInt64(400);
                    var before = Array.ConvertAll(scopes, scope => scope.State(now));
                    if (Admission.TryAdmit(Array.ConvertAll(scopes, scope => scope.Meter), tokens, now, out var refusal) is { } call)
                    {
                        admitted++;
                        var entry = new Entry { At = now, Tokens = tokens };
                        foreach (var scope in scopes) scope.Take(entry, now);
                        calls.Add((call, scopes, entry));
                    }
                    else
                    {
                        refused++;
                        Assert.Equal(before, Array.ConvertAll(scopes, scope => scope.State(now)));
                        Assert.Contains(scopes, scope => scope.Meter.Scope == refusal!.Scope);
                    }
                }
            }
            foreach (var (call, _, _) in calls) call.Settle(0, now);
            foreach (var scope in own.Append(shared)) Assert.Equal((scope.Meter.Limits.Rpm, scope.Meter.Limits.Tpm, 0), scope.State(now + Seconds(122)));
        });
        Assert.True(admitted > Count && refused > Count, "the play was too easy");
    }

    [Fact]
    public void The_earliest_time_is_the_first_at_which_it_passes()
    {
        var told = 0;
        Each((seed, random) =>
        {
            ScopeMeter[] meters = [new(LimitScope.Global, "", new RateLimits { Rpm = random.Next(2, 6), Tpm = 900 }), new(LimitScope.Key, "k", new RateLimits { Rpm = random.Next(2, 6), Tpm = random.Next(300, 900) })];
            var now = TimeSpan.Zero;
            for (var step = 0; step < 12; step++)
            {
                now += Seconds(random.NextDouble() * 12);
                var tokens = random.NextInt64(300);
                if (Admission.TryAdmit(meters, tokens, now, out var refusal) is { } call)
                {
                    call.Settle(tokens, now);
                    continue;
                }
                told++;
                var at = refusal!.At!.Value;
                Assert.Null(Admission.TryAdmit(meters, tokens, at - TimeSpan.FromTicks(1), out _));
                Assert.NotNull(Admission.TryAdmit(meters, tokens, at, out _));
                return;
            }
        });
        Assert.True(told > Count / 2);
    }

    private sealed class Entry
    {
        public TimeSpan At { get; init; }
        public long Tokens { get; set; }
        public int Requests { get; set; } = 1;
    }

    /// <summary>A meter and, beside it, the plain list of what it let pass.</summary>
    private sealed class Metered(LimitScope scope, Random random)
    {
        private readonly List<Entry> _passed = [];

        public ScopeMeter Meter { get; } = new(scope, "x", new RateLimits { Rpm = random.Next(3, 15), Tpm = random.Next(400, 2_000), MaxParallel = random.Next(2, 8) });
        public int InFlight { get; set; }

        public (long?, long?, int) State(TimeSpan now) => (Meter.RequestFigures(now)?.Remaining, Meter.TokenFigures(now)?.Remaining, Meter.InFlight);

        public void Take(Entry entry, TimeSpan now)
        {
            InFlight++;
            _passed.Add(entry);
            var window = _passed.Where(item => item.At > now - ScopeMeter.Window).ToList();
            Assert.True(window.Sum(item => item.Requests) <= Meter.Limits.Rpm, "more requests than the limit in one window");
            Assert.True(window.Sum(item => item.Tokens) <= Meter.Limits.Tpm, "more tokens than the limit in one window");
            Assert.True(InFlight <= Meter.Limits.MaxParallel, "more calls at once than the limit");
        }
    }
}
