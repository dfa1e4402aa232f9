using Hydra.Journal;
using Hydra.Model;
using Hydra.Tracing;
using Microsoft.Data.Sqlite;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Execution;

public sealed class ForkTests : IDisposable
{
    private static readonly RunId Run = new("run-1");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-forks-").FullName;

    [Fact]
    public async Task A_fork_from_any_node_of_random_graphs_ends_like_a_fresh_run_and_repeats_no_kept_call()
    {
        using var store = SqliteRunStore.Open(_folder, Durability.Normal);
        for (var seed = 1; seed <= 12; seed++)
        {
            var text = RandomText(new Random(seed));
            var workflow = Graph(text);
            var run = new RunId($"fresh-{seed}");
            var fresh = await EngineOf(store, workflow, new CallingNode()).RunAsync(workflow, new RunRequest { Run = run }, CancellationToken.None);
            var before = Dump(run);
            foreach (var node in workflow.Nodes)
            {
                var type = new CallingNode();
                var engine = EngineOf(store, workflow, type);
                var fork = engine.Fork(run, new ForkRequest { From = [node.Id.Text] });
                var report = await engine.ResumeAsync(fork, new RunRequest(), CancellationToken.None);

                Assert.Equal(RunStatus.Completed, report.Status);
                Assert.Equal(Value.Of(fresh.Outputs).ToJson(), Value.Of(report.Outputs).ToJson());
                Assert.Equal(Downstream(workflow, node.Id.Text).Select(id => id + "/0").Order(StringComparer.Ordinal), type.Calls.Order(StringComparer.Ordinal));
                Assert.Equal(fresh.Tokens, report.Tokens);
                Assert.Equal(before, Dump(run));
            }
        }
    }

    [Fact]
    public async Task Forks_of_forks_share_frames_and_the_chain_is_checked_through_all_of_them()
    {
        var workflow = Graph("a\n b <- a\n c <- b");
        using (var store = SqliteRunStore.Open(_folder, Durability.Normal))
        {
            var engine = EngineOf(store, workflow, new CallingNode());
            await engine.RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
            var own = store.Read(Run).Count();
            await engine.ResumeAsync(engine.Fork(Run, new ForkRequest { Run = new("f1"), From = ["b"] }), new RunRequest(), CancellationToken.None);
            await engine.ResumeAsync(engine.Fork(new("f1"), new ForkRequest { Run = new("f2"), From = ["c"] }), new RunRequest(), CancellationToken.None);

            Assert.Equal(Enumerable.Range(0, store.Read(new("f2")).Count()).Select(i => (long)i), store.Read(new("f2")).Select(frame => frame.Sequence));
            Assert.Equal(0, Count("SELECT count(*) FROM frames JOIN runs ON runs.id=frames.run WHERE runs.run<>'run-1' AND seq<" + own));
            Assert.Equal(3, store.Heads(new("f2")).Count());
            foreach (var from in new[] { 1, own, own + 1 }) Assert.Equal(from, store.Read(new("f2"), from).First().Sequence);
            Assert.Equal(["f1", null], new[] { "b", "c" }.Select(path => TraceOf(engine, store, new("f2")).Find(path)!.InheritedFrom));
        }
        Execute("UPDATE frames SET at=at+1 WHERE seq=1 AND run=(SELECT id FROM runs WHERE run='run-1')");
        using var again = SqliteRunStore.Open(_folder, Durability.Normal);
        var fault = Assert.Throws<StoreException>(() => again.Read(new("f2")).Count());
        Assert.Contains("frame 1", fault.Message);
        Assert.Contains("'run-1'", fault.Message);
    }

    [Fact]
    public async Task A_parent_that_goes_on_after_the_fork_does_not_change_it()
    {
        var workflow = Graph("a\n b <- a");
        using var store = SqliteRunStore.Open(_folder, Durability.Normal);
        var failing = new CallingNode { Answer = (attempt, _) => attempt.Path == "b" ? throw new InvalidOperationException("boom") : new(Value.Of(attempt.Path)) };
        await EngineOf(store, workflow, failing).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
        var engine = EngineOf(store, workflow, new CallingNode());
        var fork = engine.Fork(Run, new ForkRequest { OnlyFailed = true });
        var known = store.Read(fork).Count();
        await engine.ResumeAsync(Run, new RunRequest(), CancellationToken.None);

        Assert.Equal(known, store.Read(fork).Count());
        Assert.Equal(RunStatus.Completed, (await engine.ResumeAsync(fork, new RunRequest(), CancellationToken.None)).Status);
    }

    [Fact]
    public async Task Forks_work_in_a_store_that_lives_in_memory()
    {
        var workflow = Graph("a\n b <- a");
        using IRunStore store = new MemoryRunStore();
        var engine = EngineOf(store, workflow, new CallingNode());
        await engine.RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
        var fork = engine.Fork(Run, new ForkRequest { Outputs = new Dictionary<string, Value> { ["a"] = "mine" } });
        var report = await engine.ResumeAsync(fork, new RunRequest(), CancellationToken.None);

        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(2, store.Heads(fork).Count());
        Assert.Equal("mine", engine.Load(fork).State.OutputOf(0)!.Inline.AsText);
    }

    [Fact]
    public async Task What_cannot_be_forked_is_refused_and_leaves_nothing_behind()
    {
        var workflow = Graph("alpha\n b <- alpha");
        using var store = SqliteRunStore.Open(_folder, Durability.Normal);
        var engine = EngineOf(store, workflow, new CallingNode());
        await engine.RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);

        Assert.Contains("Did you mean 'alpha'?", Refused(() => engine.Fork(Run, new ForkRequest { From = ["alhpa"] })));
        Assert.Contains("Nothing failed", Refused(() => engine.Fork(Run, new ForkRequest { OnlyFailed = true })));
        Assert.Contains("exists already", Refused(() => engine.Fork(Run, new ForkRequest { Run = Run, From = ["b"] })));
        Assert.Contains("no run", Refused(() => engine.Fork(new("nobody"), new ForkRequest { From = ["b"] })));
        Assert.Single(store.List());
    }

    private static string Refused(Action act)
    {
        try
        {
            act();
        }
        catch (Exception refused) when (refused is RunRefusedException or StoreException)
        {
            return refused.Message;
        }
        throw new InvalidOperationException("it was not refused");
    }

    private static RunTrace TraceOf(Engine engine, SqliteRunStore store, RunId run) => RunTrace.Of(engine.Load(run).State.Plan, store.Read(run));

    private static string RandomText(Random random)
    {
        var lines = new List<string>();
        var size = 3 + random.Next(8);
        for (var i = 0; i < size; i++)
        {
            var parents = Enumerable.Range(0, i).Where(_ => random.Next(3) == 0).Select(parent => $"n{parent}").ToList();
            lines.Add(parents.Count == 0 ? $"n{i}" : $"n{i} <- {string.Join(' ', parents)}");
        }
        return string.Join('\n', lines);
    }

    private static SortedSet<string> Downstream(WorkflowSpec workflow, string from)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal) { from };
        foreach (var node in workflow.Nodes)
        {
            if (node.DependsOn.Any(parent => found.Contains(parent.Text))) found.Add(node.Id.Text);
        }
        return found;
    }

    private string Dump(RunId run)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT group_concat(seq || ' ' || at || ' ' || hex(hash) || ' ' || hex(body), char(10)) FROM frames WHERE run=(SELECT id FROM runs WHERE run='{run}') ORDER BY seq";
        return (string)command.ExecuteScalar()!;
    }

    private int Count(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt32(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture);
    }

    private void Execute(string sql)
    {
        using var connection = Connect();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private SqliteConnection Connect()
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "hydra.db")};Pooling=False");
        connection.Open();
        return connection;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
