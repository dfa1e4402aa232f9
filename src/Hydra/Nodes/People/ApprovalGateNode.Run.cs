using Hydra.Model;

namespace Hydra.Nodes;

public sealed partial class ApprovalGateNode : ILeafNodeType
{
    private sealed record GatePlan(CompiledValue Prompt, string[] Show, WaitTimes Times, WaitExpiry OnTimeout, string? EscalateTo, string[] Approvers, int Quorum, bool SkipsRejected, int RevisionsMax);

    public bool AnswersDryRuns => true;

    public object Plan(NodeSpec node, PlanContext context)
    {
        var fields = node.Fields;
        return new GatePlan(
            CompiledValue.Of(fields["prompt_to_human"], context),
            [.. fields.TryGetValue("show", out var show) ? show.Items.Select(id => id.AsText) : node.DependsOn.Select(id => id.Text)],
            new WaitTimes(TimeoutOf(node), fields.TryGetValue("remind_after_seconds", out var remind) ? TimeSpan.FromSeconds(remind.AsNumber) : null),
            WireNames.TryParse<WaitExpiry>(fields.GetOrNull("on_timeout").TextOrNull ?? "reject", out var onTimeout) ? onTimeout : WaitExpiry.Reject,
            fields.GetOrNull("escalate_to").TextOrNull,
            fields.TryGetValue("approvers", out var approvers) ? [.. approvers.Items.Select(name => name.AsText).Distinct()] : [],
            fields.TryGetValue("quorum", out var quorum) ? (int)quorum.AsInteger : 1,
            fields.GetOrNull("on_reject").TextOrNull == "skip",
            RevisesFrom(node) is null ? 0 : fields.TryGetValue("max_revisions", out var revisions) ? (int)revisions.AsInteger : RevisionsByDefault);
    }

    /// <summary>Asks once; entered again, says what was decided.</summary>
    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var plan = (GatePlan)attempt.Node.Fields!;
        var payload = WaitPayload.Of(plan.Prompt.Render(attempt.Scope), plan.Show, attempt.Scope);
        if (attempt.Decision is { } decision)
        {
            attempt.Labels.ComesFromPeople();
            return new(Decided(attempt, plan, decision, payload.Sha256, line));
        }
        var nowMs = attempt.Services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        if (attempt.Services.IsDryRun) return new(Approved(attempt, new WaitDecision(true, true, "dry run", "", nowMs, null), payload.Sha256));
        return new(new AttemptOutcome.Wait(new WaitRequest
        {
            Kind = WaitKind.Approval,
            Prompt = payload.Prompt,
            Payload = line.Keep(payload.Value, attempt.Labels.Now),
            PayloadSha256 = payload.Sha256,
            DeadlineMs = plan.Times.DeadlineMs(nowMs),
            TimeoutMs = plan.Times.TimeoutMs,
            RemindAtMs = plan.Times.RemindAtMs(nowMs),
            OnTimeout = plan.OnTimeout,
            Approvers = plan.Approvers,
            EscalateTo = plan.EscalateTo,
            Quorum = plan.Quorum,
        }));
    }

    private static AttemptOutcome Decided(NodeAttempt attempt, GatePlan plan, WaitDecision decision, string sha256, ILine line)
    {
        if (decision.IsApproved) return Approved(attempt, decision, sha256);
        if (plan.SkipsRejected) return new AttemptOutcome.Skip(SkipCause.Rejected);
        var who = decision.Expired is null ? $"rejected by '{decision.Who}'" : $"nobody decided within timeout_seconds {plan.Times.Timeout.TotalSeconds:0.###}, which rejects";
        var error = new NodeError(ErrorCode.PolicyDenied, decision.Comment.Length == 0 ? who : $"{who}: {decision.Comment}");
        // Time has no wish for what should be done better.
        if (plan.RevisionsMax == 0 || decision.Expired is not null) return new AttemptOutcome.Failed(error.Code, error.Message);
        return new AttemptOutcome.Revise(line.Keep(ValueMap.Of(("comment", decision.Comment))), plan.RevisionsMax, error with { Message = $"{error.Message} (after {plan.RevisionsMax} revisions)" });
    }

    private static AttemptOutcome Approved(NodeAttempt attempt, WaitDecision decision, string sha256) =>
        LeafContract.Hold(attempt.Node.Settings, new AttemptOutcome.Completed(Record(decision, sha256), ValueMap.Of(("approved", true))));

    private static ValueMap Record(WaitDecision decision, string sha256) => ValueMap.Of(
        ("approved", decision.IsApproved), ("approver", decision.Expired is null ? Value.Of(decision.Who) : Value.Null), ("comment", decision.Comment),
        ("at", DateTimeOffset.FromUnixTimeMilliseconds(decision.AtMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'")), ("payload_sha256", sha256));
}
