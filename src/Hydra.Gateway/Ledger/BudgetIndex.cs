namespace Hydra.Gateway.Ledger;

/// <summary>Which budgets cover a call.</summary>
internal sealed class BudgetIndex
{
    private readonly Dictionary<BudgetScope, List<BudgetRow>> _byScope = [];

    public BudgetIndex(IReadOnlyList<BudgetRow> budgets)
    {
        All = budgets;
        foreach (var budget in budgets)
        {
            if (!_byScope.TryGetValue(budget.Budget.Scope, out var same)) _byScope[budget.Budget.Scope] = same = [];
            same.Add(budget);
        }
    }

    public IReadOnlyList<BudgetRow> All { get; }

    public void FindCovering(Caller caller, string model, List<BudgetRow> covering)
    {
        covering.Clear();
        if (_byScope.Count == 0) return;
        Add(BudgetScope.All);
        if (caller.KeyId is { } key) Add(new(BudgetScopeKind.Key, key));
        if (caller.Team is { } team) Add(new(BudgetScopeKind.Team, team));
        if (caller.User is { } user) Add(new(BudgetScopeKind.User, user));
        Add(new(BudgetScopeKind.Model, model));
        for (var i = 0; i < caller.Tags.Count; i++)
        {
            if (!IsRepeated(caller.Tags, i)) Add(new(BudgetScopeKind.Tag, caller.Tags[i]));
        }

        void Add(BudgetScope scope)
        {
            if (_byScope.TryGetValue(scope, out var budgets)) covering.AddRange(budgets);
        }
    }

    private static bool IsRepeated(IReadOnlyList<string> tags, int index)
    {
        for (var i = 0; i < index; i++)
        {
            if (tags[i] == tags[index]) return true;
        }
        return false;
    }
}
