using Hydra.Journal;
using Hydra.Model;
using Hydra.Tests.Execution;
using Microsoft.Data.Sqlite;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Journal;

public sealed class StoreSweepTests : IDisposable
{
    private static readonly string Large = new('x', 40_000);
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-sweep-").FullName;

    [Fact]
    public async Task Old_runs_go_and_with_them_artifacts_that_nothing_else_refers_to()
    {
        using var store = Open();
        await RunAsync(store, "old", "gone " + Large);
        await RunAsync(store, "other", "kept " + Large);
        Age();
        var dry = store.Sweep(Tomorrow, Tomorrow, isDry: true);
        Assert.Equal((2, 2), (dry.Runs.Count, dry.Artifacts));
        Assert.Equal(2, store.List().Count());

        var report = store.Sweep(store.Find(new("other"))!.UpdatedAt, Tomorrow.AddDays(-1), isDry: false);
        Assert.Equal(["old"], report.Runs.Select(run => run.Text));
        Assert.Equal(1, report.Artifacts);
        Assert.Empty(store.Check(null).Findings);
        Assert.Empty(store.Read(new("old")));
    }

    [Fact]
    public async Task What_a_staying_fork_begins_with_stays()
    {
        using var store = Open();
        var engine = await RunAsync(store, "parent", Large);
        engine.Fork(new("parent"), new ForkRequest { Run = new("fork"), From = ["b"] });   // interrupted: it can go on
        Age();
        var report = store.Sweep(Tomorrow, Tomorrow, isDry: false);

        Assert.Empty(report.Runs);
        Assert.Contains("'fork' is a fork of it", Assert.Single(report.Kept).Why);
        Assert.Equal(RunStatus.Completed, (await engine.ResumeAsync(new("fork"), new RunRequest(), CancellationToken.None)).Status);
        Age();
        Assert.Equal(2, store.Sweep(Tomorrow, Tomorrow, isDry: false).Runs.Count);
    }

    [Fact]
    public async Task A_run_that_somebody_is_at_work_on_and_young_artifacts_stay()
    {
        using var store = Open();
        await RunAsync(store, "busy", "a " + Large);
        using var owner = store.Own(new("busy"));
        store.Artifacts.Keep("not yet referred to " + Large);
        var report = store.Sweep(Tomorrow, DateTimeOffset.UtcNow, isDry: false);

        Assert.Empty(report.Runs);
        Assert.Equal(0, report.Artifacts);
        Assert.Contains("at work", Assert.Single(report.Kept).Why);
    }

    [Fact]
    public async Task Keeping_an_old_value_again_makes_its_file_young()
    {
        using var store = Open();
        await RunAsync(store, "old", Large);
        Age();
        store.Sweep(Tomorrow, DateTimeOffset.UtcNow.AddDays(-400), isDry: false);
        var kept = store.Artifacts.Keep(Large);
        Assert.Equal(0, store.Sweep(Tomorrow, DateTimeOffset.UtcNow, isDry: false).Artifacts);
        Assert.Equal(Large, store.Artifacts.Read(kept).AsText);
    }

    [Fact]
    public async Task A_damaged_store_is_named_and_what_can_be_saved_can_be_forked()
    {
        using (var store = Open()) await RunAsync(store, "hurt", Large);
        long last;
        using (var store = Open()) last = store.Read(new("hurt")).Last().Sequence;
        File.Delete(Directory.EnumerateFiles(Path.Combine(_folder, "artifacts"), "*", SearchOption.AllDirectories).Single());
        Execute($"UPDATE frames SET at=at+1 WHERE seq={last}");
        using var again = Open();
        var report = again.Check(null);

        Assert.Equal(2, report.Findings.Count);
        Assert.Equal(last - 1, report.Findings[0].SoundUpTo);
        Assert.Contains($"--up-to {last - 1}", report.Findings[0].Mend);
        Assert.Contains("is missing", report.Findings[1].Problem);
        var engine = EngineOf(again, Workflow, new CallingNode());
        var fork = engine.Fork(new("hurt"), new ForkRequest { UpTo = last - 1, From = ["a"] });
        Assert.Equal(RunStatus.Completed, (await engine.ResumeAsync(fork, new RunRequest(), CancellationToken.None)).Status);
    }

    private static readonly WorkflowSpec Workflow = Graph("a\n b <- a");
    private static DateTimeOffset Tomorrow => DateTimeOffset.UtcNow.AddDays(1);

    private static async Task<Engine> RunAsync(SqliteRunStore store, string run, string text)
    {
        var engine = EngineOf(store, Workflow, new CallingNode { Answer = (attempt, _) => new(Value.Of(attempt.Path == "a" ? text : "b")) });
        await engine.RunAsync(Workflow, new RunRequest { Run = new(run) }, CancellationToken.None);
        return engine;
    }

    private SqliteRunStore Open() => SqliteRunStore.Open(_folder, Durability.Normal);

    private void Age()
    {
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_folder, "artifacts"), "*", SearchOption.AllDirectories)) File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-60));
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "hydra.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
