using Hydra.Gateway.Resilience;
using Hydra.Model;

namespace Hydra.Gateway.Pipeline;

/// <summary>What became of the wish to ask one deployment.</summary>
internal abstract record AttemptStart
{
    private AttemptStart() { }

    /// <summary>Content has come: from here on no other deployment may answer.</summary>
    public sealed record Committed(LiveAnswer Answer) : AttemptStart;

    /// <summary>It was not asked: it rests, or a limit is reached. Costs nothing and is no failure.</summary>
    /// <param name="Until">When it may be asked; null: nobody knows, it waits for a call to end.</param>
    public sealed record Busy(string Reason, TimeSpan? Until) : AttemptStart;

    /// <summary>Its price does not fit a budget; a cheaper deployment may.</summary>
    public sealed record Unaffordable(GatewayRefusedException Refusal) : AttemptStart;

    /// <summary>It was asked and failed before any content.</summary>
    public sealed record Failed(FailureKind Kind, CallFailedException Failure) : AttemptStart;
}
