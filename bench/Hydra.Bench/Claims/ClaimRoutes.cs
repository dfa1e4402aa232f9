using Hydra.Agents.Routing;
using Hydra.Model;

namespace Hydra.Bench.Claims;

/// <summary>Who answers a task first, and who takes over when that fails.</summary>
/// <param name="Then">The specialist's own tier, where the task begins below it.</param>
internal sealed record ClaimRoute(string First, string? Then);

/// <summary>
/// What tiers save when routine tasks begin below their specialist's tier, as a plan's routing has them do, and those that fail there are paid
/// twice. All of it are parts of the graph's cost on the strongest model.
/// </summary>
/// <param name="Own">Every task on its specialist's own tier.</param>
/// <param name="First">Every task on the tier it would begin with if it were routine.</param>
/// <param name="Again">Those of them that begin lower, once more on their own tier.</param>
internal sealed record ClaimRoutes(double Own, double First, double Again)
{
    /// <summary>Assumed of the mix: every specialist's second task is routine, and one in five tasks that begin lower fails there.</summary>
    public const double Routine = 0.5, Failed = 0.2;
    public const double Bar = 0.6;

    /// <param name="prices">Of the tiers.</param>
    /// <param name="steps">By how many tiers a routine task goes below its specialist's.</param>
    public static ClaimRoutes Of(IReadOnlyList<ClaimTask> tasks, IReadOnlyDictionary<string, ModelPrice> prices, int steps)
    {
        var usages = ClaimCosts.Graph(tasks, false);
        var strongest = Cost((_, _) => "strong");
        return new(Cost((task, _) => task.Tier) / strongest, Cost((_, route) => route.First) / strongest, Cost((_, route) => route.Then) / strongest);

        double Cost(Func<ClaimTask, ClaimRoute, string?> tier) => (double)tasks.Select((task, i) => tier(task, RouteOf(task, isRoutine: true, steps)) is { } asked ? prices[asked].CostOf(usages[i]).Usd : 0).Sum();
    }

    /// <summary>As the product routes it, with rules that say by how many tiers.</summary>
    public static ClaimRoute RouteOf(ClaimTask task, bool isRoutine, int steps)
    {
        var rules = RoutingRules.BuiltIn with { Complexity = new Dictionary<string, int>(StringComparer.Ordinal) { ["routine"] = -steps } };
        return isRoutine && TierRouter.Choose(rules, "", "routine", task.Tier) is { } choice ? new(choice.Tier, choice.StepsUpTo) : new(task.Tier, null);
    }

    /// <param name="routine">Part of the work that is routine.</param>
    /// <param name="failed">Part of what begins lower that fails there.</param>
    public double Saved(double routine, double failed) => 1 - ((1 - routine) * Own + routine * (First + failed * Again));

    /// <summary>The least part of the work that is routine with which tiers save as much as the bar asks; above 1: none.</summary>
    public double RoutineAtLeast(double failed) => (Own - (1 - Bar)) / (Own - First - failed * Again);

    /// <summary>The largest part of what begins lower that may fail there; below 0: none.</summary>
    public double FailedAtMost(double routine) => ((1 - Bar - (1 - routine) * Own) / routine - First) / Again;
}
