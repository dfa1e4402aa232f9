using Hydra.Model;

namespace Hydra.Agents.Loop;

/// <summary>A call may be made only after people have said so: the attempt waits, and comes back to this call without paying again.</summary>
internal sealed class PeopleNeededException(WaitRequest request) : Exception(request.Prompt)
{
    public WaitRequest Request { get; } = request;
}
