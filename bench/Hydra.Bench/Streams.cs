using System.Diagnostics;
using System.Net.Http.Json;
using Hydra.Agents.Nodes;
using Hydra.Execution;
using Hydra.Gateway;
using Hydra.Gateway.Fake;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Bench;

/// <summary>
/// What engine and model client add to a streamed call: 64 streams at once, 50 chunks each, paced 5 ms apart, over real
/// loopback HTTP. The floor is a bare HttpClient that reads the same streams to their end.
/// </summary>
internal static class Streams
{
    private const int Concurrent = 64, Calls = 256, Chunks = 50, PaceMs = 5;

    /// <returns>Median milliseconds of a call through Hydra, and of a bare reader's.</returns>
    public static async Task<(double HydraMs, double BareMs)> MeasureAsync(string folder, int rounds)
    {
        var words = string.Join(' ', Enumerable.Repeat("word", Chunks));
        await using var fake = await FakeProvider.StartAsync(FakeScript.Parse($$"""{"rules": [{"answer": "{{words}}", "chunks": {{Chunks}}, "chunk_delay_ms": {{PaceMs}}}]}"""));
        var ours = new List<double>();
        var bare = new List<double>();
        for (var round = 0; round <= rounds; round++)
        {
            var measured = await ThroughHydraAsync(fake.Url, Path.Combine(folder, $"streams-{round}"));
            var floor = await BareAsync(fake.Url);
            if (round == 0) continue;   // warm-up
            ours.Add(Middle(measured));
            bare.Add(Middle(floor));
        }
        return (Middle(ours), Middle(bare));
    }

    private static async Task<List<double>> ThroughHydraAsync(string url, string folder)
    {
        using var gateway = new ModelGateway(new GatewayOptions { OpenAIApiKey = "key", OpenAIBaseUrl = url + "/v1" });
        var types = new INodeType[] { new AgentNode(gateway, gateway.GetClient) }.ToDictionary(type => type.Name);
        var nodes = Enumerable.Range(0, Calls).Select(i => new NodeSpec
        {
            Id = new NodeId("n" + i), Type = "agent", Fields = ValueMap.Of(("model", "openai/gpt-4o"), ("prompt", "Say it."), ("max_output_tokens", 100)),
        });
        var workflow = new WorkflowSpec { Name = "streams", Nodes = [.. nodes], Canonical = "{}"u8.ToArray() };
        using var store = SqliteRunStore.Open(folder, Durability.Full);
        var engine = new Engine(new EngineOptions { Types = types, Store = store, ReadDefinition = (_, _, _) => workflow });
        var clock = new CallClock();
        var report = await engine.RunAsync(workflow, new RunRequest { MaxConcurrent = Concurrent, Observer = clock }, CancellationToken.None);
        if (report.Status != RunStatus.Completed) throw new InvalidOperationException(report.Reason);
        return clock.ElapsedMs;
    }

    private static async Task<List<double>> BareAsync(string url)
    {
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Concurrent });
        var elapsed = new List<double>();
        var left = Calls;
        await Task.WhenAll(Enumerable.Range(0, Concurrent).Select(async _ =>
        {
            var buffer = new byte[16 * 1024];
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var clock = Stopwatch.StartNew();
                using var request = new HttpRequestMessage(HttpMethod.Post, url + "/v1/chat/completions")
                {
                    Content = JsonContent.Create(new { model = "gpt-4o", stream = true, messages = new[] { new { role = "user", content = "Say it." } } }),
                };
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                await using var body = await response.Content.ReadAsStreamAsync();
                while (await body.ReadAsync(buffer) > 0) { }
                lock (elapsed) elapsed.Add(clock.Elapsed.TotalMilliseconds);
            }
        }));
        return elapsed;
    }

    private static double Middle(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    /// <summary>From the frame that starts a node to the frame that ends it.</summary>
    private sealed class CallClock : IRunObserver
    {
        private readonly Dictionary<int, long> _started = [];
        public List<double> ElapsedMs { get; } = [];

        public void OnFrame(Frame frame, RunState state)
        {
            var now = Stopwatch.GetTimestamp();
            foreach (var happened in frame.Events)
            {
                if (happened is RunEvent.Started started) _started[started.Node] = now;
                else if (happened is RunEvent.Ended ended) ElapsedMs.Add(Stopwatch.GetElapsedTime(_started[ended.Node], now).TotalMilliseconds);
            }
        }
    }
}
