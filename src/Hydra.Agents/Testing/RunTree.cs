using Hydra.Execution;
using Hydra.Model;

namespace Hydra.Agents.Testing;

/// <summary>What every node of a run came to, by path; moves a virtual clock on whenever only time is waited for.</summary>
public sealed class RunTree(IArtifactStore artifacts, VirtualClock? clock = null) : IRunObserver
{
    private readonly SortedDictionary<string, NodeResult> _nodes = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, NodeResult> Nodes => _nodes;

    public void OnFrame(Frame frame, RunState state)
    {
        for (var i = 0; i < state.InstanceCount; i++)
        {
            var (output, detail) = (state.OutputOf(i), state.DetailOf(i));
            _nodes[state.PathOf(i)] = new NodeResult(state.StatusOf(i), detail?.Error, () => output is null ? Value.Null : artifacts.Read(output), detail?.Signal ?? Value.Null);
        }
        if (clock is null || state.HasEnded || state.RunningCount > 0 || !state.Due.TryPeek(out _, out var dueMs)) return;
        ThreadPool.QueueUserWorkItem(_ => clock.AdvanceTo(DateTimeOffset.FromUnixTimeMilliseconds(dueMs)));
    }
}

/// <param name="Output">Null value: it has none.</param>
public sealed record NodeResult(NodeStatus Status, NodeError? Error, Func<Value> Output, Value Signal);
