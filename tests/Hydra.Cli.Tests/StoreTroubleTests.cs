using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Hydra.Cli.Tests.PowerLoss;
using Hydra.Gateway.Fake;
using Hydra.Tests.Shared;
using Microsoft.Data.Sqlite;

namespace Hydra.Cli.Tests;

/// <summary>Disks that are full or read-only and a database that somebody else holds: real processes, real file systems.</summary>
public sealed class StoreTroubleTests(Totals totals)
{
    private const int NodeCount = 12;
    private static readonly bool IsLong = System.Environment.GetEnvironmentVariable("HYDRA_LONG") == "1";

    /// <summary>Sizes in KiB: too small for an empty store, for the first frames, and for the middle of the run.</summary>
    public static TheoryData<int, bool> Disks
    {
        get
        {
            var disks = new TheoryData<int, bool>();
            foreach (var kib in IsLong ? [16, 32, 48, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512] : (int[])[32, 128, 384])
            {
                disks.Add(kib, false);
                if (IsLong || kib == 384) disks.Add(kib, true);
            }
            return disks;
        }
    }

    [Theory]
    [MemberData(nameof(Disks))]
    public async Task A_full_disk_stops_the_run_with_its_name_and_with_room_it_goes_on_without_loss(int kib, bool isSimulated)
    {
        var why = isSimulated ? PowerDisk.WhyNot : Mounts.WhyNot;
        Assert.SkipWhen(why is not null, why ?? "");
        await using var fake = await FakeProvider.StartAsync(new FakeScript { Answer = "{prompt} " + new string('z', 28_000) });
        using var terminal = new Terminal();
        terminal.Write("full.yaml", Chains());
        Directory.CreateDirectory(terminal.PathOf("disk"));
        var environment = EnvironmentOf(fake);
        var run = "run full.yaml --run-id full --runs-dir disk/.hydra";
        var script = isSimulated
            ? $"LD_PRELOAD=$POWER_LIBRARY $HYDRA {run} > out1 2> err1; echo $? > code1\nfind disk -name '*.part' > parts\n$HYDRA {run} > out2 2> err2; echo $? > code2\n$HYDRA verify --runs-dir disk/.hydra > verified; echo $? > code3"
            : $"mount -t tmpfs -o size={kib}k none disk || exit 99\n$HYDRA {run} > out1 2> err1; echo $? > code1\nfind disk -name '*.part' > parts\nmount -o remount,size=64m disk\n$HYDRA {run} > out2 2> err2; echo $? > code2\n$HYDRA verify --runs-dir disk/.hydra > verified; echo $? > code3";
        if (isSimulated)
        {
            foreach (var (name, value) in PowerDisk.Environment(terminal.PathOf("disk"), seed: kib, cutAt: 0, room: kib * 1024L)) environment[name == "LD_PRELOAD" ? "POWER_LIBRARY" : name] = value;
        }
        using var shell = isSimulated ? HydraProcess.StartShell(terminal.Folder, environment, script) : HydraProcess.StartMounting(terminal.Folder, environment, script);
        var (code, _, shellError) = await shell.EndAsync();
        Assert.True(code == 0, shellError);
        string Read(string file) => File.ReadAllText(terminal.PathOf(file)).Trim();

        var done = Regex.Matches(Read("err1"), "^(?<node>n[0-9]+) completed", RegexOptions.Multiline, TimeSpan.FromSeconds(1)).Select(match => match.Groups["node"].Value).ToList();
        var repeated = done.Count(node => fake.Calls.Count(call => call.Prompt == node + " tell") > 1);
        totals.Add(diskFullRuns: 1, resumes: 1, lost: repeated);   // a completed node that ran again had lost its result

        // (1) it says so, and leaves nothing half written
        Assert.Equal("1", Read("code1"));
        Assert.Contains($"hydra: The disk that holds {terminal.PathOf("disk/.hydra")}", Read("err1"));
        Assert.Contains("is full. Free some space and resume the run; nothing acknowledged is lost.", Read("err1"));
        Assert.Equal("", Read("parts"));
        // (2) with room it completes, and what was completed is not called again
        Assert.True(Read("code2") == "0", Read("err2"));
        Assert.Equal("0", Read("code3"));
        Assert.Equal(0, repeated);
        Assert.Equal(NodeCount, fake.Calls.Select(call => call.Prompt).Distinct().Count());
        Assert.True(fake.Calls.Count <= NodeCount + 3, $"{fake.Calls.Count} calls for {NodeCount} nodes and 3 in flight");
        TestContext.Current.TestOutputHelper?.WriteLine($"{done.Count} of {NodeCount} results were acknowledged before the disk was full");
    }

    [Fact]
    public async Task A_run_with_a_log_says_there_too_that_the_disk_is_full()
    {
        Assert.SkipWhen(Mounts.WhyNot is not null, Mounts.WhyNot ?? "");
        await using var fake = await FakeProvider.StartAsync(new FakeScript { Answer = "{prompt} " + new string('z', 28_000) });
        using var terminal = new Terminal();
        terminal.Write("full.yaml", Chains());
        Directory.CreateDirectory(terminal.PathOf("disk"));
        using var shell = HydraProcess.StartMounting(terminal.Folder, EnvironmentOf(fake), """
            mount -t tmpfs -o size=384k none disk || exit 99
            $HYDRA run full.yaml --run-id full --runs-dir disk/.hydra --log log; echo "exit $?"
            """);
        var (code, said, error) = await shell.EndAsync();

        Assert.Equal((0, "exit 1"), (code, said.Trim()));
        Assert.StartsWith($"hydra: The disk that holds {terminal.PathOf("disk/.hydra")}", error, StringComparison.Ordinal);
        Assert.EndsWith("\n" + error, File.ReadAllText(terminal.PathOf("log")), StringComparison.Ordinal);
    }

    /// <remarks>Its frames are written anew, so they need room twice.</remarks>
    [Fact]
    public async Task A_store_of_the_format_before_is_left_as_it_is_where_the_disk_has_no_room_to_convert_it()
    {
        Assert.SkipWhen(Mounts.WhyNot is not null, Mounts.WhyNot ?? "");
        using var terminal = new Terminal();
        terminal.Write("a.yaml", "name: a\nnodes:\n  - {id: a, type: set, value: x}\n");
        Assert.Equal(0, terminal.Run("run", "a.yaml", "--run-id", "old", "--runs-dir", "old"));
        MakeFormat1(terminal.PathOf("old/hydra.db"), frames: 501, bytes: 4_000);
        using var shell = HydraProcess.StartMounting(terminal.Folder, new Dictionary<string, string>(), """
            mkdir disk && mount -t tmpfs -o size=3200k none disk && cp old/* disk 2> /dev/null
            $HYDRA list --runs-dir disk 2>&1; echo "exit $?"
            mount -o remount,size=64m disk
            $HYDRA list --runs-dir disk > list; echo "exit $?"
            """);
        var (code, said, error) = await shell.EndAsync();

        Assert.True(code == 0, error);
        var lines = said.Trim().Split('\n');
        Assert.Equal(["exit 1", "exit 0"], lines[1..]);
        Assert.StartsWith($"hydra: The disk that holds {terminal.PathOf("disk")}", lines[0], StringComparison.Ordinal);
        Assert.Contains("old", File.ReadAllText(terminal.PathOf("list")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_large_store_of_the_format_before_is_converted_once_and_says_so()
    {
        using var terminal = new Terminal();
        terminal.Write("a.yaml", "name: a\nnodes:\n  - {id: a, type: set, value: x}\n");
        Assert.Equal(0, terminal.Run("run", "a.yaml", "--run-id", "old"));
        MakeFormat1(terminal.PathOf(".hydra/hydra.db"), frames: 5, bytes: 4_000_000);
        Assert.Equal(0, terminal.Run("list"));
        Assert.Equal($"{terminal.PathOf(".hydra/hydra.db")} is being converted to format 2 (20 MB); this happens once.\n", terminal.Error);
        Assert.Equal(0, terminal.Run("list"));
        Assert.Equal("", terminal.Error);
    }

    [Fact]
    public async Task A_recording_without_room_is_written_by_the_command_that_its_message_names()
    {
        Assert.SkipWhen(Mounts.WhyNot is not null, Mounts.WhyNot ?? "");
        using var terminal = new Terminal();
        terminal.Write("rec.yaml", "name: rec\ndefaults: {model: offline/m}\nnodes:\n  - {id: a, type: agent, prompt: Say hello}\n");
        terminal.Write("gate.yaml", "name: gate\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        using var shell = HydraProcess.StartMounting(terminal.Folder, new Dictionary<string, string>(), """
            mkdir disk && mount -t tmpfs -o size=4k none disk && head -c 4096 /dev/zero > disk/full || exit 99
            $HYDRA run rec.yaml --run-id ended --runs-dir kept --record disk/rec --quiet 2>&1 > answer; echo "exit $?"
            $HYDRA run gate.yaml --run-id gate --runs-dir kept --record disk/gate --quiet 2>&1; echo "exit $?"
            $HYDRA run rec.yaml --durability memory --record disk/none --quiet 2>&1 > answer; echo "exit $?"
            rm disk/full
            $HYDRA run ended --runs-dir kept --record disk/rec 2>&1 > answer; echo "exit $?"
            """);
        var (code, said, error) = await shell.EndAsync();

        Assert.True(code == 0, error);
        Assert.Equal(
        [
            "hydra: The disk that holds disk/rec is full. Free some space, then `hydra run ended --runs-dir kept --record disk/rec` writes the recording from the journal.", "exit 1",
            "hydra: The disk that holds disk/gate is full. Free some space, then `hydra run gate --runs-dir kept --record disk/gate` goes on and records all of the run.", "exit 1",
            "hydra: The disk that holds disk/none is full. Free some space, then run it anew: it kept nothing that a recording could be made from.", "exit 1",
        ], said.Split('\n')[..6]);
        Assert.EndsWith("recorded disk/rec\nexit 0\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_folder_is_named_and_left_as_it_is()
    {
        Assert.SkipWhen(Mounts.WhyNot is not null, Mounts.WhyNot ?? "");
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule()));
        using var terminal = new Terminal();
        terminal.Write("full.yaml", "name: gate\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: 'ok?'}\n");
        terminal.Write("new/keep", "");
        Assert.Equal(ExitCode.Paused, terminal.Run("run", "full.yaml", "--run-id", "old", "--runs-dir", "old/.hydra"));
        var before = Content(terminal.PathOf("old"));
        using var shell = HydraProcess.StartMounting(terminal.Folder, EnvironmentOf(fake), """
            for d in old new; do mount --bind $d $d && mount -o remount,bind,ro $d || exit 99; done
            $HYDRA run full.yaml --run-id n --runs-dir new/.hydra 2>&1; echo "exit $?"
            $HYDRA resume old --runs-dir old/.hydra 2>&1; echo "exit $?"
            $HYDRA approve old g --approver ann --runs-dir old/.hydra 2>&1; echo "exit $?"
            """);
        var (code, said, error) = await shell.EndAsync();

        Assert.True(code == 0, error);
        var lines = said.Trim().Split('\n');
        Assert.Equal(6, lines.Length);
        Assert.All(lines.Where((_, i) => i % 2 == 1), line => Assert.Equal("exit 1", line));
        Assert.StartsWith($"hydra: {terminal.PathOf("new")}", lines[0]);
        Assert.All([lines[2], lines[4]], line => Assert.StartsWith($"hydra: {terminal.PathOf("old/.hydra")}", line));
        Assert.All(lines.Where((_, i) => i % 2 == 0), line => Assert.Matches("read-only.*--runs-dir", line));
        Assert.Equal(before, Content(terminal.PathOf("old")));
        Assert.Equal("keep ", Content(terminal.PathOf("new"))[..5]);
    }

    [Fact]
    public async Task A_database_that_another_process_holds_is_waited_for_and_goes_on_when_it_is_free()
    {
        Assert.SkipWhen(PowerDisk.WhyNot is not null, PowerDisk.WhyNot ?? "");
        await using var world = new EffectServer();
        using var terminal = new Terminal();
        terminal.Write("hold.yaml", "name: hold\nnodes:\n" + world.Node("a") + world.Node("b", "depends_on: [a]"));
        SqliteConnection? holder = null;
        world.Happened = path => holder ??= path == "a" ? Hold(terminal) : null;
        await using var refusals = NamedPipe.Open(terminal.PathOf("refused"));
        using var hydra = HydraProcess.Start(terminal.Folder, PowerDisk.EnvironmentOfLocks(terminal.PathOf("refused")), "run", "hold.yaml", "--run-id", "hold");
        var ended = hydra.EndAsync();
        var refused = refusals.ReadExactlyAsync(new byte[1]).AsTask();
        Assert.Same(refused, await Task.WhenAny(ended, refused));   // it has met the lock, and it cannot end, nor begin b
        Assert.False(world.Saw("b"));
        holder!.Dispose();
        var (code, _, error) = await ended;

        Assert.True(code == 0, error);
        Assert.Equal(["a", "b"], world.Effects.Select(effect => effect.Path));
    }

    [Fact]
    public async Task A_database_that_stays_locked_ends_the_run_with_who_holds_it_and_nothing_is_lost()
    {
        await using var world = new EffectServer();
        using var terminal = new Terminal();
        terminal.Write("hold.yaml", "name: hold\nnodes:\n" + world.Node("a") + world.Node("b", "depends_on: [a]"));
        SqliteConnection? holder = null;
        world.Happened = path => holder ??= path == "b" ? Hold(terminal) : null;
        using var hydra = HydraProcess.Start(terminal.Folder, new Dictionary<string, string>(StringComparer.Ordinal), "run", "hold.yaml", "--run-id", "hold");
        var (code, _, error) = await hydra.EndAsync();
        holder!.Dispose();

        Assert.Equal(ExitCode.Failed, code);
        if (OperatingSystem.IsLinux()) Assert.Contains($"hydra.db is locked by process {System.Environment.ProcessId} (", error);
        Assert.Contains("for too long. Close what holds it, then resume the run; nothing acknowledged is lost.", error);
        // The answer of b never became durable: nobody may say that it happened, and it is not made again unasked.
        Assert.Equal(ExitCode.Failed, terminal.Run("resume", "hold"));
        Assert.Contains("unknown_outcome", terminal.Error);
        Assert.True(terminal.Run("resume", "hold", "--assume", "b=done:\"did b\"") == 0, terminal.Error);
        Assert.Equal(["a", "b"], world.Effects.Select(effect => effect.Path));
    }

    [Fact]
    public async Task A_damaged_database_is_named_by_every_verb_and_left_as_it_is()
    {
        using var terminal = new Terminal();
        terminal.Write("gate.yaml", "name: gate\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        using (var hydra = HydraProcess.Start(terminal.Folder, new Dictionary<string, string>(StringComparer.Ordinal), "run", "gate.yaml", "--run-id", "gate")) Assert.Equal(3, (await hydra.EndAsync()).Code);
        Overwrite(terminal.PathOf(".hydra/hydra.db"), "frames");
        var before = File.ReadAllBytes(terminal.PathOf(".hydra/hydra.db"));
        foreach (var words in (string[])["inspect gate", "inspect gate --follow", "resume gate", "approve gate g --approver ann", "cancel gate", "export gate", "diff gate gate", "rerun gate --from g", "run gate.yaml"])
        {
            Assert.True(terminal.Run(words.Split(' ')) == ExitCode.Failed, $"{words}: {terminal.Error}");
            Assert.Contains($"{terminal.PathOf(".hydra/hydra.db")} is damaged", terminal.Error, StringComparison.Ordinal);
        }
        Assert.Equal(ExitCode.Failed, terminal.Run("doctor", "--runs"));
        Assert.Contains("SQLite finds", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("gate: ", terminal.Out, StringComparison.Ordinal);
        Assert.Contains("Copy the folder away first.", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(terminal.PathOf(".hydra/hydra.db")));
    }

    [Fact]
    public async Task A_database_that_was_cut_off_to_nothing_is_not_taken_for_a_new_one()
    {
        using var terminal = new Terminal();
        terminal.Write("gate.yaml", "name: gate\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        using (var hydra = HydraProcess.Start(terminal.Folder, new Dictionary<string, string>(StringComparer.Ordinal), "run", "gate.yaml", "--run-id", "gate")) Assert.Equal(3, (await hydra.EndAsync()).Code);
        var (file, log) = (terminal.PathOf(".hydra/hydra.db"), terminal.PathOf(".hydra/hydra.db-wal"));
        File.WriteAllBytes(file, []);
        foreach (var hasLog in (bool[])[false, true])
        {
            if (hasLog) File.WriteAllBytes(log, new byte[32]);
            else File.Delete(log);
            var left = hasLog ? log : terminal.PathOf(".hydra/locks");
            foreach (var words in (string[])["list", "inspect gate", "resume gate", "approve gate g", "run gate.yaml", "verify", "doctor --runs"])
            {
                Assert.True(terminal.Run(words.Split(' ')) == ExitCode.Failed, $"{words}: {terminal.Error}");
                Assert.Contains($"{file} is empty, though {left} is there from earlier runs", terminal.Out + terminal.Error, StringComparison.Ordinal);   // doctor says it as what it found
            }
        }
        Assert.DoesNotContain(".recover", terminal.Out, StringComparison.Ordinal);   // it would remove the log
        Assert.Equal((0, 32), (new FileInfo(file).Length, new FileInfo(log).Length));
        Directory.Move(terminal.PathOf(".hydra"), terminal.PathOf("away"));
        Assert.Equal(ExitCode.Done, terminal.Run("list"));
    }

    /// <summary>Writes over the first page of a table.</summary>
    private static void Overwrite(string file, string table)
    {
        long page, bytes;
        using (var connection = new SqliteConnection($"Data Source={file};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"PRAGMA wal_checkpoint(TRUNCATE); SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master WHERE name='{table}'";
            using var reader = command.ExecuteReader();
            while (reader.FieldCount != 2) reader.NextResult();
            reader.Read();
            (page, bytes) = (reader.GetInt64(0), reader.GetInt64(1));
        }
        using var database = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite) { Position = (page - 1) * bytes };
        database.Write(Enumerable.Repeat((byte)0x99, (int)bytes).ToArray());
    }

    /// <summary>Gives a store the table of frames that it had before, with further frames that no run has.</summary>
    private static void MakeFormat1(string file, int frames, int bytes)
    {
        using var connection = new SqliteConnection($"Data Source={file};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"""
            CREATE TABLE before(run INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL, PRIMARY KEY(run, seq)) WITHOUT ROWID;
            INSERT INTO before SELECT run, seq, at, hash, body FROM frames;
            WITH RECURSIVE many(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM many WHERE i < {frames}) INSERT INTO before SELECT 77, i, 0, x'00', randomblob({bytes}) FROM many;
            DROP TABLE frames;
            ALTER TABLE before RENAME TO frames;
            PRAGMA user_version=1;
            PRAGMA wal_checkpoint(TRUNCATE);
            """;
        command.ExecuteNonQuery();
    }

    private static SqliteConnection Hold(Terminal terminal)
    {
        var connection = new SqliteConnection($"Data Source={terminal.PathOf(".hydra/hydra.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "BEGIN EXCLUSIVE";
        command.ExecuteNonQuery();
        return connection;
    }

    private static Dictionary<string, string> EnvironmentOf(FakeProvider fake) =>
        new(StringComparer.Ordinal) { ["OPENAI_BASE_URL"] = fake.Url + "/v1", ["OPENAI_API_KEY"] = "fake" };

    /// <summary>Three chains of four calls.</summary>
    private static string Chains()
    {
        var text = new StringBuilder("name: full\ndefaults: {model: openai/fake-model}\nnodes:\n");
        for (var i = 0; i < NodeCount; i++) text.Append(CultureInfo.InvariantCulture, $"  - {{id: n{i}, type: agent, prompt: 'n{i} tell', depends_on: [{(i < 3 ? "" : $"n{i - 3}")}]}}\n");
        return text.ToString();
    }

    private static string Content(string folder) => string.Concat(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        .Select(file => $"{Path.GetRelativePath(folder, file)} {Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(file)))}\n"));
}
