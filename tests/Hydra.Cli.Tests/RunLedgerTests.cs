using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;

namespace Hydra.Cli.Tests;

/// <summary>Runs that ask models directly, in the ledger of their folder.</summary>
public sealed class RunLedgerTests
{
    private const string Two = "name: two\ndefaults: {model: openai/gpt-5-mini, max_output_tokens: 100}\nnodes:\n  - {id: a, type: agent, prompt: one}\n  - {id: b, type: agent, prompt: 'two {{a}}', depends_on: [a]}\n";

    [Fact]
    public async Task Every_call_stands_in_the_ledger_by_run_and_node_at_the_cost_that_the_run_counts()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Usage = new FakeUsage { Input = 1_000, Output = 100 } }));
        using var terminal = TerminalFor(fake);
        terminal.Set("HYDRA_LEDGER", "spend.db");
        Assert.True(terminal.Run("run", "two.yaml", "--run-id", "r1") == 0, terminal.Error);
        var counted = terminal.Error;
        Assert.Equal(0, terminal.Run("gateway", "why", "tag:run=r1", "--store", "spend.db"));
        Assert.Contains("direct/openai/gpt-5-mini", terminal.Out, StringComparison.Ordinal);
        using var report = new LedgerReport(terminal.PathOf("spend.db"));
        var whole = report.Scope(BudgetScope.TryParse("tag:run=r1")!.Value, BudgetWindow.Total, DateTimeOffset.UtcNow);
        Assert.Equal((2L, 0L), (whole.Charges, whole.Held));
        Assert.All(whole.Newest, row => Assert.Equal(("answered", 200), (row.Outcome, row.UpstreamStatus)));
        Assert.Contains($"${whole.SpentUsd:0.00####}", counted, StringComparison.Ordinal);
        Assert.Equal(1, report.Scope(BudgetScope.TryParse("tag:node=b")!.Value, BudgetWindow.Total, DateTimeOffset.UtcNow).Charges);
    }

    [Fact]
    public async Task A_budget_of_the_folder_s_gateway_holds_for_runs_that_ask_directly()
    {
        await using var fake = await FakeProvider.StartAsync(new FakeScript());
        using var terminal = TerminalFor(fake);
        Directory.CreateDirectory(terminal.PathOf(".hydra"));
        await using (var ledger = await SqliteLedger.OpenAsync(terminal.PathOf(".hydra/gateway.db"), TimeProvider.System))
        {
            await ledger.ConfigureAsync([new Budget(BudgetScope.TryParse("tag:source=engine")!.Value, BudgetWindow.Total, 0m, null)], CancellationToken.None);
        }
        Assert.Equal(ExitCode.BudgetExceeded, terminal.Run("run", "two.yaml", "--run-id", "r1"));
        Assert.Contains("The budget tag:source=engine of $0.00 has no room", terminal.Error, StringComparison.Ordinal);
        Assert.Empty(fake.Calls);
        terminal.Set("HYDRA_LEDGER", "off");
        Assert.True(terminal.Run("run", "two.yaml", "--run-id", "r2") == 0, terminal.Error);
    }

    [Fact]
    public async Task A_call_that_failed_keeps_its_words_and_costs_what_the_provider_may_bill()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Status = 401 }));
        using var terminal = TerminalFor(fake);
        terminal.Set("HYDRA_LEDGER", "off");
        Assert.Equal(1, terminal.Run("run", "two.yaml", "--run-id", "r1"));
        var plain = terminal.Error.Replace("r1", "RUN", StringComparison.Ordinal);
        terminal.Set("HYDRA_LEDGER", "spend.db");
        Assert.Equal(1, terminal.Run("run", "two.yaml", "--run-id", "r2"));
        Assert.Equal(Plain(plain), Plain(terminal.Error.Replace("r2", "RUN", StringComparison.Ordinal)));
        using var report = new LedgerReport(terminal.PathOf("spend.db"));
        var whole = report.Scope(BudgetScope.All, BudgetWindow.Total, DateTimeOffset.UtcNow);
        Assert.Equal((0m, 0m), (whole.SpentUsd, whole.ReservedUsd));
        Assert.All(whole.Newest, row => Assert.Equal(("auth", 401), (row.Outcome, row.UpstreamStatus)));
        Assert.NotEmpty(whole.Newest);

        static string Plain(string text) => System.Text.RegularExpressions.Regex.Replace(text, @"[0-9.]+ m?s\b", "N ms", System.Text.RegularExpressions.RegexOptions.None, TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_model_of_unknown_price_is_refused_under_a_budget_in_dollars_and_noted_as_unknown_without_one()
    {
        await using var fake = await FakeProvider.StartAsync(new FakeScript());
        using var terminal = TerminalFor(fake);
        terminal.Write("odd.yaml", "name: odd\ndefaults: {model: openai/unheard-of, max_output_tokens: 100}\nnodes:\n  - {id: a, type: agent, prompt: one}\n");
        terminal.Set("HYDRA_LEDGER", "spend.db");
        Assert.True(terminal.Run("run", "odd.yaml", "--run-id", "r1") == 0, terminal.Error);
        Assert.Contains("$0 and the unknown price of 1 call)", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("inspect", "r1", "--receipt"));
        Assert.Contains("and the unknown price of 1 call", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("recap", "r1"));
        Assert.Contains("| unheard-of | 1 | 0 |", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("$0 and the unknown price of 1 call |", terminal.Out, StringComparison.Ordinal);
        using (var report = new LedgerReport(terminal.PathOf("spend.db")))
        {
            var row = Assert.Single(report.Scope(BudgetScope.All, BudgetWindow.Total, DateTimeOffset.UtcNow).Newest);
            Assert.Equal((0m, "unknown"), (row.CostUsd, row.PriceSource));
        }
        await using (var ledger = await SqliteLedger.OpenAsync(terminal.PathOf("spend.db"), TimeProvider.System))
        {
            await ledger.ConfigureAsync([new Budget(BudgetScope.TryParse("tag:source=engine")!.Value, BudgetWindow.Total, 100m, null)], CancellationToken.None);
        }
        Assert.Equal(ExitCode.BudgetExceeded, terminal.Run("run", "odd.yaml", "--run-id", "r2"));
        Assert.Contains("The price of 'unheard-of' is not known, and the budget tag:source=engine in US dollars covers this call", terminal.Error, StringComparison.Ordinal);
        Assert.Single(fake.Calls);
    }

    [Fact]
    public async Task A_call_costs_what_the_class_of_service_costs_that_answered()
    {
        const string flex = """{"id":"c1","object":"chat.completion","model":"gpt-5-mini","service_tier":"flex","choices":[{"index":0,"message":{"role":"assistant","content":"slow"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}""";
        const string pieces = """
            data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-5-mini","service_tier":"flex","choices":[{"index":0,"delta":{"role":"assistant","content":"slow"},"finish_reason":null}]}

            data: {"id":"c1","object":"chat.completion.chunk","model":"gpt-5-mini","service_tier":"flex","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":{"prompt_tokens":1000,"completion_tokens":100,"total_tokens":1100}}

            data: [DONE]


            """;
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            new FakeRule { When = new FakeMatch { Stream = false }, Body = flex, ContentType = "application/json" }, new FakeRule { Body = pieces, ContentType = "text/event-stream" }));
        using var terminal = TerminalFor(fake);
        terminal.Set("HYDRA_LEDGER", "spend.db");
        Assert.True(terminal.Run("run", "two.yaml", "--run-id", "r1") == 0, terminal.Error);
        using var report = new LedgerReport(terminal.PathOf("spend.db"));
        Assert.All(report.Scope(BudgetScope.All, BudgetWindow.Total, DateTimeOffset.UtcNow).Newest, row => Assert.Equal(0.000225m, row.CostUsd));   // 1,000 × $0.125/M + 100 × $1/M
        Assert.Contains("$0.000450)", terminal.Error, StringComparison.Ordinal);   // the run's own account of both calls says the same
    }

    [Fact]
    public async Task The_run_and_the_ledger_charge_a_call_alike_that_broke_off_in_the_middle()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "a long answer in many pieces", Chunks = 6, CutAfter = 3, Then = "close" }));
        using var terminal = TerminalFor(fake);
        terminal.Write("cut.yaml", "name: cut\ndefaults: {model: openai/gpt-5-mini, max_output_tokens: 1000, retry: {max_attempts: 1}}\nnodes:\n  - {id: a, type: agent, prompt: one}\n");
        terminal.Set("HYDRA_LEDGER", "spend.db");
        Assert.Equal(ExitCode.Failed, terminal.Run("run", "cut.yaml", "--run-id", "r1"));
        using var report = new LedgerReport(terminal.PathOf("spend.db"));
        var spent = report.Scope(BudgetScope.All, BudgetWindow.Total, DateTimeOffset.UtcNow).SpentUsd;
        Assert.True(spent >= 0.002m);   // 1,000 tokens may have been generated, at $2/M
        Assert.Contains($"${spent:0.000000})", terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--quiet", 2)]
    [InlineData("--budget-usd=1", 1)]
    public async Task Under_a_budget_of_the_run_an_attempt_after_a_charged_one_is_a_call_of_its_own_that_the_run_reserves(string option, int attempts)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Times = 1, CutAfter = 0, Then = "close" }));
        using var terminal = TerminalFor(fake);
        terminal.Write("one.yaml", "name: one\ndefaults: {model: smart, max_output_tokens: 100, retry: {max_attempts: 2, backoff_seconds: 0}}\nnodes:\n  - {id: a, type: agent, prompt: one}\n");
        terminal.Write("gateway.yaml", $$$"""
            providers: {first: {kind: openai, base_url: "{{{fake.Url}}}/v1", api_key: env:OPENAI_API_KEY}, second: {kind: openai, base_url: "{{{fake.Url}}}/v1", api_key: env:OPENAI_API_KEY}}
            models: {smart: {deployments: [{provider: first, model: gpt-5-mini}, {provider: second, model: gpt-5-mini}]}}
            auth: {required: false}
            store: {sqlite: spend.db}
            """);
        Assert.True(terminal.Run("run", "one.yaml", "--run-id", "r1", "--gateway", "gateway.yaml", option) == 0, terminal.Error);
        using var report = new LedgerReport(terminal.PathOf("spend.db"));
        var charges = report.Scope(BudgetScope.All, BudgetWindow.Total, DateTimeOffset.UtcNow).Newest;
        Assert.Equal((2, attempts), (charges.Count, charges.Max(charge => charge.Attempt)));
    }

    [Fact]
    public async Task Only_the_node_repeats_a_call_and_nobody_else_rests_a_provider()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Status = 429, RetryAfterMs = 1 }));
        using var terminal = TerminalFor(fake);
        terminal.Write("many.yaml", """
            name: many
            defaults: {model: openai/gpt-5-mini, max_output_tokens: 100, retry: {max_attempts: 2, backoff_seconds: 0}}
            nodes:
              - {id: a, type: agent, prompt: one, on_failure: continue}
              - {id: b, type: agent, prompt: two, on_failure: continue}
              - {id: c, type: agent, prompt: three, on_failure: continue}
            """);
        terminal.Run("run", "many.yaml", "--run-id", "r1");
        Assert.Equal(6, fake.Calls.Count);
        Assert.Equal(6, terminal.Error.Split("rate_limited").Length - 1);
        Assert.DoesNotContain("provider_error", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_ledger_that_cannot_be_opened_fails_the_call_before_anybody_is_asked()
    {
        await using var fake = await FakeProvider.StartAsync(new FakeScript());
        using var terminal = TerminalFor(fake);
        terminal.Write("spend.db", "this is no database, and it is long enough to be looked at as one: " + new string('x', 4_096));
        terminal.Set("HYDRA_LEDGER", "spend.db");
        Assert.Equal(ExitCode.Failed, terminal.Run("run", "two.yaml", "--run-id", "r1"));
        Assert.Contains("the ledger of model calls cannot be written, so nobody was asked", terminal.Error, StringComparison.Ordinal);
        Assert.Contains("spend.db", terminal.Error, StringComparison.Ordinal);
        Assert.Empty(fake.Calls);
    }

    [Fact]
    public void Runs_without_a_ledger_and_offline_runs_make_none()
    {
        using var terminal = new Terminal();
        terminal.Write("two.yaml", Two);
        terminal.Set("HYDRA_LEDGER", "spend.db");
        Assert.True(terminal.Run("run", "two.yaml", "--backend", "offline") == 0, terminal.Error);
        Assert.False(File.Exists(terminal.PathOf("spend.db")));
        Assert.False(File.Exists(terminal.PathOf(".hydra/gateway.db")));
    }

    private static Terminal TerminalFor(FakeProvider fake)
    {
        var terminal = new Terminal();
        terminal.Write("two.yaml", Two);
        terminal.Set("OPENAI_BASE_URL", fake.Url + "/v1");
        terminal.Set("OPENAI_API_KEY", "fake");
        return terminal;
    }
}
