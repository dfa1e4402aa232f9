using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Hydra.Gateway.Fake;
using Hydra.Model;

namespace Hydra.Cli.Tests.PowerLoss;

/// <summary>
/// One run of model calls, a map, a loop, gates and effects that may not be repeated, killed at given points of its journal
/// and taken up again until it ends. Another process answers the gates while the run goes on.
/// </summary>
/// <param name="kills">For each process in turn, the point of the journal at which it is killed (<see cref="PowerDisk"/>); those after the last one live.</param>
internal sealed class KillCampaign(params int[] kills)
{
    private const int StagesMax = 40;
    private static readonly RunId Run = new("kill");

    /// <summary>How large each part of the run is: chains, items, rounds, effects one after another. 24 makes more than 200 instances.</summary>
    public int Size { get; init; } = 24;
    /// <summary>Called with the runs directory after each kill; what it does to the journal must be found out.</summary>
    public Action<string>? Tampers { get; init; }
    /// <summary>The first process is killed once it has said that this node completed.</summary>
    public string? DiesAfter { get; init; }
    /// <summary>The first process is killed when the effect of this node has happened and is not answered.</summary>
    public string? DiesWithin { get; init; }
    /// <summary>Says of every effect that it did not happen; what it leads to must be found out.</summary>
    public bool Lies { get; init; }

    public int Kills { get; private set; }
    public int Resumes { get; private set; }
    public int Instances { get; private set; }
    public int Calls { get; private set; }
    public int Effects { get; private set; }
    public int Acknowledged { get; private set; }
    /// <summary>Effects of which a person said whether they had happened.</summary>
    public int Settled { get; private set; }
    /// <summary>The points of the journal that the first process passed.</summary>
    public int Points { get; private set; }
    public string Output { get; private set; } = "";
    public List<string> Lost { get; private set; } = [];
    public List<string> Repeated { get; private set; } = [];

    public async Task RunAsync()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule()));
        await using var world = new EffectServer();
        using var terminal = new Terminal();
        var disk = Directory.CreateDirectory(terminal.PathOf("disk")).FullName;
        terminal.Write("kill.yaml", Workflow(world));
        var witness = new Witness(terminal.PathOf("disk/.hydra"), Run, fake, world);
        (Lost, Repeated) = (witness.Lost, witness.Repeated);
        string[] begin = ["run", "kill.yaml", "--run-id", Run.Text, "--max-concurrent", "8", "--wait"];
        var words = begin;
        for (var stage = 0; stage < StagesMax; stage++)
        {
            var environment = PowerDisk.Environment(disk, seed: 1, cutAt: 0, killAt: stage < kills.Length ? kills[stage] : 0);
            (environment["OPENAI_BASE_URL"], environment["OPENAI_API_KEY"]) = (fake.Url + "/v1", "fake");
            if (words[0] == "resume") Resumes++;
            var held = stage == 0 && DiesWithin is not null ? world.Hold(Witness.NameOf(DiesWithin)) : null;
            using var hydra = HydraProcess.Start(terminal.Folder, environment, [.. words, "--runs-dir", "disk/.hydra"]);
            if (held is not null) world.Happened = path => KillWithin(path, hydra, held);
            var said = await AnswerAsync(hydra, terminal, stage == 0 ? DiesAfter : null);
            var (code, output, _) = await hydra.EndAsync();
            await world.SettledAsync();
            if (stage == 0) Points = PointsOf(disk + ".log");
            if (code == 137)
            {
                Kills++;
                Tampers?.Invoke(terminal.PathOf("disk/.hydra"));
            }
            witness.Hear(said + output);
            var state = witness.Compare();
            if (Lost.Count > 0) break;
            if (code == 0 && state is { Status: RunStatus.Completed })
            {
                (Output, Instances) = (output, state.InstanceCount);
                break;
            }
            words = state is null ? begin : [.. witness.Resume(state), "--wait"];
            if (Lies) words = [.. words.Select(word => Regex.Replace(word, "=done:.*", "=not-done", RegexOptions.None, TimeSpan.FromSeconds(1)))];
            Settled += words.Count(word => word == "--assume");
            foreach (var gate in state is null ? [] : state.OpenWaits.Select(state.PathOf))
            {
                var approved = Approve(terminal, gate);
                if (approved.Length == 0) throw new InvalidOperationException($"'{gate}' waits and cannot be approved: {terminal.Error}");   // the next process would wait for ever
                witness.Hear(approved);
            }
        }
        (Calls, Effects, Acknowledged) = (fake.Calls.Count, world.Effects.Count, witness.Acknowledged);
        if (Lost.Count > 0) return;
        witness.End();
        if (Output.Length == 0) Lost.Add($"the end: the run is not completed after {StagesMax} processes");
    }

    private void KillWithin(string path, HydraProcess hydra, TaskCompletionSource held)
    {
        if (path != Witness.NameOf(DiesWithin!) || held.Task.IsCompleted) return;
        hydra.Kill();
        held.SetResult();
    }

    /// <summary>Everything the process says until it ends; gates are answered as it asks.</summary>
    private static async Task<string> AnswerAsync(HydraProcess hydra, Terminal terminal, string? diesAfter)
    {
        var said = new StringBuilder();
        while (await hydra.ReadErrorLineAsync() is { } line)
        {
            said.Append(line).Append('\n');
            if (line.Split(' ') is [var gate, "waits", "for", "a", "decision:", ..]) said.Append(Approve(terminal, gate));
            if (diesAfter is not null && line.StartsWith(diesAfter + " completed", StringComparison.Ordinal)) hydra.Kill();
        }
        return said.ToString();
    }

    /// <summary>What was said to the person; nothing where the gate does not ask any more.</summary>
    private static string Approve(Terminal terminal, string gate)
    {
        terminal.Run("approve", Run.Text, gate, "--approver", "ann", "--runs-dir", "disk/.hydra");
        return terminal.Out;
    }

    private static int PointsOf(string log) => !File.Exists(log) ? 0 : int.Parse(File.ReadAllLines(log)[^1].Split("journal=")[1], CultureInfo.InvariantCulture);

    private string Workflow(EffectServer world)
    {
        var text = new StringBuilder("name: kill\ndefaults: {model: openai/fake-model}\nnodes:\n");
        for (var i = 0; i < Size * 3; i++)
        {
            var parent = i < 3 ? "" : $"n{i - 3}";
            text.Append(CultureInfo.InvariantCulture, $"  - {{id: n{i}, type: agent, prompt: 'n{i} tell{(i < 3 ? "" : $" {{{{ {parent} | length }}}}")}', depends_on: [{parent}]}}\n");
        }
        for (var i = 0; i < Size / 2; i++) text.Append(world.Node($"p{i}", $"depends_on: [{(i == 0 ? "first" : $"p{i - 1}")}]"));
        var pay = world.Node("pay").Replace("/pay'", "/m-{{ index }}-pay'", StringComparison.Ordinal).Trim()[2..^1];
        return text.Append(CultureInfo.InvariantCulture, $$$"""
              - {id: first, type: approval_gate, prompt_to_human: 'begin to pay?', depends_on: [n2]}
              - {id: second, type: approval_gate, prompt_to_human: 'end?', depends_on: [n{{{Size * 2}}}, p1]}
              - id: m
                type: map
                over: "{{ range({{{Size * 2}}}) | list }}"
                as: item
                depends_on: [n1]
                body:
                  - {id: ask, type: agent, prompt: 'm-{{ index }}-ask for {{ item }}'}
                  - {{{pay}}}, depends_on: [ask]}
              - id: l
                type: loop
                until: iteration >= {{{Size / 2}}}
                max_iterations: {{{Size}}}
                body:
                  - {id: ask, type: agent, prompt: 'l-{{ iteration }}-ask after {{ previous | length }}'}
                  - {id: keep, type: set, value: '{{ ask }}.', depends_on: [ask]}
              - {id: end, type: set, value: '{{ n{{{(Size * 3) - 1}}} }} {{ l }} {{ m | length }} {{ p{{{(Size / 2) - 1}}} }}', depends_on: [n{{{(Size * 3) - 1}}}, n{{{(Size * 3) - 2}}}, n{{{(Size * 3) - 3}}}, l, m, p{{{(Size / 2) - 1}}}, second]}
            """).Append('\n').ToString();
    }
}
