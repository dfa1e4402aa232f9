using System.Data.Common;

namespace Hydra.Gateway.Ledger;

/// <summary>Spend as the fold that it is: sums over the rows of a scope and a time.</summary>
internal static class LedgerFold
{
    public static Counter Of(DbConnection connection, BudgetScope scope, long startMs, long endMs)
    {
        using var command = connection.CreateCommand();
        var covered = Where(scope);
        // Months that were folded up only count where the whole of time does: a purge never reaches into a window that still runs.
        var months = startMs == long.MinValue ? $"(SELECT COALESCE(SUM(cost), 0), COALESCE(SUM(tokens), 0) FROM months WHERE {covered})" : "(SELECT 0, 0)";
        command.CommandText = $"""
            WITH c(usd, tokens) AS (SELECT COALESCE(SUM(cost), 0), COALESCE(SUM(tokens), 0) FROM charges WHERE at>=@start AND at<@end AND {covered}),
                r(usd, tokens) AS (SELECT COALESCE(SUM(bound_usd), 0), COALESCE(SUM(bound_tokens), 0) FROM reservations WHERE at>=@start AND at<@end AND {covered}),
                m(usd, tokens) AS {months}
            SELECT c.usd+m.usd, r.usd, c.tokens+m.tokens, r.tokens FROM c, r, m
            """;
        Bind(command, scope, startMs, endMs);
        using var reader = command.ExecuteReader();
        reader.Read();
        return ReadCounter(reader);
    }

    /// <summary>The rows that a scope covers, as a condition over the parameter <c>@name</c>.</summary>
    public static string Where(BudgetScope scope) => scope.Kind switch
    {
        BudgetScopeKind.All => "1=1",
        BudgetScopeKind.Key => "key_id=@name",
        BudgetScopeKind.Team => "team=@name",
        BudgetScopeKind.User => "\"user\"=@name",
        BudgetScopeKind.Tag => "replace(tags, @name, '')<>tags",
        _ => "model=@name",
    };

    public static void Bind(DbCommand command, BudgetScope scope, long startMs, long endMs)
    {
        command.Bind(("start", startMs), ("end", endMs));
        if (scope.Kind != BudgetScopeKind.All) command.Bind(("name", scope.Kind == BudgetScopeKind.Tag ? LedgerTags.Needle(scope.Name) : scope.Name));
    }

    public static Counter ReadCounter(DbDataReader reader) => new()
    {
        SpentUsd = new PicoUsd(reader.GetInt64(0)), ReservedUsd = new PicoUsd(reader.GetInt64(1)), SpentTokens = reader.GetInt64(2), ReservedTokens = reader.GetInt64(3),
    };
}
