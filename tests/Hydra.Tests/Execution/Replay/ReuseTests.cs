using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Planning;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Execution.Replay;

public sealed class ReuseTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-reuse-").FullName;
    private readonly SqliteRunStore _store;
    private int _runs;

    public ReuseTests() => _store = SqliteRunStore.Open(_folder, Durability.Full);

    [Fact]
    public async Task An_unchanged_run_pays_nothing_and_names_where_its_results_came_from()
    {
        var (first, _) = await RunAsync(Chain(), topic: "tides");
        var (second, asked) = await RunAsync(Chain(), topic: "tides");

        Assert.Empty(asked);
        Assert.Equal(Value.Of(first.Outputs).ToJson(), Value.Of(second.Outputs).ToJson());
        Assert.Equal((0, 0), (second.Cost.Amount, second.Tokens));
        Assert.Equal(["run-1/draft", "run-1/report"], ReusedBy(second.Run));
    }

    [Theory]
    [InlineData("another input", "stars", "Report: {{ draft }}", "draft report")]
    [InlineData("another prompt downstream", "tides", "Sum up: {{ draft }}", "report")]
    public async Task What_changed_runs_and_so_does_what_reads_it(string what, string topic, string reportPrompt, string runs)
    {
        await RunAsync(Chain(), topic: "tides");
        var (_, asked) = await RunAsync(Chain(reportPrompt), topic: topic);

        Assert.True(runs.Split(' ').Length == asked.Length, what);
    }

    [Fact]
    public async Task An_equal_output_stops_the_ripple()
    {
        await RunAsync(Chain(), topic: "tides", type: new AskingNode { Answer = (prompt, _) => prompt.StartsWith("Write", StringComparison.Ordinal) ? "the same draft" : prompt });
        var (_, asked) = await RunAsync(Chain(), topic: "stars", type: new AskingNode { Answer = (_, _) => "the same draft" });

        Assert.Equal(["Write of stars"], asked);
    }

    [Fact]
    public async Task Without_being_asked_nothing_is_reused_but_it_is_remembered()
    {
        await RunAsync(Chain(), topic: "tides", reuse: false);
        var (_, again) = await RunAsync(Chain(), topic: "tides", reuse: false);
        var (_, asked) = await RunAsync(Chain(), topic: "tides");

        Assert.Equal(2, again.Length);
        Assert.Empty(asked);
    }

    [Fact]
    public async Task A_node_asks_for_itself_by_its_cache_and_another_refuses_by_its_own()
    {
        var asking = Chain(shape: node => node with { Policy = new NodePolicy { Cache = new CacheSpec(CacheKind.Reuse), Effect = EffectClass.Irreversible } });
        await RunAsync(asking, topic: "tides", reuse: false);
        Assert.Empty((await RunAsync(asking, topic: "tides", reuse: false)).Asked);

        var refusing = Chain(shape: node => node with { Policy = new NodePolicy { Cache = new CacheSpec(CacheKind.Off) } });
        await RunAsync(refusing, topic: "tides");
        Assert.Equal(2, (await RunAsync(refusing, topic: "tides")).Asked.Length);
    }

    [Fact]
    public async Task What_a_fork_names_is_done_anew_and_what_depends_on_it_may_reuse()
    {
        var (first, _) = await RunAsync(Chain(), topic: "tides");
        var type = new AskingNode { Answer = (_, _) => "Write of tides (1)" };
        var engine = EngineOf(_store, Chain(), type);
        var fork = engine.Fork(first.Run, new ForkRequest { From = ["draft"] });
        await engine.ResumeAsync(fork, new RunRequest(), CancellationToken.None);

        Assert.Equal(["Write of tides"], type.Asked);
        Assert.Equal(["run-1/report"], ReusedBy(fork));
    }

    [Fact]
    public async Task What_may_be_undone_is_never_reused()
    {
        var undoing = Chain(shape: node => node with { Policy = new NodePolicy { Cache = new CacheSpec(CacheKind.Reuse), Effect = EffectClass.Irreversible, Compensate = node with { DependsOn = [] } } });
        await RunAsync(undoing, topic: "tides");
        Assert.Equal(2, (await RunAsync(undoing, topic: "tides")).Asked.Length);
    }

    [Theory]
    [InlineData(EffectClass.Idempotent, false)]
    [InlineData(EffectClass.Irreversible, false)]
    [InlineData(EffectClass.Pure, true)]
    public async Task The_flag_takes_neither_effects_nor_secrets(EffectClass effect, bool isSecret)
    {
        var workflow = Chain(shape: node => node with { Policy = new NodePolicy { Effect = effect, Labels = isSecret ? Labels.Secret : Labels.None } });
        await RunAsync(workflow, topic: "tides");

        Assert.Equal(2, (await RunAsync(workflow, topic: "tides")).Asked.Length);
    }

    [Fact]
    public async Task A_result_is_too_old_once_its_time_to_live_has_passed()
    {
        var workflow = Chain(shape: node => node with { Policy = new NodePolicy { Cache = new CacheSpec(CacheKind.Reuse, TimeSpan.FromHours(1)) } });
        var clock = new SetClock();
        await RunAsync(workflow, topic: "tides", clock: clock);
        clock.Now += TimeSpan.FromMinutes(59);
        Assert.Empty((await RunAsync(workflow, topic: "tides", clock: clock)).Asked);
        clock.Now += TimeSpan.FromMinutes(2);
        Assert.Equal(2, (await RunAsync(workflow, topic: "tides", clock: clock)).Asked.Length);
    }

    [Fact]
    public async Task Only_what_completed_is_reused()
    {
        var failing = new AskingNode { Answer = (prompt, _) => prompt.StartsWith("Report", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.BadRequest, "no") : "draft" };
        Assert.Equal(RunStatus.Failed, (await RunAsync(Chain(), topic: "tides", type: failing)).Report.Status);
        var (report, asked) = await RunAsync(Chain(), topic: "tides");

        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(["Report: draft"], asked);
    }

    [Fact]
    public async Task Questions_asked_alike_in_one_run_are_each_asked_and_each_node_gets_its_own_answer_back()
    {
        var workflow = Graph("a\nb <- a", node => node with { Fields = ValueMap.Of(("prompt", "a dice roll")) });
        var (_, first) = await RunAsync(workflow);
        var (second, again) = await RunAsync(workflow);

        Assert.Equal(2, first.Length);
        Assert.Empty(again);
        Assert.Equal(["run-1/a", "run-1/b"], ReusedBy(second.Run));
    }

    [Fact]
    public async Task Runs_at_the_same_time_reuse_safely()
    {
        var (first, _) = await RunAsync(Chain(), topic: "tides");
        var runs = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => RunAsync(Chain(), topic: i % 2 == 0 ? "tides" : "stars"))));

        Assert.All(runs, run => Assert.Equal(RunStatus.Completed, run.Report.Status));
        Assert.All(runs.Where((_, i) => i % 2 == 0), run => Assert.Equal((0, Value.Of(first.Outputs).ToJson()), (run.Asked.Length, Value.Of(run.Report.Outputs).ToJson())));
        Assert.Empty((await RunAsync(Chain(), topic: "stars")).Asked);
    }

    [Fact]
    public async Task What_a_run_that_goes_on_or_has_died_completed_is_reused()
    {
        var reached = new TaskCompletionSource();
        var release = new TaskCompletionSource<Value>();
        var held = new AskingNode { Answer = (prompt, _) => prompt.StartsWith("Report", StringComparison.Ordinal) ? Reach().Task.Result : "the draft" };
        var open = Task.Run(() => RunAsync(Chain(), topic: "tides", type: held));
        await reached.Task;
        using var another = SqliteRunStore.Open(_folder, Durability.Full);   // another process

        var type = new AskingNode();
        await EngineOf(another, Chain(), type).RunAsync(Chain(), new RunRequest { Inputs = ValueMap.Of(("topic", "tides")), Reuse = true }, CancellationToken.None);

        Assert.Equal(["Report: the draft"], type.Asked);
        Assert.Contains(another.ReusableAt("draft", 9), record => record.Run == new RunId("run-1"));
        release.SetResult("done");
        await open;

        TaskCompletionSource<Value> Reach()
        {
            reached.SetResult();
            return release;
        }
    }

    [Theory]
    [InlineData(100, 100)]
    [InlineData(600, 0)]
    [InlineData(9_000, 0)]
    public void New_lines_lie_in_the_list_until_somebody_looks_for_one_and_they_are_many(int count, int left)
    {
        using var journal = _store.Own(new RunId("many"));
        var keys = Enumerable.Range(0, count).Select(i => ReuseKey.Of([new("definition", StepKey.Of((Value)i))])).ToList();
        journal.Remember([.. keys.Select((key, i) => new ReuseEntry(key, $"n{i}", i))]);
        var started = new RunEvent.RunStarted("many", "w", "", ValueRef.EmptyText, new RunLimits(1, null, null, null));
        var ended = keys.Select((_, i) => new RunEvent.Ended(i, NodeStatus.Completed, ValueRef.Of($"answer {i}"), null, Value.Null));
        journal.Commit(new Frame(0, 1, [started, .. ended]), new RunInfo { Run = new RunId("many"), Workflow = "w", Status = RunStatus.Completed });
        Assert.Equal((count, 0), (Count("reuse_new"), Count("reuse")));

        var found = _store.FindReusable(keys[^1].Hash, "elsewhere", new RunId("another"), long.MinValue);

        Assert.Equal((left, count - left), (Count("reuse_new"), Count("reuse")));
        Assert.Equal(($"n{count - 1}", $"answer {count - 1}"), (found!.Path, found.Output.Inline.AsText));
        Assert.Equal((Value)keys[0].Parts, Assert.Single(_store.ReusableAt("n0", 2)).Parts);
    }

    /// <remarks>Another process may hold the database, or the disk may be read-only: the list is then looked at as it lies.</remarks>
    [Fact]
    public void A_list_that_cannot_be_sorted_in_is_looked_at_as_it_is()
    {
        var key = ReuseKey.Of([new("definition", StepKey.Of("x"))]);
        using var journal = _store.Own(new RunId("many"));
        journal.Remember([.. Enumerable.Range(0, 600).Select(i => new ReuseEntry(i == 0 ? key : ReuseKey.Of([new("definition", StepKey.Of((Value)i))]), $"n\"{i}", i))]);
        var started = new RunEvent.RunStarted("many", "w", "", ValueRef.EmptyText, new RunLimits(1, null, null, null));
        journal.Commit(new Frame(0, 1, [started, new RunEvent.Ended(0, NodeStatus.Completed, ValueRef.Of("answer"), null, Value.Null)]), new RunInfo { Run = new RunId("many"), Workflow = "w", Status = RunStatus.Completed });
        Execute("CREATE TRIGGER refuses BEFORE INSERT ON reuse BEGIN SELECT RAISE(ABORT, 'not now'); END");

        Assert.Equal("n\"0", _store.FindReusable(key.Hash, "n0", new RunId("another"), long.MinValue)!.Path);
        Assert.Equal((600, 0), (Count("reuse_new"), Count("reuse")));
    }

    private void Execute(string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_folder, "hydra.db")}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private long Count(string table)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(_folder, "hydra.db")}");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT count(*) FROM {table}";
        return (long)command.ExecuteScalar()!;
    }

    [Fact]
    public async Task A_lost_artifact_costs_a_call_and_no_run()
    {
        var large = new AskingNode { Answer = (_, _) => new string('x', 100_000) };
        var workflow = Graph("a", node => node with { Fields = ValueMap.Of(("prompt", "much")) });
        await RunAsync(workflow, type: large);
        Directory.Delete(Path.Combine(_folder, "artifacts"), recursive: true);
        using var anew = SqliteRunStore.Open(_folder, Durability.Full);
        var type = new AskingNode { Answer = large.Answer };
        var report = await EngineOf(anew, workflow, type).RunAsync(workflow, new RunRequest { Reuse = true }, CancellationToken.None);

        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Single(type.Asked);
    }

    [Fact]
    public async Task A_run_that_reused_replays_with_the_calls_of_the_run_it_took_from()
    {
        var workflow = Chain();
        await RunAsync(workflow, topic: "tides");
        var (second, _) = await RunAsync(workflow, topic: "tides");
        var types = new Dictionary<string, INodeType> { ["call"] = new AskingNode() };
        var cassette = CassetteReader.Read(_store, second.Run, _ => Planner.Plan(workflow, types));
        var replay = new AskingNode();
        var report = await EngineOf(_store, workflow, replay).RunAsync(workflow, new RunRequest { Inputs = cassette.Head.Inputs, Cassette = cassette }, CancellationToken.None);

        Assert.Equal(Value.Of(second.Outputs).ToJson(), Value.Of(report.Outputs).ToJson());
        Assert.Empty(replay.Asked);
    }

    private static WorkflowSpec Chain(string report = "Report: {{ draft }}", Func<NodeSpec, NodeSpec>? shape = null) => Graph("draft\nreport <- draft", node =>
    {
        var asking = node with { Fields = ValueMap.Of(("prompt", node.Id.Text == "draft" ? "Write of {{ topic }}" : report)) };
        return shape?.Invoke(asking) ?? asking;
    });

    private async Task<(RunReport Report, string[] Asked)> RunAsync(WorkflowSpec workflow, string topic = "", bool reuse = true, AskingNode? type = null, TimeProvider? clock = null)
    {
        type ??= new AskingNode();
        var engine = new Engine(EngineOf(_store, workflow, type).Options with { Clock = clock ?? TimeProvider.System });
        var run = new RunId($"run-{Interlocked.Increment(ref _runs)}");
        var report = await engine.RunAsync(workflow, new RunRequest { Run = run, Inputs = ValueMap.Of(("topic", topic)), Reuse = reuse }, CancellationToken.None);
        return (report, [.. type.Asked]);
    }

    private IEnumerable<string> ReusedBy(RunId run) =>
        _store.Read(run).SelectMany(frame => frame.Events).OfType<RunEvent.Reused>().Select(reused => $"{reused.Run}/{reused.Path}");

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>The time of day stands where it is put; timers are the system's.</summary>
    private sealed class SetClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        public override DateTimeOffset GetUtcNow() => Now;
    }
}
