using Hydra.Agents.Nodes;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Data.Sqlite;

namespace Hydra.Bench;

/// <summary>What a conversation leaves in the store: every round's prompt carries the answers of all rounds before it.</summary>
internal static class Growth
{
    /// <returns>Bytes of all frames and artifacts after so many rounds.</returns>
    public static async Task<long> MeasureAsync(string folder, int rounds)
    {
        var own = Path.Combine(folder, $"growth-{rounds}");
        var client = new FakeClient();
        var nodes = Enumerable.Range(0, rounds).Select(i => new NodeSpec
        {
            Id = new NodeId($"n{i}"), Type = "agent", DependsOn = i == 0 ? [] : [new NodeId($"n{i - 1}")],
            Fields = ValueMap.Of(("model", "m"), ("prompt", $"{string.Concat(Enumerable.Range(0, i).Select(before => $"{{{{ n{before} }}}}\n"))}Go on."), ("max_output_tokens", 100)),
        });
        var workflow = new WorkflowSpec { Name = "growth", Nodes = [.. nodes], Canonical = "{}"u8.ToArray() };
        using (var store = SqliteRunStore.Open(own, Durability.Full))
        {
            var engine = new Engine(new EngineOptions { Types = new Dictionary<string, INodeType> { ["agent"] = new AgentNode(client, _ => client) }, Store = store, ReadDefinition = (_, _, _) => workflow });
            var report = await engine.RunAsync(workflow, new RunRequest(), CancellationToken.None);
            if (report.Status != RunStatus.Completed) throw new InvalidOperationException($"The benchmark's run ended {report.Status}: {report.Reason}");
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
