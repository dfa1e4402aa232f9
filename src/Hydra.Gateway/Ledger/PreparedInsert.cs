using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// A statement that is prepared once and bound by place, for the rows of which there are most: without the parameters of ADO.NET, which
/// are found by their names again each time. Places count from 1. Not safe to share between threads.
/// </summary>
internal sealed class PreparedInsert : IDisposable
{
    private const int ShortBytesMax = 512;
    private readonly SqliteConnection _connection;
    private readonly sqlite3_stmt _statement;
    private int _place;

    /// <exception cref="SqliteException">The statement is wrong.</exception>
    public PreparedInsert(SqliteConnection connection, string sql)
    {
        _connection = connection;
        Check(raw.sqlite3_prepare_v2(connection.Handle, sql, out _statement));
    }

    /// <summary>Binds the next place.</summary>
    public PreparedInsert Add(long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, ++_place, value));
        return this;
    }

    public PreparedInsert Add(double value)
    {
        Check(raw.sqlite3_bind_double(_statement, ++_place, value));
        return this;
    }

    public PreparedInsert Add(string text)
    {
        Span<byte> small = stackalloc byte[ShortBytesMax];
        var utf8 = Encoding.UTF8.TryGetBytes(text, small, out var count) ? small[..count] : Encoding.UTF8.GetBytes(text);
        // An empty span has no address, which SQLite would take for NULL.
        Check(utf8.Length == 0 ? raw.sqlite3_bind_text(_statement, ++_place, "") : raw.sqlite3_bind_text(_statement, ++_place, (ReadOnlySpan<byte>)utf8));
        return this;
    }

    public PreparedInsert AddNull()
    {
        Check(raw.sqlite3_bind_null(_statement, ++_place));
        return this;
    }

    /// <summary>Inserts the row that was bound; the next one begins at the first place.</summary>
    /// <exception cref="SqliteException">It could not be written.</exception>
    public void Run()
    {
        _place = 0;
        raw.sqlite3_step(_statement);
        Check(raw.sqlite3_reset(_statement));   // says again how the step ended
    }

    public void Dispose() => _statement.Dispose();

    private void Check(int result)
    {
        if (result == raw.SQLITE_OK) return;
        _place = 0;
        SqliteException.ThrowExceptionForRC(result, _connection.Handle);
    }
}
