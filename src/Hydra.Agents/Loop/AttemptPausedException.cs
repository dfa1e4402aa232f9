using Hydra.Model;

namespace Hydra.Agents.Loop;

/// <summary>
/// A call goes on only later (people must say so, a workflow has to run, a ticket is not due): the attempt gives its slot back, and comes
/// back to this call without paying again.
/// </summary>
internal sealed class AttemptPausedException(AttemptOutcome outcome) : Exception("the attempt goes on later")
{
    public AttemptOutcome Outcome { get; } = outcome;
}
