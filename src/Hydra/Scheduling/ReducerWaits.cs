using Hydra.Model;

namespace Hydra.Scheduling;

// Waits for people: answers that come in, reminders, deadlines; and the end of a turn when only people are left.
public sealed partial class Reducer
{
    /// <summary>Whether the run goes on waiting when only people are left to wait for; else it pauses and its process leaves.</summary>
    public bool StaysForPeople { get; set; }

    /// <summary>
    /// The one turn of a process that brings an answer to a run nobody owns: the answer is written down and the run stands
    /// as it stood. Gives why it was refused, or null.
    /// </summary>
    public string? AnswerAlone(GivenAnswer given)
    {
        var verdict = WaitRules.Judge(State, given, _nowMs, isAlone: true);
        if (verdict is { Refusal: null, IsRecorded: false }) Emit(Answered(verdict, given, isAlone: true));
        return verdict.Refusal;
    }

    private void AnswerWait(GivenAnswer given)
    {
        var verdict = WaitRules.Judge(State, given, _nowMs, isAlone: false);
        if (verdict is { Refusal: null, IsRecorded: false }) Emit(Answered(verdict, given, isAlone: false));
    }

    private RunEvent.WaitAnswered Answered(WaitVerdict verdict, GivenAnswer given, bool isAlone)
    {
        var wait = State.DetailOf(verdict.Node)!.Wait!;
        return new(verdict.Node, wait.Id, verdict.Answer, given.Who, given.IsAuthenticated, given.Comment, wait.Request.PayloadSha256, isAlone);
    }

    private void CheckWaits()
    {
        if (IsHeld) return;
        while (State.WaitsDue.TryPeek(out var instance, out var dueMs) && (dueMs <= _nowMs || !State.IsWaitDue(instance, dueMs)))
        {
            State.WaitsDue.Dequeue();
            if (!State.IsWaitDue(instance, dueMs)) continue;
            var wait = State.DetailOf(instance)!.Wait!;
            if (wait.DeadlineMs > _nowMs) Emit(new RunEvent.WaitReminded(instance, wait.Id));
            else if (WaitRules.MayEscalate(wait)) Emit(new RunEvent.WaitExpired(instance, wait.Id, WaitExpiry.Escalate, _nowMs + wait.Request.TimeoutMs));
            else Emit(new RunEvent.WaitExpired(instance, wait.Id, WaitRules.Final(wait), 0));
        }
    }

    private void PauseForPeople() => Emit(new RunEvent.RunEnded(RunStatus.Paused, State.WhatWaits));
}
