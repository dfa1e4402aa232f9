using Hydra.Gateway.Ledger;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>Real processes on one ledger, some of them killed. The provider's bill is what they said before anything could be taken back.</summary>
public class LedgerProcessTests : IDisposable
{
    private const int Processes = 4, Callers = 64;
    private readonly LedgerFolder _folder;

    public LedgerProcessTests() : this(new LedgerFolder())
    {
    }

    private protected LedgerProcessTests(LedgerFolder folder) => _folder = folder;

    public void Dispose()
    {
        _folder.Dispose();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Four_processes_of_64_callers_at_99_percent_of_a_budget_never_pass_it()
    {
        await using (var ledger = await OpenAsync("team:load 10 total"))
        {
            await ledger.SettleAsync(await ledger.TakeAsync(9.90m, caller: new Caller(null, "load", null, [])), LedgerFolder.Bill(9.90m));
        }
        var loads = StartAll(1_000, 500);
        var said = await Task.WhenAll(loads.Select(load => load.EndAsync()));
        Assert.All(said, lines => Assert.Contains("done", lines));
        var billed = 9_900_000 + said.SelectMany(lines => lines).Where(line => line.StartsWith("billed ", StringComparison.Ordinal)).Sum(line => long.Parse(line.Split(' ')[2]));
        Assert.InRange(billed, 10_000_000 - 1_000, 10_000_000);   // nothing over, and no room left for one more call
        await using var after = await _folder.OpenAfterKillAsync();
        var state = await after.StateAsync("team:load");
        Assert.Equal((billed / 1_000_000m, 0m), (state.SpentUsd, state.ReservedUsd));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Processes)]
    public async Task Kill_9_leaves_answered_calls_exact_and_cut_calls_at_their_bound(int processes)
    {
        const long Bound = 2_000;
        await using (await OpenAsync("team:load 1000 total")) { }
        var random = new Random(20_264);
        var billed = new Dictionary<string, long>(StringComparer.Ordinal);
        var answered = new Dictionary<string, long>(StringComparer.Ordinal);
        var said = await Task.WhenAll(StartAll(Bound, 100_000, processes, leavesOneOpen: true).Select(load => load.KillAfterAsync(random.Next(1_500, 6_000) / processes)));
        Assert.DoesNotContain(said.SelectMany(lines => lines), line => line.StartsWith("broken ", StringComparison.Ordinal));
        foreach (var words in said.SelectMany(lines => lines).Select(line => line.Split(' ')).Where(words => words.Length == 3))
        {
            (words[0] == "billed" ? billed : answered).Add(words[1], long.Parse(words[2]));
        }
        Assert.True(answered.Count > 500, $"only {answered.Count} calls were answered");
        await using (var ledger = await _folder.OpenAfterKillAsync())
        {
            Assert.Equal(0m, (await ledger.StateAsync("team:load")).ReservedUsd);
        }
        var charged = _folder.Charges();
        Assert.All(answered, call => Assert.Equal((call.Value, "answered"), charged[call.Key]));
        var cut = 0;
        foreach (var (operation, cost) in billed)
        {
            if (charged[operation].Outcome == "cut") Assert.Equal(Bound, charged[operation].Cost);
            else Assert.Equal(cost, charged[operation].Cost);
            cut += charged[operation].Outcome == "cut" ? 1 : 0;
        }
        Assert.True(cut >= processes, $"{cut} calls of {processes} processes were cut in flight");
        Assert.True(charged.Values.Sum(charge => charge.Cost) >= billed.Values.Sum());
        Console.WriteLine($"TOTAL ledger kill test, {processes} processes on {_folder.Kind}: {billed.Count} calls billed, {answered.Count} answered and exact, {cut} cut and charged at their bound");
    }

    private async Task<StoredLedger> OpenAsync(string budget)
    {
        var ledger = await _folder.OpenAfterKillAsync();
        await ledger.ConfigureAsync([LedgerFolder.Budget(budget)], CancellationToken.None);
        return ledger;
    }

    private LoadProcess[] StartAll(long boundMicroUsd, int calls, int processes = Processes, bool leavesOneOpen = false)
    {
        var loads = Enumerable.Range(0, processes).Select(i => LoadProcess.Start(_folder.Store, $"p{i}", Callers, calls, boundMicroUsd, leavesOneOpen)).ToArray();
        foreach (var load in loads) load.WaitUntilReady();
        foreach (var load in loads) load.Begin();
        return loads;
    }
}
