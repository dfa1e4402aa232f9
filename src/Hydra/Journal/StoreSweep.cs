using System.Text;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>What <c>hydra gc</c> removed, or would remove.</summary>
/// <param name="Kept">Runs old enough that something needs still, with what.</param>
public sealed record SweepReport(IReadOnlyList<RunId> Runs, int Artifacts, long ArtifactBytes, IReadOnlyList<(RunId Run, string Why)> Kept);

// Removes what no run needs. Safe while runs go on in this and other processes.
public sealed partial class SqliteRunStore
{
    /// <summary>An artifact is written before the frame that refers to it; until it is this old it is left alone.</summary>
    private static readonly TimeSpan ArtifactAgeMin = TimeSpan.FromDays(1);

    /// <summary>
    /// Removes runs that have ended and were last written before <paramref name="before"/>, then artifacts that nothing
    /// refers to. Runs that can go on (interrupted, paused), that a process owns or that a staying fork begins with stay.
    /// </summary>
    /// <remarks>(1) runs, one transaction; (2) what is referred to; (3) files.</remarks>
    public SweepReport Sweep(DateTimeOffset before, DateTimeOffset now, bool isDry)
    {
        var (removed, kept) = RemoveRuns(before, isDry);                              // (1)
        var needed = Needed(isDry ? removed : []);                                    // (2)
        var count = 0;
        long bytes = 0;
        foreach (var file in _artifacts.Files())                                      // (3)
        {
            if (needed.Contains(Path.GetFileName(file))) continue;
            try
            {
                var length = new FileInfo(file).Length;
                var oldest = (now - ArtifactAgeMin).UtcDateTime;
                var isOld = isDry ? File.GetLastWriteTimeUtc(file) < oldest : _artifacts.Remove(file, oldest);
                if (!isOld) continue;
                count++;
                bytes += length;
            }
            catch (IOException)
            {
                // Another sweep was faster, or somebody reads it: the next one takes it.
            }
        }
        return new SweepReport(removed, count, bytes, kept);
    }

    private (List<RunId> Removed, List<(RunId Run, string Why)> Kept) RemoveRuns(DateTimeOffset before, bool isDry)
    {
        var owned = new List<IDisposable>();
        try
        {
            var kept = new List<(RunId, string)>();
            var asked = new Dictionary<RunId, RunInfo>();
            foreach (var info in List().Where(info => info.UpdatedAt < before && info.Status is RunStatus.Completed or RunStatus.Failed or RunStatus.Cancelled or RunStatus.Stopped))
            {
                if (info.UpdatedAt >= before) continue;
                if (OwnerLock.TryTake(LockPath(info.Run)) is not { } mine)
                {
                    kept.Add((info.Run, "a process is at work on it"));
                    continue;
                }
                owned.Add(mine);   // nobody takes it up while it goes
                asked[info.Run] = info;
            }
            var removed = Query(connection =>
            {
                StoreSchema.Run(connection, "BEGIN IMMEDIATE");
                KeepAncestors(connection, asked, kept);
                if (!isDry)
                {
                    foreach (var run in asked.Keys) RemoveRun(connection, run);
                }
                StoreSchema.Run(connection, "COMMIT");
                return asked.Keys.ToList();
            });
            foreach (var run in isDry ? [] : removed)
            {
                var log = Path.Combine(_folder, "logs", run.Text + ".log");
                if (File.Exists(log)) File.Delete(log);
                var beside = Path.Combine(_folder, "runs", run.Text);
                if (Directory.Exists(beside)) Directory.Delete(beside, recursive: true);
            }
            return (removed, kept);
        }
        finally
        {
            foreach (var mine in owned) mine.Dispose();
        }
    }

    /// <summary>A run stays when a fork of it stays, and so on upwards; also one that was written since it was looked at.</summary>
    private static void KeepAncestors(SqliteConnection connection, Dictionary<RunId, RunInfo> asked, List<(RunId, string)> kept)
    {
        foreach (var info in RunRows.List(connection))
        {
            if (asked.TryGetValue(info.Run, out var seen) && (info.UpdatedAt != seen.UpdatedAt || info.Status != seen.Status)) asked.Remove(info.Run);
        }
        foreach (var info in RunRows.List(connection))
        {
            if (asked.ContainsKey(info.Run)) continue;
            foreach (var segment in ChainOrNothing(connection, info.Run))
            {
                if (asked.Remove(segment.Run)) kept.Add((segment.Run, $"run '{info.Run}' is a fork of it"));
            }
        }
    }

    /// <summary>A damaged run needs nothing that it does not name.</summary>
    private static IReadOnlyList<Segment> ChainOrNothing(SqliteConnection connection, RunId run)
    {
        try
        {
            return Segment.ChainOf(connection, run);
        }
        catch (StoreException)
        {
            return [];
        }
    }

    private static void RemoveRun(SqliteConnection connection, RunId run)
    {
        using var command = connection.CreateCommand();
        command.CommandText = """
            DELETE FROM frames WHERE run=(SELECT id FROM runs WHERE run=$run);
            DELETE FROM reuse WHERE run=(SELECT id FROM runs WHERE run=$run);
            DELETE FROM reuse_new WHERE run=(SELECT id FROM runs WHERE run=$run);
            DELETE FROM inbox WHERE run=$run;
            DELETE FROM owners WHERE run=$run;
            DELETE FROM runs WHERE run=$run;
            """;
        command.Parameters.AddWithValue("$run", run.Text);
        command.ExecuteNonQuery();
    }

    /// <summary>Every name of an artifact in any table, and in artifacts that are needed themselves.</summary>
    private HashSet<string> Needed(IReadOnlyCollection<RunId> without)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        using (var connection = Connect(_file, isReadOnly: true))
        {
            foreach (var table in TablesOf(connection)) AddNames(connection, table, without, names);
        }
        var open = new Queue<string>(names);
        while (open.TryDequeue(out var name))
        {
            var path = _artifacts.PathOf(new ArtifactId(name));
            if (!File.Exists(path)) continue;
            var inside = new HashSet<string>(StringComparer.Ordinal);
            ArtifactNames.AddAllThatLookLikeOne(File.ReadAllBytes(path), inside);
            foreach (var inner in inside)
            {
                if (names.Add(inner)) open.Enqueue(inner);
            }
        }
        return names;
    }

    private static List<string> TablesOf(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite_%'";
        using var reader = command.ExecuteReader();
        var tables = new List<string>();
        while (reader.Read()) tables.Add(reader.GetString(0));
        return tables;
    }

    private static void AddNames(SqliteConnection connection, string table, IReadOnlyCollection<RunId> without, HashSet<string> names)
    {
        using var command = connection.CreateCommand();
        var left = without.Count > 0 && table == "frames" ? $" WHERE run NOT IN (SELECT id FROM runs WHERE run IN ({string.Join(',', without.Select(run => $"'{run.Text}'"))}))" : "";
        command.CommandText = $"SELECT * FROM \"{table.Replace("\"", "\"\"", StringComparison.Ordinal)}\"{left}";
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            for (var i = 0; i < reader.FieldCount; i++)
            {
                if (reader.GetValue(i) is byte[] bytes) ArtifactNames.AddAllThatLookLikeOne((table, reader.GetName(i)) == ("frames", "body") ? Unpacked(connection, reader, bytes) : bytes, names);
                else if (reader.GetValue(i) is string text) ArtifactNames.AddAllThatLookLikeOne(Encoding.UTF8.GetBytes(text), names);
            }
        }
    }

    private static byte[] Unpacked(SqliteConnection connection, SqliteDataReader frame, byte[] bytes)
    {
        try
        {
            return StoredBody.Unpack(bytes);
        }
        catch (InvalidDataException damaged)
        {
            var run = StoreSchema.Ask(connection, $"SELECT run FROM runs WHERE id={frame["run"]}") ?? $"(row {frame["run"]})";
            throw new StoreException(StoreFault.Corrupt, $"Frame {frame["seq"]} of run '{run}' is damaged ({damaged.Message}), so nobody can see which artifacts it needs: no artifact was removed.", damaged) { IsForDoctor = true };
        }
    }
}
