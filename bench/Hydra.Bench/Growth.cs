using Hydra.Agents.Nodes;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Bench;

/// <summary>What a conversation leaves in the store.</summary>
internal static class Growth
{
    /// <summary>Every round's prompt is one text that carries the answers of all rounds before it.</summary>
    /// <returns>Bytes of all frames and artifacts after so many rounds.</returns>
    public static Task<long> MeasureTextAsync(string folder, int rounds)
    {
        var nodes = Enumerable.Range(0, rounds).Select(i => new NodeSpec
        {
            Id = new NodeId($"n{i}"), Type = "agent", DependsOn = i == 0 ? [] : [new NodeId($"n{i - 1}")],
            Fields = ValueMap.Of(("model", "m"), ("prompt", $"{string.Concat(Enumerable.Range(0, i).Select(before => $"{{{{ n{before} }}}}\n"))}Go on."), ("max_output_tokens", 100)),
        });
        return MeasureAsync(Path.Combine(folder, $"growth-text-{rounds}"), [.. nodes], RunStatus.Completed);
    }

    /// <summary>Every round sends the messages of all rounds before it and a new one: an answer that is never what was asked for, and its repair.</summary>
    /// <returns><inheritdoc cref="MeasureTextAsync"/></returns>
    public static Task<long> MeasureMessagesAsync(string folder, int rounds)
    {
        var node = new NodeSpec
        {
            Id = new NodeId("talk"), Type = "agent", Fields = ValueMap.Of(("model", "m"), ("prompt", "Count the tides."), ("max_output_tokens", 100)),
            Policy = new NodePolicy { OutputSchema = Value.Of(ValueMap.Of(("type", "object"))), RepairAttempts = rounds - 1 },
        };
        return MeasureAsync(Path.Combine(folder, $"growth-messages-{rounds}"), [node], RunStatus.Failed);
    }

    private static async Task<long> MeasureAsync(string own, IReadOnlyList<NodeSpec> nodes, RunStatus end)
    {
        var client = new FakeClient();
        var workflow = new WorkflowSpec { Name = "growth", Nodes = nodes, Canonical = "{}"u8.ToArray() };
        using (var store = SqliteRunStore.Open(own, Durability.Full))
        {
            var engine = new Engine(new EngineOptions { Types = new Dictionary<string, INodeType> { ["agent"] = new AgentNode(client, _ => client) }, Store = store, ReadDefinition = (_, _, _) => workflow });
            var report = await engine.RunAsync(workflow, new RunRequest(), CancellationToken.None);
            if (report.Status != end) throw new InvalidOperationException($"The benchmark's run ended {report.Status}: {report.Reason}");
        }
        using var connection = new SqliteConnection($"Data Source={Path.Combine(own, "hydra.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT sum(length(body)) FROM frames";
        var artifacts = Path.Combine(own, "artifacts");
        var files = Directory.Exists(artifacts) ? Directory.EnumerateFiles(artifacts, "*", SearchOption.AllDirectories).Sum(file => new FileInfo(file).Length) : 0;
        return (long)command.ExecuteScalar()! + files;
    }
}
