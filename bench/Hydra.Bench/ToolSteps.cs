using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Hydra.Agents.Nodes;
using Hydra.Agents.Tools;
using Hydra.Journal;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Bench;

/// <summary>What a step of an agent's tool loop costs beside a plain node: model and tool answer in the process and at once, so all time is Hydra's.</summary>
internal static class ToolSteps
{
    private const int Loops = 25, Turns = 40, Nodes = 1_000;
    /// <summary>Each turn asks the model and calls the tool; then it asks once more for the answer.</summary>
    public const int StepsPerLoop = 2 * Turns + 1;

    /// <summary>Seconds of one step or node.</summary>
    /// <param name="Pooled">A node that does nothing, in a chain.</param>
    /// <param name="Agent">An agent node without tools, in a chain: one step each.</param>
    /// <param name="Step">A step of a loop of 40 turns; 25 such agents in a chain.</param>
    public sealed record Costs(double Pooled, double Agent, double Step);

    public static async Task<Costs> MeasureAsync(Func<IRunStore> open)
    {
        var client = new LoopClient();
        var plain = new AgentNode(client, _ => client);
        var tools = new ToolRegistry().Add(new FunctionTool(AIFunctionFactory.Create((int n) => n, "act"), EffectClass.Pure));
        var looping = new AgentNode(client, _ => client, tools);
        return new Costs(
            await RunAsync(open, new PooledNode(), Graph.Chain(Nodes).ToWorkflow("pooled")) / Nodes,
            await RunAsync(open, plain, Asking(Nodes, ValueMap.Empty)) / Nodes,
            await RunAsync(open, looping, Asking(Loops, ValueMap.Of(("tools", Value.OfTexts(["act"])), ("max_tool_iterations", Turns)))) / (Loops * StepsPerLoop));
    }

    private static WorkflowSpec Asking(int count, ValueMap fields)
    {
        var chain = Graph.Chain(count).ToWorkflow("agent");
        return chain with
        {
            Budget = new BudgetSpec { MaxTokens = 1_000_000_000 },
            Defaults = new NodePolicy { Cache = new CacheSpec(CacheKind.Off) },
            Nodes = [.. chain.Nodes.Select(node => node with { Fields = fields.With("model", "m").With("prompt", $"What is to be done about {node.Id}?").With("max_output_tokens", 100) })],
        };
    }

    private static async Task<double> RunAsync(Func<IRunStore> open, INodeType type, WorkflowSpec workflow)
    {
        using var store = open();
        var engine = new Engine(new EngineOptions { Types = new Dictionary<string, INodeType> { [type.Name] = type }, Store = store, ReadDefinition = (_, _, _) => workflow });
        GC.Collect();
        var clock = Stopwatch.StartNew();
        var report = await engine.RunAsync(workflow, new RunRequest(), CancellationToken.None);
        return report.Status == RunStatus.Completed ? clock.Elapsed.TotalSeconds : throw new InvalidOperationException($"The benchmark's run ended {report.Status}: {report.Reason}");
    }

    /// <summary>Calls <c>act</c> with a number of its own in each turn, where it has tools; then answers.</summary>
    private sealed class LoopClient : IChatClient, IModelCatalog
    {
        public ModelFacts Resolve(string model) => new() { Name = model, Provider = "fake", Id = model, Price = new ModelPrice(1, 4, "bench") };

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, [Next(messages, options)])) { Usage = new UsageDetails { InputTokenCount = 10, OutputTokenCount = 1 } });

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            yield return new ChatResponseUpdate(ChatRole.Assistant, [Next(messages, options)]) { FinishReason = ChatFinishReason.Stop };
            await Task.CompletedTask;
        }

        private static AIContent Next(IEnumerable<ChatMessage> messages, ChatOptions? options)
        {
            var turn = messages.Count(message => message.Role == ChatRole.Tool);
            return options?.Tools is not { Count: > 0 } || turn == Turns ? new TextContent("Done.")
                : new FunctionCallContent($"call-{turn.ToString(CultureInfo.InvariantCulture)}", "act", new Dictionary<string, object?> { ["n"] = turn });
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;
        public void Dispose() { }
    }
}
