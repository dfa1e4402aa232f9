using Hydra.Gateway.Ledger;
using Hydra.Model;
using Hydra.Tests.Shared;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>A process that does not answer, and disks that become full in the middle of notes: real processes, real file systems.</summary>
public sealed class LedgerTroubleTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);
    private readonly LedgerFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_process_that_is_alone_and_stopped_is_named_and_nobody_decides_without_it()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "processes are stopped with signals");
        await using (await _folder.OpenAsync("team:load 1 total")) { }
        var alone = LoadProcess.Start(_folder.File, "p", 1, 20, 1_000);
        alone.WaitUntilReady();
        alone.Signal("STOP");
        try
        {
            foreach (var act in (Func<Task>[])[() => SqliteLedger.OpenAsync(_folder.File, TimeProvider.System, Patience), () => Task.Run(() => new LedgerReport(_folder.File, Patience).Dispose())])
            {
                var trouble = await Assert.ThrowsAsync<StoreException>(act);
                Assert.Equal(StoreFault.Locked, trouble.Fault);
                Assert.Matches(@"^The process that uses .*gateway\.db \(lock [0-9a-f]+\.lock\) has not answered for 0\.2 s\. Is it stopped\? Continue or end it, and try again\.$", trouble.Message);
            }
            Assert.Single(Directory.GetFiles(_folder.File + "-owners", "*.lock"));   // whoever gave up is gone
            Assert.Empty(Directory.GetFiles(_folder.File + "-owners", "*.knock"));
        }
        finally
        {
            alone.Signal("CONT");
        }
        await using var ledger = await SqliteLedger.OpenAsync(_folder.File, TimeProvider.System);
        alone.Begin();
        var billed = (await alone.EndAsync()).Where(line => line.StartsWith("billed ", StringComparison.Ordinal)).Sum(line => long.Parse(line.Split(' ')[2]));
        Assert.True(billed > 0);
        Assert.Equal(billed / 1_000_000m, (await ledger.StateAsync("team:load")).SpentUsd);
    }

    /// <summary>Room in KiB beyond an empty store: it ends in the notes, in the log of SQLite, and after some batches.</summary>
    [Theory]
    [InlineData(64, false)]
    [InlineData(64, true)]
    [InlineData(600, false)]
    [InlineData(600, true)]
    [InlineData(3_000, false)]
    [InlineData(3_000, true)]
    public async Task A_full_disk_refuses_calls_with_its_name_and_what_was_answered_stays(int kib, bool dies)
    {
        Assert.SkipWhen(Mounts.WhyNot is not null, Mounts.WhyNot ?? "");
        const int Callers = 16, Bound = 2_000;
        Directory.CreateDirectory(Path.Combine(_folder.Folder, "disk"));
        // What the store takes while it is empty is measured, so that the room is what the test says.
        var load = LoadProcess.StartMounting(_folder.Folder, $"""
            mount -t tmpfs -o size=64m none disk || exit 99
            echo go | $LOAD disk/gateway.db empty 1 0 1 > /dev/null
            head -c 33554432 /dev/zero > disk/ballast
            mount -o remount,size=$(( $(du -sk disk | cut -f1) + 256 + {kib} ))k disk
            $LOAD disk/gateway.db p {Callers} 1000000 {Bound} disk/ballast
            rm -f disk/ballast
            echo go | $LOAD disk/gateway.db after 1 0 1
            cp -r disk/gateway.db* .
            """);
        load.WaitUntilReady();
        load.Begin();
        var said = await load.ReadToAsync("stopped");
        load.Say(dies ? "die" : "go on");
        var rest = await load.EndAsync();
        said.AddRange(rest);
        Assert.Equal("done", rest[^1]);

        Assert.All(said.Where(line => line.StartsWith("refused ", StringComparison.Ordinal) || line.StartsWith("owed ", StringComparison.Ordinal)), line =>
            Assert.Contains("gateway.db is full. Free some space and", line, StringComparison.Ordinal));
        string[] Of(string what) => [.. said.Where(line => line.StartsWith(what + " ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1])];
        Assert.True(Of("refused").Length + Of("owed").Length >= Callers, $"{said.Count} lines and no caller met a full disk");
        var charged = _folder.Charges();
        var billed = said.Where(line => line.StartsWith("billed ", StringComparison.Ordinal)).ToDictionary(line => line.Split(' ')[1], line => long.Parse(line.Split(' ')[2]));
        foreach (var operation in Of("answered")) Assert.Equal((billed[operation], "answered"), charged[operation]);
        foreach (var operation in Of("owed")) Assert.Equal(dies && charged[operation].Outcome == "cut" ? (Bound, "cut") : (billed[operation], "answered"), charged[operation]);
        Assert.DoesNotContain(charged.Keys, Of("refused").Contains);
        Assert.True(charged.Values.Sum(charge => charge.Cost) >= billed.Values.Sum());
        using var report = _folder.OpenReport();
        Assert.Empty(report.Verify());
    }
}
