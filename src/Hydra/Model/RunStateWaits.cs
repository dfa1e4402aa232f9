namespace Hydra.Model;

// Waits for people: opened, answered, reminded of, ended by time. A waiting instance holds no slot and its clock stands.
public sealed partial class RunState
{
    /// <summary>Instances that wait for people, in order of their numbers.</summary>
    public SortedSet<int> OpenWaits { get; } = [];
    /// <summary>Reminders and deadlines; entries are checked against the wait when they are taken out.</summary>
    public PriorityQueue<int, long> WaitsDue { get; } = new();

    /// <summary>The id of the wait that the instance's present attempt opens.</summary>
    public string WaitIdOf(int instance)
    {
        var detail = _detail[instance];
        var before = (detail?.EarlierWaits?.Count ?? 0) + (detail?.Wait is { Decision: not null } ? 1 : 0);
        return $"{RunName}:{PathOf(instance)}:{_attempt[instance]}{(before == 0 ? "" : $":{before + 1}")}";
    }

    /// <summary>The instance whose latest wait has this id or whose path this is; −1: none. An open wait goes before a decided one.</summary>
    public int FindWait(string target)
    {
        foreach (var open in OpenWaits)
        {
            if (IsTarget(open, target)) return open;
        }
        for (var i = InstanceCount - 1; i >= 0; i--)
        {
            if (_detail[i] is { Wait: not null } && IsTarget(i, target)) return i;
        }
        return -1;
    }

    private bool IsTarget(int instance, string target) => _detail[instance]!.Wait!.Id == target || PathOf(instance) == target;

    /// <summary>
    /// The run was left because only people were left to wait for, and whoever took it up now would have something to do: an answer was
    /// given since, or a reminder, an escalation or the end of a wait is due. What a person, a budget or the kill switch paused is not.
    /// </summary>
    public bool IsDue(long nowMs)
    {
        if (!IsLeftForPeople) return false;
        foreach (var open in OpenWaits)
        {
            if (_detail[open]!.Wait!.NextDueMs <= nowMs) return true;
        }
        return Array.IndexOf(_status, NodeStatus.Queued, 0, InstanceCount) >= 0;
    }

    /// <summary>Paused, and nobody and nothing has asked for that: only people were left to wait for.</summary>
    public bool IsLeftForPeople => Status == RunStatus.Paused && StoppingAs == RollbackAs;

    /// <summary>False of a run that has ended for good: nobody may answer what it still asks.</summary>
    public bool TakesAnswers => this is not { HasEnded: true, Status: RunStatus.Completed or RunStatus.Failed or RunStatus.Cancelled };

    /// <summary>Why a run that is left for people does not go on, naming the first few waits.</summary>
    public string WhatWaits
    {
        get
        {
            if (OpenWaits.Count == 0) return "every question is answered: go on with `hydra resume`";
            var more = OpenWaits.Count > 3 ? $" and {OpenWaits.Count - 3} more" : "";
            return $"waiting for people at {string.Join(", ", OpenWaits.Take(3).Select(open => $"'{PathOf(open)}'"))}{more}";
        }
    }

    public bool IsWaitDue(int instance, long dueMs) => OpenWaits.Contains(instance) && _detail[instance]!.Wait!.NextDueMs == dueMs;

    private void OpenWait(RunEvent.WaitOpened e, long atMs)
    {
        Leave(e.Node);
        var detail = Detail(e.Node);
        if (detail.Wait is { Decision: not null } decided) (detail.EarlierWaits ??= []).Add(decided);
        detail.Wait = new WaitState(e.Wait, e.Request, atMs);
        detail.DueMs = long.MaxValue;
        _status[e.Node] = NodeStatus.Waiting;
        WaitingCount++;
        OpenWaits.Add(e.Node);
        WaitsDue.Enqueue(e.Node, detail.Wait.NextDueMs);
    }

    private void AnswerWait(RunEvent.WaitAnswered e, long atMs)
    {
        var wait = _detail[e.Node]!.Wait!;
        wait.Add(new WaitAnswer(e.Who, e.IsAuthenticated, e.Answer, e.Comment, atMs));
        if (wait.Decision is not null) CloseWait(e.Node);
    }

    private void RemindOfWait(RunEvent.WaitReminded e)
    {
        var wait = _detail[e.Node]!.Wait!;
        wait.Remind();
        WaitsDue.Enqueue(e.Node, wait.NextDueMs);
    }

    private void ExpireWait(RunEvent.WaitExpired e, long atMs)
    {
        var wait = _detail[e.Node]!.Wait!;
        wait.Expire(e.As, e.NextDeadlineMs, atMs);
        if (wait.Decision is not null) CloseWait(e.Node);
        else WaitsDue.Enqueue(e.Node, wait.NextDueMs);
    }

    /// <summary>A fork asks anew: under its own ids, with the whole time again and without the answers that were given to its parent.</summary>
    private void AskAnew(long atMs)
    {
        OpenWaits.Clear();
        WaitsDue.Clear();
        for (var i = 0; i < InstanceCount; i++)
        {
            if (_status[i] != NodeStatus.Waiting || _detail[i] is not { Wait: { Decision: null } asked } detail) continue;
            var remindAtMs = asked.Request.RemindAtMs == 0 ? 0 : atMs + asked.Request.RemindAtMs - asked.OpenedAtMs;
            detail.Wait = new WaitState(WaitIdOf(i), asked.Request with { DeadlineMs = atMs + asked.Request.TimeoutMs, RemindAtMs = remindAtMs }, atMs);
            OpenWaits.Add(i);
            WaitsDue.Enqueue(i, detail.Wait.NextDueMs);
        }
    }

    /// <summary>The decision stands: the attempt is entered again as soon as it may.</summary>
    private void CloseWait(int instance)
    {
        LeaveWaiting(instance);
        _detail[instance]!.DueMs = 0;
        Queue(instance);
    }
}
