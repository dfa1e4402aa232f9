using System.Text.Json;
using Hydra.Gateway.Ledger;
using Hydra.Model;
using Hydra.Tests.Shared;

namespace Hydra.Cli.Tests;

/// <summary><c>hydra gateway keys</c>, <c>why</c>, <c>stats</c>, <c>reprice</c> and <c>purge</c> as they are typed.</summary>
public sealed class GatewayVerbTests
{
    [Fact]
    public void A_key_is_printed_once_and_listed_without_its_secret()
    {
        using var terminal = new Terminal();
        Assert.Equal(0, terminal.Run("gateway", "keys", "create", "--name", "ci", "--team", "research", "--budget-usd", "5", "--window", "day", "--models", "smart,cheap", "--expires", "30d"));
        var secret = terminal.Out.TrimEnd();
        Assert.StartsWith("sk-hydra-", secret, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("gateway", "keys", "list"));
        Assert.Contains("$5.00 a day", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("smart,cheap", terminal.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("gateway", "keys", "rotate", "ci", "--grace", "24h", "--json"));
        Assert.NotEqual(secret, JsonDocument.Parse(terminal.Out).RootElement.GetProperty("key").GetString());
        Assert.Equal(0, terminal.Run("gateway", "keys", "block", "ci"));
        Assert.Equal(0, terminal.Run("gateway", "keys", "show", "ci", "--json"));
        Assert.True(JsonDocument.Parse(terminal.Out).RootElement.GetProperty("blocked").GetBoolean());
        Assert.Equal(0, terminal.Run("gateway", "keys", "delete", "ci"));
        Assert.Equal(0, terminal.Run("gateway", "keys", "list"));
        Assert.Equal("no keys", terminal.Out.TrimEnd());
    }

    [Fact]
    public void Wrong_words_say_what_to_write()
    {
        using var terminal = new Terminal();
        Assert.Equal(2, terminal.Run("gateway", "keys", "list"));
        Assert.Contains("there is no gateway store", terminal.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(terminal.PathOf(".hydra/gateway.db")));
        Assert.Equal(2, terminal.Run("gateway", "keys", "crate"));
        Assert.Contains("Did you mean 'create'", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, terminal.Run("gateway", "keys", "create", "--name", "ci", "--window", "fortnight"));
        Assert.Contains("--window is 'fortnight'", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Everything_that_is_wrong_with_a_configuration_is_told_line_by_line()
    {
        using var terminal = new Terminal();
        terminal.Write("gateway.yaml", "providers:\n  a: {kind: opnai}\nmodels:\n  smart: {deployments: [{provider: b, model: m}]}\n");
        Assert.Equal(2, terminal.Run("gateway"));
        var lines = terminal.Error.TrimEnd().ReplaceLineEndings("\n").Split('\n');
        Assert.Equal("hydra: the configuration cannot be used", lines[0]);
        Assert.StartsWith("HYD901 gateway.yaml:2:13: the kind 'opnai' is not known.", lines[1], StringComparison.Ordinal);
        Assert.StartsWith("HYD902 gateway.yaml:4:36: the provider 'b' is not defined.", lines[2], StringComparison.Ordinal);
        Assert.Equal(3, lines.Length);
    }

    [Fact]
    public async Task Why_shows_the_arithmetic_of_an_operation_and_of_a_scope()
    {
        using var terminal = new Terminal();
        await FillAsync(terminal.PathOf(".hydra/gateway.db"));
        Assert.Equal(0, terminal.Run("gateway", "why", "op7"));
        Assert.Contains("op7: $0.0141 in 1 attempt", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("1,200 × $3.00/M = $0.0036", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("700 × $15.00/M = $0.0105", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("cost $0.0141 of $0.05 held; price: table of 2026-08-01 (table)", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("gateway", "why", "team:research"));
        Assert.Contains("spent  $0.0141, 1,900 tokens: the sum of 1 charge", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("limit  $1.00; left: $0.9859", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("gateway", "stats", "--by", "team"));
        Assert.Matches(@"research +1 +1,900 +\$0\.0141 +0", terminal.Out);
        Assert.Equal(2, terminal.Run("gateway", "why", "nonsense"));
    }

    [Fact]
    public async Task The_past_is_repriced_only_when_asked_and_old_rows_fold_up()
    {
        using var terminal = new Terminal();
        await FillAsync(terminal.PathOf(".hydra/gateway.db"));
        terminal.Write("prices.json", """{"models": {"claude-sonnet-4-6": {"in": 6, "out": 15}}}""");
        terminal.Set("HYDRA_PRICES", terminal.PathOf("prices.json"));
        Assert.Equal(0, terminal.Run("gateway", "reprice", "--from", "1d"));
        Assert.Contains("would correct 1 charge by $0.0036", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(2, terminal.Run("gateway", "reprice", "--from", "1d", "--dry-run", "--apply"));
        Assert.Equal(0, terminal.Run("gateway", "reprice", "--from", "1d", "--apply"));
        Assert.Equal(0, terminal.Run("gateway", "why", "op7"));
        Assert.Contains("op7: $0.0177 in 1 attempt", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("gateway", "purge", "--before", "90d"));
        Assert.Contains("folded up 0 charges", terminal.Out, StringComparison.Ordinal);
    }

    [Fact]
    public void A_database_in_the_configuration_is_the_store_of_every_verb()
    {
        using var server = new PostgresServer();
        using var terminal = new Terminal();
        terminal.Write("gateway.yaml", "store: {postgres: env:DATABASE_URL}\n");
        Assert.Equal(2, terminal.Run("gateway", "stats"));
        Assert.Contains("store.postgres: the environment variable DATABASE_URL is not set", terminal.Error, StringComparison.Ordinal);
        terminal.Set("DATABASE_URL", server.NewDatabase());
        Assert.True(terminal.Run("gateway", "keys", "create", "--name", "ci", "--team", "research", "--budget-usd", "5") == 0, terminal.Error);
        Assert.True(terminal.Run("gateway", "keys", "list") == 0, terminal.Error);
        Assert.Contains("research", terminal.Out, StringComparison.Ordinal);
        foreach (var by in (string[])["key", "team", "user", "model", "deployment", "day"]) Assert.True(terminal.Run("gateway", "stats", "--by", by) == 0, terminal.Error);
        Assert.True(terminal.Run("gateway", "purge", "--before", "90d") == 0, terminal.Error);
        Assert.False(File.Exists(terminal.PathOf(".hydra/gateway.db")));
        terminal.Set("DATABASE_URL", "postgres://ada:SECRET@nowhere.invalid/ledger");
        Assert.Equal(1, terminal.Run("gateway", "stats"));
        Assert.Contains("PostgreSQL at nowhere.invalid:5432 cannot be reached", terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("SECRET", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tune_suggests_thresholds_that_would_have_spared_failures_and_says_how_to_take_them()
    {
        using var terminal = new Terminal();
        terminal.Write("gateway.yaml", "providers: {a: {kind: offline}}\nmodels: {smart: {deployments: [{provider: a, model: x}]}}\nbreaker: {consecutive_failures: 1000, failure_ratio: 1, minimum_calls: 1000000}\n");
        Directory.CreateDirectory(terminal.PathOf(".hydra"));
        await using (var ledger = await SqliteLedger.OpenAsync(terminal.PathOf(".hydra/gateway.db"), TimeProvider.System))
        {
            for (var i = 0; i < 300; i++)
            {
                var granted = Assert.IsType<ReserveResult.Granted>(await ledger.ReserveAsync(new ReserveRequest
                {
                    OperationId = $"op{i}", Attempt = 1, Caller = Caller.Anyone, Model = "smart", Deployment = $"smart/a/{i % 2}", BoundUsd = 0, BoundTokens = 1,
                }, CancellationToken.None));
                await ledger.SettleAsync(granted.Reservation, new Settlement { Usage = default, CostUsd = 0, PriceSource = "table", Outcome = i % 2 == 0 ? "answered" : i % 4 == 1 ? "provider_error" : "cancelled", UpstreamStatus = i % 2 == 0 ? 200 : 503 });
            }
        }
        Assert.True(terminal.Run("gateway", "tune") == 0, terminal.Error);
        Assert.Contains("225 calls to 2 deployments", terminal.Out, StringComparison.Ordinal);   // who left says nothing
        Assert.Contains("present: 1000 in a row or 1 of 1000000, open for 5 s: 0 of 75 failures spared, 0 of 150 good calls lost", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("suggested: 3 in a row", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("72 of 75 failures spared, 0 of 150 good calls lost", terminal.Out, StringComparison.Ordinal);
        var line = terminal.Out.Trim().Split('\n')[^1];
        Assert.StartsWith("breaker: {consecutive_failures: 3, ", line, StringComparison.Ordinal);
        terminal.Write("gateway.yaml", $"providers: {{a: {{kind: offline}}}}\nmodels: {{smart: {{deployments: [{{provider: a, model: x}}]}}}}\n{line}\n");
        Assert.True(terminal.Run("gateway", "tune", "--json") == 0, terminal.Error);
        Assert.Contains("\"is_better\": false", terminal.Out, StringComparison.Ordinal);
    }

    private static async Task FillAsync(string file)
    {
        await using var ledger = await SqliteLedger.OpenAsync(file, TimeProvider.System);
        await ledger.ConfigureAsync([new Budget(BudgetScope.TryParse("team:research")!.Value, BudgetWindow.Total, 1m, null)], CancellationToken.None);
        var granted = Assert.IsType<ReserveResult.Granted>(await ledger.ReserveAsync(new ReserveRequest
        {
            OperationId = "op7", Attempt = 1, Caller = new Caller(null, "research", null, []), Model = "smart", Deployment = "smart/claude/claude-sonnet-4-6", BoundUsd = 0.05m, BoundTokens = 4000,
        }, CancellationToken.None));
        await ledger.SettleAsync(granted.Reservation, new Settlement
        {
            Usage = new TokenUsage(1200, 700), CostUsd = 0.0141m, Lines = [new ChargeLine("input", 1200, 3m), new ChargeLine("output", 700, 15m)],
            PriceSource = "table of 2026-08-01", PriceConfidence = "table", Outcome = "answered", UpstreamStatus = 200,
        });
    }
}
