using System.Data.Common;
using System.Globalization;
using System.Text;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Agents.Tools;

/// <summary>One query that reads: a SQLite file, CSV files (each a table of its name) or a PostgreSQL database. Rows, size and time are limited.</summary>
/// <param name="source">A SQLite or CSV file, or a folder of CSV files, relative to the working directory; null: <paramref name="connection"/>.</param>
/// <param name="connection">PostgreSQL's connection string.</param>
internal sealed class SqlTool(ToolFacts facts, string? source, string? connection, int rowsMax) : ITool
{
    public const int RowsMaxDefault = 200;
    /// <summary>Half of what a result may hold: the rest is for names, commas and letters of several bytes.</summary>
    private int CharsMax => facts.ResultBytesMax / 2;

    public ToolFacts Facts => facts;

    public async ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var query = call.Arguments.AsObject["query"].AsText.Trim().TrimEnd(';');
        if (query.Length == 0 || query.Contains('\0', StringComparison.Ordinal)) throw new CallFailedException(ErrorCode.BadRequest, "`query` is empty, or holds a NUL character");
        try
        {
            if (connection is not null) return await PostgresReading.QueryAsync(ToolSecrets.Filled($"the tool '{facts.Name}', `connection`", connection, call.Scope, call.WorkingDirectory), query, rowsMax, CharsMax, facts.Timeout, cancellationToken);
            var path = Path.GetFullPath(Path.Combine(call.WorkingDirectory, source!));
            using var database = SqliteReading.Open(path, cancellationToken);
            return await SqliteReading.QueryAsync(database, query, rowsMax, CharsMax, cancellationToken);
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
    /// <param name="charsMax">No row is read once they hold so many characters; a longer text is cut and says so, without being read whole.</param>
    public static async ValueTask<Value> ReadAsync(DbDataReader reader, int rowsMax, int charsMax, CancellationToken cancellationToken)
    {
        var columns = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).ToList();
        var rows = new List<Value>();
        var isMore = false;
        var room = charsMax;
        while (await reader.ReadAsync(cancellationToken))
        {
            if (isMore = rows.Count == rowsMax || room <= 0) break;
            var row = new Value[reader.FieldCount];
            for (var i = 0; i < row.Length; i++)
            {
                row[i] = await CellAsync(reader, i, charsMax, cancellationToken);
                room -= row[i].TextOrNull?.Length ?? 1;
            }
            rows.Add(Value.Of(row));
        }
        return ValueMap.Of(("columns", Value.OfTexts(columns)), ("rows", Value.Of(rows)), ("more", isMore));
    }

    /// <remarks>SQLite has the whole value in memory already, and makes none beyond its limit; PostgreSQL's is read as it comes.</remarks>
    private static async ValueTask<Value> CellAsync(DbDataReader reader, int column, int charsMax, CancellationToken cancellationToken)
    {
        if (reader is SqliteDataReader)
        {
            var value = ValueOf(reader.GetValue(column));
            return value.TextOrNull is { } whole && whole.Length > charsMax ? Cut(whole, charsMax) : value;
        }
        if (await reader.IsDBNullAsync(column, cancellationToken)) return Value.Null;
        if (reader.GetFieldType(column) == typeof(byte[])) return $"[{reader.GetBytes(column, 0, null, 0, 0)} bytes]";
        if (reader.GetFieldType(column) != typeof(string)) return ValueOf(reader.GetValue(column));
        using var text = reader.GetTextReader(column);
        var letters = new char[4_096];
        var read = new StringBuilder();
        while (read.Length <= charsMax && await text.ReadBlockAsync(letters, cancellationToken) is > 0 and var count) read.Append(letters, 0, count);
        return read.Length <= charsMax ? read.ToString() : Cut(read.ToString(), charsMax);
    }

    /// <remarks>Not within a letter of two characters: half of one is no text.</remarks>
    private static Value Cut(string text, int charsMax) => $"{text[..(char.IsHighSurrogate(text[charsMax - 1]) ? charsMax - 1 : charsMax)]}[cut here: the value has more than {charsMax} characters]";

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
