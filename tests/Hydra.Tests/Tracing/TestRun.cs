using Hydra.Agents.Nodes;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Planning;
using Hydra.Scheduling;

namespace Hydra.Tests.Tracing;

/// <summary>A run played by hand on the real reducer: tests say what ended and when, the reducer writes the frames.</summary>
internal sealed class TestRun
{
    public const long BeganAtMs = 1_700_000_000_000;

    private readonly Reducer _reducer;
    private long _nowMs = BeganAtMs;

    private TestRun(Plan plan)
    {
        Plan = plan;
        State = new RunState(plan);
        _reducer = new Reducer(State);
    }

    public Plan Plan { get; }
    public RunState State { get; private set; }
    public List<Frame> Frames { get; } = [];

    public static Plan PlanOf(string yaml)
    {
        var types = NodeTypes.Of([.. NodeTypes.Core.Select(type => type is MapNode or LoopNode ? new ByHand(type) : type), new AgentNode()]);
        var (spec, problems) = WorkflowParser.Parse(yaml, "test.yaml", types);
        Assert.True(spec is not null && !problems.HasErrors, string.Join("\n", problems.Problems));
        return Planner.Plan(spec!, types);
    }

    public static TestRun Of(string yaml, RunLimits? limits = null)
    {
        var run = new TestRun(PlanOf(yaml));
        var started = new RunEvent.RunStarted("r1", run.Plan.Name, run.Plan.Workflow.Hash, ValueRef.Of(Value.EmptyObject), limits ?? new RunLimits(10, null, null, null));
        run.Turn(reducer => reducer.Open(started));
        return run;
    }

    public TestRun After(long ms)
    {
        _nowMs += ms;
        return this;
    }

    public TestRun Complete(string path, string output) => End(path, new AttemptOutcome.Completed(output), ValueRef.Of(Value.Of(output)));
    public TestRun Complete(string path, ValueRef output) => End(path, new AttemptOutcome.Completed(Value.Null), output);
    public TestRun Fail(string path, ErrorCode code, string message) => End(path, new AttemptOutcome.Failed(code, message), null);

    public TestRun End(string path, AttemptOutcome outcome, ValueRef? output)
    {
        var node = InstanceOf(path);
        return Turn(new Message.AttemptEnded(node, State.AttemptOf(node), State.DetailOf(node)?.Incarnation ?? 0, outcome, output));
    }

    /// <summary>The composite opens a graph below itself.</summary>
    public TestRun Expand(string path, ScopeOpening opening) => Turn(new Message.Advanced(InstanceOf(path), new Advance.Open(opening), null));

    public TestRun EndComposite(string path, ValueRef output) =>
        Turn(new Message.Advanced(InstanceOf(path), new Advance.End(new AttemptOutcome.Completed(Value.Null)), output));

    public TestRun Ask(string path, StepCall call) =>
        Turn(new Message.StepRequested(InstanceOf(path), State.AttemptOf(InstanceOf(path)), State.DetailOf(InstanceOf(path))?.Incarnation ?? 0, call, new object()));

    /// <summary>The answer of the node's latest call.</summary>
    public TestRun Answer(string path, StepResult result)
    {
        var node = InstanceOf(path);
        var detail = State.DetailOf(node)!;
        return Turn(new Message.StepReported(node, State.AttemptOf(node), detail.Incarnation, detail.Steps!.Count - 1, result));
    }

    public TestRun Stop(RunStatus status, string reason) => Turn(new Message.StopRequested(status, reason));
    public TestRun Tick() => Turn(Message.Tick.Now);
    public TestRun Resume() => Turn(reducer => reducer.Resume(State.Limits));
    public TestRun Turn(Message message) => Turn(reducer => reducer.Handle(message));

    private TestRun Turn(Action<Reducer> happens)
    {
        _reducer.Begin(_nowMs);
        happens(_reducer);
        _reducer.Finish();
        if (_reducer.Events.Count == 0) return this;
        Frames.Add(new Frame(State.NextSequence, _nowMs, [.. _reducer.Events]));
        State.CloseFrame(State.NextSequence);
        return this;
    }

    private int InstanceOf(string path)
    {
        for (var i = 0; i < State.InstanceCount; i++)
        {
            if (State.PathOf(i) == path) return i;
        }
        throw new ArgumentException($"No instance '{path}'.", nameof(path));
    }

    public static StepCall Chat(string model, string prompt) =>
        new(StepKind.Model, model, "key", 100, 500, new MicroUsd(1_000), ValueRef.Of(Value.Of(prompt))) { Provider = "openai" };

    public static StepCall Tool(string name, string arguments) =>
        new(StepKind.Tool, name, "key", 0, 0, null, ValueRef.Of(Value.ParseJson(arguments))) { Effect = EffectClass.Idempotent };

    public static StepResult Says(string text, long input, long output, long microUsd, double ms) =>
        new(ValueRef.Of(Value.Of(text)), new TokenUsage(input, output), new MicroUsd(microUsd), null, ms) { AnsweredBy = "gpt-x-2025", FinishReason = "stop", FirstTokenMs = ms / 4 };
}
