using System.Globalization;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>
/// The table <c>owners</c>: the epoch of the process that last began to write a run's frames. Whoever takes a run up has
/// the next epoch, makes it the current one in the transaction of its first frame, and every later frame is written only
/// while it still is. So a process that lost its lock without noticing (paused for long, a lock file removed) writes nothing.
/// </summary>
internal static class OwnerRows
{
    public const string Table = "CREATE TABLE IF NOT EXISTS owners(run TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID;";

    /// <summary>0: nobody has written the run yet.</summary>
    public static long EpochOf(SqliteConnection connection, RunId run)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT epoch FROM owners WHERE run=$run";
        command.Parameters.AddWithValue("$run", run.Text);
        return command.ExecuteScalar() is { } epoch ? Convert.ToInt64(epoch, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>False: somebody else has claimed this epoch or a later one, or has written since the run was taken up.</summary>
    public static bool Claim(SqliteConnection connection, PendingFrame frame, byte[] tail)
    {
        if (!FrameRows.Tail(connection, frame.Run).Hash.AsSpan().SequenceEqual(tail)) return false;
        using var command = connection.CreateCommand();
        command.CommandText = "INSERT INTO owners(run, epoch) VALUES($run, $epoch) ON CONFLICT(run) DO UPDATE SET epoch=$epoch WHERE epoch=$epoch-1";
        command.Parameters.AddWithValue("$run", frame.Run.Text);
        command.Parameters.AddWithValue("$epoch", frame.Epoch);
        return command.ExecuteNonQuery() != 0;
    }

    public static StoreException Stale(SqliteConnection connection, PendingFrame frame) => new(StoreFault.Stale,
        $"Run '{frame.Run}' is written by another process (epoch {EpochOf(connection, frame.Run)}; this one had {frame.Epoch}). Nothing of frame {frame.Sequence} was written, and this process stops. Watch the run with `hydra inspect {frame.Run} --follow`.");
}
