using System.Text;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Tests.Journal;

/// <summary>Frames that are long enough to be packed, and what a store that holds them still promises.</summary>
public sealed class PackedFrameTests : IDisposable
{
    private static readonly RunId Run = new("run-1");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-packed-").FullName;

    [Theory]
    [InlineData(0, false)]
    [InlineData(StoredBody.PackedMin - 1, false)]
    [InlineData(StoredBody.PackedMin, true)]
    [InlineData(70_000, true)]   // longer than the window
    [InlineData(StoredBody.PackedMax + 1, false)]
    public void A_long_body_takes_less_room_and_every_body_comes_back(int length, bool isPacked)
    {
        var body = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, (length / 4) + 1).Select(i => $"[{i % 100:00}]"))[..length]);
        var stored = StoredBody.Pack(body);
        Assert.Equal(isPacked, stored.Length < body.Length);
        Assert.Equal(body, StoredBody.Unpack(stored));
    }

    [Fact]
    public void What_does_not_become_shorter_is_stored_as_it_is()
    {
        var noise = new byte[5000];
        new Random(1).NextBytes(noise);
        noise[0] = (byte)'[';
        Assert.Same(noise, StoredBody.Pack(noise));
    }

    /// <remarks>Made by this version; every later one reads it.</remarks>
    [Fact]
    public void A_body_that_was_packed_by_an_earlier_version_is_read()
    {
        var packed = Convert.FromBase64String("AUoLAACDpAUAgKqqqur/dKezHNzNfJXbVZkPelkOelFQ0P+76t9zb3XPqC5vY7grXiwsLGxsrOplRnXw4cOPwWAwjjNZVYPBYDAYDOZQZ0QqSqNwWGgn2XuCb9rMNUwilyqLoHWZfJy4/xp/utf55V7nt3udv9zr/O1e5x/3Ov+61/nPvc7/7nX+BM5rN0PHn+B5pT/h80p/AuiV/oTQK/0Jolf6E0av9CeQXulPKL3SL/dKv9wr/XKv9Mu90i/3Sr/cK/1yr/TLvdIv90q/3Cv9dq/0273Sb/dKv90r/Xav9Nu90m/3Sr/dK/12r/TbvdJf7pX+cq/0l3ulv9wr/eVe6S/3Sn+5V/rLvdJf7pX+cq/0t3ulv90r/e1e6W/3Sn+7V/rbvdLf7pX+dq/0t3ulv90r/eNe6R/3Sv+4V/rHvdI/7pX+ca/0j3ulf9wr/eNe6R/3Sv+6V/rXvdK/7pX+da/0r3ulf90r/ete6V/3Sv+6V/rXvdJ/7pX+c6/0n3ul/9wr/ede6T/3Sv+5V/rPvdJ/7pX+c6/0v3ul/90r/e9e6X/3Sv+7V/rfvdL/7pX+d6/0v3tl+f9PDA==");
        Assert.Equal(string.Concat(Enumerable.Range(0, 100).Select(i => $$"""{"type":"decided","node":{{i}}},""")), Encoding.UTF8.GetString(StoredBody.Unpack(packed)));
    }

    [Fact]
    public void A_frame_of_many_events_comes_back_and_its_row_is_small()
    {
        using var store = Open();
        Write(store, Long(0), Long(1), Short(2), Long(3));
        Assert.Equal([400, 400, 1, 400], store.Read(Run).Select(frame => frame.Events.Count));
        Assert.Equal(3L, Ask("SELECT count(*) FROM frames WHERE substr(body, 1, 1) = x'01'"));
        var plain = store.ReadRaw(Run).Sum(frame => frame.Body.Length);
        Assert.True((long)Ask("SELECT sum(length(body)) FROM frames") * 4 < plain, $"{Ask("SELECT sum(length(body)) FROM frames")} of {plain} bytes");
    }

    /// <remarks>A bit that changes nothing of the body changes nothing.</remarks>
    [Fact]
    public void Whatever_is_changed_in_a_packed_body_is_found_and_named()
    {
        using var store = Open();
        Write(store, Short(0), Long(1), Short(2));
        var sound = (byte[])Ask("SELECT body FROM frames WHERE seq=1");
        var expected = store.ReadRaw(Run).ToList()[1].Body;
        var (tried, found) = (0, 0);
        for (var bit = 0; bit < sound.Length * 8; bit += bit < 64 ? 1 : 37, tried++)
        {
            var harmed = (byte[])sound.Clone();
            harmed[bit / 8] ^= (byte)(1 << (bit % 8));
            SetBody(harmed);
            try
            {
                Assert.Equal(expected, store.ReadRaw(Run).ToList()[1].Body);
            }
            catch (StoreException fault)
            {
                found++;
                Assert.Equal(StoreFault.Corrupt, fault.Fault);
                Assert.Contains("damaged at frame 1 of", fault.Message, StringComparison.Ordinal);
            }
        }
        for (var length = 0; length < sound.Length; length += 9)
        {
            SetBody(sound[..length]);
            Assert.Contains("damaged at frame 1 of", Assert.Throws<StoreException>(() => store.ReadRaw(Run).ToList()).Message, StringComparison.Ordinal);
        }
        Assert.True(found > tried * 3 / 4, $"{found} of {tried}");
        SetBody(sound);
        Assert.Empty(store.Check(null).Findings);
    }

    [Fact]
    public void A_store_of_the_version_before_is_read_and_written_on()
    {
        using (var store = Open()) Write(store, Long(0), Long(1));
        using (var store = Open())
        {
            foreach (var frame in store.ReadRaw(Run).ToList()) SetBody(frame.Body, frame.Sequence);
        }
        Ask("""
            CREATE TABLE before(run INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL, PRIMARY KEY(run, seq)) WITHOUT ROWID;
            INSERT INTO before SELECT run, seq, at, hash, body FROM frames;
            DROP TABLE frames;
            ALTER TABLE before RENAME TO frames;
            PRAGMA user_version=1;
            """);
        var opened = new SqliteRunStore[4];
        Parallel.For(0, opened.Length, i => opened[i] = Open());   // whoever comes first makes it one of this version
        foreach (var other in opened[1..]) other.Dispose();
        using var again = opened[0];
        Assert.Equal(2L, Ask("PRAGMA user_version"));
        using (var journal = again.Own(Run)) journal.Commit(Long(2), null);
        Assert.Equal([400, 400, 400], again.Read(Run).Select(frame => frame.Events.Count));
        Assert.Equal((0L, 1L), (Ask("SELECT count(*) FROM frames WHERE seq<2 AND substr(body, 1, 1) = x'01'"), Ask("SELECT count(*) FROM frames WHERE seq=2 AND substr(body, 1, 1) = x'01'")));
        Assert.Empty(again.Check(null).Findings);
    }

    [Fact]
    public void A_fork_whose_first_frame_is_long_finds_its_parent()
    {
        using var store = Open();
        Write(store, Long(0), Long(1));
        var fork = new RunId("fork");
        using (var journal = store.Own(fork)) journal.Commit(new Frame(2, 2000, [new RunEvent.Forked(fork.Text, Run.Text, 1, null), new RunEvent.Invalidated([.. Enumerable.Range(0, 1000)])]), Info(fork));
        Assert.Equal([400, 400, 2], store.Read(fork).Select(frame => frame.Events.Count));
        Assert.Empty(store.Check(null).Findings);
    }

    [Fact]
    public void A_sweep_keeps_what_only_a_packed_frame_refers_to_and_removes_nothing_when_it_cannot_read_one()
    {
        using var store = Open();
        var kept = store.Artifacts.Keep(new string('x', 40_000));
        Write(store, Long(0) with { Events = [.. Long(0).Events, new RunEvent.OutputSet(3, kept)] });
        foreach (var file in Directory.EnumerateFiles(Path.Combine(_folder, "artifacts"), "*", SearchOption.AllDirectories)) File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddDays(-60));
        Assert.Equal(0, store.Sweep(DateTimeOffset.UnixEpoch, DateTimeOffset.UtcNow, isDry: false).Artifacts);

        SetBody([1, 0, 0, 0, 0], sequence: 0);
        var fault = Assert.Throws<StoreException>(() => store.Sweep(DateTimeOffset.UnixEpoch, DateTimeOffset.UtcNow, isDry: false));
        Assert.Equal("Frame 0 of run 'run-1' is damaged (its packed body says that it has 0 bytes), so nobody can see which artifacts it needs: no artifact was removed.", fault.Message);
        Assert.Equal(40_000, store.Artifacts.Read(kept).AsText.Length);
    }

    private static Frame Long(int sequence) => new(sequence, 1000 + sequence, [.. Enumerable.Range(0, 400).Select(node => new RunEvent.Decided(node))]);

    private static Frame Short(int sequence) => new(sequence, 1000 + sequence, [new RunEvent.Decided(sequence)]);

    private static RunInfo Info(RunId run) => new() { Run = run, Workflow = "w", Status = RunStatus.Running, StartedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch };

    private static void Write(SqliteRunStore store, params Frame[] frames)
    {
        using var journal = store.Own(Run);
        foreach (var frame in frames) journal.Commit(frame, frame.Sequence == 0 ? Info(Run) : null);
    }

    private SqliteRunStore Open() => SqliteRunStore.Open(_folder, Durability.Normal);

    private void SetBody(byte[] body, long sequence = 1) => Ask("UPDATE frames SET body=$body WHERE seq=$seq", ("$body", body), ("$seq", sequence));

    private object Ask(string sql, params (string Name, object Value)[] parameters)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(_folder, "hydra.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var (name, value) in parameters) command.Parameters.AddWithValue(name, value);
        return command.ExecuteScalar() ?? 0;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
