using System.Globalization;
using System.Text;
using Hydra.Gateway.Fake;
using Hydra.Model;

namespace Hydra.Cli.Tests.PowerLoss;

/// <summary>
/// One seed: a run of model calls, an irreversible effect and a gate on a disk that loses power again and again. What the
/// program said (its lines, its exit codes) and what it did outside (calls, effects) is compared with what its journal has
/// after each cut. The provider and the effect's server are other processes' business: no cut touches them.
/// </summary>
internal sealed class PowerCampaign(int seed, string durability = "full", bool dropsSyncs = false)
{
    private const int NodeCount = 8, CutsMax = 5, StagesMax = 40;
    private static readonly RunId Run = new("power");
    private static readonly string Filler = new('x', 20_000);

    /// <remarks>The seed is spread first: the first draws of seeds side by side lie on a line (System.Random is linear in its seed).</remarks>
    private readonly Random _random = new(unchecked((int)((uint)seed * 2_654_435_761u)));

    public int Cuts { get; private set; }
    /// <summary>Processes that ended because the disk failed under them.</summary>
    public int Failures { get; private set; }
    /// <summary>Processes that ended by themselves before their fault was due.</summary>
    public int Misses { get; private set; }
    public int Resumes { get; private set; }
    public int Calls { get; private set; }
    public int Acknowledged { get; private set; }
    /// <summary>What was acknowledged and is not there any more.</summary>
    public List<string> Lost { get; private set; } = [];
    /// <summary>Calls of completed nodes made again, and effects that happened twice.</summary>
    public List<string> Repeated { get; private set; } = [];
    /// <summary>What is needed to look at a loss that should not be: the seed, each process with its cut, and where the disk is kept.</summary>
    public string? Trail { get; private set; }

    public async Task RunAsync()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { When = new FakeMatch { Prompt = "long" }, Answer = Filler }, new FakeRule()));
        await using var world = new EffectServer();
        using var terminal = new Terminal();
        var disk = Directory.CreateDirectory(terminal.PathOf("disk")).FullName;
        terminal.Write("power.yaml", Workflow(world));
        var witness = new Witness(terminal.PathOf("disk/.hydra"), Run, fake, world);
        (Lost, Repeated) = (witness.Lost, witness.Repeated);
        var isDone = false;
        var words = Begin;
        var trail = new StringBuilder();
        for (var stage = 0; stage < StagesMax; stage++)
        {
            var cutAt = Cuts < CutsMax ? _random.Next(1, CallsOf(words[0])) : 0;
            var failAt = cutAt > 0 && _random.Next(4) == 0 ? 1 + (cutAt / 6) : 0;   // one disk in four fails in place of going dark
            var environment = PowerDisk.Environment(disk, (seed * 1000) + stage, failAt > 0 ? 0 : cutAt, dropsSyncs, failAt);
            (environment["OPENAI_BASE_URL"], environment["OPENAI_API_KEY"]) = (fake.Url + "/v1", "fake");
            using var hydra = HydraProcess.Start(terminal.Folder, environment, [.. words, "--runs-dir", "disk/.hydra"]);
            var (code, output, error) = await hydra.EndAsync();
            await world.SettledAsync();
            if (code == 137) Cuts++;
            else if (failAt > 0 && code == 1 && error.Contains("hydra: ", StringComparison.Ordinal) && error.Contains("disk", StringComparison.Ordinal)) Failures++;
            else if (cutAt > 0) Misses++;
            if (words[0] == "resume") Resumes++;
            trail.Append(CultureInfo.InvariantCulture, $"stage {stage}: {string.Join(' ', words)}; cutAt {cutAt}, failAt {failAt}; exit {code}\n{output}{error}");
            witness.Hear(output + error);
            var state = witness.Compare();
            isDone = code == 0 && state is { Status: RunStatus.Completed };
            if (Lost.Count > 0 || isDone) break;
            words = Next(state, witness);
        }
        (Calls, Acknowledged) = (fake.Calls.Count, witness.Acknowledged);
        if (Lost.Count == 0) witness.End();
        if (Lost.Count == 0 && !isDone) Lost.Add($"the end: the run is not completed after {StagesMax} processes");
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

    /// <summary>About as many storage calls as such a process makes; beyond them no fault would meet it.</summary>
    private static int CallsOf(string verb) => verb switch { "run" => 170, "approve" => 25, _ => 110 };

    private string[] Next(RunState? state, Witness witness) => state switch
    {
        null => Begin,
        { Status: RunStatus.Paused, OpenWaits.Count: > 0 } => ["approve", Run.Text, "gate", "--approver", "ann"],
        _ => witness.Resume(state),
    };

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
