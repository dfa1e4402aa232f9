using System.Text.RegularExpressions;
using Hydra.Gateway.Fake;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Tests.PowerLoss;

/// <summary>
/// Remembers what one run said (its lines) and did outside (calls that reached the provider, effects that reached the
/// server), and holds it against what the run's journal has. Provider and server are other processes' business: nothing
/// that happens to the program touches them.
/// </summary>
/// <remarks>Prompts begin with <see cref="NameOf"/> of their node's path and a space; the paths of effects are that name.</remarks>
internal sealed class Witness(string folder, RunId run, FakeProvider fake, EffectServer world)
{
    private readonly Dictionary<string, int> _callsWhenDone = new(StringComparer.Ordinal);
    private readonly HashSet<string> _approved = new(StringComparer.Ordinal);
    private bool _hasStarted;

    /// <summary>What was acknowledged and is not there any more.</summary>
    public List<string> Lost { get; } = [];
    /// <summary>Calls of completed nodes made again, and effects that happened twice.</summary>
    public List<string> Repeated { get; } = [];
    public int Acknowledged => _callsWhenDone.Count + _approved.Count;
    /// <summary>The run as its journal had it when last compared; null: there was no run.</summary>
    public RunState? State { get; private set; }

    /// <summary>What a node is called outside, as in <c>m-3-pay</c> for <c>m[3]/pay</c> and <c>l-2-ask</c> for <c>l#2/ask</c>.</summary>
    public static string NameOf(string path) => path.Replace("]", "", StringComparison.Ordinal).Replace('[', '-').Replace('#', '-').Replace('/', '-');

    public void Hear(string said)
    {
        _hasStarted |= said.Contains($"{run} started", StringComparison.Ordinal);
        foreach (var path in Said(said, @"^(?<what>\S+) completed").Where(path => path != run.Text && !_callsWhenDone.ContainsKey(path))) _callsWhenDone[path] = CallsOf(path);
        foreach (var gate in Said(said, $@"^{run} (?<what>\S+) approved")) _approved.Add(gate);
    }

    /// <summary>Compares what was heard and done so far with the journal.</summary>
    public RunState? Compare()
    {
        try
        {
            return State = Read();
        }
        catch (StoreException broken)
        {
            Lost.Add(broken.Message);
            return State = null;
        }
    }

    /// <summary>How a person takes the run up again, who looks outside where it is not known whether an effect happened.</summary>
    public string[] Resume(RunState state)
    {
        var unknown = Enumerable.Range(0, state.InstanceCount).Where(state.HasUnknownStep).Select(state.PathOf);
        return ["resume", run.Text, .. unknown.SelectMany(path => new[] { "--assume", world.Saw(NameOf(path)) ? $"{path}=done:\"did {NameOf(path)}\"" : $"{path}=not-done" })];
    }

    /// <summary>Once the run has completed: every effect happened once, and nothing completed was called again.</summary>
    public void End()
    {
        Repeated.AddRange(_callsWhenDone.Where(node => CallsOf(node.Key) > node.Value).Select(node => $"{node.Key}: {CallsOf(node.Key)} calls"));
        Repeated.AddRange(world.Effects.CountBy(effect => effect.Path).Where(path => path.Value > 1).Select(path => $"{path.Key}: {path.Value} effects"));
        if (State is not { } state) return;
        var effects = Enumerable.Range(0, state.InstanceCount).Where(node => state.NodeOf(node).Spec.Type == "http" && state.StatusOf(node) == NodeStatus.Completed).Select(state.PathOf);
        Lost.AddRange(effects.Where(path => !world.Saw(NameOf(path))).Select(path => $"{path} completed and never happened"));
    }

    private RunState? Read()
    {
        using var store = SqliteRunStore.Open(folder, Durability.Full);
        if (store.Find(run) is null)
        {
            if (_hasStarted || Acknowledged > 0 || fake.Calls.Count > 0) Lost.Add("the run");
            return null;
        }
        Lost.AddRange(store.Check(run).Findings.Select(finding => finding.Problem));
        var events = store.Read(run).SelectMany(frame => frame.Events).ToList();
        var intents = events.OfType<RunEvent.StepIntended>().CountBy(intent => intent.Node).ToDictionary();
        var state = new RunState(RunReading.PlanOf(store, run).Plan);
        foreach (var frame in store.Read(run)) state.Apply(frame);
        var missing = _callsWhenDone.Keys.ToHashSet(StringComparer.Ordinal);
        for (var node = 0; node < state.InstanceCount; node++)
        {
            var path = state.PathOf(node);
            if (missing.Remove(path) && state.StatusOf(node) != NodeStatus.Completed) Lost.Add($"{path} is {state.StatusOf(node)} after it was said to be completed");
            var made = CallsOf(path) + world.Effects.Count(effect => effect.Path == NameOf(path));
            if (made > intents.GetValueOrDefault(node)) Lost.Add($"{path} made {made} calls and the journal has {intents.GetValueOrDefault(node)} intents");
        }
        Lost.AddRange(missing.Select(path => $"{path} was said to be completed and is not in the journal"));
        var answered = events.OfType<RunEvent.WaitAnswered>().Select(answer => state.PathOf(answer.Node)).ToHashSet(StringComparer.Ordinal);
        Lost.AddRange(_approved.Where(gate => !answered.Contains(gate)).Select(gate => $"the approval of {gate}"));
        return state;
    }

    private int CallsOf(string path)
    {
        var name = NameOf(path) + " ";
        return fake.Calls.Count(call => call.Prompt.StartsWith(name, StringComparison.Ordinal));
    }

    private static IEnumerable<string> Said(string said, string pattern) =>
        Regex.Matches(said, pattern, RegexOptions.Multiline, TimeSpan.FromSeconds(1)).Select(match => match.Groups["what"].Value);
}
