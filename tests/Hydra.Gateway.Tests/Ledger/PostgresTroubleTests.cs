using Hydra.Gateway.Config;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Hydra.Model;
using Hydra.Tests.Shared;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>A server that is away, refuses, comes back, or holds what this Hydra does not know.</summary>
public sealed class PostgresTroubleTests(PostgresServer shared)
{
    [Fact]
    public async Task A_server_that_is_killed_and_comes_back_loses_no_answered_call_and_holds_no_money_back()
    {
        const int Callers = 16, Calls = 60;
        using var server = new PostgresServer();
        var address = PostgresAddress.Parse(server.NewDatabase(), "store.postgres");
        var ledgers = new StoredLedger[] { await OpenAsync(address), await OpenAsync(address) };
        await ledgers[0].ConfigureAsync([LedgerFolder.Budget("all 1000 total")], CancellationToken.None);
        using var keys = new KeyRing(ledgers[1], TimeProvider.System);
        var issued = await keys.CreateAsync(new NewKey { Name = "ci" });
        var halfway = new TaskCompletionSource();
        var (done, billed) = (0, 0L);
        var callers = Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            var trouble = 0;
            for (var call = 0; call < Calls; call++)
            {
                var cost = 1_000 + caller;
                var ledger = ledgers[caller % 2];
                Reservation? held = null;
                while (held is null)
                {
                    try
                    {
                        held = await ledger.TakeAsync(0.01m, $"op{caller}-{call}");
                    }
                    catch (StoreException away)
                    {
                        trouble++;
                        Assert.StartsWith("PostgreSQL at ", away.Message, StringComparison.Ordinal);
                    }
                }
                Interlocked.Add(ref billed, cost);
                if (Interlocked.Increment(ref done) == Callers * Calls / 2) halfway.SetResult();
                try
                {
                    await ledger.SettleAsync(held, LedgerFolder.Bill(cost / 1_000_000m));
                }
                catch (StoreException)
                {
                    trouble++;   // owed: it is tried again
                }
            }
            return trouble;
        })).ToArray();
        await halfway.Task;
        server.Kill();
        server.Start();
        Assert.True((await Task.WhenAll(callers)).Sum() > 0, "no caller met the server's absence");
        Assert.IsType<KeyCheck.Valid>(keys.Find(issued.Secret));
        foreach (var ledger in ledgers) await ledger.DisposeAsync();

        using var report = new LedgerReport(PostgresSchema.Open(address));
        var fact = report.Scope(BudgetScope.All, BudgetWindow.Total, DateTimeOffset.UtcNow, rowsMax: Callers * Calls * 2);
        Assert.Equal(0, fact.Held);
        Assert.Empty(report.Verify());
        var answered = fact.Newest.Where(row => row.Outcome == "answered").ToList();
        Assert.Equal(Callers * Calls, answered.Count);
        Assert.Equal(billed / 1_000_000m, answered.Sum(row => row.CostUsd!.Value));
        Assert.True(fact.SpentUsd >= billed / 1_000_000m);
    }

    [Fact]
    public async Task What_is_wrong_with_an_address_is_said_without_its_secret()
    {
        var connection = shared.NewDatabase();
        var database = connection.Split('=')[^1];
        shared.Sql(database, "CREATE ROLE guest LOGIN PASSWORD 'right'; CREATE ROLE keyless LOGIN");
        shared.AskForPassword("guest");
        foreach (var (text, said) in ((string, string)[])
        [
            ($"{connection};Username=guest;Password=SECRET", "refuses the user 'guest': password authentication failed for user \"guest\". Check user and password behind store.postgres"),
            ($"postgres://guest:SECRET@/{database}?host={Uri.EscapeDataString(shared.Host)}", "refuses the user 'guest'"),
            ($"{connection}x;Password=SECRET", "has no database"),
            ($"{connection};Username=keyless;Password=SECRET", "the user 'keyless' may not do that: permission denied"),
            ("Host=/nowhere;Username=u;Password=SECRET;Database=d", "PostgreSQL at /nowhere:5432 cannot be reached"),
        ])
        {
            var trouble = await Assert.ThrowsAsync<StoreException>(() => OpenAsync(PostgresAddress.Parse(text, "store.postgres")));
            Assert.Contains(said, trouble.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("SECRET", trouble.ToString(), StringComparison.Ordinal);
        }
        foreach (var text in (string[])["SECRET", "postgres://u:SECRET@h/d?sslrootcert=x", "mysql://u:SECRET@h/d", "Hosst=SECRET"])
        {
            var wrong = Assert.Throws<GatewayConfigException>(() => PostgresAddress.Parse(text, "store.postgres"));
            Assert.StartsWith("store.postgres leads to no address of PostgreSQL. Write postgres://", wrong.Message, StringComparison.Ordinal);
            Assert.DoesNotContain("SECRET", wrong.ToString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Tables_of_a_newer_Hydra_and_tables_of_others_are_left_alone()
    {
        var newer = PostgresAddress.Parse(shared.NewDatabase(), "store.postgres");
        await using (await OpenAsync(newer)) { }
        shared.Sql(newer.Database, "UPDATE hydra_gateway.changes SET value=99 WHERE name='format'");
        Assert.Contains("was written by a newer Hydra (format 99, this one knows 2)", (await Assert.ThrowsAsync<StoreException>(() => OpenAsync(newer))).Message, StringComparison.Ordinal);
        var foreign = PostgresAddress.Parse(shared.NewDatabase() + ";Search Path=public", "store.postgres");
        shared.Sql(foreign.Database, "CREATE TABLE changes(name text, value bigint)");
        Assert.Contains("holds a table 'changes' that is not the ledger's", (await Assert.ThrowsAsync<StoreException>(() => OpenAsync(foreign))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Gateways_that_come_to_an_empty_database_together_make_its_tables_once()
    {
        var address = PostgresAddress.Parse(shared.NewDatabase(), "store.postgres");
        var ledgers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Task.Run(() => OpenAsync(address))));
        await ledgers[0].ConfigureAsync([LedgerFolder.Budget("all 1 total")], CancellationToken.None);
        await ledgers[1].TakeAsync(0.9m);
        await ledgers[5].RefuseAsync(0.2m);
        foreach (var ledger in ledgers) await ledger.DisposeAsync();
    }

    [Fact]
    public async Task Whatever_a_caller_sends_as_its_name_reaches_the_ledger_as_text()
    {
        var address = PostgresAddress.Parse(shared.NewDatabase(), "store.postgres");
        await using var ledger = await OpenAsync(address);
        var caller = new Caller(null, "a\0b", "half \ud83d", ["n=\0"]);
        await ledger.SettleAsync(await ledger.TakeAsync(0.1m, "op\0", caller), LedgerFolder.Bill(0.1m));
        using var report = new LedgerReport(PostgresSchema.Open(address));
        Assert.Equal(["a\uFFFDb"], report.Spend("team", DateTimeOffset.UnixEpoch).Select(line => line.What));
        Assert.Equal(["half \uFFFD"], report.Spend("user", DateTimeOffset.UnixEpoch).Select(line => line.What));
    }

    [Fact]
    public async Task A_gateway_with_a_database_serves_and_its_budget_is_everybody_s()
    {
        var connection = shared.NewDatabase();
        var options = new GatewayServiceOptions { Environment = name => name == "DATABASE_URL" ? connection : null, Folder = "." };
        var config = new GatewayConfig { Store = new StoreConfig(null, "env:DATABASE_URL"), Budgets = [LedgerFolder.Budget("all 1 total")] };
        await using var one = await GatewayService.OpenAsync(config, options, CancellationToken.None);
        await using var two = await GatewayService.OpenAsync(config, options, CancellationToken.None);
        await one.Ledger.TakeAsync(0.9m);
        await two.Ledger.RefuseAsync(0.2m);
        var issued = await one.Keys.CreateAsync(new NewKey { Name = "ci" });
        Assert.Equal(["ci"], two.Keys.List().Select(key => key.Name));
        using var third = new KeyRing((StoredLedger)two.Ledger, TimeProvider.System);
        Assert.IsType<KeyCheck.Valid>(third.Find(issued.Secret));
        var missing = await Assert.ThrowsAsync<GatewayConfigException>(() => GatewayService.OpenAsync(config, options with { Environment = _ => null }, CancellationToken.None));
        Assert.Contains("store.postgres: the environment variable DATABASE_URL is not set", missing.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_that_was_cut_off_for_too_long_finds_its_calls_at_their_bound_and_goes_on()
    {
        var address = PostgresAddress.Parse(shared.NewDatabase(), "store.postgres");
        await using var cutOff = await PostgresLedger.OpenAsync(address, new StillClock());
        await cutOff.ConfigureAsync([LedgerFolder.Budget("all 1 total")], CancellationToken.None);
        var held = await cutOff.TakeAsync(0.4m);
        shared.Sql(address.Database, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname=current_database() AND pid<>pg_backend_pid()");
        await using (var other = await PostgresLedger.OpenAsync(address, TimeProvider.System, TimeSpan.Zero))
        {
            Assert.Equal((0.4m, 0m), ((await other.StateAsync("all")).SpentUsd, (await other.StateAsync("all")).ReservedUsd));
        }
        await Assert.ThrowsAsync<StoreException>(() => cutOff.TakeAsync(0.1m, "op2"));   // the first to find the session gone
        await Assert.ThrowsAsync<InvalidOperationException>(() => cutOff.SettleAsync(held, LedgerFolder.Bill(0.1m)));
        await cutOff.SettleAsync(await cutOff.TakeAsync(0.5m, "op3"), LedgerFolder.Bill(0.5m));
        await cutOff.RefuseAsync(0.2m);
        using var report = new LedgerReport(PostgresSchema.Open(address));
        Assert.Empty(report.Verify());
    }

    /// <summary>A clock whose timers never fire.</summary>
    private sealed class StillClock : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    private static async Task<StoredLedger> OpenAsync(PostgresAddress address) => await PostgresLedger.OpenAsync(address, TimeProvider.System);
}
