using Hydra.Model;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Hydra.Agents.Tools;

/// <summary>Queries of a SQLite file, or of CSV files taken into memory, by a connection that can do nothing but read.</summary>
internal static class SqliteReading
{
    private const long CsvBytesMax = 64L * 1024 * 1024;
    private const int CsvFilesMax = 100;
    /// <summary>Longest value that a query may make or read, in bytes: <c>zeroblob(1e9)</c> is refused before there is room for it.</summary>
    private const int ValueBytesMax = 16_000_000;
    private const int LengthLimit = 0;   // SQLITE_LIMIT_LENGTH

    /// <summary>A connection that reads only: the file is opened so, and every other act is denied before it runs.</summary>
    public static SqliteConnection Open(string path, CancellationToken cancellationToken)
    {
        Batteries_V2.Init();
        var isCsv = Directory.Exists(path) || path.EndsWith(".csv", StringComparison.OrdinalIgnoreCase);
        if (!isCsv && !File.Exists(path)) throw new CallFailedException(ErrorCode.BadRequest, $"there is no '{path}'");
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = isCsv ? ":memory:" : path, Mode = isCsv ? SqliteOpenMode.Memory : SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        try
        {
            connection.Open();
            if (isCsv) Load(connection, path, cancellationToken);
            raw.sqlite3_limit(connection.Handle, LengthLimit, ValueBytesMax);
            raw.sqlite3_set_authorizer(connection.Handle, static (_, action, first, second, _, _) => action is raw.SQLITE_SELECT or raw.SQLITE_READ or raw.SQLITE_RECURSIVE
                || action == raw.SQLITE_FUNCTION && !string.Equals(second, "load_extension", StringComparison.OrdinalIgnoreCase) ? raw.SQLITE_OK : raw.SQLITE_DENY, null);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static async ValueTask<Value> QueryAsync(SqliteConnection connection, string query, int rowsMax, int charsMax, CancellationToken cancellationToken)
    {
        await using var stopping = cancellationToken.Register(() => raw.sqlite3_interrupt(connection.Handle));
        await using var command = connection.CreateCommand();
        command.CommandText = query;
        return await Task.Run(async () =>
        {
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            var result = await SqlTool.ReadAsync(reader, rowsMax, charsMax, cancellationToken);
            return await reader.NextResultAsync(cancellationToken) ? throw new CallFailedException(ErrorCode.BadRequest, "`query` holds more than one statement; ask one at a time") : result;
        }, cancellationToken);
    }

    private static void Load(SqliteConnection connection, string path, CancellationToken cancellationToken)
    {
        var files = File.Exists(path) ? [path] : Directory.GetFiles(path, "*.csv").Order(StringComparer.Ordinal).ToList();
        if (files.Count is 0 or > CsvFilesMax) throw new CallFailedException(ErrorCode.BadRequest, $"'{path}' holds {files.Count} CSV files, and 1 to {CsvFilesMax} are read");
        var bytes = files.Sum(file => new FileInfo(file).Length);
        if (bytes > CsvBytesMax) throw new CallFailedException(ErrorCode.BadRequest, $"the CSV files hold {bytes} bytes, and at most {CsvBytesMax} are read. Put them into SQLite");
        foreach (var file in files)
        {
            using var transaction = connection.BeginTransaction();
            LoadOne(connection, file, cancellationToken);
            transaction.Commit();
        }
    }

    private static void LoadOne(SqliteConnection connection, string file, CancellationToken cancellationToken)
    {
        using var text = File.OpenText(file);
        using var rows = CsvRows.Of(text).GetEnumerator();
        if (!rows.MoveNext()) throw new CallFailedException(ErrorCode.BadRequest, $"'{Path.GetFileName(file)}' has no line of column names");
        var columns = rows.Current;
        var table = Quoted(Path.GetFileNameWithoutExtension(file));
        // NUMERIC: what looks like a number is one, anything else stays text.
        Execute(connection, $"CREATE TABLE {table} ({string.Join(", ", columns.Select(column => $"{Quoted(column)} NUMERIC"))})");
        using var insert = connection.CreateCommand();
        insert.CommandText = $"INSERT INTO {table} VALUES ({string.Join(", ", columns.Select((_, i) => $"$c{i}"))})";
        for (var i = 0; i < columns.Count; i++) insert.Parameters.Add(new SqliteParameter($"$c{i}", SqliteType.Text));
        for (var line = 2; rows.MoveNext(); line++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (rows.Current.Count != columns.Count) throw new CallFailedException(ErrorCode.BadRequest, $"row {line} of '{Path.GetFileName(file)}' has {rows.Current.Count} fields, and there are {columns.Count} columns");
            for (var i = 0; i < columns.Count; i++) insert.Parameters[i].Value = rows.Current[i] is { Length: > 0 } field ? field : DBNull.Value;
            insert.ExecuteNonQuery();
        }
    }

    private static void Execute(SqliteConnection connection, string text)
    {
        using var command = connection.CreateCommand();
        command.CommandText = text;
        command.ExecuteNonQuery();
    }

    private static string Quoted(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>Rows of a CSV text (RFC 4180): fields between commas, quotes doubled within quotes.</summary>
internal static class CsvRows
{
    public static IEnumerable<IReadOnlyList<string>> Of(TextReader text)
    {
        var row = new List<string>();
        var field = new System.Text.StringBuilder();
        var isQuoted = false;
        for (var read = text.Read(); ; read = text.Read())
        {
            var letter = (char)read;
            if (read < 0 || !isQuoted && letter is '\n')
            {
                if (row.Count > 0 || field.Length > 0)
                {
                    row.Add(field.ToString());
                    yield return row;
                }
                if (read < 0) yield break;
                row = [];
                field.Clear();
            }
            else if (letter == '"' && isQuoted && text.Peek() == '"') field.Append((char)text.Read());
            else if (letter == '"') isQuoted = !isQuoted;
            else if (letter == ',' && !isQuoted)
            {
                row.Add(field.ToString());
                field.Clear();
            }
            else if (letter != '\r' || isQuoted) field.Append(letter);
        }
    }
}
