using Hydra.Model;

namespace Hydra.Cli;

/// <summary>When each instance of a run began and ended, and which model answered it: what the state alone does not keep.</summary>
internal sealed class RunFacts
{
    private readonly Dictionary<int, Fact> _facts = [];

    private RunFacts(RunState state) => State = state;

    public RunState State { get; }

    public sealed class Fact
    {
        public long? StartedMs { get; set; }
        public long? EndedMs { get; set; }
        public string? Model { get; set; }
    }

    public static RunFacts Of(Plan plan, IEnumerable<Frame> frames)
    {
        var facts = new RunFacts(new RunState(plan));
        foreach (var frame in frames) facts.Add(frame);
        return facts;
    }

    /// <summary>Instances that have done something, in the order of their numbers.</summary>
    public IEnumerable<(int Instance, Fact Fact)> All =>
        Enumerable.Range(0, State.InstanceCount).Where(i => State.StatusOf(i) != NodeStatus.Dormant).Select(i => (i, _facts.GetValueOrDefault(i) ?? new Fact()));

    public void Add(Frame frame)
    {
        State.Apply(frame);
        foreach (var happened in frame.Events) Note(happened, frame.AtMs);
    }

    private void Note(RunEvent happened, long atMs)
    {
        switch (happened)
        {
            case RunEvent.Started e: FactOf(e.Node).StartedMs ??= atMs; break;
            case RunEvent.Expanded e: FactOf(e.Node).StartedMs ??= atMs; break;
            case RunEvent.StepIntended { Call.Kind: StepKind.Model } e: FactOf(e.Node).Model = e.Call.Name; break;
            case RunEvent.Ended e: FactOf(e.Node).EndedMs = atMs; break;
            case RunEvent.Skipped e: FactOf(e.Node).EndedMs = atMs; break;
            case RunEvent.Reopened e: FactOf(e.Node).EndedMs = null; break;
            default: break;
        }
    }

    private Fact FactOf(int node)
    {
        if (!_facts.TryGetValue(node, out var fact)) _facts[node] = fact = new Fact();
        return fact;
    }

    public ValueMap ToJson()
    {
        var nodes = new ValueMap.Builder();
        foreach (var (i, fact) in All)
        {
            var detail = State.DetailOf(i);
            var node = new ValueMap.Builder
            {
                ["status"] = WireNames.Of(State.StatusOf(i)),
                ["attempts"] = State.AttemptOf(i),
                ["cost_usd"] = (double)(detail?.Cost ?? MicroUsd.Zero).Usd,
                ["tokens"] = detail?.Usage.Total ?? 0,
                ["started_ms"] = Since(fact.StartedMs),
                ["ended_ms"] = Since(fact.EndedMs),
            };
            if (fact.Model is not null) node["model"] = fact.Model;
            if (State.StatusOf(i) == NodeStatus.Skipped) node["because"] = WireNames.Of(detail?.SkippedBecause ?? SkipCause.When);
            if (detail?.ReusedFrom is { } source) node["reused_from"] = ValueMap.Of(("run", source.Run), ("path", source.Path));
            if (detail?.Error is { } error) node["error"] = ValueMap.Of(("code", error.Code.Name), ("message", error.Message));
            nodes[State.PathOf(i)] = node.Build();
        }
        return nodes.Build();
    }

    public string ToTable()
    {
        var table = new TextTable("node", "status", "attempts", "took", "tokens", "cost") { Right = [2, 3, 4, 5] };
        foreach (var (i, fact) in All)
        {
            var detail = State.DetailOf(i);
            var took = fact is { StartedMs: { } began, EndedMs: { } ended } ? Amounts.Duration(ended - began) : "";
            table.Add(TerminalText.Of(State.PathOf(i)), WireNames.Of(State.StatusOf(i)), $"{State.AttemptOf(i)}", took, $"{detail?.Usage.Total ?? 0:#,0}", Amounts.Usd(detail?.Cost ?? MicroUsd.Zero));
        }
        return table.ToString();
    }

    private Value Since(long? atMs) => atMs is { } ms ? Value.Of(ms - State.StartedAtMs) : Value.Null;
}
