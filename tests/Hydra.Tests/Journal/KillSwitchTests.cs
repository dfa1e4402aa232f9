using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Tests.Journal;

public sealed class KillSwitchTests : IDisposable
{
    private static readonly RunId Run = new("run-1");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-switch-").FullName;

    [Fact]
    public void The_switch_outlives_its_process_and_every_use_is_in_the_audit()
    {
        using (var store = Open())
        {
            store.Switch.Use(new SwitchUse(true, SwitchScope.Tools, "ann", "runaway", 1000));
            store.Switch.Use(new SwitchUse(true, SwitchScope.Models, "bob", "and more", 2000));
        }
        using var again = Open();
        Assert.Equal(new KillSwitch(SwitchScope.All, "bob", "and more", 2000), again.Switch.Read());
        Assert.False(again.Switch.Use(new SwitchUse(false, SwitchScope.All, "ann", "mended", 3000)).IsOn);
        Assert.Equal([(true, "ann", 1000L), (true, "bob", 2000), (false, "ann", 3000)], again.Switch.Audit().Select(use => (use.TurnsOn, use.By, use.AtMs)));
    }

    [Theory]
    [InlineData(SwitchScope.Tools, StepKind.Tool, true)]
    [InlineData(SwitchScope.Tools, StepKind.Model, false)]
    [InlineData(SwitchScope.Models, StepKind.Model, true)]
    public void A_frame_that_announces_a_forbidden_call_is_not_written_by_any_process(SwitchScope scope, StepKind kind, bool isForbidden)
    {
        using var mine = Open();
        using var other = Open();
        using var journal = mine.Own(Run);
        journal.Commit(new Frame(0, 1, [new RunEvent.Decided(0)]), Info());
        other.Switch.Use(new SwitchUse(true, scope, "ann", "runaway", 1));
        var intent = new RunEvent.StepIntended(0, 0, new StepCall(kind, "t", "k", 0, 0, MicroUsd.Zero, null));
        if (!isForbidden)
        {
            journal.Commit(new Frame(1, 2, [intent]), null);
            return;
        }
        Assert.Equal("runaway", Assert.Throws<SwitchedOffException>(() => journal.Commit(new Frame(1, 2, [intent]), null)).Switch.Reason);
        Assert.Single(mine.Read(Run));
        // With its refusal in the same frame it may stand, and so may everything that announces nothing.
        var refused = new RunEvent.StepEnded(0, 0, new StepResult(null, default, MicroUsd.Zero, new NodeError(ErrorCode.PolicyDenied, "no"), 0) { IsRefused = true });
        journal.Commit(new Frame(1, 2, [intent, refused]), null);
        journal.Commit(new Frame(2, 3, [new RunEvent.Decided(1)]), null);
        Assert.Equal(3, mine.Read(Run).Count());
    }

    [Fact]
    public void A_frame_that_was_refused_is_written_with_the_one_that_ends_its_calls_or_not_at_all()
    {
        using var store = Open();
        using (var journal = store.Own(Run))
        {
            journal.Commit(new Frame(0, 1, [new RunEvent.Decided(0)]), Info());
            store.Switch.Use(new SwitchUse(true, SwitchScope.Tools, "ann", "runaway", 1));
            store.Post(Run, new InboxCommand("pause", Value.Null));
            journal.Heard([.. journal.TakeCommands().Select(command => command.Id)]);
            var frame = new Frame(1, 2, [Intent(0)]);
            Assert.Throws<SwitchedOffException>(() => journal.Commit(frame, null));
            Assert.Throws<SwitchedOffException>(() => journal.Commit([(frame, null), (new Frame(2, 3, [Refusal(0), Intent(1)]), null)]));
            Assert.Single(store.Read(Run));

            store.Post(Run, new InboxCommand("pause", Value.Null));
            journal.Heard([.. journal.TakeCommands().Select(command => command.Id)]);
            journal.Commit([(frame, null), (new Frame(2, 3, [Refusal(0)]), null)]);
            journal.Commit(new Frame(3, 4, [new RunEvent.Decided(1)]), null);
        }
        Assert.Equal([0L, 1, 2, 3], store.Read(Run).Select(frame => frame.Sequence));   // the hash chain is whole
        using var next = store.Own(Run);
        Assert.Empty(next.TakeCommands());   // what was heard for the refused frame went with it

        static RunEvent Intent(int node) => new RunEvent.StepIntended(node, 0, new StepCall(StepKind.Tool, "t", "k", 0, 0, MicroUsd.Zero, null));
        static RunEvent Refusal(int node) => new RunEvent.StepEnded(node, 0, new StepResult(null, default, MicroUsd.Zero, new NodeError(ErrorCode.PolicyDenied, "no"), 0) { IsRefused = true });
    }

    [Fact]
    public void Of_frames_that_are_refused_together_none_is_written_however_many_they_are()
    {
        using var store = Open();
        using var journal = store.Own(Run);
        journal.Commit(new Frame(0, 1, [new RunEvent.Decided(0)]), Info());
        store.Switch.Use(new SwitchUse(true, SwitchScope.Tools, "ann", "runaway", 1));
        var intent = new RunEvent.StepIntended(0, 0, new StepCall(StepKind.Tool, "t", "k", 0, 0, MicroUsd.Zero, null));
        Assert.Throws<SwitchedOffException>(() => journal.Commit([(new Frame(1, 2, [intent]), null), (new Frame(2, 3, [new RunEvent.Decided(1)]), null), (new Frame(3, 4, [new RunEvent.Decided(2)]), null)]));
        Assert.Single(store.Read(Run));
    }

    [Fact]
    public async Task After_the_switch_is_on_no_call_is_announced_however_many_are_under_way()
    {
        using var store = Open();
        var announced = 0;
        var isOn = 0;
        var late = 0;
        var ready = new TaskCompletionSource();
        var runs = Enumerable.Range(0, 8).Select(i => Task.Run(() =>
        {
            using var journal = store.Own(new RunId($"run-{i}"));
            journal.Commit(new Frame(0, 1, [new RunEvent.Decided(0)]), Info() with { Run = new RunId($"run-{i}") });
            for (var at = 1; at < 10_000; at++)
            {
                var wasOn = Volatile.Read(ref isOn) != 0;
                try
                {
                    journal.Commit(new Frame(at, at, [new RunEvent.StepIntended(0, at - 1, new StepCall(StepKind.Tool, "t", "k", 0, 0, MicroUsd.Zero, null))]), null);
                }
                catch (SwitchedOffException)
                {
                    return;
                }
                if (wasOn) Interlocked.Increment(ref late);
                if (Interlocked.Increment(ref announced) == 200) ready.SetResult();
            }
        })).ToList();
        await ready.Task;
        using (var other = Open()) other.Switch.Use(new SwitchUse(true, SwitchScope.All, "ann", "runaway", 1));
        Volatile.Write(ref isOn, 1);
        await Task.WhenAll(runs);
        Assert.Equal(0, late);
    }

    private SqliteRunStore Open() => SqliteRunStore.Open(_folder, Durability.Normal);

    private static RunInfo Info() => new() { Run = Run, Workflow = "w", StartedAt = DateTimeOffset.UnixEpoch, UpdatedAt = DateTimeOffset.UnixEpoch };

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
