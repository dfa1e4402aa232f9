using Hydra.Journal;
using Hydra.Model;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Execution;

public sealed class EngineTests : IDisposable
{
    private const string Diamond = """
        a
        b <- a
        c <- a
        d <- b c
        e <- d
        """;

    private static readonly RunId Run = new("run-1");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-engine-").FullName;

    [Fact]
    public async Task A_graph_runs_to_its_sinks_and_each_node_once()
    {
        var type = new CallingNode();
        var workflow = Graph(Diamond);
        var report = await EngineOf(new MemoryRunStore(), workflow, type).RunAsync(workflow, new RunRequest(), CancellationToken.None);

        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal("""{"e":"e"}""", Value.Of(report.Outputs).ToJson());
        Assert.Equal(["a/0", "b/0", "c/0", "d/0", "e/0"], type.Calls.Order());
        Assert.Equal(50, report.Tokens);
        Assert.Equal(50, report.Cost.Amount);
    }

    [Fact]
    public async Task Dying_at_any_commit_and_resuming_gives_the_same_result_and_repeats_at_most_the_calls_in_flight()
    {
        var workflow = Graph(Diamond);
        for (var death = 1; death < 40; death++)
        {
            using var store = SqliteRunStore.Open(Path.Combine(_folder, $"death-{death}"), Durability.Full);
            var first = new CallingNode { Steps = 3 };
            var dying = new DyingStore(store, death);
            var died = false;
            try
            {
                await EngineOf(dying, workflow, first).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
            }
            catch (StoreException)
            {
                died = true;
            }
            var second = new CallingNode { Steps = 3 };
            var kept = KeptResults(store);
            var report = await EngineOf(store, workflow, second).ResumeAsync(Run, new RunRequest(), CancellationToken.None);

            Assert.Equal(RunStatus.Completed, report.Status);
            Assert.Equal("""{"e":"e"}""", Value.Of(report.Outputs).ToJson());
            Assert.Empty(second.Calls.Intersect(kept));
            if (!died) return;
        }
        Assert.Fail("The run never outlived its store.");
    }

    [Fact]
    public async Task A_completed_run_is_not_run_again()
    {
        var workflow = Graph(Diamond);
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        await EngineOf(store, workflow, new CallingNode()).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);

        var again = new CallingNode();
        var report = await EngineOf(store, workflow, again).ResumeAsync(Run, new RunRequest(), CancellationToken.None);

        Assert.Equal("""{"e":"e"}""", Value.Of(report.Outputs).ToJson());
        Assert.Empty(again.Calls);
    }

    [Fact]
    public async Task A_failed_run_resumes_with_its_failed_node_only()
    {
        var workflow = Graph(Diamond);
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var failing = new CallingNode { Answer = (attempt, _) => attempt.Path == "c" ? throw new CallFailedException(ErrorCode.BadRequest, "no") : new(Value.Of(attempt.Path)) };
        var failed = await EngineOf(store, workflow, failing).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
        Assert.Equal(RunStatus.Failed, failed.Status);
        Assert.Contains("'c' failed: bad_request: no", failed.Reason);

        var mended = new CallingNode();
        var report = await EngineOf(store, workflow, mended).ResumeAsync(Run, new RunRequest(), CancellationToken.None);

        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(["c/0", "d/0", "e/0"], mended.Calls.Order());
    }

    [Fact]
    public async Task A_run_out_of_budget_stops_and_goes_on_when_given_more()
    {
        var workflow = Graph("a\nb <- a\nc <- b", budget: new BudgetSpec { MaxTokens = 35 });
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var type = new CallingNode();
        var stopped = await EngineOf(store, workflow, type).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
        Assert.Equal(RunStatus.Stopped, stopped.Status);
        Assert.Contains("max_tokens 35", stopped.Reason);
        Assert.Equal(["a/0", "b/0"], type.Calls);

        var report = await EngineOf(store, workflow, type).ResumeAsync(Run, new RunRequest { AddTokens = 20 }, CancellationToken.None);

        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(["a/0", "b/0", "c/0"], type.Calls);
        Assert.Equal(30, report.Tokens);
    }

    [Fact]
    public async Task Two_hundred_parallel_callers_never_overshoot_a_nearly_spent_budget()
    {
        var workflow = Graph(string.Join('\n', Enumerable.Range(0, 200).Select(i => $"n{i}")), budget: new BudgetSpec { MaxUsd = new MicroUsd(995) });
        var type = new CallingNode();
        var report = await EngineOf(new MemoryRunStore(), workflow, type).RunAsync(workflow, new RunRequest { MaxConcurrent = 200 }, CancellationToken.None);

        Assert.Equal(RunStatus.Stopped, report.Status);
        Assert.True(report.Cost.Amount <= 995, $"spent {report.Cost.Amount} of 995");
        // Each call is bounded at 30 and costs 10: the last that fits starts at 965 spent or less.
        Assert.InRange(type.Calls.Count, 97, 99);
    }

    [Fact]
    public async Task Cancelling_by_the_inbox_reaches_a_running_call()
    {
        var workflow = Graph("a\nb <- a");
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var isRunning = new TaskCompletionSource();
        var type = new CallingNode
        {
            Answer = async (_, token) =>
            {
                isRunning.SetResult();
                await Task.Delay(Timeout.Infinite, token);
                return Value.Null;
            },
        };
        var running = EngineOf(store, workflow, type).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
        await isRunning.Task;
        store.Post(Run, new InboxCommand("cancel", ValueMap.Of(("reason", "enough"))));
        var report = await running;

        Assert.Equal(RunStatus.Cancelled, report.Status);
        Assert.Equal("cancelled by somebody: enough", report.Reason);
        Assert.Equal(30, report.Cost.Amount);   // cut before its answer was known: charged at its bound
    }

    /// <remarks>The run's journal would begin with the interruption, and nothing could ever read it.</remarks>
    [Fact]
    public async Task A_run_that_is_interrupted_before_its_first_turn_begins_all_the_same_and_can_be_resumed()
    {
        var workflow = Graph("a");
        var store = new MemoryRunStore();
        var engine = EngineOf(store, workflow, new CallingNode());
        Assert.Equal(RunStatus.Interrupted, (await engine.RunAsync(workflow, new RunRequest { Run = Run }, new CancellationToken(canceled: true))).Status);
        Assert.IsType<RunEvent.RunStarted>(store.Read(Run).First().Events[0]);
        Assert.Equal(RunStatus.Completed, (await engine.ResumeAsync(Run, new RunRequest(), CancellationToken.None)).Status);
    }

    [Fact]
    public async Task An_interrupted_run_goes_on_where_it_was()
    {
        var workflow = Graph("a\nb <- a");
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        using var interrupt = new CancellationTokenSource();
        var type = new CallingNode
        {
            Answer = async (attempt, token) =>
            {
                if (attempt.Path == "a") return Value.Of("a");
                await interrupt.CancelAsync();
                await Task.Delay(Timeout.Infinite, token);
                return Value.Null;
            },
        };
        var interrupted = await EngineOf(store, workflow, type).RunAsync(workflow, new RunRequest { Run = Run }, interrupt.Token);
        Assert.Equal(RunStatus.Interrupted, interrupted.Status);

        var again = new CallingNode();
        var report = await EngineOf(store, workflow, again).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(["b/0"], again.Calls);
    }

    [Fact]
    public async Task An_attempt_that_takes_too_long_is_a_timeout_and_is_retried()
    {
        var workflow = Graph("a", node => node with { Policy = new NodePolicy { Timeout = TimeSpan.FromMilliseconds(50), Retry = new RetrySpec { MaxAttempts = 2 } } });
        var isCalled = new TaskCompletionSource();
        var type = new CallingNode
        {
            Answer = async (attempt, token) =>
            {
                isCalled.TrySetResult();
                if (attempt.Attempt == 1) await Task.Delay(Timeout.Infinite, token);
                return Value.Of("second");
            },
        };
        var engine = EngineOf(new MemoryRunStore(), workflow, type);
        var report = await new Engine(engine.Options with { Clock = new TimeAfter(isCalled.Task) }).RunAsync(workflow, new RunRequest(), CancellationToken.None);

        Assert.Equal("second", report.Outputs["a"].AsText);
    }

    [Fact]
    public async Task Without_an_estimate_the_longest_path_is_told_from_the_last_run()
    {
        // Two chains of equal hops; `slow` took long in the last run, so under a cap of one it goes first.
        var workflow = Graph("quick\nquick2 <- quick\nslow\nslow2 <- slow");
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var first = new CallingNode();
        await EngineOf(store, workflow, first).RunAsync(workflow, new RunRequest { Run = Run, MaxConcurrent = 1 }, CancellationToken.None);
        Assert.Equal("quick/0", first.Calls.First());
        Assert.Equal(["quick", "quick2", "slow", "slow2"], store.NodeSecondsOf(workflow.Name)!.Keys.Order());
        using (var journal = store.Own(Run))
        {
            var took = new Dictionary<string, float> { ["quick"] = 1, ["quick2"] = 1, ["slow"] = 60, ["slow2"] = 1 };
            journal.Commit(new Frame(store.Read(Run).Count(), 1, []), store.Find(Run)! with { NodeSeconds = took });
        }

        var second = new CallingNode();
        await EngineOf(store, workflow, second).RunAsync(workflow, new RunRequest { MaxConcurrent = 1 }, CancellationToken.None);
        Assert.Equal("slow/0", second.Calls.First());
    }

    [Fact]
    public async Task Whatever_a_runner_throws_is_its_nodes_failure()
    {
        var workflow = Graph("a\nb");
        var type = new CallingNode { Answer = (attempt, _) => attempt.Path == "a" ? throw new InvalidTimeZoneException("odd") : new(Value.Of("b")) };
        var report = await EngineOf(new MemoryRunStore(), workflow, type).RunAsync(workflow, new RunRequest(), CancellationToken.None);

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Contains("tool_failed: InvalidTimeZoneException: odd", report.Reason);
        Assert.Equal("b", report.Outputs["b"].AsText);
    }

    /// <summary>Calls whose results the journal has acknowledged.</summary>
    private static HashSet<string> KeptResults(SqliteRunStore store)
    {
        var intents = new Dictionary<(int, int), string>();
        var kept = new HashSet<string>();
        foreach (var happened in store.Read(Run).SelectMany(frame => frame.Events))
        {
            if (happened is RunEvent.StepIntended intended) intents[(intended.Node, intended.Step)] = intended.Call.Key;
            if (happened is RunEvent.StepEnded { Result.IsBound: false } ended) kept.Add(intents[(ended.Node, ended.Step)]);
        }
        return kept;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
