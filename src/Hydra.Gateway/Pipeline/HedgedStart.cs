using Hydra.Gateway.Resilience;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>Asks a deployment and, when it is slow and the group wants that, another one beside it: whoever begins to answer first answers.</summary>
/// <remarks>
/// The other one is cancelled at the commit point of the first, and is charged for what it may have cost: what it said it used, else its
/// bound. Both hold their money before they are sent, so no budget is passed. The answer ends only when both are settled.
/// </remarks>
internal sealed class HedgedStart(AttemptRunner runner, Lock gate, TimeProvider clock, Func<TimeSpan> now)
{
    private readonly Dictionary<string, RetryBudget> _budgets = new(StringComparer.Ordinal);

    /// <param name="other">Who may be asked beside it, on another account.</param>
    /// <param name="remaining">Until the operation's deadline.</param>
    /// <returns>What became of it, and whether the other one was asked in vain.</returns>
    public async ValueTask<(AttemptStart Start, bool IsOtherSpent)> AskAsync(
        ModelGroup group, Deployment first, Deployment other, IReadOnlyList<ChatMessage> messages, CallOptions options, TimeSpan remaining, CancellationToken cancellationToken)
    {
        var timeouts = group.Config.Timeouts;
        if (group.Config.Hedge is not { } hedge || !MayBeAskedTwice(messages, options)) return (await runner.StartAsync(first, messages, options, timeouts, cancellationToken), false);

        var race = new HedgeRace(cancellationToken);
        try
        {
            var leader = race.Enter(token => runner.StartAsync(first, messages, options, timeouts, token));
            if (!await IsSlowAsync(leader, group, first, hedge, options.Operation, remaining, cancellationToken)) return (await race.EndAsync(leader), false);
            var follower = race.Enter(token => runner.StartAsync(other, messages, options, timeouts, token));
            await Task.WhenAny(leader, follower);
            // Whoever ended first has won only with content; without, the other one may still answer. If neither does, the leader's word counts.
            var (early, late) = leader.IsCompleted ? (leader, follower) : (follower, leader);
            var winner = await race.IsWonByAsync(early) ? early : await race.IsWonByAsync(late) ? late : leader;
            return (await race.EndAsync(winner), winner == leader);
        }
        catch
        {
            await race.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Whether two answers are as good as one: not where the request holds sealed reasoning, which another account would refuse, nor where
    /// a tool is the provider's own and would act twice.
    /// </summary>
    private static bool MayBeAskedTwice(IReadOnlyList<ChatMessage> messages, ChatOptions options)
    {
        foreach (var tool in options.Tools ?? [])
        {
            if (tool is not AIFunctionDeclaration) return false;
        }
        foreach (var message in messages)
        {
            foreach (var content in message.Contents)
            {
                if (content is TextReasoningContent { ProtectedData: not null }) return false;
            }
        }
        return true;
    }

    private async ValueTask<bool> IsSlowAsync(Task<AttemptStart> leader, ModelGroup group, Deployment first, HedgeOptions hedge, Operation operation, TimeSpan remaining, CancellationToken cancellationToken)
    {
        var begun = clock.GetTimestamp();
        lock (gate) BudgetOf_NeedsLock(group, hedge).Requested(now());
        while (true)
        {
            HedgeDecision decision;
            lock (gate)
            {
                var (at, elapsed) = (now(), clock.GetElapsedTime(begun));
                var quantile = hedge.Quantile is { } share ? first.Health.Of(operation.Kind).Stats.FirstToken.Quantile(share, hedge.SamplesMin, at) : null;
                decision = HedgeDecision.Of(hedge, new HedgeFacts(elapsed, quantile, HasContent: leader.IsCompleted, IsHedged: false, HasOther: true, remaining - elapsed), BudgetOf_NeedsLock(group, hedge), at);
            }
            if (decision.Now) operation.RouteReason = $"{operation.RouteReason}; hedged: {decision.Reason}";
            if (decision.Now || decision.AskAgainIn is not { } wait) return decision.Now;
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(leader, Task.Delay(wait, clock, enough.Token));
            await enough.CancelAsync();
            if (leader.IsCompleted || cancellationToken.IsCancellationRequested) return false;
        }
    }

    private RetryBudget BudgetOf_NeedsLock(ModelGroup group, HedgeOptions hedge)
    {
        if (!_budgets.TryGetValue(group.Name, out var budget)) _budgets[group.Name] = budget = new RetryBudget(new RetryBudgetOptions { Ratio = hedge.PercentMax / 100, Minimum = hedge.PercentMax > 0 ? 1 : 0 });
        return budget;
    }
}

/// <summary>Two calls of which one is to answer. Each has a cancellation of its own; the loser is waited for before the race is over.</summary>
internal sealed class HedgeRace(CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly List<(Task<AttemptStart> Call, CancellationTokenSource Leave)> _lanes = new(2);

    public Task<AttemptStart> Enter(Func<CancellationToken, ValueTask<AttemptStart>> ask)
    {
        var leave = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var call = ask(leave.Token).AsTask();
        _lanes.Add((call, leave));
        return call;
    }

    /// <summary>Whether this call answers; its failure is not told here.</summary>
    public async ValueTask<bool> IsWonByAsync(Task<AttemptStart> call)
    {
        await ((Task)call).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return call is { IsCompletedSuccessfully: true, Result: AttemptStart.Committed };
    }

    /// <summary>The others are told to stop; an answer takes the race with it and ends it.</summary>
    public async ValueTask<AttemptStart> EndAsync(Task<AttemptStart> winner)
    {
        foreach (var (call, leave) in _lanes)
        {
            if (call != winner) await leave.CancelAsync();
        }
        var start = await winner;
        if (start is AttemptStart.Committed committed) committed.Answer.Race = this;
        else await DisposeAsync();
        return start;
    }

    /// <summary>Waits for every call, so that each is settled. None throws here: what one call says counts, and it has been heard.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var (call, leave) in _lanes)
        {
            if (!call.IsCompleted) await leave.CancelAsync();
            await ((Task)call).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            leave.Dispose();
        }
    }
}
