using System.Collections.Concurrent;

namespace Hydra.Agents.Tests;

public class ToolCrashTests
{
    private const int Turns = 40;

    [Fact]
    public async Task A_loop_of_forty_turns_resumes_from_every_one_of_its_steps_and_repeats_only_what_was_cut()
    {
        var deaths = 0;
        foreach (var dying in DyingStore.AtEveryCommit())
        {
            var (store, calls, models) = (dying.Kept, new ConcurrentQueue<int>(), Model());
            if (await dying.OutlivesAsync(() => RunAsync(dying, models, calls, EffectClass.Idempotent))) break;
            deaths++;
            var open = OpenSteps(store);
            var report = await ResumeAsync(store, models, calls, EffectClass.Idempotent);

            Assert.Equal("all done", report.Outputs["a"].AsText);
            Assert.Equal(Turns, calls.Distinct().Count());
            // What was on its way when the process died is done again; nothing else is.
            Assert.InRange(models.Asked, Turns + 1, Turns + 1 + open.Count(step => step.Kind == StepKind.Model));
            Assert.InRange(calls.Count, Turns, Turns + open.Count(step => step.Kind == StepKind.Tool));
            Assert.InRange(open.Count, 0, 1);
        }
        Assert.InRange(deaths, (2 * Turns) - 1, 400);
    }

    [Fact]
    public async Task A_call_that_may_not_be_repeated_is_never_made_twice_wherever_the_process_dies()
    {
        var asks = 0;
        foreach (var dying in DyingStore.AtEveryCommit())
        {
            var (store, calls, models) = (dying.Kept, new ConcurrentQueue<int>(), Model());
            if (await dying.OutlivesAsync(() => RunAsync(dying, models, calls, EffectClass.Irreversible))) break;
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

    /// <summary>Of which the store does not know how they ended.</summary>
    internal static List<StepCall> OpenSteps(IRunStore store)
    {
        var events = store.Read(ToolRun.Run).SelectMany(frame => frame.Events).ToList();
        var ended = events.OfType<RunEvent.StepEnded>().Select(step => step.Step).ToHashSet();
        return [.. events.OfType<RunEvent.StepIntended>().Where(step => !ended.Contains(step.Step)).Select(step => step.Call)];
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
