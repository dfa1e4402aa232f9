using System.Text;
using Hydra.Model;

namespace Hydra.Tests.Scheduling;

// What planted bugs do.
internal sealed partial class Simulation
{
    /// <summary>What the engine is told of its limits; with a planted bug, not what the checker goes by.</summary>
    private RunLimits Told(RunLimits limits) => _bug switch
    {
        PlantedBug.CapTooHigh => limits with { MaxConcurrent = limits.MaxConcurrent + 1 },
        PlantedBug.BudgetTooLarge when limits.Budget is { } budget => limits with { Budget = budget with { MaxTokens = budget.MaxTokens + 100 } },
        _ => limits,
    };

    /// <summary>Spoils the accounts of the live state and its fold alike, as a bug in the fold would.</summary>
    private void SpoilBooks()
    {
        switch (_bug)
        {
            case PlantedBug.ReservationReleasedTwice:
                if (_reducer.Events.OfType<RunEvent.StepEnded>().FirstOrDefault() is { } ended && State.DetailOf(ended.Node)?.Steps is { } steps)
                {
                    State.RunAccount.Settle(steps[ended.Step].Call, ended.Result);
                    _replica.RunAccount.Settle(steps[ended.Step].Call, ended.Result);
                }
                break;
            case PlantedBug.LostCallNotCharged:
                if (_reducer.Events.OfType<RunEvent.StepEnded>().FirstOrDefault(e => e.Result.IsBound) is { Result: { } result })
                {
                    var refund = new StepCall(StepKind.Model, "", "", 0, result.Usage.Total, MicroUsd.Zero, null);
                    foreach (var account in new[] { State.RunAccount, _replica.RunAccount }) account.Settle(refund, new StepResult(null, default, MicroUsd.Zero, null, 0));
                }
                break;
        }
    }

    /// <summary>Spoils the live state and its fold alike, between two turns.</summary>
    private void SpoilState()
    {
        switch (_bug)
        {
            case PlantedBug.ResourcesForgotten:
                State.HeldResources.Clear();
                _replica.HeldResources.Clear();
                break;
            case PlantedBug.RateTooHigh when State.RecentCalls.Count > 0 && _replica.RecentCalls.Count == State.RecentCalls.Count:
                State.RecentCalls.Dequeue();
                _replica.RecentCalls.Dequeue();
                break;
            case PlantedBug.StartsBeforeParents when !_isPlanted && _turns > 2:
                for (var i = 0; i < State.InstanceCount && !_isPlanted; i++)
                {
                    if (State.StatusOf(i) != NodeStatus.Pending || State.IsDoomed(i)) continue;
                    _isPlanted = true;
                    State.Apply(new RunEvent.Decided(i), _nowMs);
                    _replica.Apply(new RunEvent.Decided(i), _nowMs);
                }
                break;
            case PlantedBug.FailureForgotten when !_isPlanted:
                for (var i = 0; i < State.InstanceCount && !_isPlanted; i++)
                {
                    if (State.StatusOf(i) != NodeStatus.Completed || State.NodeOf(i).Composite is not null) continue;
                    _isPlanted = true;
                    State.Apply(new RunEvent.Reopened(i), _nowMs);
                    _replica.Apply(new RunEvent.Reopened(i), _nowMs);
                }
                break;
        }
    }
}
