using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Tests;

/// <summary>Effects that may not be repeated, against kill -9; a server outside counts them.</summary>
public sealed class EffectTests(Totals totals)
{
    private const int NodeCount = 8, Seed = 77;
    private static readonly Dictionary<string, string> Nothing = [];

    [Fact]
    public async Task An_irreversible_effect_never_happens_twice_whenever_the_process_is_killed()
    {
        var killsWanted = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1" ? 200 : 24;
        var random = new Random(Seed);
        var (kills, unknown, effects) = (0, 0, 0);
        while (kills < killsWanted)
        {
            await using var world = new EffectServer();
            using var terminal = new Terminal();
            terminal.Write("pay.yaml", "name: pay\nnodes:\n" + string.Concat(Enumerable.Range(0, NodeCount).Select(i => world.Node($"n{i}", i < 2 ? "" : $"depends_on: [n{i - 2}]"))));
            string[] words = ["run", "pay.yaml", "--run-id", "pay"];
            while (true)
            {
                var mayKill = kills < killsWanted;
                using var hydra = HydraProcess.Start(terminal.Folder, Nothing, words);
                if (mayKill) Arm(world, hydra, random);
                var (code, _, error) = await hydra.EndAsync();
                await world.SettledAsync();
                world.Happened = null;
                if (code == 0) break;
                if (code == 137)
                {
                    kills++;
                    totals.Add(kills: 1, resumes: 1);
                }
                words = ["resume", "pay"];
                if (!SqliteRunStore.Exists(terminal.PathOf(".hydra")) || terminal.Run("inspect", "pay") != 0) words = ["run", "pay.yaml", "--run-id", "pay"];
                if (code != 1) continue;
                // A person looks outside and says what is true.
                var asked = Regex.Matches(error, "--assume '(?<node>n[0-9])=done'", RegexOptions.None, TimeSpan.FromSeconds(1)).Select(match => match.Groups["node"].Value).Distinct().ToList();
                Assert.True(asked.Count > 0 || (UnknownOf(terminal).Count == 0 && error.Contains("the process died 3 times", StringComparison.Ordinal)), error);
                unknown += asked.Count;
                words = [.. words, .. UnknownOf(terminal).SelectMany(node => new[] { "--assume", world.Saw(node) ? $"{node}=done:\"did {node}\"" : $"{node}=not-done" })];
            }
            totals.Add(repeated: world.Effects.Count - world.Effects.Select(effect => effect.Path).Distinct().Count());
            Assert.Equal(NodeCount, world.Effects.Count);
            Assert.Equal(NodeCount, world.Effects.Select(effect => effect.Key).Distinct().Count());
            Assert.Equal(Enumerable.Range(0, NodeCount).Select(i => $"n{i}"), world.Effects.Select(effect => effect.Path).Order());
            effects += world.Effects.Count;
        }
        Console.WriteLine($"TOTAL effect test: {kills} kills, {effects} irreversible effects, {unknown} unknown outcomes settled by a person, 0 effects repeated");
    }

    /// <remarks>Whoever says of an effect that it did not happen, because it had not yet, has it happen twice.</remarks>
    [Fact]
    public async Task What_a_process_had_asked_for_when_it_died_has_happened_once_the_world_is_settled()
    {
        await using var world = new EffectServer();
        for (var i = 0; i < 100; i++)
        {
            using (var dying = new TcpClient())
            {
                await dying.ConnectAsync(IPAddress.Loopback, world.Port, TestContext.Current.CancellationToken);
                dying.Client.Send(Encoding.ASCII.GetBytes($"POST /n{i} HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
            }
            await world.SettledAsync();
            Assert.True(world.Saw($"n{i}"));
        }
    }

    [Fact]
    public async Task The_key_is_the_same_for_every_attempt_and_reaches_programs_too()
    {
        await using var world = new EffectServer();
        using var terminal = new Terminal();
        terminal.Write("key.yaml", "name: key\nnodes:\n  - {id: k, type: bash, command: 'echo $HYDRA_IDEMPOTENCY_KEY >> keys; [ $(wc -l < keys) -gt 1 ]', retry: {max_attempts: 2}}\n"
            + "  - {id: p, type: python_exec, code: 'import os; print(len(os.environ[\"HYDRA_IDEMPOTENCY_KEY\"]))'}\n");
        using var hydra = HydraProcess.Start(terminal.Folder, Nothing, "run", "key.yaml", "--sandbox", "inprocess", "--json");
        var (code, output, error) = await hydra.EndAsync();
        Assert.True(code == 0, error);
        Assert.Contains("\"p\": 64", output);
        var keys = File.ReadAllLines(terminal.PathOf("keys"));
        Assert.Equal(2, keys.Length);
        Assert.Matches("^[0-9a-f]{64}$", Assert.Single(keys.Distinct(StringComparer.Ordinal)));
    }

    /// <summary>Kills the process at a random effect: before it is answered, or at some line of progress after.</summary>
    private static void Arm(EffectServer world, HydraProcess hydra, Random random)
    {
        var left = random.Next(1, 4);
        if (random.Next(3) > 0)
        {
            world.Happened = _ =>
            {
                if (Interlocked.Decrement(ref left) == 0) hydra.Kill();
            };
            return;
        }
        var lines = random.Next(1, 8);
        _ = Task.Run(async () =>
        {
            while (lines-- > 0 && await hydra.ReadErrorLineAsync() is not null) { }
            hydra.Kill();
        });
    }

    private static List<string> UnknownOf(Terminal terminal)
    {
        using var store = SqliteRunStore.Open(terminal.PathOf(".hydra"), Durability.Full);
        var (plan, _) = RunReading.PlanOf(store, new RunId("pay"));
        var state = new RunState(plan);
        foreach (var frame in store.Read(new RunId("pay"))) state.Apply(frame);
        return [.. Enumerable.Range(0, state.InstanceCount).Where(state.HasUnknownStep).Select(state.PathOf)];
    }
}
