using System.Data.Common;
using System.Globalization;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Agents.Tools;

/// <summary>One query that reads: a SQLite file, CSV files (each a table of its name) or a PostgreSQL database. Rows, size and time are limited.</summary>
/// <param name="source">A SQLite or CSV file, or a folder of CSV files, relative to the working directory; null: <paramref name="connection"/>.</param>
/// <param name="connection">PostgreSQL's connection string.</param>
internal sealed class SqlTool(ToolFacts facts, string? source, string? connection, int rowsMax) : ITool
{
    public const int RowsMaxDefault = 200;

    public ToolFacts Facts => facts;

    public async ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var query = call.Arguments.AsObject["query"].AsText.Trim().TrimEnd(';');
        if (query.Length == 0 || query.Contains('\0', StringComparison.Ordinal)) throw new CallFailedException(ErrorCode.BadRequest, "`query` is empty, or holds a NUL character");
        try
        {
            if (connection is not null) return await PostgresReading.QueryAsync(ToolSecrets.Filled($"the tool '{facts.Name}', `connection`", connection, call.Scope, call.WorkingDirectory), query, rowsMax, facts.Timeout, cancellationToken);
            var path = Path.GetFullPath(Path.Combine(call.WorkingDirectory, source!));
            using var database = SqliteReading.Open(path, cancellationToken);
            return await SqliteReading.QueryAsync(database, query, rowsMax, cancellationToken);
        }
        catch (DbException refused) when (!cancellationToken.IsCancellationRequested)
        {
            throw new CallFailedException(refused is SqliteException { SqliteErrorCode: 23 } or { SqlState: "25006" } ? ErrorCode.PolicyDenied : ErrorCode.BadRequest, $"the database refused the query: {refused.Message}", refused);
        }
        catch (DbException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
    }

    /// <summary>All rows up to a limit, as <c>{columns, rows, more}</c>.</summary>
    public static async ValueTask<Value> ReadAsync(DbDataReader reader, int rowsMax, CancellationToken cancellationToken)
    {
        var columns = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToList();
        var rows = new List<Value>();
        var isMore = false;
        while (await reader.ReadAsync(cancellationToken))
        {
            if (isMore = rows.Count == rowsMax) break;
            var row = new Value[reader.FieldCount];
            for (var i = 0; i < row.Length; i++) row[i] = ValueOf(reader.GetValue(i));
            rows.Add(Value.Of(row));
        }
        return ValueMap.Of(("columns", Value.OfTexts(columns)), ("rows", Value.Of(rows)), ("more", isMore));
    }

    private static Value ValueOf(object? cell) => cell switch
    {
        null or DBNull => Value.Null,
        string text => text,
        bool flag => flag,
        long or int or short or byte => Convert.ToInt64(cell, CultureInfo.InvariantCulture),
        double or float when double.IsFinite(Convert.ToDouble(cell, CultureInfo.InvariantCulture)) => Convert.ToDouble(cell, CultureInfo.InvariantCulture),
        byte[] bytes => $"[{bytes.Length} bytes]",
        DateTime time => time.ToString("O", CultureInfo.InvariantCulture),
        IFormattable other => other.ToString(null, CultureInfo.InvariantCulture),
        _ => cell.ToString() ?? "",
    };
}
