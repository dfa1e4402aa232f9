using System.Data.Common;

namespace Hydra.Gateway.Ledger;

/// <summary>The table <c>budgets</c>: those of the configuration and those of keys, for every process on the store.</summary>
internal static class BudgetRows
{
    public const string OfConfig = "config";

    public static string OfKey(string keyId) => $"key {keyId}";

    public static IReadOnlyList<BudgetRow> Read(DbConnection connection)
    {
        // A budget may name a key as people do; calls carry its id.
        using var command = connection.Command("""
            SELECT budgets.id, kind, COALESCE(keys.id, budgets.name), "window", max_usd, budgets.max_tokens, origin
            FROM budgets LEFT JOIN keys ON kind=1 AND keys.name=budgets.name AND keys.deleted IS NULL ORDER BY budgets.id
            """);
        using var reader = command.ExecuteReader();
        var found = new List<BudgetRow>();
        while (reader.Read())
        {
            var scope = new BudgetScope((BudgetScopeKind)reader.GetInt32(1), reader.GetString(2));
            var budget = new Budget(scope, (BudgetWindow)reader.GetInt32(3), reader.IsDBNull(4) ? null : decimal.Parse(reader.GetString(4)), reader.IsDBNull(5) ? null : reader.GetInt64(5));
            found.Add(new BudgetRow(reader.GetInt64(0), budget, reader.GetString(6)));
        }
        return found;
    }

    /// <summary>Makes these the budgets of an origin. Those that stay keep their counters; those that come are folded when first asked.</summary>
    public static void Replace(DbConnection connection, string origin, IReadOnlyList<Budget> budgets)
    {
        var gone = new HashSet<long>();
        using (var known = connection.Command("SELECT id FROM budgets WHERE origin=@origin", ("origin", origin)))
        {
            using var reader = known.ExecuteReader();
            while (reader.Read()) gone.Add(reader.GetInt64(0));
        }
        foreach (var budget in budgets) gone.Remove(Save(connection, origin, budget));
        foreach (var id in gone) connection.Run("DELETE FROM budgets WHERE id=@id; DELETE FROM counters WHERE budget=@id; DELETE FROM alerts WHERE budget=@id", ("id", id));
        Bump(connection, "budgets");
    }

    public static void Bump(DbConnection connection, string name) => connection.Run("UPDATE changes SET value=value+1 WHERE name=@name", ("name", name));

    private static long Save(DbConnection connection, string origin, Budget budget) => (long)connection.Ask("""
        INSERT INTO budgets(kind, name, "window", max_usd, max_tokens, origin) VALUES(@kind, @name, @window, @usd, @tokens, @origin)
        ON CONFLICT(kind, name, "window", origin) DO UPDATE SET max_usd=excluded.max_usd, max_tokens=excluded.max_tokens RETURNING id
        """, ("kind", (long)budget.Scope.Kind), ("name", budget.Scope.Name), ("window", (long)budget.Window), ("usd", budget.UsdMax?.ToString()), ("tokens", budget.TokensMax), ("origin", origin))!;
}
