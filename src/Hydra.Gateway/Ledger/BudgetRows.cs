using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Ledger;

/// <summary>The table <c>budgets</c>: those of the configuration and those of keys, for every process on the store.</summary>
internal static class BudgetRows
{
    public const string OfConfig = "config";

    public static string OfKey(string keyId) => $"key {keyId}";

    public static IReadOnlyList<BudgetRow> Read(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        // A budget may name a key as people do; calls carry its id.
        command.CommandText = """
            SELECT budgets.id, kind, COALESCE(keys.id, budgets.name), window, max_usd, budgets.max_tokens, origin
            FROM budgets LEFT JOIN keys ON kind=1 AND keys.name=budgets.name AND keys.deleted IS NULL ORDER BY budgets.id
            """;
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
    public static void Replace(SqliteConnection connection, string origin, IReadOnlyList<Budget> budgets)
    {
        var gone = new HashSet<long>();
        using (var known = connection.CreateCommand())
        {
            known.CommandText = "SELECT id FROM budgets WHERE origin=$origin";
            known.Parameters.AddWithValue("$origin", origin);
            using var reader = known.ExecuteReader();
            while (reader.Read()) gone.Add(reader.GetInt64(0));
        }
        foreach (var budget in budgets) gone.Remove(Save(connection, origin, budget));
        foreach (var id in gone)
        {
            using var remove = connection.CreateCommand();
            remove.CommandText = "DELETE FROM budgets WHERE id=$id; DELETE FROM counters WHERE budget=$id; DELETE FROM alerts WHERE budget=$id";
            remove.Parameters.AddWithValue("$id", id);
            remove.ExecuteNonQuery();
        }
        Bump(connection, "budgets");
    }

    public static void Bump(SqliteConnection connection, string name)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "UPDATE changes SET value=value+1 WHERE name=$name";
        command.Parameters.AddWithValue("$name", name);
        command.ExecuteNonQuery();
    }

    private static long Save(SqliteConnection connection, string origin, Budget budget)
    {
        using var command = connection.CreateCommand();
        command.CommandText = """
            INSERT INTO budgets(kind, name, window, max_usd, max_tokens, origin) VALUES($kind, $name, $window, $usd, $tokens, $origin)
            ON CONFLICT(kind, name, window, origin) DO UPDATE SET max_usd=$usd, max_tokens=$tokens;
            SELECT id FROM budgets WHERE kind=$kind AND name=$name AND window=$window AND origin=$origin;
            """;
        command.Parameters.AddWithValue("$kind", (long)budget.Scope.Kind);
        command.Parameters.AddWithValue("$name", budget.Scope.Name);
        command.Parameters.AddWithValue("$window", (long)budget.Window);
        command.Parameters.AddWithValue("$usd", (object?)budget.UsdMax?.ToString() ?? DBNull.Value);
        command.Parameters.AddWithValue("$tokens", (object?)budget.TokensMax ?? DBNull.Value);
        command.Parameters.AddWithValue("$origin", origin);
        return (long)command.ExecuteScalar()!;
    }
}
