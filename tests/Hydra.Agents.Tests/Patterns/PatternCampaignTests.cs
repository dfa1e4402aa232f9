using System.Collections.Concurrent;
using System.Globalization;

namespace Hydra.Agents.Tests.Patterns;

/// <summary>
/// Patterns drawn from a seed, killed behind their frames, also while they resume. <c>HYDRA_PATTERN_SEEDS</c> sets how many seeds run
/// (16 by default, 400 in <c>./test long</c>), <c>HYDRA_PATTERN_FIRST</c> the first.
/// </summary>
public sealed class PatternCampaignTests(ITestOutputHelper output)
{
    private static readonly bool IsLong = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1";
    private static readonly int SeedCount = Setting("HYDRA_PATTERN_SEEDS", IsLong ? 400 : 16);
    private static readonly int FirstSeed = Setting("HYDRA_PATTERN_FIRST", 0);

    /// <summary>The world outside, as one life of a run sees it: what was asked and what was done.</summary>
    private sealed class World(PatternScenario scenario, EffectClass effect) : ITool
    {
        public ConcurrentQueue<string> Asked { get; } = [];
        public ConcurrentQueue<(string Task, string Key)> Acted { get; } = [];
        /// <summary>Called behind each act with how many there were.</summary>
        public Action<int> AfterAct { get; init; } = static _ => { };
        public ToolModels Models => new(messages =>
        {
            Asked.Enqueue(string.Join('\n', messages.SelectMany(message => message.Contents).Select(content => content switch { FunctionResultContent result => $"{result.Result}", FunctionCallContent call => call.CallId, _ => $"{content}" })));
            return scenario.Answer(messages);
        });

        public ToolFacts Facts { get; } = new()
        {
            Name = "act", Description = "Acts.", Effect = effect, IsOutward = false, Labels = default,
            Arguments = Value.ParseJson("""{"type":"object","properties":{"task":{"type":"string"}},"required":["task"]}"""),
        };

        public ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
        {
            Acted.Enqueue((call.Arguments.AsObject["task"].AsText, call.IdempotencyKey));
            AfterAct(Acted.Count);
            return new(Value.Of("acted"));
        }
    }

    /// <summary>One process's part of a run; it ends with the run, or dies behind so many frames or in the middle of an act.</summary>
    private static async Task<(PatternRun? Run, World World)> LiveAsync(PatternScenario scenario, EffectClass effect, IRunStore store, int diesAfter = int.MaxValue, bool resumes = false, int diesInAct = int.MaxValue)
    {
        var dying = new DyingStore(store, diesAfter);
        var world = new World(scenario, effect)
        {
            AfterAct = count =>
            {
                if (count >= diesInAct) dying.Die();
            },
        };
        try
        {
            return (await PatternRun.OfAsync(scenario.File, world.Models, new ToolRegistry().Add(world), world.Asked, store: dying, resumes: resumes), world);
        }
        catch (StoreException)
        {
            return (null, world);
        }
    }

    private static (int Ended, int OpenModel, int OpenTool) Steps(IRunStore store)
    {
        var open = new Dictionary<(int Node, int Step), StepCall>();
        var ended = 0;
        foreach (var happened in store.Read(PatternRun.Run).SelectMany(frame => frame.Events))
        {
            if (happened is RunEvent.StepIntended begun) open[(begun.Node, begun.Step)] = begun.Call;
            // A bound is charged for what was cut: its answer is not known.
            else if (happened is RunEvent.StepEnded done && open.Remove((done.Node, done.Step), out var call) && call.Kind == StepKind.Model && !done.Result.IsBound) ended++;
        }
        return (ended, open.Values.Count(call => call.Kind == StepKind.Model), open.Values.Count(call => call.Kind == StepKind.Tool));
    }

    [Fact]
    public async Task Every_seed_ends_as_if_it_had_never_been_killed_and_nobody_is_asked_twice()
    {
        var (kills, met) = (0, new HashSet<string>());
        for (var seed = FirstSeed; seed < FirstSeed + SeedCount; seed++)
        {
            var scenario = new PatternScenario(seed, failsBeforeActing: false);
            met.UnionWith(scenario.Met);
            var counted = new DyingStore(new MemoryRunStore(), int.MaxValue);
            var (expected, whole) = await LiveAsync(scenario, EffectClass.Idempotent, counted);
            Assert.True(expected!.Report.Status is RunStatus.Completed, $"seed {seed}: {expected.Report.Status} {expected.Report.Reason}");
            var random = new Random(seed);
            foreach (var point in PointsOf(counted.Commits, random))
            {
                var store = new MemoryRunStore();
                var life = await LiveAsync(scenario, EffectClass.Idempotent, store, point);
                List<World> worlds = [life.World];
                var (lost, redone, known) = (0, 0, 0);
                // Two deaths at most: an attempt in which three processes died is left to people.
                for (var lives = 1; life.Run is null; lives++)
                {
                    kills++;
                    (known, var openModel, var openTool) = Steps(store);
                    (lost, redone) = (lost + openModel, redone + openTool);
                    life = await LiveAsync(scenario, EffectClass.Idempotent, store, lives < 2 && random.Next(2) == 0 ? 1 + random.Next(counted.Commits) : int.MaxValue, resumes: true);
                    worlds.Add(life.World);
                }
                var at = $"seed {seed}, killed behind frame {point}";
                var (asked, acted) = (worlds.Sum(world => world.Asked.Count), worlds.SelectMany(world => world.Acted).ToList());
                Assert.True(expected.Json("last") == life.Run.Json("last"), $"{at}: {life.Run.Json("last")} instead of {expected.Json("last")}");
                Assert.True(life.World.Asked.Count == whole.Asked.Count - known, $"{at}: {life.World.Asked.Count} questions at the end, and {known} of {whole.Asked.Count} were answered before");
                Assert.True(asked <= whole.Asked.Count + lost, $"{at}: {asked} questions instead of {whole.Asked.Count}, and {lost} were cut");
                Assert.True(whole.Acted.Select(act => act.Key).ToHashSet().SetEquals(acted.Select(act => act.Key)), $"{at}: other acts");
                Assert.True(acted.Count <= whole.Acted.Count + redone, $"{at}: {acted.Count} acts instead of {whole.Acted.Count}, and {redone} were cut");
            }
        }
        output.WriteLine($"{SeedCount} seeds of {string.Join(", ", met.Order())}: killed {kills} times");
        Assert.True(kills > SeedCount);
        if (SeedCount >= 8) Assert.Equal(8, met.Count);
    }

    [Fact]
    public async Task What_may_not_be_done_twice_is_not_whatever_a_pattern_does_next()
    {
        var (kills, unknown) = (0, 0);
        for (var seed = FirstSeed; seed < FirstSeed + SeedCount; seed++)
        {
            var scenario = new PatternScenario(seed, failsBeforeActing: true);
            var counted = new DyingStore(new MemoryRunStore(), int.MaxValue);
            var (_, whole) = await LiveAsync(scenario, EffectClass.Irreversible, counted);
            var inAct = Enumerable.Range(1, whole.Acted.Count).Select(act => (Frame: int.MaxValue, Act: act));
            foreach (var (frame, act) in PointsOf(counted.Commits, new Random(seed)).Select(frame => (Frame: frame, Act: int.MaxValue)).Concat(inAct))
            {
                var store = new MemoryRunStore();
                var first = await LiveAsync(scenario, EffectClass.Irreversible, store, frame, diesInAct: act);
                if (first.Run is not null) continue;
                kills++;
                unknown += Steps(store).OpenTool > 0 ? 1 : 0;
                var second = await LiveAsync(scenario, EffectClass.Irreversible, store, resumes: true);
                var twice = first.World.Acted.Concat(second.World.Acted).GroupBy(done => done.Task).Where(acts => acts.Count() > 1).Select(acts => acts.Key).ToList();
                Assert.True(twice.Count == 0, $"seed {seed}, killed behind frame {frame} or in act {act}: {string.Join(", ", twice)} done twice");
            }
        }
        output.WriteLine($"{SeedCount} seeds: killed {kills} times, {unknown} of them in the middle of an act");
        if (SeedCount >= 8) Assert.NotEqual(0, unknown);
    }

    private static IEnumerable<int> PointsOf(int commits, Random random) => IsLong ? Enumerable.Range(1, commits - 1) : [.. Enumerable.Range(0, 4).Select(_ => 1 + random.Next(commits - 1))];

    private static int Setting(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
