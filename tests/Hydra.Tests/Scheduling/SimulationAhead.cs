using Hydra.Model;

namespace Hydra.Tests.Scheduling;

// How frames become durable. Half of the seeds decide on the next turn while a frame is being written.
internal sealed partial class Simulation
{
    /// <param name="Frames">One, behind those that the kill switch refused: they are written together.</param>
    private sealed record Closed(IReadOnlyList<Frame> Frames, List<Command> Commands);

    /// <summary>Its own dice: what else a seed draws does not depend on it.</summary>
    private readonly Random _disk;
    private Closed? _inFlight, _refused;
    private bool _mustLand;

    private bool RunsAhead => _bug is PlantedBug.None or PlantedBug.ActsWhileFrameIsWritten && _seed % 2 == 1;

    /// <summary>A turn that stayed open goes on at the time at which it began.</summary>
    private void Begin()
    {
        if (_reducer.Events.Count + _reducer.Commands.Count == 0) _reducer.Begin(_turnMs = _nowMs);
        if (_inFlight is { } written && (_mustLand || _disk.Next(2) == 0)) Land(written);
        _mustLand = false;
    }

    private Closed Close(List<RunEvent> events, List<Command> commands)
    {
        var frame = new Frame(State.NextSequence, _turnMs, events);
        State.CloseFrame(frame.Sequence);
        var closed = new Closed([.. _refused?.Frames ?? [], frame], commands);
        _refused = null;
        return closed;
    }

    private bool StaysInFlight(Closed closed)
    {
        if (!RunsAhead || _disk.Next(2) == 0) return false;
        _inFlight = closed;
        if (_bug == PlantedBug.ActsWhileFrameIsWritten) foreach (var command in closed.Commands.Where(command => command.Kind == CommandKind.Grant)) Carry(command);
        return true;
    }

    private void Land(Closed written)
    {
        _inFlight = null;
        if (_controls && !_isHealed && _disk.Next(30) == 0 && IsForbidden(written))
        {
            Refuse(written);
            _seen.Add("refused in flight");
            return;
        }
        Commit(written);
        foreach (var command in written.Commands)
        {
            if (_bug != PlantedBug.ActsWhileFrameIsWritten || command.Kind != CommandKind.Grant) Carry(command);
        }
    }

    /// <summary>The store finds the switch on in the transaction that writes, and a call announced that it forbids.</summary>
    private bool IsForbidden(Closed closed)
    {
        _found = SwitchedOn();
        var intents = closed.Frames.SelectMany(frame => frame.Events).OfType<RunEvent.StepIntended>().Where(intent => _found.Covers(intent.Call.Kind));
        var ends = closed.Frames.SelectMany(frame => frame.Events).OfType<RunEvent.StepEnded>().Select(end => (end.Node, end.Step)).ToHashSet();
        return intents.Any(intent => !ends.Contains((intent.Node, intent.Step)));
    }

    private KillSwitch _found = KillSwitch.Off;

    private void Refuse(Closed closed)
    {
        if (_reducer.Events.Count + _reducer.Commands.Count == 0) _reducer.Begin(_turnMs);
        _refused = closed;
        _reducer.Refuse(_found, closed.Commands);
        if (_reducer.Commands.Exists(command => command is { Kind: CommandKind.Grant, Detail: StepAnswer { Known: null } answer } && _found.Covers(((Ticket)answer.Ticket).Call.Kind)))
            throw new InvariantBrokenException("a call was granted that the kill switch forbids");
    }

    /// <summary>A process died while frames were written: they are there whole or not at all, and the turn that was open is gone.</summary>
    private void DieInFlight()
    {
        if (_inFlight is { } written)
        {
            _seen.Add("died in flight");
            if (_disk.Next(2) == 0 && !(_controls && IsForbidden(written))) Commit(written);
        }
        (_inFlight, _refused) = (null, null);
    }

    private void Commit(Closed closed)
    {
        foreach (var frame in closed.Frames) Commit(frame);
    }

    private void Commit(Frame frame)
    {
        if (_bug == PlantedBug.EventMissingFromFrame && _turns > 3 && !_isPlanted && frame.Events.Count > 1)
        {
            frame = frame with { Events = [.. frame.Events.SkipLast(1)] };
            _isPlanted = true;
        }
        _frames.Add(frame);
        _replica.Apply(frame);
        foreach (var happened in frame.Events) _seen.Add(Kind(happened));
        _checker.Check(frame, _replica);
    }
}
