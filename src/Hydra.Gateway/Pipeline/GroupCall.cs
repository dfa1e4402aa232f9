using Hydra.Gateway.Config;
using Hydra.Gateway.Resilience;
using Hydra.Gateway.Routing;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>What became of asking one group.</summary>
/// <param name="Answer">Null: nobody answered.</param>
/// <param name="Failure">Why nobody did; what the caller is told if no other group does.</param>
/// <param name="Next">Groups that may be asked instead, in this order.</param>
internal sealed record GroupResult(LiveAnswer? Answer, Exception? Failure, IReadOnlyList<string> Next);

/// <summary>Asks the deployments of one group in the order that routing gives, and tries again as the retry rules say.</summary>
internal sealed class GroupCall(AttemptRunner runner, Func<RetryOptions> retries, Lock gate, Random random, TimeProvider clock, Func<TimeSpan> now)
{
    private readonly HedgedStart _starts = new(runner, gate, clock, now);
    private readonly Dictionary<string, RetryBudget> _budgets = new(StringComparer.Ordinal);

    public async ValueTask<GroupResult> AskAsync(ModelGroup group, IReadOnlyList<ChatMessage> messages, CallOptions options, CancellationToken cancellationToken)
    {
        var operation = options.Operation;
        var request = RouteQuestion.Of(messages, options, group.Config.Policy);
        var spent = new HashSet<Deployment>();
        Exception? failure = null;
        while (true)
        {
            var decision = Choose(group, request, operation.Kind);
            if (decision.Group is { } other) return new GroupResult(null, failure ?? Nobody(group, decision), [other]);
            var candidate = decision.Order.FirstOrDefault(candidate => !spent.Contains(group.ById[candidate.Deployment.Id]));
            if (candidate is null) return new GroupResult(null, failure ?? Nobody(group, decision), NextOf(group, failure, decision));
            var deployment = group.ById[candidate.Deployment.Id];
            operation.RouteReason = $"{decision.Strategy.ToText()}{(decision.Note is null ? "" : $" ({decision.Note})")}: {candidate.Reason}";

            for (var sameTried = 0; ; sameTried++)
            {
                var beside = group.Config.Hedge is null || operation.Cap is not null ? null : OtherOf(group, decision, deployment, spent);
                var (start, isBesideSpent) = beside is null
                    ? (await runner.StartAsync(deployment, messages, options, group.Config.Timeouts, cancellationToken), false)
                    : await _starts.AskAsync(group, deployment, beside, messages, options, Remaining(group, operation), cancellationToken);
                if (isBesideSpent) spent.Add(beside!);
                switch (start)
                {
                    case AttemptStart.Committed committed:
                        Remember(group, request, committed.Answer.Deployment);
                        return new GroupResult(committed.Answer, null, []);
                    case AttemptStart.Unaffordable unaffordable: failure ??= unaffordable.Refusal; break;
                    case AttemptStart.Busy busy: failure ??= Cooling($"'{deployment.Id}' cannot be asked: {busy.Reason}.", busy.Until); break;
                    case AttemptStart.Failed failed:
                        failure = failed.Failure;
                        var again = Decide(group, deployment, spent, options, failed, sameTried);
                        if (again.Step == RetryStep.RetrySame)
                        {
                            await Task.Delay(again.Wait, clock, cancellationToken);
                            continue;
                        }
                        if (again.Step == RetryStep.OtherDeployment) operation.OthersTried++;
                        else return new GroupResult(null, failure, NextOf(group, again.Step));
                        break;
                }
                spent.Add(deployment);
                break;
            }
        }
    }

    /// <summary>The next who may be asked beside a deployment: on another account, since what slows one down slows its account.</summary>
    private static Deployment? OtherOf(ModelGroup group, RouteDecision decision, Deployment deployment, HashSet<Deployment> spent)
    {
        foreach (var candidate in decision.Order)
        {
            var other = group.ById[candidate.Deployment.Id];
            if (other != deployment && other.Quota != deployment.Quota && !spent.Contains(other)) return other;
        }
        return null;
    }

    private TimeSpan Remaining(ModelGroup group, Operation operation) => (operation.Timeout ?? group.Config.Timeouts.Total) - clock.GetElapsedTime(operation.StartedAt);

    private RouteDecision Choose(ModelGroup group, RouteRequest request, OperationKind kind)
    {
        lock (gate)
        {
            var at = now();
            var tokens = request.PromptTokensMax + request.OutputTokensMax;
            var targets = new RouteTarget[group.Deployments.Count];
            for (var i = 0; i < targets.Length; i++)
            {
                var (deployment, health) = (group.Deployments[i], group.Deployments[i].Health);
                var (breaker, stats) = (health.Of(kind).Breaker, health.Of(kind).Stats);
                var limit = health.Meter.Refuses(tokens, at) ?? deployment.Quota.Meter.Refuses(tokens, at);
                targets[i] = new RouteTarget(group.Routes[i], stats.Facts(breaker.At(at), limit, Math.Min(health.Meter.Headroom(at), deployment.Quota.Meter.Headroom(at)), at));
            }
            return Router.Choose(group.Config.Policy, request, targets, group.Memory, random, at);
        }
    }

    private RetryDecision Decide(ModelGroup group, Deployment deployment, HashSet<Deployment> spent, CallOptions options, AttemptStart.Failed failed, int sameTried)
    {
        var operation = options.Operation;
        var isOfAccount = failed.Kind is FailureKind.RateLimited or FailureKind.OutOfMoney;
        var facts = new RetryFacts
        {
            Kind = failed.Kind,
            Attempts = operation.Attempts.Count,
            SameTried = sameTried,
            OthersTried = operation.OthersTried,
            FallbacksTried = operation.Fallbacks,
            RetryAfter = failed.Failure.RetryAfter,
            HasOther = group.Config.Fallbacks.Count > 0
                || group.Deployments.Any(other => other != deployment && !spent.Contains(other) && !(isOfAccount && other.Quota == deployment.Quota)),
            HasContextWindowFallback = group.Config.ContextWindowFallbacks.Count > 0,
            HasContentPolicyFallback = group.Config.ContentPolicyFallbacks.Count > 0,
            Remaining = Remaining(group, operation),
        };
        lock (gate)
        {
            if (!_budgets.TryGetValue(deployment.Quota.Name, out var budget)) _budgets[deployment.Quota.Name] = budget = new RetryBudget(new RetryBudgetOptions());
            if (sameTried == 0) budget.Requested(now());
            return RetryDecision.Of(retries(), facts, budget, random.NextDouble(), now());
        }
    }

    private void Remember(ModelGroup group, RouteRequest request, Deployment deployment)
    {
        if (request.PrefixHash is not { } prefix) return;
        lock (gate) group.Memory.Answered(prefix, deployment.Id, now());
    }

    private static IReadOnlyList<string> NextOf(ModelGroup group, Exception? failure, RouteDecision decision) =>
        failure is null && decision.IsTooLong ? group.Config.ContextWindowFallbacks
        : failure is GatewayRefusedException { Kind: RefusalKind.BudgetExceeded or RefusalKind.PriceUnknown } ? []
        : group.Config.Fallbacks;

    private static IReadOnlyList<string> NextOf(ModelGroup group, RetryStep step) => step switch
    {
        RetryStep.ContextWindowFallback => group.Config.ContextWindowFallbacks,
        RetryStep.ContentPolicyFallback => group.Config.ContentPolicyFallbacks,
        _ => [],
    };

    private GatewayRefusedException Nobody(ModelGroup group, RouteDecision decision)
    {
        if (decision.IsTooLong)
        {
            return new GatewayRefusedException(RefusalKind.ContextWindow, $"The prompt is longer than every deployment of '{group.Name}' takes: {decision.Excluded.First(one => one.Kind == ExclusionKind.ContextWindow).Reason}.");
        }
        if (decision.Excluded.FirstOrDefault(one => one.Kind == ExclusionKind.Capability) is { } unable && decision.EarliestRecovery is null)
        {
            return new GatewayRefusedException(RefusalKind.BadRequest, $"No deployment of '{group.Name}' can do what is asked: {unable.Reason}.");
        }
        return Cooling($"No deployment of '{group.Name}' can be asked now: {string.Join("; ", decision.Excluded.Select(one => $"{one.Deployment.Id}: {one.Reason}"))}.", decision.EarliestRecovery);
    }

    private GatewayRefusedException Cooling(string message, TimeSpan? until) => new(RefusalKind.AllCooling, message)
    {
        RetryAfter = until is not { } at || at == TimeSpan.MaxValue ? TimeSpan.FromSeconds(1) : at > now() ? at - now() : TimeSpan.Zero,
    };
}
