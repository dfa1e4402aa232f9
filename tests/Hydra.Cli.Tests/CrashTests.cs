using System.Text;
using Hydra.Gateway.Fake;

namespace Hydra.Cli.Tests;

/// <summary>Real processes killed at random moments against a real provider: nothing paid for is lost, nothing completed runs again.</summary>
public sealed class CrashTests(Totals totals)
{
    private const int NodeCount = 30, Seed = 20_261;

    [Fact]
    public async Task Kill_9_at_any_moment_loses_nothing()
    {
        var killsWanted = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1" ? 50 : 8;
        var random = new Random(Seed);
        var kills = 0;
        var repeated = 0;
        var answered = 0;
        var quarantines = 0;
        while (kills < killsWanted)
        {
            await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { LatencyMs = 10 }));
            var environment = new Dictionary<string, string>(StringComparer.Ordinal) { ["OPENAI_BASE_URL"] = fake.Url + "/v1", ["OPENAI_API_KEY"] = "fake" };
            using var terminal = new Terminal();
            terminal.Write("crash.yaml", Workflow());
            // (1) killed again and again, each time after a random number of lines of progress
            string[] words = ["run", "crash.yaml", "--run-id", "crash", "--max-concurrent", "4"];
            var cut = 0;
            (int Code, string Out, string Error) end;
            while (true)
            {
                using var hydra = HydraProcess.Start(terminal.Folder, environment, words);
                if (kills >= killsWanted || cut == 6)
                {
                    end = await hydra.EndAsync();
                    if (!IsQuarantine(end)) break;
                    continue;
                }
                var lines = random.Next(1, 9);
                while (lines-- > 0 && await hydra.ReadErrorLineAsync() is not null) { }
                hydra.Kill();
                end = await hydra.EndAsync();
                if (IsQuarantine(end)) continue;
                if (end.Code != 137) break;
                kills++;
                cut++;
                // A kill before the run's first fact leaves no run to go on with.
                if (terminal.Run("list", "--json") == 0 && terminal.Out.Contains("\"crash\"", StringComparison.Ordinal)) words = ["resume", "crash"];
            }
            // (2) the same result as an undisturbed run, and every answered call was made once
            totals.Add(kills: cut, resumes: cut, lost: end.Out.TrimEnd() == Expected() ? 0 : 1);
            Assert.True(end.Code == 0, end.Error);
            Assert.Equal(Expected(), end.Out.TrimEnd());
            var made = fake.Calls.CountBy(call => call.Prompt).ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
            Assert.Equal(NodeCount, made.Count);
            var extra = made.Values.Sum() - NodeCount;
            Assert.True(extra <= cut * 4, $"{extra} calls were repeated after {cut} kills with 4 in flight at most");
            AssertCompletedRanOnce(terminal);
            repeated += extra;
            answered += made.Values.Sum();
        }
        Console.WriteLine($"TOTAL crash test: {kills} kills, {answered} calls, {repeated} of them cut in flight and repeated, {quarantines} quarantines lifted by resume, 0 completed nodes run again");

        // A node that was running at three kills is not tried again until the next resume says so.
        bool IsQuarantine((int Code, string Out, string Error) end)
        {
            if (end.Code != 1 || !end.Error.Contains("unknown_outcome", StringComparison.Ordinal)) return false;
            quarantines++;
            return true;
        }
    }

    /// <summary>In the journal, no node that ended was started again.</summary>
    private static void AssertCompletedRanOnce(Terminal terminal)
    {
        using var store = Journal.SqliteRunStore.Open(terminal.PathOf(".hydra"), Model.Durability.Full);
        var ended = new HashSet<int>();
        foreach (var happened in store.Read(new Model.RunId("crash")).SelectMany(frame => frame.Events))
        {
            if (happened is Model.RunEvent.Started started) Assert.DoesNotContain(started.Node, ended);
            if (happened is Model.RunEvent.Ended { Status: Model.NodeStatus.Completed } end) Assert.True(ended.Add(end.Node), $"node {end.Node} ended twice");
        }
        Assert.Equal(NodeCount, ended.Count);
    }

    /// <summary>Three chains of nine, crosswise joined, and their ends.</summary>
    private static string Workflow()
    {
        var text = new StringBuilder("name: crash\ndefaults: {model: openai/fake-model}\nnodes:\n");
        for (var i = 0; i < NodeCount; i++)
        {
            var parents = ParentsOf(i).ToList();
            text.Append($"  - {{id: n{i}, type: agent, prompt: '{i}{string.Concat(parents.Select(parent => $" {{{{ n{parent} | length }}}}"))}', depends_on: [{string.Join(", ", parents.Select(parent => $"n{parent}"))}]}}\n");
        }
        return text.ToString();
    }

    private static IEnumerable<int> ParentsOf(int node)
    {
        if (node == NodeCount - 1) return Enumerable.Range(NodeCount - 4, 3);
        return node < 3 ? [] : node % 3 == 0 ? [node - 3, node - 2] : [node - 3];
    }

    private static string Expected()
    {
        var answers = new string[NodeCount];
        for (var i = 0; i < NodeCount; i++) answers[i] = $"Fake answer to: {i}{string.Concat(ParentsOf(i).Select(parent => $" {answers[parent].Length}"))}";
        return answers[^1];
    }
}
