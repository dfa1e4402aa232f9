using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Tests.Journal;

public sealed class SqliteRunStoreTests : IDisposable
{
    private static readonly RunId Run = new("run-1");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-store-").FullName;

    [Fact]
    public void Frames_come_back_in_order_from_a_store_opened_anew()
    {
        using (var store = Open())
        using (var journal = store.Own(Run))
        {
            for (var i = 0; i < 5; i++) journal.Commit(FrameOf(i), i == 0 ? Info(RunStatus.Running) : null);
        }

        using var again = Open();
        var frames = again.Read(Run).ToList();
        Assert.Equal([0L, 1, 2, 3, 4], frames.Select(frame => frame.Sequence));
        Assert.Equal(3, ((RunEvent.Decided)frames[3].Events[0]).Node);
        Assert.Equal([3L, 4], again.Read(Run, fromSequence: 3).Select(frame => frame.Sequence));
    }

    /// <remarks>What the database's library keeps open for others may reach two of them at once, and outlives a folder that is made anew.</remarks>
    [Fact]
    public void A_store_that_was_put_away_keeps_none_of_its_files_open()
    {
        Assert.SkipUnless(Directory.Exists("/proc/self/fd"), "only Linux says what is open");
        using (var store = Open())
        {
            using (var journal = store.Own(Run)) journal.Commit(FrameOf(0), Info(RunStatus.Running));
            Assert.NotNull(store.Find(Run));
            Assert.Single(store.Read(Run));
            Assert.Contains(OpenFiles(), file => file.StartsWith(_folder, StringComparison.Ordinal));
        }
        Assert.DoesNotContain(OpenFiles(), file => file.StartsWith(_folder, StringComparison.Ordinal));
    }

    private static List<string> OpenFiles() => [.. Directory.EnumerateFiles("/proc/self/fd").Select(link => new FileInfo(link).LinkTarget ?? "")];

    [Fact]
    public void A_run_has_one_owner_at_a_time()
    {
        using var store = Open();
        using var first = store.Own(Run);

        Assert.Equal(StoreFault.Owned, Assert.Throws<StoreException>(() => store.Own(Run)).Fault);
        Assert.True(store.IsOwned(Run));

        first.Dispose();
        Assert.False(store.IsOwned(Run));
        store.Own(Run).Dispose();
    }

    /// <remarks>Lists, followers and people who answer look all the time.</remarks>
    [Fact(Timeout = 60_000)]
    public async Task Those_who_look_whether_a_run_is_owned_are_no_owners_and_keep_nobody_from_owning_it()
    {
        using var store = Open();
        using var enough = new CancellationTokenSource();
        var looking = Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            while (!enough.IsCancellationRequested) store.IsOwned(Run);
        }, TestContext.Current.CancellationToken)).ToList();
        for (var i = 0; i < 1_000; i++)
        {
            Assert.False(store.IsOwned(Run));
            store.Own(Run).Dispose();
        }
        await enough.CancelAsync();
        await Task.WhenAll(looking);
    }

    [Theory]
    [InlineData("UPDATE frames SET body = replace(body, 'decided', 'decidet') WHERE seq = 2")]
    [InlineData("UPDATE frames SET at = at + 1 WHERE seq = 2")]
    [InlineData("DELETE FROM frames WHERE seq = 2")]
    public void A_changed_or_missing_frame_is_named_and_nothing_after_it_is_believed(string damage)
    {
        using (var store = Open())
        {
            using (var journal = store.Own(Run))
            {
                for (var i = 0; i < 5; i++) journal.Commit(FrameOf(i), i == 0 ? Info(RunStatus.Running) : null);
            }
            Execute(damage);
        }

        using var again = Open();
        var read = new List<long>();
        var fault = Assert.Throws<StoreException>(() => read.AddRange(again.Read(Run).Select(frame => frame.Sequence)));
        Assert.Equal(StoreFault.Corrupt, fault.Fault);
        Assert.Contains("frame 2", fault.Message);
    }

    [Fact]
    public async Task Frames_of_many_runs_committed_at_once_are_all_kept()
    {
        using var store = Open();
        await Parallel.ForEachAsync(Enumerable.Range(0, 16), async (i, _) =>
        {
            await Task.Yield();
            var run = new RunId($"run-{i}");
            using var journal = store.Own(run);
            for (var at = 0; at < 20; at++) journal.Commit(FrameOf(at), at == 0 ? Info(RunStatus.Running) with { Run = run } : null);
        });

        Assert.All(Enumerable.Range(0, 16), i => Assert.Equal(20, store.Read(new RunId($"run-{i}")).Count()));
        Assert.Equal(16, store.List().Count());
    }

    [Fact]
    public void The_list_shows_a_runs_latest_line()
    {
        using var store = Open();
        using var journal = store.Own(Run);
        journal.Commit(FrameOf(0), Info(RunStatus.Running));
        journal.Commit(FrameOf(1), Info(RunStatus.Completed) with { Cost = new MicroUsd(7) });

        var line = Assert.Single(store.List());
        Assert.Equal(RunStatus.Completed, line.Status);
        Assert.Equal(7, line.Cost.Amount);
        Assert.Equal("blue", line.Tags["colour"]);
        Assert.Null(store.Find(new RunId("other")));
    }

    [Fact]
    public void A_command_left_in_the_inbox_is_given_once_and_stays_until_the_frame_that_heard_it()
    {
        using var store = Open();
        using (var journal = store.Own(Run))
        {
            journal.Commit(FrameOf(0), Info(RunStatus.Running));
            store.Post(Run, new InboxCommand("cancel", ValueMap.Of(("reason", "enough"))));
            Assert.Equal("enough", Assert.Single(journal.TakeCommands()).Body.AsObject["reason"].AsText);
            Assert.Empty(journal.TakeCommands());
        }
        using (var next = store.Own(Run))
        {
            var taken = Assert.Single(next.TakeCommands());
            next.Heard([taken.Id]);
            next.Commit(FrameOf(1), null);
            store.Post(Run, new InboxCommand("pause", Value.Null));   // SQLite gives it the number of the one that has gone
            Assert.Equal("pause", Assert.Single(next.TakeCommands()).Verb);
            Assert.Throws<StoreException>(() => { next.Heard([taken.Id]); next.Commit(FrameOf(1), null); });   // a frame that is there already
        }
        using var last = store.Own(Run);
        Assert.Equal("pause", Assert.Single(last.TakeCommands()).Verb);
    }

    [Fact]
    public void A_process_that_lost_its_lock_writes_nothing_once_another_has_taken_over()
    {
        using var store = Open();
        using var stale = store.Own(Run);
        stale.Commit(FrameOf(0), Info(RunStatus.Running));
        using var owner = Steal(store);
        owner.Commit(FrameOf(1), null);

        Assert.All(Enumerable.Range(1, 3), sequence =>
        {
            var refused = Assert.Throws<StoreException>(() => stale.Commit(FrameOf(sequence), Info(RunStatus.Failed)));
            Assert.Equal(StoreFault.Stale, refused.Fault);
            Assert.Contains("epoch 2; this one had 1", refused.Message);
        });
        owner.Commit(FrameOf(2), null);
        Assert.Equal([0L, 1, 2], store.Read(Run).Select(frame => frame.Sequence));
        Assert.Equal(RunStatus.Running, store.Find(Run)!.Status);
    }

    [Fact]
    public void A_run_that_was_written_after_somebody_took_it_up_is_not_taken_over()
    {
        using var store = Open();
        using var owner = store.Own(Run);
        owner.Commit(FrameOf(0), Info(RunStatus.Running));
        using var thief = Steal(store);
        owner.Commit(FrameOf(1), null);

        Assert.Equal(StoreFault.Stale, Assert.Throws<StoreException>(() => thief.Commit(FrameOf(2), null)).Fault);
        owner.Commit(FrameOf(2), null);
        Assert.Equal(3, store.Read(Run).Count());
    }

    [Fact]
    public void Two_processes_that_begin_the_same_run_are_one_owner_and_one_refusal()
    {
        using var store = Open();
        using var first = store.Own(Run);
        using var second = Steal(store);
        second.Commit(FrameOf(0), Info(RunStatus.Running));

        Assert.Equal(StoreFault.Stale, Assert.Throws<StoreException>(() => first.Commit(FrameOf(0), Info(RunStatus.Failed))).Fault);
        Assert.Equal(RunStatus.Running, store.Find(Run)!.Status);
    }

    [Fact]
    public void A_store_of_a_newer_format_is_left_alone()
    {
        Open().Dispose();
        Execute("PRAGMA user_version = 99");

        Assert.Contains("newer", Assert.Throws<StoreException>(Open).Message);
    }

    [Fact]
    public void A_file_that_is_no_database_is_named_and_left_as_it_is()
    {
        var file = Path.Combine(_folder, "hydra.db");
        File.WriteAllText(file, new string('x', 5000));

        var fault = Assert.Throws<StoreException>(Open);
        Assert.Equal(StoreFault.Corrupt, fault.Fault);
        Assert.Contains(file, fault.Message);
        Assert.Equal(new string('x', 5000), File.ReadAllText(file));
    }

    /// <summary>Owns a run that is owned already: its lock file has been removed under its owner.</summary>
    private IRunJournal Steal(SqliteRunStore store)
    {
        File.Delete(Path.Combine(_folder, "locks", Run.Text + ".lock"));
        return store.Own(Run);
    }

    private SqliteRunStore Open() => SqliteRunStore.Open(_folder, Durability.Full);

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "hydra.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    private static Frame FrameOf(int sequence) => new(sequence, 1000 + sequence, [new RunEvent.Decided(sequence)]);

    private static RunInfo Info(RunStatus status) => new()
    {
        Run = Run, Workflow = "w", Status = status, StartedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch,
        Tags = new Dictionary<string, string> { ["colour"] = "blue" },
    };

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
