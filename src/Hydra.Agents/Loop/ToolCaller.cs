using Hydra.Agents.Calls;
using Hydra.Agents.Mcp;
using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Policies;
using Hydra.Schemas;

namespace Hydra.Agents.Loop;

/// <summary>
/// Makes the tool calls of one agent as steps of its attempt. A call that the agent's contract does not list, or whose arguments do not
/// fit, goes back to the model and reaches nobody; what a tool failed with does, too. Refusals of the run itself (budget, kill
/// switch, an effect of unknown outcome) end the attempt.
/// </summary>
/// <param name="asker">Sets the calls of an agent apart that was itself called as a tool; empty: the node's own agent.</param>
/// <param name="agent">The agent's name; empty: the node names none.</param>
/// <param name="workflow">Whose tools they are.</param>
internal sealed partial class ToolCaller(NodeAttempt attempt, ILine line, IReadOnlyList<HeldTool> tools, WorkflowSpec workflow, string agent, string asker)
{
    private static readonly IReadOnlyDictionary<string, int> NoWorkflows = new Dictionary<string, int>(StringComparer.Ordinal);

    private ToolGuard Guard => field ??= new(workflow, attempt.Run.Text, attempt.Services.Clock);

    private const int ProblemCharsMax = 1_000;

    /// <summary>The calls are a node's own, as its author wrote them; else a model asks for them.</summary>
    public bool IsNode { get; init; }

    /// <summary>The workflows that may be run as tools: tool to the node's graph.</summary>
    public IReadOnlyDictionary<string, int> Workflows { get; init; } = NoWorkflows;

    public Func<string, string, string, Labels, LabelContext, CancellationToken, ValueTask<Value>>? AskAgent { get; init; }

    /// <summary>Whether a call does nothing but look, so that its answer stands until something is done. A tool with a <c>cache</c> says itself how long.</summary>
    public bool OnlyLooks(ModelToolCall asked) =>
        tools.FirstOrDefault(tool => tool.Facts.Name == asked.Name) is { Tool: not (AgentTool or WorkflowTool), Facts.Cache: null } held
        && held.Arguments.IsValid(Value.Of(asked.Arguments)) && held.Tool.EffectOf(Value.Of(asked.Arguments)) == EffectClass.Pure;

    /// <param name="context">Labels of all that the model has read: those of the arguments.</param>
    /// <param name="ordinal">The call's number within the agent's loop, in the order in which the model asked.</param>
    public Task<ToolReply> CallAsync(ModelToolCall asked, int ordinal, Labels context, CancellationToken cancellationToken)
    {
        var held = tools.FirstOrDefault(tool => tool.Facts.Name == asked.Name);
        if (held is null) return Task.FromResult(ToolReply.BadCall("unknown_tool", $"there is no tool '{asked.Name}'. You may call: {string.Join(", ", tools.Select(tool => tool.Facts.Name))}"));
        var place = $"{asker}{ordinal}";
        return held.Facts.Ticket is { } ticket ? RedeemAsync(held, ticket, asked, place, context, cancellationToken) : MakeAsync(held, asked, place, context, null, cancellationToken);
    }

    /// <param name="place">The call's own, within the attempt.</param>
    /// <param name="ticket">What the answer may be a ticket for; null: it is the result.</param>
    /// <param name="answered">What people have said to what the tool asked in this call.</param>
    /// <remarks>(1) Check. (2) Ask leave. (3) Call. (4) Check the result and report.</remarks>
    private async Task<ToolReply> MakeOnceAsync(HeldTool held, ModelToolCall asked, string place, Labels context, TicketAt? ticket, IReadOnlyList<AnsweredForm> answered, CancellationToken cancellationToken)
    {
        // (1)
        var arguments = Value.Of(asked.Arguments);
        if (!held.Arguments.IsValid(arguments))
        {
            var problems = string.Join("; ", held.Arguments.Validate(arguments).Select(problem => problem.ToString()));
            return ToolReply.BadCall("invalid_arguments", $"nothing was called: {(problems.Length > ProblemCharsMax ? problems[..ProblemCharsMax] + "…" : problems)}");
        }

        var runs = held.Tool as WorkflowTool;
        if (runs is not null && WorkflowCall.Misfit(runs, arguments) is { } misfit) return ToolReply.BadCall("invalid_arguments", $"nothing was started: {misfit}");

        // (2)
        context = context.With(Told(held));
        // What an agent does that is called as a tool is decided call by call.
        var effect = held.Tool is AgentTool ? EffectClass.Pure : held.Tool.EffectOf(arguments);
        var key = StepKey.Of(ValueMap.Of(("call", place), ("tool", asked.Name), ("arguments", arguments)));
        var leave = PolicyGate.Ask(attempt, line, QuestionOf(held, asked, effect, context), place, key);
        if (leave is PolicyLeave.Waits wait) return ToolReply.Later(new AttemptOutcome.Wait(wait.Request));
        if (leave is not PolicyLeave.Go go) return await WithoutAsync(leave, asked, arguments, place, context, cancellationToken);
        if (runs is not null) effect = EffectClass.Pure;   // what its nodes do is journaled there
        if (answered.Count > 0) key = StepKey.Of(ValueMap.Of(("call", key), ("answers", Value.Of(answered.Select(each => each.ToValue())))));
        StepGrant grant;
        try
        {
            grant = await line.IntendAsync(new StepCall(StepKind.Tool, asked.Name, key, 0, 0, MicroUsd.Zero, line.Keep(arguments, context)) { Effect = effect, Ruling = go.Ruling }, cancellationToken);
        }
        catch (CallFailedException usedUp) when (usedUp.Code == ErrorCode.BadRequest)
        {
            return ToolReply.NotMade(new NodeError(usedUp.Code, usedUp.Message)) with { Labels = context };
        }
        if (runs is not null) return WorkflowCall.Go(attempt, line, held, WorkflowAt(runs), arguments, place, grant, context);
        var clock = attempt.Services.Clock;
        var startedAt = clock.GetTimestamp();
        var inner = new LabelContext();
        var call = new ToolCall
        {
            Arguments = arguments,
            Labels = context,
            IdempotencyKey = StepKey.Idempotency(attempt, place, asked.Name, arguments),
            WorkingDirectory = attempt.Services.WorkingDirectory,
            Sandbox = attempt.Services.Sandbox,
            Scope = attempt.Scope,
            Alive = () => line.Progress(),
            Learned = inner.Add,
            Forms = held.Tool is McpTool { AsksPeople: true } ? answered : null,
            AskAgent = AskAgent is null ? null : (other, task, token) => AskAgent(other, task, place + "/", context, inner, token),
        };
        if (grant.Known is { } known)
        {
            var was = context.With(held.Tool.LabelsOf(call)).With(known.Response?.Labels ?? known.Error?.Labels ?? default);
            if (known.Error is { } failed) return ToolReply.Failed(failed, grant.Step) with { Labels = was };
            var said = known.Response is null ? Value.EmptyText : line.Read(known.Response);
            return (ticket is not null && TicketHold.Read(said) is { } kept ? ToolReply.Of(kept.Answer, grant.Step) with { Ticket = kept } : ToolReply.Of(said, grant.Step)) with { Labels = was, Form = FormIn(said, call) };
        }

        // (3)
        Value result;
        try
        {
            result = await Guard.CallAsync(held, call, held.Tool.EffectOf(arguments), () => inner.Now, async () =>
                await WithinAsync(held.Facts, effect, call, cancellationToken, token => held.Tool.CallAsync(call, token)) is var given && (FormIn(given, call) is not null || ticket?.Spec.IsPending(given) == true)
                    ? ToolResultCheck.HoldText(held, given) : ToolResultCheck.Hold(ticket?.Of ?? held, given));
        }
        catch (AttemptPausedException paused)
        {
            return ToolReply.Later(paused.Outcome);   // an agent inside waits; the call goes on with it
        }
        catch (CallFailedException failed) when (!EndsAttempt(failed.Code))
        {
            // (4)
            var why = new NodeError(failed.Code, failed.Message) { Labels = context.With(held.Tool.LabelsOf(call)).With(inner.Now) };
            Report(null, why);
            return ToolReply.Failed(why, grant.Step) with { Labels = why.Labels };
        }
        var labels = context.With(held.Tool.LabelsOf(call)).With(inner.Now);
        var form = FormIn(result, call);
        var hold = form is null && ticket?.Spec.IsPending(result) == true ? ticket.Hold(result, clock.GetUtcNow().ToUnixTimeMilliseconds()) : null;
        Report(line.Keep(hold?.ToValue() ?? result, labels), null);
        return ToolReply.Of(result, grant.Step) with { Labels = labels, Ticket = hold, Form = form };

        void Report(ValueRef? response, NodeError? error) =>
            line.Report(grant, new StepResult(response, default, MicroUsd.Zero, error, clock.GetElapsedTime(startedAt).TotalMilliseconds));
    }

    private static ToolForm? FormIn(Value result, ToolCall call) => call.Forms is null ? null : ToolForm.Read(result);

    /// <summary>The labels of what servers say of their tools, which the model reads with every question. What a server says leads nowhere but to itself.</summary>
    /// <param name="asked">Whose call it is; null: nobody's, all of it counts.</param>
    public Labels Told(HeldTool? asked) => tools.Count == 0 ? Labels.None : tools.Select(tool => tool.Tool).OfType<McpTool>().Where(tool => tool.Server != (asked?.Tool as McpTool)?.Server)
        .Aggregate(Labels.None, (all, tool) => all.With(tool.Facts.Labels));

    private int WorkflowAt(WorkflowTool tool) => attempt.Variant.Node is null && Workflows.TryGetValue(tool.Facts.Name, out var at) ? at
        : throw new CallFailedException(ErrorCode.BadRequest, $"'{tool.Facts.Name}' runs a workflow, and this node stands in for another, whose graphs are other ones. Name the agent in `fallback.agent` instead of `fallback.node`");

    private PolicyQuestion QuestionOf(HeldTool held, ModelToolCall asked, EffectClass effect, Labels context) => new()
    {
        Agent = agent,
        IsNode = IsNode,
        Tool = held.Tool.ListedName,
        Node = attempt.Path,
        Arguments = asked.Arguments,
        Effect = effect,
        Risk = held.Facts.Risk.ToString().ToLowerInvariant(),
        Categories = held.Facts is { IsOutward: true, NeedsSandbox: false } && effect != EffectClass.Pure ? [.. held.Facts.Categories.Append("external").Distinct()] : held.Facts.Categories,
        Labels = context,
        IsOutward = held.Facts.IsOutward,
        Audience = held.Facts.Audience,
    };

    /// <summary>Nothing is called: the step says what was decided instead, and the model is told.</summary>
    private async Task<ToolReply> WithoutAsync(PolicyLeave leave, ModelToolCall asked, Value arguments, string place, Labels context, CancellationToken cancellationToken)
    {
        var refused = leave as PolicyLeave.Refused;
        var ruling = refused?.Ruling ?? ((PolicyLeave.Simulated)leave).Ruling;
        var key = StepKey.Of(ValueMap.Of(("call", place), ("tool", asked.Name), ("arguments", arguments), ("policy", WireNames.Of(ruling.Decision))));
        var grant = await line.IntendAsync(new StepCall(StepKind.Tool, asked.Name, key, 0, 0, MicroUsd.Zero, line.Keep(arguments, context)) { Ruling = ruling }, cancellationToken);
        var error = refused is null ? null : new NodeError(ErrorCode.PolicyDenied, refused.Message);
        var result = refused is null ? ((PolicyLeave.Simulated)leave).Result : Value.Null;
        line.Report(grant, new StepResult(error is null ? line.Keep(result, context) : null, default, MicroUsd.Zero, error, 0));
        if (refused is { EndsNode: true }) throw new CallFailedException(ErrorCode.PolicyDenied, refused.Message);
        return (error is null ? ToolReply.Of(result, grant.Step) : ToolReply.Failed(error, grant.Step)) with { Labels = context };
    }

    /// <summary>What the run refused to a call inside the call (an agent's model) ends the attempt, not only the call.</summary>
    private static bool EndsAttempt(ErrorCode code) => code == ErrorCode.Budget || code == ErrorCode.Cancelled || code == ErrorCode.UnknownOutcome;

    private async ValueTask<Value> WithinAsync(ToolFacts facts, EffectClass effect, ToolCall call, CancellationToken cancellationToken, Func<CancellationToken, ValueTask<Value>> act)
    {
        using var limit = new CancellationTokenSource(facts.Timeout, attempt.Services.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await act(either.Token);
        }
        catch (OperationCanceledException cut) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // What may not be repeated stays open in the journal: nobody knows whether it happened, and the run's policy decides.
            var mayRepeat = effect is EffectClass.Pure or EffectClass.Idempotent;
            throw new CallFailedException(mayRepeat ? ErrorCode.Timeout : ErrorCode.UnknownOutcome,
                $"'{facts.Name}' gave nothing within {facts.Timeout.TotalSeconds:0.###} s{(mayRepeat ? "" : "; it may not be repeated, and it is not known whether it took effect")} (call {call.IdempotencyKey[..12]})", cut);
        }
        catch (Exception thrown) when (thrown is not (OperationCanceledException or CallFailedException or ModelUnavailableException or AttemptPausedException))
        {
            // Foreign code: a tool of an embedder may throw whatever it likes.
            throw new CallFailedException(ErrorCode.ToolFailed, $"'{facts.Name}' failed: {thrown.GetType().Name}: {thrown.Message}", thrown);
        }
    }
}
