using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// A statement that is prepared once and bound by place, for the rows of which there are most: without the parameters of ADO.NET, which
/// are found by their names again each time. A text that stands where it stood in the row before is not bound again. Places count from 1.
/// Not safe to share between threads.
/// </summary>
internal sealed class PreparedInsert : IDisposable
{
    private const int ShortBytesMax = 512;
    private readonly SqliteConnection _connection;
    private readonly sqlite3_stmt _statement;
    private readonly string?[] _bound;
    private int _place;

    /// <exception cref="SqliteException">The statement is wrong.</exception>
    public PreparedInsert(SqliteConnection connection, string sql)
    {
        _connection = connection;
        Check(raw.sqlite3_prepare_v2(connection.Handle, sql, out _statement));
        _bound = new string?[raw.sqlite3_bind_parameter_count(_statement)];
    }

    /// <summary>Binds the next place.</summary>
    public PreparedInsert Add(long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, Next(), value));
        return this;
    }

    public PreparedInsert Add(double value)
    {
        Check(raw.sqlite3_bind_double(_statement, Next(), value));
        return this;
    }

    public PreparedInsert Add(string text)
    {
        if (_place < _bound.Length && _bound[_place] == text)
        {
            _place++;
            return this;
        }
        Span<byte> small = stackalloc byte[ShortBytesMax];
        var utf8 = Encoding.UTF8.TryGetBytes(text, small, out var count) ? small[..count] : Encoding.UTF8.GetBytes(text);
        var place = Next();
        // An empty span has no address, which SQLite would take for NULL.
        Check(utf8.Length == 0 ? raw.sqlite3_bind_text(_statement, place, "") : raw.sqlite3_bind_text(_statement, place, (ReadOnlySpan<byte>)utf8));
        if (text.Length <= ShortBytesMax) _bound[place - 1] = text;
        return this;
    }

    public PreparedInsert AddNull()
    {
        Check(raw.sqlite3_bind_null(_statement, Next()));
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

    /// <summary>The next place, about which nothing is known any more. One too many is SQLite's to refuse.</summary>
    private int Next()
    {
        if (_place < _bound.Length) _bound[_place] = null;
        return ++_place;
    }

    private void Check(int result)
    {
        if (result == raw.SQLITE_OK) return;
        _place = 0;
        SqliteException.ThrowExceptionForRC(result, _connection.Handle);
    }
}
