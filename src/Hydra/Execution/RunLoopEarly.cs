using Hydra.Model;

namespace Hydra.Execution;

// Attempts that begin before their start is durable.
internal sealed partial class RunLoop
{
    /// <summary>Most attempts that one turn begins before their start is durable, and how long one may take; see <see cref="BeginEarly"/>.</summary>
    private const int EarlyStartsMax = 32;
    private const int EarlyPauseMax = 1_023;
    private static readonly TimeSpan EarlyStartsTime = TimeSpan.FromMilliseconds(0.25);

    private int _earlyPause;
    /// <summary>The first frame whose attempts may begin early again.</summary>
    private long _earlyFrom;

    /// <summary>
    /// Begins attempts that ask before they act, on this thread: what they ask for first goes into the frame of their start,
    /// one fsync in place of two. One that takes long (a large prompt, a slow template) holds the frame up, so the frames after it do without.
    /// </summary>
    private bool BeginEarly()
    {
        if (_state.NextSequence < _earlyFrom) return false;
        var begun = 0;
        var since = _services.Clock.GetTimestamp();
        for (var i = 0; i < _reducer.Commands.Count && begun < EarlyStartsMax; i++)
        {
            var command = _reducer.Commands[i];
            if (!command.IsStart || !MayBeginEarly(command.Node)) continue;
            _reducer.Commands[i] = command.AsBegun();
            Start(command.Node, isEarly: true);
            begun++;
            var took = _services.Clock.GetElapsedTime(since);
            if (took > EarlyStartsTime * begun)
            {
                _earlyPause = Math.Min((2 * _earlyPause) + 1, EarlyPauseMax);
                _earlyFrom = _state.NextSequence + 1 + _earlyPause;
                return true;
            }
        }
        if (begun > 0) _earlyPause = 0;
        return begun > 0;
    }

    private bool MayBeginEarly(int instance)
    {
        if (_services.IsDryRun || _services.Cassette is not null) return false;
        var node = _state.NodeOf(instance);
        var runs = node.Variants[_state.DetailOf(instance)?.Variant ?? 0].Node ?? node;
        return runs.Type is ILeafNodeType { AsksBeforeItActs: true } && Reuse?.Asks(runs) != true;
    }
}
