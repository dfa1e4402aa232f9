using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Journal;

/// <summary>The tables <c>kill_switch</c> (at most one row) and <c>kill_switch_uses</c> (the audit).</summary>
internal static class KillSwitchRows
{
    public const string Tables = """
        CREATE TABLE IF NOT EXISTS kill_switch(id INTEGER PRIMARY KEY CHECK(id=1), scope INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS kill_switch_uses(id INTEGER PRIMARY KEY, turns_on INTEGER NOT NULL, scope INTEGER NOT NULL, by TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL);
        """;

    public static KillSwitch Read(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT scope, by, reason, at FROM kill_switch";
        using var reader = command.ExecuteReader();
        return reader.Read() ? new KillSwitch((SwitchScope)reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3)) : KillSwitch.Off;
    }

    public static KillSwitch Use(SqliteConnection connection, SwitchUse use)
    {
        using var transaction = connection.BeginTransaction(deferred: false);
        var now = Read(connection).After(use);
        using var command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = """
            INSERT INTO kill_switch_uses(turns_on, scope, by, reason, at) VALUES($on, $used, $by, $reason, $at);
            INSERT INTO kill_switch(id, scope, by, reason, at) VALUES(1, $scope, $by, $reason, $at)
            ON CONFLICT(id) DO UPDATE SET scope=$scope, by=$by, reason=$reason, at=$at;
            """;
        command.Parameters.AddWithValue("$on", use.TurnsOn ? 1 : 0);
        command.Parameters.AddWithValue("$used", (long)use.Scope);
        command.Parameters.AddWithValue("$by", use.By);
        command.Parameters.AddWithValue("$reason", use.Reason);
        command.Parameters.AddWithValue("$at", use.AtMs);
        command.Parameters.AddWithValue("$scope", (long)now.Scope);
        command.ExecuteNonQuery();
        transaction.Commit();
        return now;
    }

    public static IReadOnlyList<SwitchUse> Audit(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT turns_on, scope, by, reason, at FROM kill_switch_uses ORDER BY id";
        using var reader = command.ExecuteReader();
        var uses = new List<SwitchUse>();
        while (reader.Read()) uses.Add(new SwitchUse(reader.GetInt64(0) != 0, (SwitchScope)reader.GetInt64(1), reader.GetString(2), reader.GetString(3), reader.GetInt64(4)));
        return uses;
    }
}

/// <summary>What kinds of calls a frame announces and does not itself end.</summary>
internal static class FrameCalls
{
    /// <summary>What kinds of calls frames that are written together announce and do not end themselves.</summary>
    public static SwitchScope Of(IReadOnlyList<(Frame Frame, RunInfo? Info)> frames)
    {
        if (frames.Count > 1) return StillOpen(frames.SelectMany(each => each.Frame.Events));
        var calls = SwitchScope.None;
        foreach (var happened in frames[0].Frame.Events)
        {
            if (happened is RunEvent.StepIntended intent) calls |= KillSwitch.ScopeOf(intent.Call.Kind);
            else if (happened is RunEvent.StepEnded { Result.IsRefused: true }) return StillOpen(frames[0].Frame.Events);
        }
        return calls;
    }

    private static SwitchScope StillOpen(IEnumerable<RunEvent> events)
    {
        var open = new Dictionary<(int, int), SwitchScope>();
        foreach (var happened in events)
        {
            if (happened is RunEvent.StepIntended intent) open[(intent.Node, intent.Step)] = KillSwitch.ScopeOf(intent.Call.Kind);
            else if (happened is RunEvent.StepEnded ended) open.Remove((ended.Node, ended.Step));
        }
        return open.Values.Aggregate(SwitchScope.None, (all, one) => all | one);
    }
}
