using System.Collections.Concurrent;
using Hydra.Model;

namespace Hydra.Execution;

/// <summary>Answers the waits of a replayed run as people, or time, answered those of the recorded one. What is not recorded is asked of people.</summary>
internal sealed class ReplayedWaits(Cassette cassette)
{
    private readonly ConcurrentDictionary<int, long> _decidedAtMs = new();

    /// <summary>The wait as the replay opens it, and the answers that follow it.</summary>
    /// <param name="drift">Why the replay cannot go on; null: it can.</param>
    public (AttemptOutcome.Wait Wait, IReadOnlyList<GivenAnswer> Answers) Answer(int instance, string path, AttemptOutcome.Wait wait, out string? drift)
    {
        var recorded = cassette.TakeDecision(path, wait.Request, out drift);
        if (recorded is null) return (wait, []);
        _decidedAtMs[instance] = recorded.AtMs;
        // Its time is over at once where time decided, and nobody is refused who was allowed once it was escalated.
        var request = wait.Request with { RemindAtMs = 0 };
        if (recorded.Expired is not null) request = request with { DeadlineMs = 0, TimeoutMs = 0 };
        if (recorded.IsEscalated && request is { Approvers.Count: > 0, EscalateTo: { } boss }) request = request with { Approvers = [.. request.Approvers, boss] };
        return (new AttemptOutcome.Wait(request), [.. recorded.Answers.Select(answer =>
            new GivenAnswer(path, request.Kind, answer.Answer, IsText: false, answer.Who, answer.IsAuthenticated, answer.Comment, request.PayloadSha256))]);
    }

    /// <summary>The decision with the time at which it was made.</summary>
    public WaitDecision At(int instance, WaitDecision decision) => _decidedAtMs.TryGetValue(instance, out var atMs) ? decision with { AtMs = atMs } : decision;
}
