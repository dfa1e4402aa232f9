using Hydra.Gateway.Ledger;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>Money in a real store.</summary>
public class LedgerTests : IDisposable
{
    private readonly LedgerFolder _folder;

    public LedgerTests() : this(new LedgerFolder())
    {
    }

    /// <summary>The same sentences hold for another store.</summary>
    private protected LedgerTests(LedgerFolder folder) => _folder = folder;

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_call_that_would_pass_the_limit_is_refused_and_says_which_budget()
    {
        await using var ledger = await _folder.OpenAsync("all 10 total", "team:research 0.50 day");
        await ledger.TakeAsync(0.30m);
        var refusal = await ledger.RefuseAsync(0.21m);
        Assert.Equal(("team:research", 0.50m, 0m, 0.30m, 0.21m, true), (refusal.Scope, refusal.Limit, refusal.Spent, refusal.Reserved, refusal.Needed, refusal.IsOutstanding));
        Assert.Equal(new DateTimeOffset(2026, 3, 5, 0, 0, 0, TimeSpan.Zero), refusal.ResetsAt);
        Assert.Equal("The budget team:research of $0.50 a day has no room: $0.00 spent, $0.30 held for calls under way, up to $0.21 needed; it begins anew at 2026-03-05 00:00Z.", refusal.ToString());
        Assert.Equal(0m, (await ledger.TakeAsync(0.20m)).RemainingUsd);
    }

    [Fact]
    public async Task A_settled_call_counts_at_its_cost_to_the_last_digit()
    {
        await using var ledger = await _folder.OpenAsync("team:research 0.50 day");
        var reservation = await ledger.TakeAsync(0.30m);
        var settled = await ledger.SettleAsync(reservation, LedgerFolder.Bill(0.000000037500m));
        Assert.Equal((0m, 0.4999999625m), (settled.OverBoundUsd, settled.RemainingUsd));
        var state = await ledger.StateAsync("team:research");
        Assert.Equal((0.0000000375m, 0m, 10L, 0L), (state.SpentUsd, state.ReservedUsd, state.SpentTokens, state.ReservedTokens));
        Assert.False((await ledger.RefuseAsync(0.50m)).IsOutstanding);
    }

    [Fact]
    public async Task A_bill_above_its_reservation_is_recorded_as_it_is()
    {
        await using var ledger = await _folder.OpenAsync("all 1 total");
        var settled = await ledger.SettleAsync(await ledger.TakeAsync(0.90m), LedgerFolder.Bill(1.25m));
        Assert.Equal((0.35m, 0m), (settled.OverBoundUsd, settled.RemainingUsd));
        Assert.Equal(1.25m, (await ledger.StateAsync("all")).SpentUsd);
    }

    [Fact]
    public async Task A_released_call_costs_nothing_and_a_second_settlement_is_a_defect()
    {
        await using var ledger = await _folder.OpenAsync("all 1 total");
        var reservation = await ledger.TakeAsync(1m);
        ledger.Release(reservation);
        await ledger.TakeAsync(1m);
        await Assert.ThrowsAsync<InvalidOperationException>(() => ledger.SettleAsync(reservation, LedgerFolder.Bill(0.1m)));
        Assert.Equal((0m, 1m), ((await ledger.StateAsync("all")).SpentUsd, (await ledger.StateAsync("all")).ReservedUsd));
    }

    [Theory]
    [InlineData("all", true)]
    [InlineData("key:key1", true)]
    [InlineData("team:research", true)]
    [InlineData("user:ada", true)]
    [InlineData("tag:project=x", true)]
    [InlineData("model:smart", true)]
    [InlineData("key:key2", false)]
    [InlineData("tag:project=xy", false)]
    [InlineData("model:cheap", false)]
    public async Task A_budget_covers_what_its_scope_says(string scope, bool isCovered)
    {
        await using var ledger = await _folder.OpenAsync($"{scope} 0.10 hour");
        if (isCovered) Assert.Equal(scope, (await ledger.RefuseAsync(0.11m)).Scope);
        else await ledger.TakeAsync(0.11m);
    }

    [Fact]
    public async Task A_window_that_ends_gives_new_room_and_late_bills_stay_in_the_old_one()
    {
        await using var ledger = await _folder.OpenAsync("all 1 hour");
        var late = await ledger.TakeAsync(1m);
        _folder.Now = _folder.Now.AddMinutes(30);
        await ledger.TakeAsync(1m, "op2");
        await ledger.SettleAsync(late, LedgerFolder.Bill(0.75m));
        var state = await ledger.StateAsync("all");
        Assert.Equal((0m, 1m), (state.SpentUsd, state.ReservedUsd));
    }

    [Fact]
    public async Task Tokens_have_budgets_of_their_own()
    {
        await using var ledger = await _folder.OpenAsync("all 100 day 1000");
        await ledger.SettleAsync(await ledger.TakeAsync(0.1m, tokens: 900), LedgerFolder.Bill(0.1m, 600));
        var refusal = await ledger.RefuseAsync(0.1m, tokens: 401);
        Assert.Equal((true, 1000m, 600m, 401m), (refusal.IsTokens, refusal.Limit, refusal.Spent, refusal.Needed));
        await ledger.TakeAsync(0.1m, tokens: 400);
    }

    [Fact]
    public async Task A_new_budget_knows_what_was_spent_before_it()
    {
        await using var ledger = await _folder.OpenAsync();
        await ledger.SettleAsync(await ledger.TakeAsync(0.30m), LedgerFolder.Bill(0.30m));
        await ledger.TakeAsync(0.20m, "op2");
        await ledger.ConfigureAsync([LedgerFolder.Budget("tag:project=x 0.60 month"), LedgerFolder.Budget("tag:project=y 0.60 month")], CancellationToken.None);
        Assert.Equal((0.30m, 0.20m), ((await ledger.StateAsync("tag:project=x")).SpentUsd, (await ledger.StateAsync("tag:project=x")).ReservedUsd));
        Assert.Equal(0m, (await ledger.StateAsync("tag:project=y")).SpentUsd);
        await ledger.RefuseAsync(0.11m);
    }

    [Fact]
    public async Task Two_processes_on_one_store_share_a_budget()
    {
        await using var one = await _folder.OpenAsync("all 1 day");
        await using var two = await _folder.OpenAsync();
        var held = await one.TakeAsync(0.6m);
        await two.RefuseAsync(0.5m);
        await one.SettleAsync(held, LedgerFolder.Bill(0.1m));
        await two.TakeAsync(0.9m);
        await one.RefuseAsync(0.01m);
    }

    [Fact]
    public async Task What_nobody_settled_is_charged_at_its_bound_when_its_process_ends()
    {
        await using (var ledger = await _folder.OpenAsync("all 1 day"))
        {
            await ledger.TakeAsync(0.4m);
            ledger.Settle(await ledger.TakeAsync(0.3m, "op2"), LedgerFolder.Bill(0.01m));
        }
        await using var next = await _folder.OpenAsync();
        Assert.Equal((0.41m, 0m), ((await next.StateAsync("all")).SpentUsd, (await next.StateAsync("all")).ReservedUsd));
    }

    [Fact]
    public async Task Many_callers_at_once_never_pass_the_limit_together()
    {
        await using var one = await _folder.OpenAsync("all 1 day");
        await using var two = await _folder.OpenAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 400).Select(i => Task.Run(async () => await (i % 2 == 0 ? one : two).ReserveAsync(LedgerFolder.Ask(0.01m, $"op{i}"), CancellationToken.None))));
        Assert.Equal(100, results.Count(result => result is ReserveResult.Granted));
    }

    [Fact]
    public async Task A_call_that_is_given_up_before_its_turn_reserves_nothing()
    {
        await using var ledger = await _folder.OpenAsync("all 1 day");
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await ledger.ReserveAsync(LedgerFolder.Ask(1m), new CancellationToken(canceled: true)));
        await ledger.TakeAsync(1m);
    }

    [Theory]
    [InlineData(BudgetWindow.Minute, "2026-03-04 12:30:00", "2026-03-04 12:31:00")]
    [InlineData(BudgetWindow.Hour, "2026-03-04 12:00:00", "2026-03-04 13:00:00")]
    [InlineData(BudgetWindow.Day, "2026-03-04 00:00:00", "2026-03-05 00:00:00")]
    [InlineData(BudgetWindow.Week, "2026-03-02 00:00:00", "2026-03-09 00:00:00")]
    [InlineData(BudgetWindow.Month, "2026-03-01 00:00:00", "2026-04-01 00:00:00")]
    public void Windows_follow_the_calendar(BudgetWindow window, string start, string end)
    {
        var startMs = BudgetWindows.StartOf(window, _folder.Now.AddSeconds(59).ToUnixTimeMilliseconds());
        Assert.Equal((start, end), (Text(startMs), Text(BudgetWindows.EndOf(window, startMs))));

        static string Text(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm:ss");
    }
}
