using System.Diagnostics;
using Hydra.Execution;
using Hydra.Model;

namespace Hydra.Bench.Claims;

/// <summary>From the frame that starts a node first to the frame that ends it last.</summary>
internal sealed class TaskTimes : IRunObserver
{
    private readonly Dictionary<int, long> _started = [];
    private readonly Dictionary<int, double> _seconds = [];

    public IReadOnlyCollection<double> Seconds => _seconds.Values;

    public void OnFrame(Frame frame, RunState state)
    {
        var now = Stopwatch.GetTimestamp();
        foreach (var happened in frame.Events)
        {
            if (happened is RunEvent.Started started) _started.TryAdd(started.Node, now);
            else if (happened is RunEvent.Ended ended && _started.TryGetValue(ended.Node, out var began)) _seconds[ended.Node] = Stopwatch.GetElapsedTime(began, now).TotalSeconds;
        }
    }
}
