using Hydra.Model;

namespace Hydra.Scheduling;

// A gate that has the work done again, and what becomes of it then.
public sealed partial class Reducer
{
    private void Revise(int gate, AttemptOutcome.Revise revise)
    {
        var before = State.RevisionsBefore(gate);
        if (before >= revise.RevisionsMax) FailAttempt(gate, revise.Otherwise, null);
        else if (State.InstanceCount > InstancesMax) Fail(gate, new NodeError(ErrorCode.BadRequest, $"one more revision would pass the limit of {InstancesMax} instances for one run"));
        else Emit(new RunEvent.Expanded(gate, new ScopeOpening(ScopeKind.Revision, 0, before + 2, 1, revise.Bindings)));
    }

    /// <summary>A leaf's own graph has ended: its attempt is entered again, or the gate ends as its revision did.</summary>
    private void GoOn(int leaf, InstanceDetail detail)
    {
        if (detail.Scope >= 0 && State.Scopes[detail.Scope].Opening.Kind == ScopeKind.Revision) EndRevised(leaf, detail);
        else Emit(new RunEvent.Suspended(leaf, 0));
    }

    /// <summary>The gate ends as its revised self did; a failure on the way that nothing caught is the gate's.</summary>
    private void EndRevised(int gate, InstanceDetail detail)
    {
        var scope = State.Scopes[detail.Scope];
        var revised = scope.First + scope.Plan.Sinks[0];
        var failed = FailureIn(scope);
        if (failed >= 0)
        {
            var error = State.DetailOf(failed)?.Error ?? new NodeError(ErrorCode.Cancelled, "cancelled");
            if (failed != revised) error = error with { Message = $"'{State.PathOf(failed)}' {WireNames.Of(State.StatusOf(failed))}: {error.Code}: {error.Message}" };
            End(gate, State.StatusOf(failed), null, error);
        }
        else if (State.StatusOf(revised) == NodeStatus.Skipped) Emit(new RunEvent.Skipped(gate, State.DetailOf(revised)!.SkippedBecause));
        else End(gate, State.StatusOf(revised), State.OutputOf(revised), State.DetailOf(revised)?.Error, State.DetailOf(revised)?.Signal ?? Value.Null);
    }

    /// <summary>A spent budget before a failure, a failure before what was cancelled; −1: everything was caught.</summary>
    private int FailureIn(Scope scope)
    {
        var found = -1;
        for (var i = scope.First; i < scope.First + scope.InstanceCount; i++)
        {
            if (State.IsUncaughtFailure(i) && (found < 0 || Weight(State.StatusOf(i)) > Weight(State.StatusOf(found)))) found = i;
        }
        return found;

        static int Weight(NodeStatus status) => status switch { NodeStatus.BudgetExceeded => 2, NodeStatus.Failed => 1, _ => 0 };
    }
}
