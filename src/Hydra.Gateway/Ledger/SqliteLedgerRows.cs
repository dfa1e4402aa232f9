using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Gateway.Ledger;

/// <summary>The ledger's rows in SQLite, seen through the one connection that writes. Not safe to share between threads.</summary>
internal sealed class SqliteLedgerRows : ILedgerRows, IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _begin, _commit, _version, _budgetsVersion, _findCounter, _saveCounter, _removeReservation, _setAhead;
    private readonly PreparedInsert _addReservation, _addCharge;

    public SqliteLedgerRows(SqliteConnection connection)
    {
        _connection = connection;
        _begin = Command("BEGIN IMMEDIATE");
        _commit = Command("COMMIT");
        _version = Command("PRAGMA data_version");
        _budgetsVersion = Command("SELECT value FROM changes WHERE name='budgets'");
        _findCounter = Command("SELECT spent_usd, reserved_usd, spent_tokens, reserved_tokens FROM counters WHERE budget=$1 AND start=$2", 2);
        _saveCounter = Command("INSERT OR REPLACE INTO counters(budget, start, spent_usd, reserved_usd, spent_tokens, reserved_tokens) VALUES($1, $2, $3, $4, $5, $6)", 6);
        _addReservation = new PreparedInsert(connection, $"INSERT INTO reservations({LedgerSchema.CallColumns}, id, owner) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)");
        _removeReservation = Command("DELETE FROM reservations WHERE id=$1", 1);
        _setAhead = Command("INSERT OR REPLACE INTO ahead(owner, generation) VALUES($1, $2)", 2);
        _addCharge = new PreparedInsert(connection, $"""
            INSERT INTO charges({LedgerSchema.CallColumns}, id, corrects, settled_at, cost, tokens, lines, price_source, price_confidence, outcome, status, ms, ttft_ms, answered_by, is_estimate)
            VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
            """);
    }

    public SqliteConnection Connection => _connection;

    public void Begin() => _begin.ExecuteNonQuery();
    public void Commit() => _commit.ExecuteNonQuery();

    public void Rollback()
    {
        try
        {
            StoreSchema.Run(_connection, "ROLLBACK");
        }
        catch (SqliteException)
        {
            // The failed statement has already ended the transaction.
        }
    }

    public long CountOwners() => (long)StoreSchema.Ask(_connection, "SELECT COUNT(*) FROM owners")!;

    /// <summary>Says that a process notes first, and up to which generation of its notes the store knows them.</summary>
    public void SetAhead(long owner, long generation)
    {
        Set(_setAhead, owner, generation);
        _setAhead.ExecuteNonQuery();
    }

    public long Version() => (long)_version.ExecuteScalar()!;
    public long BudgetsVersion() => (long)_budgetsVersion.ExecuteScalar()!;
    public IReadOnlyList<BudgetRow> ReadBudgets() => BudgetRows.Read(_connection);
    public Counter Fold(BudgetScope scope, long startMs, long endMs) => LedgerFold.Of(_connection, scope, startMs, endMs);

    public Counter? FindCounter(long budget, long startMs)
    {
        Set(_findCounter, budget, startMs);
        using var reader = _findCounter.ExecuteReader();
        return reader.Read() ? LedgerFold.ReadCounter(reader) : null;
    }

    public void SaveCounter(long budget, long startMs, Counter counter)
    {
        Set(_saveCounter, budget, startMs, counter.SpentUsd.Amount, counter.ReservedUsd.Amount, counter.SpentTokens, counter.ReservedTokens);
        _saveCounter.ExecuteNonQuery();
    }

    public void AddReservation(ReservationRow row)
    {
        AddCall(_addReservation, row).Add(row.Id).Add(row.Owner).Run();
    }

    public bool RemoveReservation(long id)
    {
        Set(_removeReservation, id);
        return _removeReservation.ExecuteNonQuery() > 0;
    }

    public IReadOnlyList<ReservationRow> ReservationsOf(long owner)
    {
        using var command = Command($"SELECT {LedgerSchema.CallColumns}, id, owner FROM reservations WHERE owner=$1", 1);
        Set(command, owner);
        using var reader = command.ExecuteReader();
        var found = new List<ReservationRow>();
        while (reader.Read()) found.Add(ReadCall(reader, reader.GetInt64(11), reader.GetInt64(12)));
        return found;
    }

    public void AddCharge(ChargeRow charge)
    {
        var settled = charge.Settlement;
        AddCall(_addCharge, charge.Reserved).Add(charge.Id);
        _ = charge.Corrects is { } corrects ? _addCharge.Add(corrects) : _addCharge.AddNull();
        _addCharge.Add(charge.SettledAtMs).Add(charge.Cost.Amount).Add(charge.Tokens).Add(ChargeLines.ToText(settled.Lines))
            .Add(settled.PriceSource).Add(settled.PriceConfidence).Add(settled.Outcome).Add(settled.UpstreamStatus).Add(settled.Duration.TotalMilliseconds);
        _ = settled.FirstToken is { } first ? _addCharge.Add(first.TotalMilliseconds) : _addCharge.AddNull();
        _addCharge.Add(settled.AnsweredBy ?? "").Add(settled.IsEstimate ? 1 : 0).Run();
    }

    public void AddAlert(long budget, long startMs, int percent, long atMs)
    {
        using var command = Command("INSERT OR IGNORE INTO alerts(budget, start, percent, at) VALUES($1, $2, $3, $4)", 4);
        Set(command, budget, startMs, percent, atMs);
        command.ExecuteNonQuery();
    }

    public void Dispose()
    {
        foreach (var command in (SqliteCommand[])[_begin, _commit, _version, _budgetsVersion, _findCounter, _saveCounter, _removeReservation, _setAhead]) command.Dispose();
        _addReservation.Dispose();
        _addCharge.Dispose();
    }

    /// <summary>Reads the columns of <see cref="LedgerSchema.CallColumns"/>, which come first.</summary>
    public static ReservationRow ReadCall(DbDataReader reader, long id, long owner) => new()
    {
        Id = id, Owner = owner, OperationId = reader.GetString(0), Attempt = reader.GetInt32(1), AtMs = reader.GetInt64(2),
        Caller = new Caller(Text(reader, 3), Text(reader, 4), Text(reader, 5), LedgerTags.Parse(reader.GetString(6))),
        Model = reader.GetString(7), Deployment = reader.GetString(8), BoundUsd = new PicoUsd(reader.GetInt64(9)), BoundTokens = reader.GetInt64(10),
    };

    private static string? Text(DbDataReader reader, int column) => reader.GetString(column) is { Length: > 0 } text ? text : null;

    /// <summary>Binds the columns of <see cref="LedgerSchema.CallColumns"/>, which come first.</summary>
    private static PreparedInsert AddCall(PreparedInsert into, ReservationRow row) => into.Add(row.OperationId).Add(row.Attempt).Add(row.AtMs)
        .Add(row.Caller.KeyId ?? "").Add(row.Caller.Team ?? "").Add(row.Caller.User ?? "").Add(LedgerTags.ToText(row.Caller.Tags))
        .Add(row.Model).Add(row.Deployment).Add(row.BoundUsd.Amount).Add(row.BoundTokens);

    private SqliteCommand Command(string sql, int parameters = 0)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 1; i <= parameters; i++) command.Parameters.Add(new SqliteParameter { ParameterName = $"${i.ToString(CultureInfo.InvariantCulture)}" });
        return command;
    }

    private static void Set(SqliteCommand command, params ReadOnlySpan<long> values)
    {
        for (var i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
    }
}

/// <summary>Tags as one text in which each stands in quotes, so that SQL can look for one of them.</summary>
internal static class LedgerTags
{
    public static string ToText(IReadOnlyList<string> tags) => tags.Count == 0 ? "" : JsonSerializer.Serialize(tags);
    public static IReadOnlyList<string> Parse(string text) => text.Length == 0 ? [] : JsonSerializer.Deserialize<string[]>(text)!;
    /// <summary>What the text of a call with this tag contains, and no other's: quotes within tags are escaped as numbers.</summary>
    public static string Needle(string tag) => JsonSerializer.Serialize(tag);
}

/// <summary>The arithmetic of a bill as one text: <c>input 1200 3; output 80 15</c>.</summary>
internal static class ChargeLines
{
    public static string ToText(IReadOnlyList<ChargeLine> lines) => lines.Count == 0 ? "" : string.Join("; ", lines.Select(line => $"{line.Class} {line.Count} {line.UsdPerMillion}"));

    public static IReadOnlyList<ChargeLine> Parse(string text) => text.Length == 0 ? [] : [.. text.Split("; ").Select(line =>
    {
        var parts = line.Split(' ');
        return new ChargeLine(parts[0], long.Parse(parts[1]), decimal.Parse(parts[2]));
    })];
}
