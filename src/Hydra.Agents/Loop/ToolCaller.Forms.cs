using Hydra.Agents.Calls;
using Hydra.Agents.Mcp;
using Hydra.Agents.Tools;
using Hydra.Model;

namespace Hydra.Agents.Loop;

// Calls in whose middle the tool asks the user: the question is the result of a step, the attempt waits for a person, and the call is made anew with the answer.
internal sealed partial class ToolCaller
{
    private static readonly TimeSpan FormWithin = TimeSpan.FromDays(7);

    private async Task<ToolReply> MakeAsync(HeldTool held, ModelToolCall asked, string place, Labels context, TicketAt? ticket, CancellationToken cancellationToken)
    {
        List<AnsweredForm> answered = [];
        while (true)
        {
            var reply = await MakeOnceAsync(held, asked, place, context, ticket, answered, cancellationToken);
            if (reply.Form is not { } form) return reply;
            if (answered.Count == ToolForm.CountMax) return ToolReply.Failed(new NodeError(ErrorCode.ToolFailed, $"'{held.Facts.Name}' asked the user more than {ToolForm.CountMax} times in one call"), reply.Step!.Value) with { Labels = reply.Labels };
            var payload = PayloadOf(held, asked, form, place, answered.Count);
            var sha256 = StepKey.Of(payload);
            if (attempt.Decided.FirstOrDefault(wait => wait.Request.PayloadSha256 == sha256) is not { Decision: { } decision }) return ToolReply.Later(new AttemptOutcome.Wait(RequestOf(form, payload, sha256, reply.Labels)));
            answered.Add(new AnsweredForm(form, decision.IsApproved && !decision.Answer.AsObject.ContainsKey(ToolForm.Decline) ? decision.Answer.AsObject : null));
        }
    }

    private Value PayloadOf(HeldTool held, ModelToolCall asked, ToolForm form, string place, int number) => ValueMap.Of(
        ("prompt", $"The MCP server '{((McpTool)held.Tool).Server}' asks, while node '{attempt.Path}' calls its tool '{held.Tool.ListedName}': {form.Message}"),
        ("shown", ValueMap.Of(("tool", held.Tool.ListedName), ("arguments", asked.Arguments), ("form", form.Schema), ("to decline", ValueMap.Of((ToolForm.Decline, true))), ("call", place), ("question", number + 1))));

    private WaitRequest RequestOf(ToolForm form, Value payload, string sha256, Labels labels)
    {
        var prompt = payload.AsObject["prompt"].AsText;
        return new WaitRequest
        {
            Kind = WaitKind.Input,
            Prompt = prompt.Length > WaitRequest.PromptLengthMax ? prompt[..WaitRequest.PromptLengthMax] : prompt,
            Payload = line.Keep(payload, labels),
            PayloadSha256 = sha256,
            AnswerType = AnswerType.Form,
            Schema = ValueMap.Of(("anyOf", Value.Of(
            [
                form.Schema,
                ValueMap.Of(("type", "object"), ("properties", ValueMap.Of((ToolForm.Decline, ValueMap.Of(("const", true))))), ("required", Value.OfTexts([ToolForm.Decline])), ("additionalProperties", false)),
            ]))),
            DeadlineMs = attempt.Services.Clock.GetUtcNow().ToUnixTimeMilliseconds() + (long)FormWithin.TotalMilliseconds,
            TimeoutMs = (long)FormWithin.TotalMilliseconds,
            OnTimeout = WaitExpiry.Reject,
        };
    }
}
