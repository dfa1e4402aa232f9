using Hydra.Model;
using Hydra.Scheduling;

namespace Hydra.Execution;

// What other processes leave for the run: commands in its inbox, and the kill switch.
internal sealed partial class RunLoop
{
    private static readonly TimeSpan InboxInterval = TimeSpan.FromMilliseconds(250);

    private int _isTaking;
    /// <summary>What was left for an owner that died has been taken: all else is asked of this one, whatever the clocks say.</summary>
    private bool _hasTakenLeft;
    private KillSwitch _switch = KillSwitch.Off;

    private void TakeCommands()
    {
        if (Interlocked.Exchange(ref _isTaking, 1) != 0) return;   // a locked store holds the look before this one up
        try
        {
            foreach (var command in _journal.TakeCommands())
            {
                Message said = command.Verb == GivenAnswer.Verb && GivenAnswer.Read(command.Body) is { } given ? new Message.WaitAnswered(given)
                    : ControlRequest.Of(command) is { } request ? new Message.ControlAsked(_hasTakenLeft ? request with { AtMs = 0 } : request)
                    : Message.Tick.Now;   // no command of this version: it goes with the next frame
                Enqueue(said with { InboxId = command.Id });
            }
            _hasTakenLeft = true;
            ReadSwitch();
        }
        catch (StoreException)
        {
            // The inbox is read again at the next interval; a store that is truly broken shows at the next commit.
        }
        finally
        {
            Volatile.Write(ref _isTaking, 0);   // before this thread turns the loop, which may take long
        }
        Wake();
    }

    /// <summary>Leaves a message where the switch has changed. A switch turned on between two looks is found by the commit of the first call after it.</summary>
    private void ReadSwitch()
    {
        var now = _journal.ReadSwitch();
        if (now == _switch) return;
        _switch = now;
        Enqueue(new Message.SwitchRead(now));
    }
}
