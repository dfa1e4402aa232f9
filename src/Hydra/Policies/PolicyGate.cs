using Hydra.Model;

namespace Hydra.Policies;

/// <summary>What a call may do now.</summary>
public abstract record PolicyLeave
{
    private PolicyLeave() { }

    public sealed record Go(PolicyRuling Ruling) : PolicyLeave;
    public sealed record Simulated(PolicyRuling Ruling, Value Result) : PolicyLeave;
    /// <param name="EndsNode">The node fails; else the model is told.</param>
    public sealed record Refused(PolicyRuling Ruling, string Message, bool EndsNode) : PolicyLeave;
    /// <summary>The attempt is to wait for people; asked again afterwards, it is told what they said.</summary>
    public sealed record Waits(WaitRequest Request) : PolicyLeave;
}

/// <summary>The one place where a call is let through, refused, simulated or put before people.</summary>
public static class PolicyGate
{
    /// <param name="place">Which call of the attempt it is.</param>
    /// <param name="key">The key of the step that the call will be.</param>
    /// <param name="shown">The arguments as people see them, without what is named like a secret; null: all of them.</param>
    public static PolicyLeave Ask(NodeAttempt attempt, ILine line, PolicyQuestion call, string place, string key, Value? shown = null)
    {
        var (ruling, rule) = Decide(attempt, call, key);
        switch (ruling.Decision)
        {
            case PolicyDecision.Allow: return new PolicyLeave.Go(ruling);
            case PolicyDecision.Simulate:
                return new PolicyLeave.Simulated(ruling, rule!.Result.IsNull ? ValueMap.Of(("simulated", true), ("tool", call.Tool), ("note", "nothing was done")) : rule.Result);
            case PolicyDecision.Deny: return new PolicyLeave.Refused(ruling, $"the policy denies '{call.Tool}' ({ruling.Rule}){Because(ruling.Reason)}", rule?.EndsNode ?? false);
        }
        var payload = PayloadOf(attempt, call, ruling, place, shown);
        var sha256 = StepKey.Of(payload);
        if (attempt.Decided.FirstOrDefault(wait => wait.Request.PayloadSha256 == sha256) is { Decision: { } decision } decided)
        {
            var who = decision.Expired is null ? decision.Who : "nobody in time";
            ruling = ruling with { Wait = decided.Id, By = who, Decision = decision.IsApproved ? PolicyDecision.Allow : PolicyDecision.Deny };
            return decision.IsApproved
                ? new PolicyLeave.Go(ruling)
                : new PolicyLeave.Refused(ruling, decision.Expired is null ? $"'{who}' refused '{call.Tool}'{Because(decision.Comment)}" : $"nobody approved '{call.Tool}' in time", rule?.EndsNode ?? false);
        }
        var nowMs = attempt.Services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        var timeoutMs = (long)(rule?.Timeout ?? TimeSpan.FromDays(7)).TotalMilliseconds;
        return new PolicyLeave.Waits(new WaitRequest
        {
            Kind = WaitKind.Approval,
            Prompt = payload.AsObject["prompt"].AsText,
            Payload = line.Keep(payload, call.Labels),
            PayloadSha256 = sha256,
            DeadlineMs = nowMs + timeoutMs,
            TimeoutMs = timeoutMs,
            OnTimeout = WaitExpiry.Reject,
            Approvers = rule?.Approvers ?? [],
            Quorum = rule?.Quorum ?? 1,
        });
    }

    /// <summary>A rule that is used up or past its day is passed over, but not for a call that it has already let through.</summary>
    private static (PolicyRuling Ruling, PolicyRule? Rule) Decide(NodeAttempt attempt, PolicyQuestion call, string key)
    {
        var made = $"{attempt.Attempt}:{key}";
        var today = DateOnly.FromDateTime(attempt.Services.Clock.GetUtcNow().UtcDateTime);
        while (true)
        {
            var (ruling, rule) = attempt.Policy.Decide(call, rule => !attempt.RuleUses.Has(rule.Name, attempt.Path, made)
                && (rule.Until < today || (rule.MaxPerRun is { } most && attempt.RuleUses.IsUsedUp(rule.Name, most))));
            if (rule?.MaxPerRun is not { } max || attempt.RuleUses.TryTake(rule.Name, max, attempt.Path, made)) return (ruling, rule);
        }
    }

    /// <summary>All that the decision holds for: another argument, label or rule, and people are asked anew.</summary>
    private static Value PayloadOf(NodeAttempt attempt, PolicyQuestion call, PolicyRuling ruling, string place, Value? shown)
    {
        var who = call.IsNode ? $"node '{attempt.Path}'" : $"{(call.Agent.Length == 0 ? "the agent" : $"agent '{call.Agent}'")} of node '{attempt.Path}'";
        var about = ValueMap.Of(
            ("effect", WireNames.Of(call.Effect)), ("risk", call.Risk), ("categories", Value.OfTexts(call.Categories)), ("outward", call.IsOutward),
            ("has_read", call.Labels.ToString()), ("rule", ruling.Rule), ("reason", ruling.Reason), ("call", place), ("policy", attempt.Policy.Hash));
        if (call.Agent.Length > 0) about = about.With("agent", call.Agent);
        if (attempt.Policy.Environment.Length > 0) about = about.With("environment", attempt.Policy.Environment);
        if (shown is not null) about = about.With("arguments_sha256", StepKey.Of(call.Arguments));
        return ValueMap.Of(
            ("prompt", $"May {who} call '{call.Tool}'?{(ruling.Reason.Length == 0 ? "" : $" ({ruling.Reason})")}"),
            ("shown", ValueMap.Of(("tool", call.Tool), ("arguments", shown ?? Value.Of(call.Arguments)), ("about", about))));
    }

    private static string Because(string reason) => reason.Length == 0 ? "" : $": {reason}";
}
