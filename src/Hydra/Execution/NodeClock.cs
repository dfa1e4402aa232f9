using Hydra.Model;

namespace Hydra.Execution;

/// <summary>Measures how long the top-level nodes of a run take, so that the next run of the workflow can tell its longest path.</summary>
internal sealed class NodeClock(RunState state)
{
    /// <summary>Larger graphs are not measured: their history would be larger than what it tells.</summary>
    private const int NodesMax = 5_000;

    private readonly bool _isMeasured = state.Plan.Nodes.Length <= NodesMax;
    private readonly Dictionary<int, long> _startedMs = [];
    private readonly Dictionary<string, float> _seconds = new(StringComparer.Ordinal);

    /// <summary>What was measured, once the run has completed; null before and for large graphs.</summary>
    public IReadOnlyDictionary<string, float>? Seconds => _isMeasured && state is { HasEnded: true, Status: RunStatus.Completed } ? _seconds : null;

    public void Read(Frame frame)
    {
        if (!_isMeasured) return;
        foreach (var happened in frame.Events)
        {
            switch (happened)
            {
                case RunEvent.Started { Node: var node } when node < state.Plan.Nodes.Length: _startedMs.TryAdd(node, frame.AtMs); break;
                case RunEvent.Expanded { Node: var node } when node < state.Plan.Nodes.Length: _startedMs.TryAdd(node, frame.AtMs); break;
                case RunEvent.Ended { Node: var node } when node < state.Plan.Nodes.Length && _startedMs.TryGetValue(node, out var startedMs):
                    _seconds[state.Plan.Nodes[node].Id.Text] = Math.Max(0.001f, (frame.AtMs - startedMs) / 1000f);
                    break;
            }
        }
    }
}
