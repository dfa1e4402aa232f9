using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Tests;

/// <summary>Runs of other processes on this screen.</summary>
public sealed class FollowTests
{
    [Fact]
    public async Task A_follower_stays_where_a_process_has_taken_up_a_paused_run_and_written_nothing_yet()
    {
        var looked = new Looks();
        using var terminal = new Terminal { Clock = looked };
        terminal.Write("flow.yaml", "name: f\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1"));
        using var store = SqliteRunStore.Open(terminal.PathOf(".hydra"), Durability.Full);
        looked.Forget();

        var owned = store.Own(new RunId("r1"));
        var follower = Task.Run(() => terminal.Run("inspect", "r1", "--follow"), TestContext.Current.CancellationToken);
        Assert.NotEqual(follower, await Task.WhenAny(follower, looked.Once));
        owned.Dispose();
        Assert.Equal(0, await follower);
        Assert.Contains("r1 paused: waiting for people at 'g'", terminal.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_follower_of_a_supervised_run_does_not_take_an_old_pause_for_its_end()
    {
        var looked = new Looks();
        using var terminal = new Terminal();
        terminal.Write("flow.yaml", "name: f\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?}\n");
        Assert.Equal(3, terminal.Run("run", "flow.yaml", "--run-id", "r1"));
        using var store = SqliteRunStore.Open(terminal.PathOf(".hydra"), Durability.Full);
        var io = new CliIo { Out = TextWriter.Null, Environment = _ => null, WorkingDirectory = terminal.Folder, Clock = looked };
        var arguments = ArgumentParser.Parse(Verbs.InspectVerb.Verb, ["r1"]);

        // The process that was to go on died before it wrote anything; the supervisor starts the next.
        var isSupervised = true;
        var follower = Task.Run(() => Verbs.FollowVerb.WatchAsync(store, new RunId("r1"), arguments, io, () => Volatile.Read(ref isSupervised)), TestContext.Current.CancellationToken);
        Assert.NotEqual(follower, await Task.WhenAny(follower, looked.Once));
        Volatile.Write(ref isSupervised, false);
        Assert.Equal(RunStatus.Paused, (await follower)!.Status);
    }

    /// <summary>Tells when somebody waits for the next look.</summary>
    private sealed class Looks : TimeProvider
    {
        private TaskCompletionSource _once = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Once => _once.Task;

        public void Forget() => _once = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _once.TrySetResult();
            return base.CreateTimer(callback, state, dueTime, period);
        }
    }
}
