using System.Collections.Concurrent;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Tests.Execution;

/// <summary>A leaf that makes one call and answers its own path; lists what really ran.</summary>
internal sealed class CallingNode : ILeafNodeType
{
    public ConcurrentQueue<string> Calls { get; } = new();
    /// <summary>Called in place of answering; by default the path comes back.</summary>
    public Func<NodeAttempt, CancellationToken, ValueTask<Value>> Answer { get; set; } = (attempt, _) => new(Value.Of(attempt.Path));
    /// <summary>Calls one after another within an attempt.</summary>
    public int Steps { get; init; } = 1;

    /// <summary>Says of itself that it asks before it acts: attempts may begin before their start is durable.</summary>
    public bool AsksBeforeItActs { get; init; }

    /// <summary>Called before the first call is asked for.</summary>
    public Func<NodeAttempt, ValueTask> Begins { get; init; } = _ => default;

    /// <summary>What making a call twice would mean.</summary>
    public EffectClass Effect { get; init; } = EffectClass.Pure;

    public string Name => "call";
    public string Description => "Makes calls.";
    public IReadOnlyList<Field> Fields => [];
    public NodeTraits Traits { get; } = new();

    public async ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var answer = Value.Null;
        await Begins(attempt);
        for (var step = 0; step < Steps; step++)
        {
            var call = new StepCall(StepKind.Model, "m", $"{attempt.Path}/{step}", 10, 20, new MicroUsd(30), null) { Effect = Effect };
            var grant = await line.IntendAsync(call, cancellationToken);
            if (grant.Known is { } known)
            {
                answer = line.Read(known.Response!);
                continue;
            }
            Calls.Enqueue($"{attempt.Path}/{step}");
            answer = await Answer(attempt, cancellationToken);
            line.Report(grant, new StepResult(line.Keep(answer), new TokenUsage(5, 5), new MicroUsd(10), null, 1));
        }
        return new AttemptOutcome.Completed(answer);
    }
}

/// <summary>A store whose process dies: after so many commits nothing more reaches it.</summary>
internal sealed class DyingStore(IRunStore inner, int commitsLeft) : IRunStore
{
    private int _commitsLeft = commitsLeft;
    private int _diesAtEvent = int.MaxValue;
    private int _events;

    /// <summary>Processes of which one dies at each commit of a run but the first; the last one outlives it.</summary>
    /// <remarks>Two runs of one workflow share their commits out differently, so a death is set by an event that is not written any more: the first one behind the commit that the process before died at.</remarks>
    public static IEnumerable<DyingStore> AtEveryCommit()
    {
        DyingStore dying;
        for (var at = 1; ; at = dying._events + 1)
        {
            yield return dying = new DyingStore(new MemoryRunStore(), int.MaxValue) { _diesAtEvent = at };
            if (!dying.IsDead) yield break;
        }
    }

    /// <summary>Whether the process lived to the end of what it was to do.</summary>
    public async Task<bool> OutlivesAsync(Func<Task> life)
    {
        var end = await Record.ExceptionAsync(life);
        if (IsDead) Assert.IsAssignableFrom<StoreException>(end);
        else Assert.Null(end);
        return !IsDead;
    }

    /// <summary>What is left of it.</summary>
    public IRunStore Kept => inner;
    public bool IsDead { get; private set; }
    public int Commits { get; private set; }
    /// <summary>Called before each commit that reaches it, on the thread that writes.</summary>
    public Action<IReadOnlyList<Frame>> Writing { get; init; } = _ => { };
    /// <summary>From now on nothing reaches it.</summary>
    public void Die() => _commitsLeft = 0;
    public IArtifactStore Artifacts => inner.Artifacts;
    public IRunJournal Own(RunId run) => new Journal(this, inner.Own(run));
    public RunInfo? Find(RunId run) => inner.Find(run);
    public IEnumerable<RunInfo> List() => inner.List();
    public IReadOnlyDictionary<string, float>? NodeSecondsOf(string workflow) => inner.NodeSecondsOf(workflow);
    public IEnumerable<Frame> Read(RunId run, long fromSequence = 0) => inner.Read(run, fromSequence);
    public bool IsOwned(RunId run) => inner.IsOwned(run);
    public void Post(RunId run, InboxCommand command) => inner.Post(run, command);
    public void Dispose() { }

    private sealed class Journal(DyingStore store, IRunJournal inner) : IRunJournal
    {
        public void Commit(IReadOnlyList<(Frame Frame, RunInfo? Info)> frames)
        {
            if (!store.IsDead) store._events += frames.Sum(given => given.Frame.Events.Count);
            store.IsDead |= store._commitsLeft-- <= 0 || (store.Commits > 0 && store._events >= store._diesAtEvent);
            if (store.IsDead) throw new StoreException(StoreFault.Other, "the process died here");
            store.Writing([.. frames.Select(given => given.Frame)]);
            inner.Commit(frames);
            store.Commits++;
        }

        public IReadOnlyList<InboxCommand> TakeCommands() => inner.TakeCommands();
        public void Heard(IReadOnlyList<long> commands) => inner.Heard(commands);
        public KillSwitch ReadSwitch() => inner.ReadSwitch();
        public void Dispose() => inner.Dispose();
    }
}

internal static class EngineHarness
{
    /// <summary>A graph as text: <c>report &lt;- fetch parse</c>, one node a line.</summary>
    public static WorkflowSpec Graph(string text, Func<NodeSpec, NodeSpec>? shape = null, BudgetSpec? budget = null)
    {
        var nodes = new List<NodeSpec>();
        foreach (var line in text.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var sides = line.Split("<-", StringSplitOptions.TrimEntries);
            var parents = sides.Length < 2 ? [] : sides[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            var node = new NodeSpec { Id = new NodeId(sides[0]), Type = "call", DependsOn = [.. parents.Select(parent => new NodeId(parent))] };
            nodes.Add(shape?.Invoke(node) ?? node);
        }
        return new WorkflowSpec { Name = "test", Nodes = nodes, Written = Value.EmptyObject, Budget = budget };
    }

    public static Engine EngineOf(IRunStore store, WorkflowSpec workflow, params INodeType[] types) => new(new EngineOptions
    {
        Types = types.ToDictionary(type => type.Name),
        Store = store,
        ReadDefinition = (_, _, _) => workflow,
    });
}
