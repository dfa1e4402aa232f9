namespace Hydra.Gateway.Ledger;

/// <summary>What a budget covers.</summary>
public enum ScopeKind { All, Key, Team, User, Tag, Model }

/// <summary>One thing that a budget can cover, written <c>all</c>, <c>key:NAME</c>, <c>team:T</c>, <c>user:U</c>, <c>tag:K=V</c> or <c>model:M</c>.</summary>
/// <param name="Name">Empty for <see cref="ScopeKind.All"/>. Of a key: its id, or the name it was created with.</param>
public readonly record struct BudgetScope(ScopeKind Kind, string Name)
{
    public static BudgetScope All { get; } = new(ScopeKind.All, "");

    /// <summary>Reads a scope; null when it is none.</summary>
    public static BudgetScope? TryParse(string text)
    {
        if (text == "all") return All;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon <= 0 || colon == text.Length - 1) return null;
        var name = text[(colon + 1)..];
        return text[..colon] switch
        {
            "key" => new(ScopeKind.Key, name),
            "team" => new(ScopeKind.Team, name),
            "user" => new(ScopeKind.User, name),
            "tag" when name.IndexOf('=', StringComparison.Ordinal) > 0 => new(ScopeKind.Tag, name),
            "model" => new(ScopeKind.Model, name),
            _ => null,
        };
    }

    /// <summary>Whether a call of this caller to this model group is covered.</summary>
    public bool Covers(Caller caller, string model) => Kind switch
    {
        ScopeKind.All => true,
        ScopeKind.Key => caller.KeyId == Name,
        ScopeKind.Team => caller.Team == Name,
        ScopeKind.User => caller.User == Name,
        ScopeKind.Tag => caller.Tags.Contains(Name, StringComparer.Ordinal),
        ScopeKind.Model => model == Name,
        _ => false,
    };

    public override string ToString() => Kind switch
    {
        ScopeKind.All => "all",
        ScopeKind.Key => $"key:{Name}",
        ScopeKind.Team => $"team:{Name}",
        ScopeKind.User => $"user:{Name}",
        ScopeKind.Tag => $"tag:{Name}",
        _ => $"model:{Name}",
    };
}
