using System.Globalization;
using System.Text.Json;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>The table <c>runs</c>: one line a run, for lists.</summary>
internal static class RunRows
{
    private const string Columns = "run, workflow, definition, status, reason, started_at, updated_at, micro_usd, tokens, tags";

    /// <summary>Above every run that has frames, also one whose line was lost: its frames stay its own.</summary>
    private const string NextId = "(SELECT 1 + max(coalesce((SELECT max(id) FROM runs), 0), coalesce((SELECT max(id) FROM frames), 0) >> 32))";

    public static void Save(SqliteConnection connection, PendingFrame frame, RunInfo info)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            INSERT INTO runs(id, {Columns}, node_seconds) VALUES({(frame.RunKey.Id == 0 ? NextId : "NULL")}, $run, $workflow, $definition, $status, $reason, $started, $updated, $usd, $tokens, $tags, $seconds)
            ON CONFLICT(run) DO UPDATE SET status=$status, reason=$reason, updated_at=$updated, micro_usd=$usd, tokens=$tokens, node_seconds=$seconds;
            SELECT id FROM runs WHERE run=$run;
            """;
        command.Parameters.AddWithValue("$run", info.Run.Text);
        command.Parameters.AddWithValue("$workflow", info.Workflow);
        command.Parameters.AddWithValue("$definition", info.DefinitionHash);
        command.Parameters.AddWithValue("$status", WireNames.Of(info.Status));
        command.Parameters.AddWithValue("$reason", info.Reason);
        command.Parameters.AddWithValue("$started", info.StartedAt.ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue("$updated", info.UpdatedAt.ToUnixTimeMilliseconds());
        command.Parameters.AddWithValue("$usd", info.Cost.Amount);
        command.Parameters.AddWithValue("$tokens", info.Tokens);
        command.Parameters.AddWithValue("$tags", Value.Of(ValueMap.Of(info.Tags.Select(tag => KeyValuePair.Create(tag.Key, Value.Of(tag.Value))))).ToJson());
        command.Parameters.AddWithValue("$seconds", info.NodeSeconds is { } seconds
            ? Value.Of(ValueMap.Of(seconds.Select(node => KeyValuePair.Create(node.Key, Value.Of((double)node.Value))))).ToJson()
            : DBNull.Value);
        frame.RunKey.Id = Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }

    public static RunInfo? Find(SqliteConnection connection, RunId run)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Columns} FROM runs WHERE run=$run";
        command.Parameters.AddWithValue("$run", run.Text);
        using var reader = command.ExecuteReader();
        return reader.Read() ? Read(reader) : null;
    }

    public static IReadOnlyList<RunInfo> List(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {Columns} FROM runs ORDER BY started_at DESC, id DESC";
        using var reader = command.ExecuteReader();
        var runs = new List<RunInfo>();
        while (reader.Read()) runs.Add(Read(reader));
        return runs;
    }

    public static IReadOnlyDictionary<string, float>? NodeSecondsOf(SqliteConnection connection, string workflow)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT node_seconds FROM runs WHERE workflow=$workflow AND node_seconds IS NOT NULL ORDER BY id DESC LIMIT 1";
        command.Parameters.AddWithValue("$workflow", workflow);
        if (command.ExecuteScalar() is not string text) return null;
        return Value.ParseJson(text).AsObject.ToDictionary(node => node.Key, node => (float)node.Value.AsNumber, StringComparer.Ordinal);
    }

    private static RunInfo Read(SqliteDataReader reader) => new()
    {
        Run = new RunId(reader.GetString(0)),
        Workflow = reader.GetString(1),
        DefinitionHash = reader.GetString(2),
        Status = WireNames.TryParse<RunStatus>(reader.GetString(3), out var status) ? status : RunStatus.Failed,
        Reason = reader.GetString(4),
        StartedAt = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(5)),
        UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(6)),
        Cost = new MicroUsd(reader.GetInt64(7)),
        Tokens = reader.GetInt64(8),
        Tags = Value.ParseJson(reader.GetString(9)).AsObject.ToDictionary(tag => tag.Key, tag => tag.Value.AsText, StringComparer.Ordinal),
    };
}

/// <summary>The table <c>frames</c>: the journal itself.</summary>
internal static class FrameRows
{
    public static (RunKey Key, byte[] Hash, long Epoch) Tail(SqliteConnection connection, RunId run)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT runs.id, (SELECT hash FROM frames WHERE frames.id BETWEEN {FrameKey.From("runs.id")} AND {FrameKey.Last("runs.id")} ORDER BY frames.id DESC LIMIT 1) FROM runs WHERE runs.run=$run";
        command.Parameters.AddWithValue("$run", run.Text);
        using var reader = command.ExecuteReader();
        var epoch = OwnerRows.EpochOf(connection, run);
        if (!reader.Read()) return (new RunKey(), FrameHash.First, epoch);
        return (new RunKey { Id = reader.GetInt64(0) }, reader.IsDBNull(1) ? FrameHash.First : reader.GetFieldValue<byte[]>(1), epoch);
    }

    public static byte[] HashOf(SqliteConnection connection, RunId run, long sequence)
    {
        foreach (var segment in Segment.ChainOf(connection, run))
        {
            if (sequence < segment.First || sequence > Math.Min(segment.Last, FrameKey.SequenceMax)) continue;
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT hash FROM frames WHERE id=$id";
            command.Parameters.AddWithValue("$id", FrameKey.Of(segment.RowId, sequence));
            if (command.ExecuteScalar() is byte[] hash) return hash;
        }
        throw new StoreException(StoreFault.Missing, $"Run '{run}' has no frame {sequence}.");
    }

    public static IEnumerable<Frame> Read(SqliteConnection connection, RunId run, long fromSequence)
    {
        foreach (var frame in ReadRaw(connection, run, fromSequence)) yield return new Frame(frame.Sequence, frame.AtMs, Decode(run, frame.Sequence, frame.Body));
    }

    public static void Save(SqliteConnection connection, RunKey key, RawFrame frame)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO frames(id, at, hash, body) VALUES($id, $at, $hash, $body)";
        command.Parameters.AddWithValue("$id", FrameKey.Of(key.Id, frame.Sequence));
        command.Parameters.AddWithValue("$at", frame.AtMs);
        command.Parameters.AddWithValue("$hash", frame.Hash);
        command.Parameters.AddWithValue("$body", StoredBody.Pack(frame.Body));
        command.ExecuteNonQuery();
    }

    public static IEnumerable<RawFrame> ReadRaw(SqliteConnection connection, RunId run, long fromSequence)
    {
        fromSequence = Math.Max(0, fromSequence);
        var previous = fromSequence == 0 ? FrameHash.First : null;
        var expected = fromSequence;
        foreach (var segment in Segment.ChainOf(connection, run))
        {
            if (segment.Last < fromSequence - 1) continue;
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT seq, at, hash, body FROM frames WHERE id BETWEEN $first AND $last ORDER BY id";
            command.Parameters.AddWithValue("$first", FrameKey.Of(segment.RowId, previous is null ? fromSequence - 1 : expected));
            command.Parameters.AddWithValue("$last", FrameKey.Of(segment.RowId, Math.Min(segment.Last, FrameKey.SequenceMax)));
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                var sequence = reader.GetInt64(0);
                var hash = reader.GetFieldValue<byte[]>(2);
                if (sequence == fromSequence - 1)
                {
                    // Read only for its hash: the chain of what was asked for begins here.
                    previous = hash;
                    continue;
                }
                var at = reader.GetInt64(1);
                if (sequence != expected || !TryUnpack(reader.GetFieldValue<byte[]>(3), out var body) || !FrameHash.Of(previous, sequence, at, body).AsSpan().SequenceEqual(hash)) throw Broken(connection, run, segment, expected);
                previous = hash;
                expected++;
                yield return new RawFrame(sequence, at, hash, body);
            }
            if (segment.Last != long.MaxValue && expected <= segment.Last) throw Broken(connection, run, segment, expected);
        }
    }

    private static StoreException Broken(SqliteConnection connection, RunId run, Segment segment, long at) => new(StoreFault.Corrupt,
        $"The journal of run '{run}' is damaged at frame {at} of {connection.DataSource}{(segment.Run == run ? "" : $" (a frame of its ancestor '{segment.Run}')")}: the hash chain breaks there. Nothing was overwritten; the frames before it are sound.")
    { IsForDoctor = true };

    private static bool TryUnpack(byte[] stored, out byte[] body)
    {
        try
        {
            body = StoredBody.Unpack(stored);
            return true;
        }
        catch (InvalidDataException)
        {
            body = [];
            return false;
        }
    }

    /// <summary>The events of a body that may be packed.</summary>
    public static IReadOnlyList<RunEvent> Decode(RunId run, long sequence, byte[] body)
    {
        try
        {
            return EventReader.Read(StoredBody.Unpack(body));
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or JsonException or KeyNotFoundException or InvalidOperationException or ArgumentException or FormatException or OverflowException)
        {
            throw new StoreException(StoreFault.Corrupt, $"Frame {sequence} of run '{run}' cannot be read: {unreadable.Message}", unreadable);
        }
    }
}

/// <summary>The table <c>inbox</c>: what other processes want of a run's owner.</summary>
internal static class InboxRows
{
    public static void Post(SqliteConnection connection, RunId run, InboxCommand posted)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO inbox(run, at, verb, body) VALUES($run, strftime('%s','now')*1000, $verb, $body)";
        command.Parameters.AddWithValue("$run", run.Text);
        command.Parameters.AddWithValue("$verb", posted.Verb);
        command.Parameters.AddWithValue("$body", posted.Body.ToJson());
        command.ExecuteNonQuery();
    }

    /// <summary>What waits for the run's owner, oldest first.</summary>
    public static IReadOnlyList<InboxCommand> Read(SqliteConnection connection, RunId run)
    {
        var waiting = new List<InboxCommand>();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, verb, body FROM inbox WHERE run=$run ORDER BY id";
        command.Parameters.AddWithValue("$run", run.Text);
        using var reader = command.ExecuteReader();
        while (reader.Read()) waiting.Add(new InboxCommand(reader.GetString(1), Value.ParseJson(reader.GetString(2))) { Id = reader.GetInt64(0) });
        return waiting;
    }

    public static void Remove(SqliteConnection connection, RunId run, IReadOnlyList<long> ids)
    {
        using var delete = connection.CreateCommand();
        delete.CommandText = "DELETE FROM inbox WHERE run=$run AND id=$id";
        delete.Parameters.AddWithValue("$run", run.Text);
        var id = delete.Parameters.Add("$id", SqliteType.Integer);
        foreach (var one in ids)
        {
            id.Value = one;
            delete.ExecuteNonQuery();
        }
    }
}
