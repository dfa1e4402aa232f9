using System.Security.Cryptography;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>Something wrong in a store, and what can be done about it.</summary>
/// <param name="Run">Null: it concerns no single run.</param>
/// <param name="SoundUpTo">The last frame of the run that can be trusted; null: all of them, −1: none.</param>
public sealed record StoreFinding(RunId? Run, string Problem, string Mend, long? SoundUpTo = null);

/// <summary>What <c>hydra verify</c> and <c>hydra doctor --runs</c> found.</summary>
public sealed record StoreReport(int Runs, long Frames, int Artifacts, IReadOnlyList<StoreFinding> Findings);

// Looks at everything that is stored and changes nothing.
public sealed partial class SqliteRunStore
{
    /// <summary>
    /// Checks hash chains, also those of ancestors, that every artifact is there and matches its hash, and that what refers
    /// to a run finds it.
    /// </summary>
    /// <param name="only">That run; null: the whole store.</param>
    /// <param name="stateOf">A run's state as far as its journal can be read, so that its nodes can be named; null where its definition cannot be.</param>
    public StoreReport Check(RunId? only, Func<RunId, RunState?>? stateOf = null)
    {
        var findings = new List<StoreFinding>();
        if (only is null) CheckFile(findings);
        var checkedArtifacts = new Dictionary<string, string?>(StringComparer.Ordinal);
        long frames = 0;
        var runs = only is { } one ? [one] : List().Select(info => info.Run).Order(Comparer<RunId>.Create((a, b) => string.CompareOrdinal(a.Text, b.Text))).ToList();
        foreach (var run in runs) frames += CheckRun(run, stateOf, findings, checkedArtifacts);
        return new StoreReport(runs.Count, frames, checkedArtifacts.Count, findings);
    }

    private void CheckFile(List<StoreFinding> findings)
    {
        try
        {
            using var connection = Connect(_file, isReadOnly: true);
            var said = StoreSchema.Ask(connection, "PRAGMA integrity_check") as string;
            if (said == "ok") CheckTables(connection, findings);
            else findings.Add(Damaged($"SQLite finds {_file} damaged: {said}"));
        }
        catch (SqliteException damaged)
        {
            findings.Add(Damaged($"SQLite cannot read {_file}: {damaged.Message}"));
        }

        static StoreFinding Damaged(string problem) => new(null, problem, "Copy the folder away first. `sqlite3 hydra.db .recover` writes what can be read into a new file.");
    }

    private static void CheckTables(SqliteConnection connection, List<StoreFinding> findings)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT DISTINCT run FROM frames WHERE run NOT IN (SELECT id FROM runs)";
        using var reader = command.ExecuteReader();
        while (reader.Read()) findings.Add(new(null, $"There are frames of a run (row {reader.GetInt64(0)}) that the list of runs does not have.", "They can be left; nothing refers to them."));
        if (PolicyChangeRows.FirstBroken(connection) is { } change) findings.Add(new(null, $"Change {change} of the policy is not the one that was written.", "Compare the rules of hydra.yaml with a copy of it; `hydra audit` lists the changes."));
        var (stands, follows) = (KillSwitchRows.Read(connection), KillSwitchRows.Audit(connection).Aggregate(KillSwitch.Off, KillSwitchMoves.After));
        if (stands != follows)
        {
            findings.Add(new(null, $"The kill switch stands at {stands.ScopeText} by '{stands.By}', and its uses leave it at {follows.ScopeText} by '{follows.By}': one of the two was changed.",
                "`hydra audit` lists the uses; `hydra kill-switch on` or `off` sets it anew."));
        }
    }

    private long CheckRun(RunId run, Func<RunId, RunState?>? stateOf, List<StoreFinding> findings, Dictionary<string, string?> known)
    {
        long count = 0;
        long sound = -1;
        try
        {
            foreach (var frame in Read(run))
            {
                sound = frame.Sequence;
                count++;
            }
            if (count == 0) throw new StoreException(StoreFault.Corrupt, $"The journal of run '{run}' is empty: the frames it began with were removed.");
        }
        catch (StoreException damaged)
        {
            var mend = sound < 0 ? "Nothing of it can be read. Restore the folder from a copy." : $"What it did up to frame {sound} can be saved: hydra rerun {run} --up-to {sound}";
            findings.Add(new(run, damaged.Message, mend, sound));
        }
        if (sound < 0) return count;
        var lost = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (hex, frame) in Query(connection => ReferencesOf(connection, run, sound), isReadOnly: true))
        {
            if (!known.TryGetValue(hex, out var problem)) known[hex] = problem = ProblemOf(hex);
            if (problem is not null) lost[hex] = frame;
        }
        if (lost.Count == 0) return count;
        var parts = LostParts.Find(ReadUpTo(run, sound), lost.Keys);
        var state = stateOf?.Invoke(run);
        foreach (var (hex, frame) in lost)
        {
            var (what, mend) = stateOf is not null && parts.TryGetValue(hex, out var happened) ? LostParts.Tell(run, happened, state) : ("a part of it", "Restore the file from a copy.");
            findings.Add(new(run, $"Frame {frame} refers to an artifact that {known[hex]}. It holds {what}.", mend));
        }
        return count;
    }

    /// <remarks>Reading on would throw where the next frame is damaged.</remarks>
    private IEnumerable<Frame> ReadUpTo(RunId run, long last)
    {
        foreach (var frame in Read(run))
        {
            yield return frame;
            if (frame.Sequence == last) yield break;
        }
    }

    private string? ProblemOf(string hex)
    {
        var path = _artifacts.PathOf(new ArtifactId(hex));
        try
        {
            if (!File.Exists(path)) return $"is missing: {path}";
            using var file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file)) == hex ? null : $"does not match its hash: {path}";
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return $"cannot be read: {unreadable.Message}";
        }
    }

    /// <summary>Artifacts that the frames of a run name, its ancestors' among them, each once with the first frame.</summary>
    private static List<(string Hex, long Frame)> ReferencesOf(SqliteConnection connection, RunId run, long upTo)
    {
        var found = new List<(string, long)>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var segment in Segment.ChainOf(connection, run))
        {
            using var command = connection.CreateCommand();
            command.CommandText = "SELECT seq, body FROM frames WHERE id BETWEEN $first AND $last ORDER BY id";
            command.Parameters.AddWithValue("$first", FrameKey.Of(segment.RowId, 0));
            command.Parameters.AddWithValue("$last", FrameKey.Of(segment.RowId, Math.Min(segment.Last, upTo)));
            using var reader = command.ExecuteReader();
            while (reader.Read())
            {
                foreach (var hex in ArtifactNames.Referred(ValueJson.Parse(StoredBody.Unpack(reader.GetFieldValue<byte[]>(1)))))
                {
                    if (seen.Add(hex)) found.Add((hex, reader.GetInt64(0)));
                }
            }
        }
        return found;
    }
}

/// <summary>Names of artifacts within other data.</summary>
internal static class ArtifactNames
{
    /// <summary>The values under <c>sha256</c>, wherever they stand: every kind of event writes its references so.</summary>
    public static IEnumerable<string> Referred(Value value)
    {
        if (value.Kind == ValueKind.List) return value.Items.SelectMany(Referred);
        if (!value.IsObject) return [];
        var here = value.AsObject.GetOrNull("sha256").TextOrNull is { Length: 64 } hex ? [hex] : Enumerable.Empty<string>();
        return here.Concat(value.AsObject.Where(pair => pair.Key != "v").SelectMany(pair => Referred(pair.Value)));
    }

    /// <summary>Everything that looks like one: 64 hexadecimal digits. For what must rather keep too much than too little.</summary>
    public static void AddAllThatLookLikeOne(ReadOnlySpan<byte> bytes, HashSet<string> names)
    {
        var run = 0;
        for (var i = 0; i <= bytes.Length; i++)
        {
            if (i < bytes.Length && bytes[i] is (>= (byte)'0' and <= (byte)'9') or (>= (byte)'a' and <= (byte)'f')) run++;
            else
            {
                if (run == 64) names.Add(System.Text.Encoding.ASCII.GetString(bytes.Slice(i - 64, 64)));
                run = 0;
            }
        }
    }
}
