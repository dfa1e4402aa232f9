using System.Collections.Concurrent;
using Hydra.Agents.Loop;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Policies;

namespace Hydra.Agents.Worktrees;

/// <summary>What a node says under <c>worktree</c>.</summary>
internal sealed record WorktreePlan(IReadOnlyList<string> Checks, int RepairsMax, TimeSpan GateTimeout)
{
    public const string FieldName = "worktree";
    private const int RepairsByDefault = 2;

    public static Field Field { get; } = new(FieldName, new Shape.Record(
    [
        new Field("checks", new Shape.ListOf(new Shape.Text(), 20), "Commands that must end with exit code 0 (build, test, lint), run by sh in the worktree, inside the sandbox and under the policy for `bash`; what they print goes back to the agent. They need --sandbox."),
        new Field("max_repairs", new Shape.Integer(0, 10), "How often the agent is told what a check found and answers again. Default: 2."),
        new Field("gate_timeout_seconds", new Shape.Number(1, CommonFields.SecondsMax), "How long people may take to resolve a merge conflict. Default: 7 days."),
    ]), "The agent works in a git worktree of its own; what it changes is committed, checked and merged into the branch hydra/RUN/+all.");

    public static WorktreePlan? Of(NodeSpec node) => node.Fields.GetOrNull(FieldName) is not { IsObject: true } written ? null : new WorktreePlan(
        written.AsObject.GetOrNull("checks") is { IsList: true } checks ? [.. checks.Items.Select(check => check.AsText)] : [],
        written.AsObject.GetOrNull("max_repairs") is { Kind: ValueKind.Integer } repairs ? (int)repairs.AsInteger : RepairsByDefault,
        written.AsObject.GetOrNull("gate_timeout_seconds") is { IsNumeric: true } seconds ? TimeSpan.FromSeconds(seconds.AsNumber) : TimeSpan.FromDays(7));
}

/// <summary>One attempt of an agent in a worktree of its own.</summary>
internal sealed class WorktreeTask(NodeAttempt attempt, ILine line, WorktreePlan plan)
{
    private const int FilesShown = 20;

    /// <summary>Worktrees and the branch they are merged into are one thing at a time, for all tasks of this process.</summary>
    private static readonly ConcurrentDictionary<string, SemaphoreSlim> Turns = new(StringComparer.Ordinal);

    private readonly string _task = attempt.Path;

    /// <param name="answer">The agent's work in the folder it is given; the second argument judges an answer and says what is wrong, or null.</param>
    /// <remarks>(1) A worktree at what is merged so far. (2) The agent and the checks. (3) Commit and merge; a conflict asks people. A task that fails leaves nothing behind.</remarks>
    public async ValueTask<AttemptOutcome> RunAsync(Func<NodeAttempt, Func<int, CancellationToken, ValueTask<string?>>, CancellationToken, ValueTask<AttemptOutcome>> answer, CancellationToken cancellationToken)
    {
        // (1)
        var turn = Turns.GetOrAdd($"{Path.GetFullPath(attempt.Services.WorkingDirectory)}|{attempt.Run}", static _ => new SemaphoreSlim(1, 1));
        GitRepository repository;
        await turn.WaitAsync(cancellationToken);
        try
        {
            repository = await GitRepository.OpenAsync(attempt.Services.WorkingDirectory, attempt.Run.Text, cancellationToken);
            // A further incarnation goes on in the tree that the one before it has worked in.
            if (attempt.Incarnation == 0 || !repository.Has(_task)) await repository.CreateAsync(_task, cancellationToken);
        }
        finally
        {
            turn.Release();
        }
        if (attempt.Decision is { IsApproved: false } refused)
        {
            await repository.DropAsync(_task, CancellationToken.None);
            return new AttemptOutcome.Failed(ErrorCode.PolicyDenied, $"its work conflicts with what is merged, and {(refused.Expired is null ? $"'{refused.Who}' gave it up" : "nobody resolved that in time")}{(refused.Comment.Length > 0 ? $": {refused.Comment}" : "")}");
        }
        // (2)
        AttemptOutcome outcome;
        try
        {
            outcome = await answer(attempt.In(repository.PathOf(_task)), (round, token) => CheckAsync(repository, round, token), cancellationToken);
        }
        catch (CallFailedException)
        {
            await repository.DropAsync(_task, CancellationToken.None);
            throw;
        }
        if (outcome is not (AttemptOutcome.Completed or AttemptOutcome.Degraded))
        {
            if (outcome is AttemptOutcome.Failed) await repository.DropAsync(_task, CancellationToken.None);
            return outcome;
        }
        // (3)
        await turn.WaitAsync(cancellationToken);
        try
        {
            var files = await repository.CommitAsync(_task, cancellationToken);
            if (files.Count > 0 && await repository.MergeAsync(_task, cancellationToken) is { Count: > 0 } conflicts) return Gate(repository, conflicts);
            await repository.DropAsync(_task, cancellationToken);
            return outcome is AttemptOutcome.Completed { Signal.IsNull: true } done ? done with { Signal = ValueMap.Of(("branch", repository.Branch), ("files", Value.OfTexts(files.Take(FilesShown))), ("file_count", files.Count)) } : outcome;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>The first check that does not pass, with what it printed; null: all pass.</summary>
    private async ValueTask<string?> CheckAsync(GitRepository repository, int round, CancellationToken cancellationToken)
    {
        foreach (var command in plan.Checks)
        {
            var asked = ValueMap.Of(("check", command), ("round", round));
            if (LeaveFor(command, round, StepKey.Of(asked)) is not { } ruling) continue;
            var grant = await line.IntendAsync(new StepCall(StepKind.Tool, "check", StepKey.Of(asked), 0, 0, MicroUsd.Zero, line.Keep(asked)) { Effect = Effect, Ruling = ruling }, cancellationToken);
            Value seen;
            if (grant.Known is { } known) seen = known.Response is null ? Value.Null : line.Read(known.Response);
            else
            {
                var clock = attempt.Services.Clock;
                var startedAt = clock.GetTimestamp();
                var (passed, output) = await repository.CheckAsync(_task, command, Sandboxes.Of(attempt.Services.Sandbox), KeyOf(asked), () => line.Progress(), cancellationToken);
                seen = ValueMap.Of(("passed", passed), ("output", output));
                line.Report(grant, new StepResult(line.Keep(seen), default, MicroUsd.Zero, null, clock.GetElapsedTime(startedAt).TotalMilliseconds));
            }
            if (seen.IsObject && seen.AsObject["passed"].AsBoolean) continue;
            return $"The check `{command}` does not pass:\n{(seen.IsObject ? seen.AsObject["output"].AsText : "its result is not known")}\nMend what it names, then answer again.";
        }
        return null;
    }

    /// <summary>What running a check twice would do: as the node declares, else nothing more than once does.</summary>
    private EffectClass Effect => attempt.Node.Spec.Policy.Effect ?? EffectClass.Idempotent;

    private Dictionary<string, string> KeyOf(ValueMap asked) => new(StringComparer.Ordinal) { [ToolQuestion.KeyVariable] = StepKey.Idempotency(attempt, 0, "check", asked) };

    /// <summary>What the policy says of a check, which is a command like any other; null: it only pretends to run, and passes.</summary>
    /// <exception cref="CallFailedException">It is denied.</exception>
    /// <exception cref="AttemptPausedException">People are to say first.</exception>
    private PolicyRuling? LeaveFor(string command, int round, string key)
    {
        var about = new PolicyQuestion { Tool = "bash", Node = attempt.Path, Arguments = ValueMap.Of(("command", command)), Effect = Effect, Risk = "high", Labels = attempt.Labels.Now, IsNode = !attempt.IsProposed };
        return PolicyGate.Ask(attempt, line, about, $"check {round}", key) switch
        {
            PolicyLeave.Go go => go.Ruling,
            PolicyLeave.Waits wait => throw new AttemptPausedException(new AttemptOutcome.Wait(wait.Request)),
            PolicyLeave.Refused refused => throw new CallFailedException(ErrorCode.PolicyDenied, $"the check `{command}` may not run: {refused.Message}"),
            _ => null,
        };
    }

    private AttemptOutcome Gate(GitRepository repository, IReadOnlyList<string> conflicts)
    {
        if (attempt.Decision is not null) return new AttemptOutcome.Failed(ErrorCode.BadRequest, $"it was approved, and still conflicts in {string.Join(", ", conflicts.Take(FilesShown))}. Its worktree is left: {repository.PathOf(_task)}");
        var asked = $"The work of '{_task}' conflicts with what is merged, in {string.Join(", ", conflicts.Take(FilesShown))}. In {repository.PathOf(_task)}: `git merge {repository.Branch}`, resolve, commit; then approve. Rejecting gives the work of this task up.";
        var payload = WaitPayload.Of(asked, [], attempt.Scope);
        var times = new WaitTimes(plan.GateTimeout, null);
        var nowMs = attempt.Services.Clock.GetUtcNow().ToUnixTimeMilliseconds();
        return new AttemptOutcome.Wait(new WaitRequest
        {
            Kind = WaitKind.Approval, Prompt = payload.Prompt, Payload = line.Keep(payload.Value), PayloadSha256 = payload.Sha256,
            DeadlineMs = times.DeadlineMs(nowMs), TimeoutMs = times.TimeoutMs, OnTimeout = WaitExpiry.Reject,
        });
    }
}
