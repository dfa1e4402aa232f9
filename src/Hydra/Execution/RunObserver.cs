using Hydra.Model;

namespace Hydra.Execution;

/// <summary>Sees a run while it goes on. Called on the run's loop: must be quick and must not throw.</summary>
public interface IRunObserver
{
    /// <summary>A frame has become durable; <paramref name="state"/> is the state after it, to be read only during the call. See <see cref="NeedsStateOfFrame"/>.</summary>
    void OnFrame(Frame frame, RunState state);

    /// <summary>
    /// False: <see cref="OnFrame"/> reads of the state only what no later frame changes. The run then need not wait with its next decisions until
    /// the frame is durable and seen, and the state may hold them already; the frame may be shown while the one after it is being written.
    /// </summary>
    bool NeedsStateOfFrame => true;

    /// <summary>An attempt gave a sign of life; called from any thread. <paramref name="partial"/>: its text so far, where it streams.</summary>
    void OnProgress(int instance, string? partial) { }
}
