using Hydra.Gateway.Resilience;

namespace Hydra.Gateway.Routing;

/// <summary>
/// What routing remembers of one group: which deployment has a prompt's beginning in cache, and how often the adaptive
/// strategy explored. Bounded. Not for sharing between threads.
/// </summary>
public sealed class RouteMemory(RoutePolicy policy)
{
    private const int Slots = 20;

    private readonly Dictionary<ulong, LinkedListNode<Holding>> _holders = [];
    private readonly LinkedList<Holding> _byUse = [];
    private readonly SlidingSum _choices = new(policy.Adaptive.Window, Slots);
    private readonly SlidingSum _explorations = new(policy.Adaptive.Window, Slots);

    /// <summary>Prompt beginnings that are remembered now.</summary>
    public int Remembered => _holders.Count;

    /// <summary>A call with this beginning was answered: the deployment has it in cache.</summary>
    public void Answered(ulong prefixHash, string deploymentId, TimeSpan now)
    {
        if (policy.PromptCache is not { } options) return;
        if (_holders.Remove(prefixHash, out var node)) _byUse.Remove(node);
        _holders[prefixHash] = _byUse.AddLast(new Holding(prefixHash, deploymentId, now));
        while (_byUse.First is { } oldest && (_holders.Count > options.Remembered || now - oldest.Value.At > options.Ttl))
        {
            _holders.Remove(oldest.Value.Prefix);
            _byUse.RemoveFirst();
        }
    }

    internal string? Holder(ulong prefixHash, TimeSpan now) =>
        _holders.TryGetValue(prefixHash, out var node) && now - node.Value.At <= policy.PromptCache!.Ttl ? node.Value.Deployment : null;

    /// <summary>Whether one more exploration keeps their share under its cap.</summary>
    internal bool MayExplore(AdaptiveOptions options, TimeSpan now) =>
        _explorations.Sum(now) + 1 <= options.ExplorationMax * (_choices.Sum(now) + 1);

    internal void Chose(bool isExploration, TimeSpan now)
    {
        _choices.Add(now, 1);
        if (isExploration) _explorations.Add(now, 1);
    }

    private readonly record struct Holding(ulong Prefix, string Deployment, TimeSpan At);
}
