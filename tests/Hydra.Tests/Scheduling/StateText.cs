using System.Text;
using Hydra.Model;

namespace Hydra.Tests.Scheduling;

/// <summary>The whole state of a run as text: two states are the same when their texts are. What is no part of the fold stays out.</summary>
internal static class StateText
{
    public static string Of(RunState state)
    {
        var text = new StringBuilder(64 * state.InstanceCount);
        Write(state, text);
        return text.ToString();
    }

    private static void Write(RunState state, StringBuilder text)
    {
        text.Append($"run {state.Status} stopping={state.StoppingAs} ended={state.HasEnded} started={state.HasStarted} reason='{state.Reason}' epoch={state.Epoch} next={state.NextSequence} at={state.LastFrameMs} running={state.RunningCount} waiting={state.WaitingCount} limits={state.Limits}\n");
        if (state.RollbackAs is not null || state.WantsRollback || state.IsSwitchedOff) text.Append($"rollback={state.RollbackAs} all={state.RollsBackAll} '{state.RollbackReason}' wanted={state.WantsRollback} off={state.IsSwitchedOff}\n");
        Write(state.RunAccount, text);
        foreach (var (name, breaker) in state.Breakers.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            if (breaker.OpenUntilMs != 0 || breaker.FailureCount > 0) text.Append($"breaker {name} until={breaker.OpenUntilMs} probing={breaker.IsProbing} failures={breaker.FailureCount}\n");
        }
        if (state.HeldResources.Count > 0) text.Append("held ").AppendJoin(' ', state.HeldResources.Order(StringComparer.Ordinal)).Append('\n');
        foreach (var call in state.RecentCalls)
        {
            if (state.LastFrameMs - call.AtMs < RunState.RateWindowMs) text.Append($"call {call.AtMs} {call.Tokens}\n");
        }
        foreach (var (node, _) in state.Timed.OrderBy(entry => entry.Node)) text.Append($"timed {node}\n");
        foreach (var scope in state.Scopes)
        {
            text.Append($"scope {scope.Id} of {scope.Parent} first={scope.First} next={scope.NextItem} open={scope.ItemsOpen} ended={scope.ItemsEnded} failed={scope.ItemsFailed} cut={scope.CutFrom} bad={scope.HasFailures} hopeless={scope.IsHopeless}");
            if (scope.LeftInItem is { } left) text.Append(" left=").AppendJoin(',', left);
            if (scope.Returning is { Count: > 0 } returning) text.Append(" returning=").AppendJoin(',', returning);
            text.Append('\n');
        }
        for (var i = 0; i < state.InstanceCount; i++) Write(state, i, text);
    }

    private static void Write(RunState state, int instance, StringBuilder text)
    {
        var counts = state.CountsOf(instance);
        text.Append(instance).Append(' ').Append(state.StatusOf(instance)).Append(' ').Append(state.AttemptOf(instance)).Append(' ')
            .Append(counts.Left).Append(' ').Append(counts.Counted).Append(' ').Append(counts.ReadyAt).Append(' ').Append(counts.EndedAt);
        if (state.OutputOf(instance) is { } output) text.Append(" out=").Append(output.Inline.ToDisplayText());
        if (state.DetailOf(instance) is { } d)
        {
            if (d.Incarnation != 0) text.Append(" inc=").Append(d.Incarnation);
            if (d.Crashes != 0) text.Append(" crashes=").Append(d.Crashes);
            if (d.Variant != 0) text.Append(" variant=").Append(d.Variant);
            if (d.AttemptsInVariant != 0) text.Append(" tries=").Append(d.AttemptsInVariant);
            if (d.DueMs != 0) text.Append(" due=").Append(d.DueMs);
            if (d.ResumedAtMs != 0) text.Append(" resumed=").Append(d.ResumedAtMs);
            if (d.Error is { } error) text.Append(" error=").Append(error.Code.Name).Append(':').Append(error.Message);
            if (!d.Signal.IsNull) text.Append(" signal=").Append(d.Signal.ToJson());
            if (state.StatusOf(instance) == NodeStatus.Skipped) text.Append(" because=").Append(d.SkippedBecause);
            if (d.ParentsSkipped != 0) text.Append(" soft=").Append(d.ParentsSkipped);
            if (d.OverdueAtMs != 0) text.Append(" overdue=").Append(d.OverdueAtMs).Append('/').Append(d.OverdueAttempt);
            if (d.Scope >= 0) text.Append(" scope=").Append(d.Scope);
            if (d.AwaitsAdvance) text.Append(" advance");
            if (d.IsCancelling) text.Append(" cancelling=").Append(d.CancelError?.Message);
            if (d.StopWhenHeld) text.Append(" stopped");
            if (d.IsLoser) text.Append(" loser");
            if (d.Reenters) text.Append(" reenters");
            if (d.Wait is { } wait) text.Append(" wait=").Append(wait.Id).Append(' ').Append(wait.NextDueMs).Append(wait.IsEscalated ? " up " : " ").AppendJoin(',', wait.Answers.Select(answer => answer.Who)).Append(' ').Append(wait.Decision);
            if (d.IsUnknown) text.Append(" unknown");
            if (d.UndoScope >= 0) text.Append(" undo=").Append(d.UndoScope);
            if (d.Account is { } account) Write(account, text);
            foreach (var step in d.Steps ?? []) text.Append(" [").Append(step.Call.Key).Append(' ').Append(step.Result is { } r ? $"{r.Usage.Total}{(r.IsBound ? "!" : "")}{(r.IsRefused ? "-" : "")}{r.Error?.Code.Name}" : "open").Append(']');
        }
        text.Append('\n');
    }

    private static void Write(Account a, StringBuilder text)
    {
        if (a is { Steps: 0, Retries: 0, ActiveMs: 0, Running: 0 }) return;
        text.Append($" account '{a.Owner}' {a.Tokens}+{a.ReservedTokens} {a.Usd.Amount}+{a.ReservedUsd.Amount} calls={a.ModelCalls},{a.ToolCalls},{a.Steps} retries={a.Retries} open={a.Outstanding} ms={a.ActiveMs} running={a.Running}\n");
    }
}
