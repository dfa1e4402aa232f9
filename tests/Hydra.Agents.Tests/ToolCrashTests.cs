using System.Collections.Concurrent;

namespace Hydra.Agents.Tests;

public class ToolCrashTests
{
    private const int Turns = 40;

    [Fact]
    public async Task A_loop_of_forty_turns_resumes_from_every_one_of_its_steps_and_repeats_only_what_was_cut()
    {
        var commits = await CountCommitsAsync();
        Assert.InRange(commits, 2 * Turns, 400);
        for (var at = 1; at < commits; at++)
        {
            var store = new MemoryRunStore();
            var calls = new ConcurrentQueue<int>();
            var models = Model();
            await Assert.ThrowsAnyAsync<StoreException>(() => RunAsync(new DyingStore(store, at), models, calls, EffectClass.Idempotent));
            var open = OpenSteps(store);
            var report = await ResumeAsync(store, models, calls, EffectClass.Idempotent);

            Assert.Equal("all done", report.Outputs["a"].AsText);
            Assert.Equal(Turns, calls.Distinct().Count());
            // What was on its way when the process died is done again; nothing else is.
            Assert.InRange(models.Asked, Turns + 1, Turns + 1 + open.Count(step => step.Kind == StepKind.Model));
            Assert.InRange(calls.Count, Turns, Turns + open.Count(step => step.Kind == StepKind.Tool));
            Assert.InRange(open.Count, 0, 1);
        }
    }

    [Fact]
    public async Task A_call_that_may_not_be_repeated_is_never_made_twice_wherever_the_process_dies()
    {
        var commits = await CountCommitsAsync();
        var asks = 0;
        for (var at = 1; at < commits; at += 3)
        {
            var store = new MemoryRunStore();
            var calls = new ConcurrentQueue<int>();
            var models = Model();
            await Assert.ThrowsAnyAsync<StoreException>(() => RunAsync(new DyingStore(store, at), models, calls, EffectClass.Irreversible));
            var wasCut = OpenSteps(store).Any(step => step.Kind == StepKind.Tool);
            var report = await ResumeAsync(store, models, calls, EffectClass.Irreversible);
            Assert.Equal(calls.Count, calls.Distinct().Count());
            Assert.Equal(wasCut ? RunStatus.Failed : RunStatus.Completed, report.Status);
            if (!wasCut) continue;
            asks++;
            Assert.Contains("it is not known whether it took effect", report.Reason, StringComparison.Ordinal);
        }
        Assert.NotEqual(0, asks);
    }

    private static List<StepCall> OpenSteps(MemoryRunStore store)
    {
        var events = store.Read(ToolRun.Run).SelectMany(frame => frame.Events).ToList();
        var ended = events.OfType<RunEvent.StepEnded>().Select(step => step.Step).ToHashSet();
        return [.. events.OfType<RunEvent.StepIntended>().Where(step => !ended.Contains(step.Step)).Select(step => step.Call)];
    }

    private static async Task<int> CountCommitsAsync()
    {
        var store = new DyingStore(new MemoryRunStore(), int.MaxValue);
        await RunAsync(store, Model(), [], EffectClass.Idempotent);
        return store.Commits;
    }

    private static ToolModels Model() => new(messages =>
        messages.Count(message => message.Role == ChatRole.Tool) is var done && done == Turns ? Say("all done") : [Call("act", ("n", done))]);

    private static string File => ToolRun.File($"tools: [act], max_tool_iterations: {Turns}");

    private static Task<RunReport> RunAsync(IRunStore store, ToolModels models, ConcurrentQueue<int> calls, EffectClass effect) =>
        ToolRun.Async(File, models, ToolRun.Registry((int n) => Act(calls, n), "act", effect), store);

    private static Task<RunReport> ResumeAsync(IRunStore store, ToolModels models, ConcurrentQueue<int> calls, EffectClass effect) =>
        ToolRun.Engine(File, models, ToolRun.Registry((int n) => Act(calls, n), "act", effect), store, out _).ResumeAsync(ToolRun.Run, new RunRequest(), CancellationToken.None);

    private static string Act(ConcurrentQueue<int> calls, int n)
    {
        calls.Enqueue(n);
        return $"did {n}";
    }
}
