using System.Data;
using Hydra.Model;
using Npgsql;

namespace Hydra.Gateway.Ledger;

/// <summary>
/// The ledger's rows in PostgreSQL, which gateways of any number of machines share. A transaction begins with an update of one row,
/// so that all of them take turns, and its number says whether another one was in between; what it writes goes with its commit, in one
/// message. Used by one writer at a time.
/// </summary>
internal sealed class PostgresLedgerRows(NpgsqlConnection connection, LedgerOwner owner, string token, TimeProvider clock) : ILedgerTransactions
{
    private const string AddReservationSql = $"INSERT INTO reservations({LedgerSchema.CallColumns}, id, owner) VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    private const string AddChargeSql = $"""
        INSERT INTO charges({LedgerSchema.CallColumns}, id, corrects, settled_at, cost, tokens, lines, price_source, price_confidence, outcome, status, ms, ttft_ms, answered_by, is_estimate)
        VALUES($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
        """;
    private const string SaveCounterSql = """
        INSERT INTO counters(budget, start, spent_usd, reserved_usd, spent_tokens, reserved_tokens) VALUES($1, $2, $3, $4, $5, $6)
        ON CONFLICT(budget, start) DO UPDATE SET spent_usd=excluded.spent_usd, reserved_usd=excluded.reserved_usd, spent_tokens=excluded.spent_tokens, reserved_tokens=excluded.reserved_tokens
        """;

    private readonly List<NpgsqlBatchCommand> _staged = [];
    /// <summary>Reservations of this process that the store holds.</summary>
    private readonly HashSet<long> _held = [];
    private readonly List<long> _heldNow = [], _goneNow = [];
    private bool _isDirect, _mayDiffer;
    private long _number, _epoch;
    private volatile IReadOnlyList<ReservationRow> _strays = [];

    public NpgsqlConnection Connection => connection;
    public bool HasStrays => _strays.Count > 0;
    /// <summary>Whether calls are under way.</summary>
    public bool HasHeld => _held.Count > 0;

    /// <summary>Reservations that were written although their callers were told they were not: the connection was lost at the commit.</summary>
    public IReadOnlyList<ReservationRow> TakeStrays()
    {
        var strays = _strays;
        _strays = [];
        return strays;
    }

    public void Begin(bool needsStore)
    {
        if (connection.State != ConnectionState.Open)
        {
            PostgresSchema.Enter(connection);
            connection.Run("SELECT pg_advisory_lock(@token)", ("token", long.Parse(token)));
            _mayDiffer = true;
        }
        _isDirect = needsStore || _mayDiffer;
        long number;
        bool isKnown;
        using (var batch = new NpgsqlBatch(connection))
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN"));
            batch.BatchCommands.Add(new NpgsqlBatchCommand("UPDATE changes SET value=value+1 WHERE name='rows' RETURNING value"));
            batch.BatchCommands.Add(Command("SELECT EXISTS(SELECT 1 FROM owners WHERE id=$1)", owner.Id));
            using var reader = batch.ExecuteReader();
            reader.Read();
            number = reader.GetInt64(0);
            reader.NextResult();
            reader.Read();
            isKnown = reader.GetBoolean(0);
        }
        if (number != _number + 1) _epoch++;
        _number = number;
        if (!isKnown) Return();
        if (_mayDiffer) Reconcile();
    }

    public void Commit()
    {
        Send("COMMIT");
        _held.UnionWith(_heldNow);
        _held.ExceptWith(_goneNow);
        _mayDiffer = false;
        Clear();
    }

    public void Rollback()
    {
        Clear();
        _number = -1;
        try
        {
            if (connection.State == ConnectionState.Open) connection.Run("ROLLBACK");
        }
        catch (Exception lost) when (PostgresSchema.IsOfStore(lost))
        {
            connection.Close();   // whether the last transaction was written is found out when there is a new connection
        }
        if (connection.State != ConnectionState.Open) _mayDiffer = true;
    }

    public long Version() => _epoch;
    public long BudgetsVersion() => (long)connection.Ask("SELECT value FROM changes WHERE name='budgets'")!;
    public IReadOnlyList<BudgetRow> ReadBudgets() => BudgetRows.Read(connection);

    public Counter? FindCounter(long budget, long startMs)
    {
        using var command = connection.Command("SELECT spent_usd, reserved_usd, spent_tokens, reserved_tokens FROM counters WHERE budget=@budget AND start=@start", ("budget", budget), ("start", startMs));
        using var reader = command.ExecuteReader();
        return reader.Read() ? LedgerFold.ReadCounter(reader) : null;
    }

    public void SaveCounter(long budget, long startMs, Counter counter) =>
        Do(Command(SaveCounterSql, budget, startMs, counter.SpentUsd.Amount, counter.ReservedUsd.Amount, counter.SpentTokens, counter.ReservedTokens));

    public Counter Fold(BudgetScope scope, long startMs, long endMs)
    {
        Send(null);
        return LedgerFold.Of(connection, scope, startMs, endMs);
    }

    public void AddReservation(ReservationRow row)
    {
        Do(Command(AddReservationSql, [.. Call(row), row.Id, row.Owner]));
        _heldNow.Add(row.Id);
    }

    public bool RemoveReservation(long id)
    {
        var remove = Command("DELETE FROM reservations WHERE id=$1", id);
        if (_isDirect)
        {
            if (Do(remove) == 0) return false;
        }
        else
        {
            if (!(_held.Contains(id) || _heldNow.Contains(id)) || _goneNow.Contains(id)) return false;
            Do(remove);
        }
        _goneNow.Add(id);
        return true;
    }

    public IReadOnlyList<ReservationRow> ReservationsOf(long owner)
    {
        Send(null);
        using var command = connection.Command($"SELECT {LedgerSchema.CallColumns}, id, owner FROM reservations WHERE owner=@owner", ("owner", owner));
        using var reader = command.ExecuteReader();
        var found = new List<ReservationRow>();
        while (reader.Read()) found.Add(SqliteLedgerRows.ReadCall(reader, reader.GetInt64(11), reader.GetInt64(12)));
        return found;
    }

    public void AddCharge(ChargeRow charge)
    {
        var settled = charge.Settlement;
        Do(Command(AddChargeSql, [.. Call(charge.Reserved), charge.Id, charge.Corrects, charge.SettledAtMs, charge.Cost.Amount, charge.Tokens, ChargeLines.ToText(settled.Lines), Text(settled.PriceSource),
            settled.PriceConfidence, settled.Outcome, (long)settled.UpstreamStatus, settled.Duration.TotalMilliseconds, settled.FirstToken?.TotalMilliseconds, Text(settled.AnsweredBy), settled.IsEstimate ? 1L : 0L]));
    }

    public void AddAlert(long budget, long startMs, int percent, long atMs) =>
        Do(Command("INSERT INTO alerts(budget, start, percent, at) VALUES($1, $2, $3, $4) ON CONFLICT DO NOTHING", budget, startMs, (long)percent, atMs));

    public void Dispose() => connection.Dispose();

    /// <summary>Others took this process for dead while it was cut off, and charged what it held: it begins anew.</summary>
    private void Return()
    {
        connection.Run("INSERT INTO owners(id, token, since) VALUES(@id, @token, @since)", ("id", owner.Id), ("token", token), ("since", clock.GetUtcNow().ToUnixTimeMilliseconds()));
        _held.Clear();
    }

    private void Reconcile()
    {
        var stored = ReservationsOf(owner.Id);
        _strays = [.. _strays, .. stored.Where(row => !_held.Contains(row.Id))];
        _held.Clear();
        _held.UnionWith(stored.Select(row => row.Id));
    }

    private int Do(NpgsqlBatchCommand command)
    {
        _staged.Add(command);
        return _isDirect ? Send(null) : 0;
    }

    /// <summary>Sends what is staged, and then a last statement.</summary>
    private int Send(string? last)
    {
        if (last is not null) _staged.Add(new NpgsqlBatchCommand(last));
        if (_staged.Count == 0) return 0;
        using var batch = new NpgsqlBatch(connection);
        foreach (var command in _staged) batch.BatchCommands.Add(command);
        _staged.Clear();
        return batch.ExecuteNonQuery();
    }

    private void Clear()
    {
        _staged.Clear();
        _heldNow.Clear();
        _goneNow.Clear();
    }

    private static object?[] Call(ReservationRow row) =>
    [
        Text(row.OperationId), (long)row.Attempt, row.AtMs, Text(row.Caller.KeyId), Text(row.Caller.Team), Text(row.Caller.User), LedgerTags.ToText(row.Caller.Tags),
        Text(row.Model), Text(row.Deployment), row.BoundUsd.Amount, row.BoundTokens,
    ];

    /// <summary>A text as the database takes it: callers may send halves of characters and zeros.</summary>
    private static string Text(string? text)
    {
        if (text is null) return "";
        var isGood = true;
        for (var i = 0; i < text.Length && isGood; i++) isGood = text[i] != '\0' && !char.IsSurrogate(text[i]);
        return isGood ? text : string.Concat(text.EnumerateRunes().Select(rune => rune.Value == 0 ? "\uFFFD" : rune.ToString()));
    }

    private static NpgsqlBatchCommand Command(string sql, params ReadOnlySpan<object?> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values) command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        return command;
    }
}
