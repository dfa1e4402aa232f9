namespace Hydra.Gateway.Ledger;

/// <summary>Who makes a call, as far as money and limits are concerned.</summary>
/// <param name="KeyId">Id of the virtual key; null: none was asked for.</param>
/// <param name="Tags">Labels written <c>NAME=VALUE</c>.</param>
public sealed record Caller(string? KeyId, string? Team, string? User, IReadOnlyList<string> Tags)
{
    /// <summary>Nobody in particular: only budgets over everything and over models hold.</summary>
    public static Caller Anyone { get; } = new(null, null, null, []);
}
