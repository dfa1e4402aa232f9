using System.Text;
using Hydra.Model;

namespace Hydra.Tests.Scheduling;

// Processes that die and are taken up again.
internal sealed partial class Simulation
{
    /// <summary>Runs the seed, then kills the process behind every frame of that run in turn and lets it go on without faults. Gives the number of crash points.</summary>
    public static int RunCrashingEverywhere(int seed)
    {
        var whole = new Simulation(seed);
        whole.Run();
        for (var count = 1; count < whole._frames.Count; count++)
        {
            var cut = new Simulation(seed) { _isHealed = true };
            foreach (var frame in whole._frames.Take(count)) cut.Adopt(frame);
            cut.Run();
        }
        return whole._frames.Count - 1;
    }

    private void Lose()
    {
        Die();
        Restart(_frames);
    }

    private void Crash()
    {
        Die();
        if (_bug == PlantedBug.LastFrameLost && _frames.Count > 3)
        {
            _frames.RemoveAt(_frames.Count - 1);
            _replica = new RunState(_plan);
            foreach (var frame in _frames) _replica.Apply(frame);
        }
        Restart(_frames);
    }

    private void Die()
    {
        _crashCount++;
        DieInFlight();
        _attempts.Clear();
        _answers.Clear();
        _nowMs += _random.Next(2000);
    }

    private void Restart(List<Frame> frames)
    {
        var state = new RunState(_plan);
        foreach (var frame in frames) state.Apply(frame);
        _reducer = NewReducer(state);
        _reducer.Begin(_turnMs = Math.Max(_nowMs, state.LastFrameMs));
        if (!state.HasStarted) _reducer.Open(new RunEvent.RunStarted($"seed{_seed}", "test", "", ValueRef.EmptyText, Told(_limits)));
        else if (state.HasEnded) return;
        else _reducer.Resume(Told(_limits));
        EndTurn();
    }

    private bool GoOnAfterEnd()
    {
        if (State.Status == RunStatus.Interrupted) _interrupted++;
        if (State.RollbackAs is not null && State.Status is not (RunStatus.Paused or RunStatus.Interrupted) && State.Reopenable().Count == 0) return false;
        if (State.Status is RunStatus.Completed or RunStatus.Cancelled || _resumes >= 6)
        {
            // Only what the file itself fixes may keep a run from completing once the faults are over.
            string[] excuses = ["tokens=", "steps=", "calls=", "seconds=", "breaker="];
            if (_bug == PlantedBug.None && _resumes >= 6 && !_stops && !Array.Exists(excuses, _graph.Contains)) throw new InvariantBrokenException($"the faults are over and the run still ends {State.Status}: {State.Reason}");
            return false;
        }
        if (_resumes >= 3)
        {
            _isHealed = true;
            _nowMs += 60_000;
            _limits = _limits with { Budget = null };
        }
        else if (_limits.Budget is { } budget && _raises++ < RaisesMax) _limits = _limits with { Budget = budget with { MaxTokens = budget.MaxTokens * 2, MaxSteps = budget.MaxSteps * 2, MaxModelCalls = budget.MaxModelCalls * 2, MaxTime = budget.MaxTime * 2 } };
        _checker.RunBudget = _limits.Budget;
        if (State is { Status: RunStatus.Paused, OpenWaits.Count: > 0 }) AnswerAlone();
        else _resumes++;
        _turns = Math.Max(_turns, 1);
        Die();
        _crashCount--;
        var state = new RunState(_plan);
        foreach (var frame in _frames) state.Apply(frame);
        _reducer = NewReducer(state);
        _reducer.Begin(_turnMs = Math.Max(_nowMs, state.LastFrameMs));
        var said = new List<RunEvent.Assumed>();
        for (var i = 0; i < state.InstanceCount; i++)
        {
            if (state.HasUnknownStep(i) && (_isHealed || Chance(2))) said.Add(new RunEvent.Assumed(i, Happened(state, i), ValueRef.Of("as they say"), "ann"));
        }
        _reducer.Resume(Told(_limits), said);
        EndTurn();
        return true;
    }
}
