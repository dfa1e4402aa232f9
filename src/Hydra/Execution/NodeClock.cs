using Hydra.Model;

namespace Hydra.Execution;

/// <summary>Measures how long the top-level nodes of a run take, so that the next run of the workflow can tell its longest path.</summary>
internal sealed class NodeClock(RunState state)
{
    /// <summary>Larger graphs are not measured: their history would be larger than what it tells.</summary>
    private const int NodesMax = 5_000;

    private readonly bool _isMeasured = state.Plan.Nodes.Length <= NodesMax;
    /// <summary>Of each node, by its number: when it was started first, and how long it took until its last end; 0: it was not, or did not.</summary>
    private long[] _startedMs = [];
    private float[] _seconds = [];

    /// <summary>What was measured, once the run has completed; null before and for large graphs.</summary>
    public IReadOnlyDictionary<string, float>? Seconds => _isMeasured && state is { HasEnded: true, Status: RunStatus.Completed }
        ? state.Plan.Nodes.Zip(_seconds).Where(pair => pair.Second > 0).ToDictionary(pair => pair.First.Id.Text, pair => pair.Second, StringComparer.Ordinal) : null;

    public void Read(Frame frame)
    {
        if (!_isMeasured) return;
        var count = state.Plan.Nodes.Length;
        if (_seconds.Length < count) (_startedMs, _seconds) = (new long[count], new float[count]);
        foreach (var happened in frame.Events)
        {
            switch (happened)
            {
                case RunEvent.Started { Node: var node } when node < count: Start(node); break;
                case RunEvent.Expanded { Node: var node } when node < count: Start(node); break;
                case RunEvent.Ended { Node: var node } when node < count && _startedMs[node] is > 0 and var startedMs:
                    _seconds[node] = Math.Max(0.001f, (frame.AtMs - startedMs) / 1000f);
                    break;
            }
        }

        void Start(int node)
        {
            if (_startedMs[node] == 0) _startedMs[node] = frame.AtMs;
        }
    }
}
