using Hydra.Model;

namespace Hydra.Execution;

/// <summary>
/// A run's artifacts: a value that cannot be kept (a full disk) stops the run as a frame that cannot be written does. It
/// must not become the failure of a node, which would throw away an answer that was paid for.
/// </summary>
internal sealed class GuardedArtifacts(IArtifactStore inner, Action<StoreException> stop) : IArtifactStore
{
    public ValueRef Keep(Value value, Labels labels = default)
    {
        try
        {
            return inner.Keep(value, labels);
        }
        catch (StoreException failed)
        {
            stop(failed);
            throw;
        }
    }

    public Value Read(ValueRef reference) => inner.Read(reference);
}
