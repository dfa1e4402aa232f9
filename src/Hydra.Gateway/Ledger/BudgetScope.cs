namespace Hydra.Gateway.Ledger;

/// <summary>What a budget covers.</summary>
public enum BudgetScopeKind { All, Key, Team, User, Tag, Model }

/// <summary>One thing that a budget can cover, written <c>all</c>, <c>key:NAME</c>, <c>team:T</c>, <c>user:U</c>, <c>tag:K=V</c> or <c>model:M</c>.</summary>
/// <param name="Name">Empty for <see cref="BudgetScopeKind.All"/>. Of a key: its id, or the name it was created with.</param>
public readonly record struct BudgetScope(BudgetScopeKind Kind, string Name)
{
    public static BudgetScope All { get; } = new(BudgetScopeKind.All, "");

    /// <summary>Reads a scope; null when it is none.</summary>
    public static BudgetScope? TryParse(string text)
    {
        if (text == "all") return All;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || colon == text.Length - 1) return null;
        var name = text[(colon + 1)..];
        return text[..colon] switch
        {
            "key" => new(BudgetScopeKind.Key, name),
            "team" => new(BudgetScopeKind.Team, name),
            "user" => new(BudgetScopeKind.User, name),
            "tag" when name.IndexOf('=', StringComparison.Ordinal) > 0 => new(BudgetScopeKind.Tag, name),
            "model" => new(BudgetScopeKind.Model, name),
            _ => null,
        };
    }

    /// <summary>Whether a call of this caller to this model group is covered.</summary>
    public bool Covers(Caller caller, string model) => Kind switch
    {
        BudgetScopeKind.All => true,
        BudgetScopeKind.Key => caller.KeyId == Name,
        BudgetScopeKind.Team => caller.Team == Name,
        BudgetScopeKind.User => caller.User == Name,
        BudgetScopeKind.Tag => caller.Tags.Contains(Name, StringComparer.Ordinal),
        BudgetScopeKind.Model => model == Name,
        _ => false,
    };

    public override string ToString() => Kind switch
    {
        BudgetScopeKind.All => "all",
        BudgetScopeKind.Key => $"key:{Name}",
        BudgetScopeKind.Team => $"team:{Name}",
        BudgetScopeKind.User => $"user:{Name}",
        BudgetScopeKind.Tag => $"tag:{Name}",
        _ => $"model:{Name}",
    };
}
