using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Nodes;

public sealed partial class UserInputNode : ILeafNodeType
{
    private sealed record InputPlan(CompiledValue Prompt, AnswerType Type, string[] Options, Value Schema, WaitTimes Times, Value? Default);

    public bool AnswersDryRuns => true;

    public object Plan(NodeSpec node, PlanContext context)
    {
        var fields = node.Fields;
        return new InputPlan(
            CompiledValue.Of(fields["prompt"], context), TypeOf(node),
            fields.TryGetValue("options", out var options) ? [.. options.Items.Select(option => option.AsText)] : [],
            fields.GetOrNull("schema"),
            new WaitTimes(TimeSpan.FromSeconds(fields.TryGetValue("timeout_seconds", out var seconds) ? seconds.AsNumber : 604_800), null),
            fields.TryGetValue("default", out var byDefault) ? byDefault : (Value?)null);
    }

    /// <summary>Asks once; entered again, gives the answer.</summary>
    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var plan = (InputPlan)attempt.Node.Fields!;
        if (attempt.Decision is not null) attempt.Labels.ComesFromPeople();
        if (attempt.Decision is { IsApproved: true } given) return new(LeafContract.Hold(attempt.Node.Settings, new AttemptOutcome.Completed(given.Answer)));
        if (attempt.Decision is not null) return new(new AttemptOutcome.Failed(ErrorCode.Timeout, $"nobody answered within timeout_seconds {plan.Times.Timeout.TotalSeconds:0.###}, and there is no `default`"));
        var payload = WaitPayload.Of(plan.Prompt.Render(attempt.Scope), [], attempt.Scope);
        if (attempt.Services.IsDryRun) return new(new AttemptOutcome.Completed(Sample(plan, attempt.Path)));
        var nowMs = attempt.Services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        return new(new AttemptOutcome.Wait(new WaitRequest
        {
            Kind = WaitKind.Input,
            Prompt = payload.Prompt,
            Payload = line.Keep(payload.Value, attempt.Labels.Now),
            PayloadSha256 = payload.Sha256,
            AnswerType = plan.Type,
            Options = plan.Options,
            Schema = plan.Schema,
            DeadlineMs = plan.Times.DeadlineMs(nowMs),
            TimeoutMs = plan.Times.TimeoutMs,
            OnTimeout = plan.Default is null ? WaitExpiry.Fail : WaitExpiry.Default,
            Default = plan.Default ?? Value.Null,
        }));
    }

    private static Value Sample(InputPlan plan, string path)
    {
        if (plan.Default is { } byDefault) return byDefault;
        if (!plan.Schema.IsNull && SchemaSample.For(JsonSchema.Compile(plan.Schema)).Value is { } sample) return sample;
        return plan.Type switch
        {
            AnswerType.Select => plan.Options[0],
            AnswerType.Confirm => true,
            AnswerType.Form => Value.EmptyObject,
            _ => $"[dry run] {path}",
        };
    }
}
