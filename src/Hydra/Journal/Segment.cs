using System.Globalization;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>
/// The frames that one run of a chain of forks adds to a journal. A run whose first frame of its own is not number 0 is a
/// fork, and that frame names its parent: the chain is read from the journal alone.
/// </summary>
/// <param name="Last">The last frame that belongs to the journal asked for; the run itself may have gone on beyond it.</param>
/// <param name="Head">The first of the frames.</param>
internal sealed record Segment(RunId Run, long RowId, long First, long Last, Frame Head)
{
    /// <summary>Forks of forks beyond this are taken for damage.</summary>
    private const int DepthMax = 10_000;

    /// <summary>The run's segments, oldest first; empty when there is no such run.</summary>
    public static IReadOnlyList<Segment> ChainOf(SqliteConnection connection, RunId run)
    {
        var chain = new List<Segment>();
        var (at, last) = (run, long.MaxValue);
        while (chain.Count < DepthMax)
        {
            if (Find(connection, at, last) is not { } segment)
            {
                if (chain.Count == 0) return [];
                throw new StoreException(StoreFault.Corrupt, $"Run '{chain[^1].Run}' is a fork of run '{at}', which is not in {connection.DataSource}. Nothing was overwritten; restore that run from a copy.");
            }
            chain.Add(segment);
            if (segment.Head.Events is not [RunEvent.Forked forked, ..]) break;
            if (!RunId.IsValid(forked.Parent)) throw new StoreException(StoreFault.Corrupt, $"Run '{at}' begins as a fork of a run '{forked.Parent}', which no run can be called: its journal is damaged.");
            if (forked.UpTo != segment.First - 1) throw new StoreException(StoreFault.Corrupt, $"Run '{at}' begins with frame {segment.First} and says that it follows frame {forked.UpTo} of '{forked.Parent}': its journal is damaged.");
            (at, last) = (new RunId(forked.Parent), forked.UpTo);
        }
        chain.Reverse();
        return chain;
    }

    private static Segment? Find(SqliteConnection connection, RunId run, long last)
    {
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT runs.id, seq, at, body FROM runs JOIN frames ON frames.id BETWEEN {FrameKey.From("runs.id")} AND {FrameKey.Last("runs.id")} WHERE runs.run=$run ORDER BY frames.id LIMIT 1";
        command.Parameters.AddWithValue("$run", run.Text);
        using var reader = command.ExecuteReader();
        if (!reader.Read()) return null;
        var first = Convert.ToInt64(reader.GetValue(1), CultureInfo.InvariantCulture);
        var head = new Frame(first, reader.GetInt64(2), FrameRows.Decode(run, first, reader.GetFieldValue<byte[]>(3)));
        return new Segment(run, reader.GetInt64(0), first, last, head);
    }
}
