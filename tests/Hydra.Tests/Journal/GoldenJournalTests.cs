using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Hydra.Agents.Nodes;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Tests.Execution;
using Hydra.Tests.Scheduling;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.AI;

namespace Hydra.Tests.Journal;

/// <summary>
/// Journals that earlier versions wrote must load for ever. <c>HYDRA_WRITE_GOLDEN=1</c> writes that of this version, for a
/// release whose events have changed; older ones stay beside it.
/// </summary>
public sealed class GoldenJournalTests : IDisposable
{
    private const string Version = "0.1";
    private static readonly string Golden = Path.Combine(TestFiles.Root, "tests", "data", "golden-journal");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-golden-").FullName;

    [Fact]
    public async Task Journals_of_every_version_load_and_fold_to_the_same_state()
    {
        if (Environment.GetEnvironmentVariable("HYDRA_WRITE_GOLDEN") == "1")
        {
            await WriteAsync();
            await WriteProposedAsync();
        }
        foreach (var file in Directory.EnumerateFiles(Golden, "*.jsonl").Order(StringComparer.Ordinal))
        {
            var text = new StringBuilder();
            using (var store = Restore(file))
            {
                var engine = EngineOf(store, new CallingNode());
                foreach (var run in store.List().Select(info => info.Run).OrderBy(run => run.Text, StringComparer.Ordinal))
                {
                    var state = engine.Load(run).State;
                    text.Append($"── {run}\n{StateText.Of(state)}");
                    for (var i = 0; i < state.InstanceCount; i++) text.Append($"{state.PathOf(i)} {WireNames.Of(state.StatusOf(i))} {(state.OutputOf(i) is { } output ? store.Artifacts.Read(output).ToJson() : "-")} {state.OriginOf(i)}\n");
                }
                Assert.Empty(store.Check(null).Findings);
            }
            Verified.Check(Path.GetFileNameWithoutExtension(file), text.ToString(), Path.Combine(Golden, "x"));
        }
    }

    private static Engine EngineOf(SqliteRunStore store, CallingNode type)
    {
        var planning = new PlanningModel();
        var types = NodeTypes.Of([.. NodeTypes.Core, type, new AgentNode(planning, _ => planning), new PlannerNode()]);
        return new Engine(new EngineOptions { Types = types, Store = store, ReadDefinition = (written, file, files) => Definitions.ReadBundle(written, file, files, types) });
    }

    /// <summary>A store as the file has it: the very bytes of every frame, and their hashes.</summary>
    private SqliteRunStore Restore(string file)
    {
        var folder = Path.Combine(_folder, Path.GetFileNameWithoutExtension(file));
        var store = SqliteRunStore.Open(folder, Durability.Normal);
        using var connection = Connect(folder);
        foreach (var line in File.ReadLines(file))
        {
            using var json = JsonDocument.Parse(line);
            var root = json.RootElement;
            using var command = connection.CreateCommand();
            command.CommandText = """
                INSERT OR IGNORE INTO runs(run, workflow, definition, status, reason, started_at, updated_at, micro_usd, tokens, tags) VALUES($run, 'golden', '', 'failed', '', 0, 0, 0, 0, '{}');
                INSERT INTO frames(id, at, hash, body) VALUES((SELECT id FROM runs WHERE run=$run)<<32 | $seq, $at, $hash, $body);
                """;
            command.Parameters.AddWithValue("$run", root.GetProperty("run").GetString());
            command.Parameters.AddWithValue("$seq", root.GetProperty("seq").GetInt64());
            command.Parameters.AddWithValue("$at", root.GetProperty("at").GetInt64());
            command.Parameters.AddWithValue("$hash", Convert.FromHexString(root.GetProperty("hash").GetString()!));
            command.Parameters.AddWithValue("$body", Encoding.UTF8.GetBytes(root.GetProperty("events").GetRawText()));
            command.ExecuteNonQuery();
        }
        return store;
    }

    private async Task WriteAsync()
    {
        const string Yaml = """
            name: golden
            nodes:
              - {id: a, type: call}
              - {id: flaky, type: call, retry: {max_attempts: 2}}
              - {id: bad, type: call, on_failure: continue}
              - {id: m, type: map, depends_on: [a], over: "[1, 2, 3]", as: x, max_concurrency: 2, body: [{id: one, type: call}, {id: two, type: call, depends_on: [one]}]}
              - {id: off, type: call, depends_on: [a], when: "false"}
              - {id: nap, type: wait, seconds: 1}
              - {id: last, type: call, depends_on: [m, flaky]}
            """;
        var isMended = false;
        var type = new CallingNode
        {
            Answer = (attempt, _) => attempt.Path == "bad" || (attempt.Path == "flaky" && attempt.Attempt == 1) || (attempt.Path == "m[1]/two" && !isMended)
                ? throw new InvalidOperationException("boom") : new(Value.Of($"{attempt.Path}!")),
        };
        await WriteAsync(Version, Yaml, type, async engine =>
        {
            isMended = true;
            await engine.ResumeAsync(new("run"), new RunRequest(), CancellationToken.None);
            await engine.ResumeAsync(engine.Fork(new("run"), new ForkRequest { Run = new("fork"), From = ["m[0]/two"], Outputs = new Dictionary<string, Value> { ["flaky"] = "by hand" } }), new RunRequest(), CancellationToken.None);
        });
    }

    /// <summary>Graphs that came up during the run: a plan that goes wrong, and the one that takes its place.</summary>
    private Task WriteProposedAsync()
    {
        const string Yaml = """
            name: golden
            nodes:
              - {id: a, type: call}
              - {id: p, type: planner, model: m, prompt: "Do {{ a }}.", allowed_types: [call, map], depends_on: [a]}
              - {id: last, type: call, depends_on: [p]}
            """;
        var type = new CallingNode { Answer = (attempt, _) => attempt.Path.EndsWith("/bad", StringComparison.Ordinal) ? throw new InvalidOperationException("boom") : new(Value.Of($"{attempt.Path}!")) };
        return WriteAsync($"{Version}-proposed", Yaml, type, engine =>
            engine.ResumeAsync(engine.Fork(new("run"), new ForkRequest { Run = new("fork"), From = ["last"] }), new RunRequest(), CancellationToken.None));
    }

    private async Task WriteAsync(string name, string yaml, CallingNode type, Func<Engine, Task> goOn)
    {
        var folder = Path.Combine(_folder, "written", name);
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "golden.yaml"), yaml);
        using (var store = SqliteRunStore.Open(folder, Durability.Normal))
        {
            var engine = EngineOf(store, type);
            var (workflow, problems) = Definitions.ReadFile(Path.Combine(folder, "golden.yaml"), engine.Options.Types);
            Assert.False(problems.HasErrors, string.Join('\n', problems.Problems));
            await engine.RunAsync(workflow! with { File = "golden.yaml" }, new RunRequest { Run = new("run"), WorkingDirectory = "/", MaxConcurrent = 2, Budget = new BudgetSpec { MaxTokens = 10_000 } }, CancellationToken.None);
            await goOn(engine);
        }
        using var connection = Connect(folder);
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT runs.run, seq, at, hash, body FROM frames JOIN runs ON runs.id=frames.run ORDER BY runs.id, seq";
        using var reader = command.ExecuteReader();
        await using var file = new StreamWriter(Path.Combine(Golden, $"{name}.jsonl")) { NewLine = "\n" };
        while (reader.Read())
        {
            var body = Encoding.UTF8.GetString(StoredBody.Unpack(reader.GetFieldValue<byte[]>(4)));
            await file.WriteLineAsync($$"""{"run":"{{reader.GetString(0)}}","seq":{{reader.GetInt64(1)}},"at":{{reader.GetInt64(2)}},"hash":"{{Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(3))}}","events":{{body}}}""");
        }
    }

    private static SqliteConnection Connect(string folder)
    {
        var connection = new SqliteConnection($"Data Source={Path.Combine(folder, "hydra.db")};Pooling=False");
        connection.Open();
        return connection;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Plans one node that fails and one that does not; asked again, a map.</summary>
    private sealed class PlanningModel : IChatClient, IModelCatalog
    {
        private int _asked;

        public ModelFacts Resolve(string model) => new() { Name = model, Provider = "fake", Id = model };

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, _asked++ == 0
                ? """{"reasoning": "first", "nodes": [{"id": "good", "type": "call"}, {"id": "bad", "type": "call", "depends_on": ["good"]}]}"""
                : """{"reasoning": "second", "nodes": [{"id": "each", "type": "map", "over": "[1, 2]", "as": "x", "body": [{"id": "one", "type": "call"}]}, {"id": "end", "type": "call", "depends_on": ["each"]}]}""")));

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var update in (await GetResponseAsync(messages, options, cancellationToken)).ToChatResponseUpdates()) yield return update;
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}
