using Hydra.Model;

namespace Hydra.Scheduling;

public sealed partial class Reducer
{
    /// <summary>The only turn of a fork before it is taken up like any other run: what it keeps, and what that skips at once.</summary>
    public void Fork(RunEvent.Forked forked, IReadOnlyList<int> anew, IReadOnlyDictionary<int, ValueRef> outputs, IReadOnlyList<int>? named = null)
    {
        Emit(forked);
        Emit(new RunEvent.Invalidated(anew) { Named = named ?? [] });
        foreach (var (node, output) in outputs) Emit(new RunEvent.OutputSet(State.Moved is null ? node : State.Moved[node], output));
        do
        {
            SkipDoomed();
            CancelLosers();
        }
        while (State.Doomed.Count + State.Losers.Count > 0);
        State.Hopeless.Clear();
    }
}
