using Hydra.Agents.Calls;
using Hydra.Agents.Tools;
using Hydra.Model;

namespace Hydra.Agents.Loop;

// Calls whose answer is a ticket: the attempt gives its slot back between two looks, each look is a step, and the result is the last of them.
internal sealed partial class ToolCaller
{
    /// <summary>Tools that are asked for results of others and that the agent itself may not call.</summary>
    public IReadOnlyList<HeldTool> Polls { get; init; } = [];

    private async Task<ToolReply> RedeemAsync(HeldTool held, ToolTicketSpec spec, ModelToolCall asked, string place, Labels context, CancellationToken cancellationToken)
    {
        var reply = await MakeAsync(held, asked, place, context, new TicketAt(spec, held, null), cancellationToken);
        if (reply.Ticket is not { } ticket) return reply;
        var poll = tools.Concat(Polls).First(tool => tool.Tool.ListedName == spec.Poll);
        var arguments = spec.ArgumentsFor(ticket.Answer);
        for (var look = 1; ; look++)
        {
            if (ticket.DueMs - ticket.SinceMs > spec.Within.TotalMilliseconds)
                return ToolReply.Failed(new NodeError(ErrorCode.Timeout, $"'{held.Facts.Name}' gave a ticket, and '{spec.Poll}' no result for it within {spec.Within.TotalSeconds:0.###} s; its last word: {reply.Text}"), reply.Step ?? 0) with { Labels = reply.Labels };
            if (attempt.Services.Clock.GetUtcNow().ToUnixTimeMilliseconds() < ticket.DueMs) return ToolReply.Later(new AttemptOutcome.Suspend(ticket.DueMs));
            var call = new ModelToolCall(asked.Id, poll.Facts.Name, arguments, ValueMap.Empty);
            reply = await MakeAsync(poll, call, $"{place}.{look}", reply.Labels, new TicketAt(spec, held, ticket), cancellationToken);
            if (reply.Pauses is not null) return reply;
            // What may pass by itself is no reason to give the ticket up.
            ticket = reply.Ticket ?? (reply.Error is { Code.IsRetryable: true } ? ticket.Later(spec) : null);
            if (ticket is null) return reply;
        }
    }
}

/// <summary>A call that may be answered with a ticket, or that asks for the result of one.</summary>
/// <param name="Of">The tool whose result it is: what it promises holds.</param>
/// <param name="Before">The ticket as it stood; null: there was none yet.</param>
internal sealed record TicketAt(ToolTicketSpec Spec, HeldTool Of, TicketHold? Before)
{
    public TicketHold Hold(Value answer, long nowMs) => new(answer, Before?.SinceMs ?? nowMs, nowMs + (long)Spec.Every.TotalMilliseconds);
}

/// <summary>A ticket that is held: the answer that was no result yet, since when (Unix milliseconds), and when to look again.</summary>
internal sealed record TicketHold(Value Answer, long SinceMs, long DueMs)
{
    private const string AnswerKey = "pending", SinceKey = "since_ms", DueKey = "due_ms";

    public TicketHold Later(ToolTicketSpec spec) => this with { DueMs = DueMs + (long)spec.Every.TotalMilliseconds };

    /// <summary>As the step keeps it, so that a resumed run looks again when it is time.</summary>
    public Value ToValue() => ValueMap.Of((AnswerKey, Answer), (SinceKey, SinceMs), (DueKey, DueMs));

    public static TicketHold? Read(Value kept) =>
        kept is { IsObject: true } && kept.AsObject is { Count: 3 } map && map.GetOrNull(SinceKey) is { Kind: ValueKind.Integer } since && map.GetOrNull(DueKey) is { Kind: ValueKind.Integer } due
            ? new TicketHold(map.GetOrNull(AnswerKey), since.AsInteger, due.AsInteger) : null;
}
