using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Hydra.Gateway.Fake;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Cli.Tests.PowerLoss;

/// <summary>
/// One seed: a run of model calls, an irreversible effect and a gate on a disk that loses power again and again. What the
/// program said (its lines, its exit codes) and what it did outside (calls, effects) is compared with what its journal has
/// after each cut. The provider and the effect's server are other processes' business: no cut touches them.
/// </summary>
internal sealed class PowerCampaign(int seed, string durability = "full", bool dropsSyncs = false)
{
    private const int NodeCount = 8, CutsMax = 5, StagesMax = 40, CallsOfAProcess = 170;
    private static readonly RunId Run = new("power");
    private static readonly string Filler = new('x', 20_000);

    private readonly Random _random = new(seed);
    private readonly Dictionary<string, int> _callsWhenDone = new(StringComparer.Ordinal);
    private bool _isApproved, _isDone;

    public int Cuts { get; private set; }
    /// <summary>Processes that ended because the disk failed under them.</summary>
    public int Failures { get; private set; }
    public int Resumes { get; private set; }
    public int Calls { get; private set; }
    public int Acknowledged { get; private set; }
    /// <summary>What was acknowledged and is not there any more.</summary>
    public List<string> Lost { get; } = [];
    /// <summary>Calls of completed nodes made again, and effects that happened twice.</summary>
    public List<string> Repeated { get; } = [];
    /// <summary>What is needed to look at a loss that should not be: the seed, each process with its cut, and where the disk is kept.</summary>
    public string? Trail { get; private set; }

    public async Task RunAsync()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { When = new FakeMatch { Prompt = "long" }, Answer = Filler }, new FakeRule()));
        await using var world = new EffectServer();
        using var terminal = new Terminal();
        var disk = Directory.CreateDirectory(terminal.PathOf("disk")).FullName;
        terminal.Write("power.yaml", Workflow(world));
        var words = Begin;
        var trail = new StringBuilder();
        for (var stage = 0; stage < StagesMax; stage++)
        {
            var cutAt = Cuts < CutsMax ? _random.Next(1, CallsOfAProcess) : 0;
            var failAt = cutAt > 0 && _random.Next(4) == 0 ? 1 + (cutAt / 6) : 0;   // one disk in four fails in place of going dark
            var environment = PowerDisk.Environment(disk, (seed * 1000) + stage, failAt > 0 ? 0 : cutAt, dropsSyncs, failAt);
            (environment["OPENAI_BASE_URL"], environment["OPENAI_API_KEY"]) = (fake.Url + "/v1", "fake");
            using var hydra = HydraProcess.Start(terminal.Folder, environment, [.. words, "--runs-dir", "disk/.hydra"]);
            var (code, output, error) = await hydra.EndAsync();
            if (code == 137) Cuts++;
            if (failAt > 0 && code == 1 && error.Contains("hydra: ", StringComparison.Ordinal) && error.Contains("disk", StringComparison.Ordinal)) Failures++;
            if (words[0] == "resume") Resumes++;
            trail.Append(CultureInfo.InvariantCulture, $"stage {stage}: {string.Join(' ', words)}; cutAt {cutAt}, failAt {failAt}; exit {code}\n{output}{error}");
            var state = Compare(terminal, fake, world, output + error);
            _isDone = code == 0 && state is { Status: RunStatus.Completed };
            if (Lost.Count > 0 || _isDone) break;
            words = Next(state, world);
        }
        Calls = fake.Calls.Count;
        if (Lost.Count == 0) End(fake, world);
        if (Lost.Count + Repeated.Count > 0 && durability == "full" && !dropsSyncs) Trail = $"seed {seed}: {string.Join("; ", Lost.Concat(Repeated))}\ndisk kept in {Keep(disk)}\n{trail}";
    }

    /// <summary>Moved out of the terminal's folder, which is removed.</summary>
    private static string Keep(string disk)
    {
        var kept = $"{Path.GetDirectoryName(disk)}-lost";
        Directory.Move(disk, kept);
        if (File.Exists(disk + ".log")) File.Move(disk + ".log", kept + ".log");
        return kept;
    }

    private string[] Begin => ["run", "power.yaml", "--run-id", Run.Text, "--max-concurrent", "3", "--durability", durability];

    private string[] Next(RunState? state, EffectServer world)
    {
        if (state is null) return Begin;
        if (state is { Status: RunStatus.Paused, OpenWaits.Count: > 0 }) return ["approve", Run.Text, "gate", "--approver", "ann"];
        var unknown = Enumerable.Range(0, state.InstanceCount).Where(state.HasUnknownStep).Select(state.PathOf);
        return ["resume", Run.Text, .. unknown.SelectMany(path => new[] { "--assume", world.Saw(path) ? $"{path}=done:\"did {path}\"" : $"{path}=not-done" })];
    }

    /// <summary>What was said and done against what is there. Null: there is no run.</summary>
    private RunState? Compare(Terminal terminal, FakeProvider fake, EffectServer world, string said)
    {
        var done = Regex.Matches(said, "^(?<node>n[0-9]|gate|pay) completed", RegexOptions.Multiline, TimeSpan.FromSeconds(1)).Select(match => match.Groups["node"].Value).ToList();
        foreach (var node in done.Where(node => !_callsWhenDone.ContainsKey(node))) _callsWhenDone[node] = CallsOf(fake, node);
        _isApproved |= said.Contains("power gate approved", StringComparison.Ordinal);
        Acknowledged = _callsWhenDone.Count + (_isApproved ? 1 : 0);
        try
        {
            return Compare(terminal, fake, world, said.Contains("power started", StringComparison.Ordinal));
        }
        catch (StoreException broken)
        {
            Lost.Add(broken.Message);
            return null;
        }
        finally
        {
            SqliteConnection.ClearAllPools();   // a power cut leaves no process that has the files open
        }
    }

    private RunState? Compare(Terminal terminal, FakeProvider fake, EffectServer world, bool hasStarted)
    {
        using var store = SqliteRunStore.Open(terminal.PathOf("disk/.hydra"), Durability.Full);
        if (store.Find(Run) is null)
        {
            if (hasStarted || _callsWhenDone.Count > 0 || fake.Calls.Count > 0) Lost.Add("the run");
            return null;
        }
        Lost.AddRange(store.Check(Run).Findings.Select(finding => finding.Problem));
        var events = store.Read(Run).SelectMany(frame => frame.Events).ToList();
        var state = new RunState(RunReading.PlanOf(store, Run).Plan);
        foreach (var frame in store.Read(Run)) state.Apply(frame);
        for (var node = 0; node < state.InstanceCount; node++)
        {
            var path = state.PathOf(node);
            if (_callsWhenDone.ContainsKey(path) && state.StatusOf(node) != NodeStatus.Completed) Lost.Add($"{path} is {state.StatusOf(node)} after it was said to be completed");
            var intents = events.Count(happened => happened is RunEvent.StepIntended intent && intent.Node == node);
            var made = CallsOf(fake, path) + world.Effects.Count(effect => effect.Path == path);
            if (made > intents) Lost.Add($"{path} made {made} calls and the journal has {intents} intents");
        }
        if (_isApproved && !events.OfType<RunEvent.WaitAnswered>().Any()) Lost.Add("the approval");
        return state;
    }

    private void End(FakeProvider fake, EffectServer world)
    {
        Repeated.AddRange(_callsWhenDone.Where(node => CallsOf(fake, node.Key) > node.Value).Select(node => $"{node.Key}: {CallsOf(fake, node.Key)} calls"));
        Repeated.AddRange(world.Effects.CountBy(effect => effect.Path).Where(path => path.Value > 1).Select(path => $"{path.Key}: {path.Value} effects"));
        if (!_isDone) Lost.Add($"the end: the run is not completed after {StagesMax} processes");
    }

    private static int CallsOf(FakeProvider fake, string node) => fake.Calls.Count(call => call.Prompt.StartsWith(node + " ", StringComparison.Ordinal));

    /// <summary>Model calls, every second with an answer that becomes an artifact; in their middle a gate, and behind it an effect.</summary>
    private static string Workflow(EffectServer world)
    {
        var text = new StringBuilder("name: power\ndefaults: {model: openai/fake-model}\nnodes:\n");
        for (var i = 0; i < NodeCount; i++)
        {
            var parent = i < 2 ? "" : i == 6 ? "pay" : $"n{i - 2}";
            text.Append(CultureInfo.InvariantCulture, $"  - {{id: n{i}, type: agent, prompt: 'n{i} {(i % 2 == 0 ? "long" : "short")}', depends_on: [{parent}]}}\n");
        }
        text.Append("  - {id: gate, type: approval_gate, prompt_to_human: 'pay?', depends_on: [n2]}\n").Append(world.Node("pay", "depends_on: [gate]"));
        return text.ToString();
    }
}
