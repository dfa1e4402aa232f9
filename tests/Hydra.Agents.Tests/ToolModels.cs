using System.Runtime.CompilerServices;
using Hydra.Agents.Nodes;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Planning;
using Hydra.Validation;

namespace Hydra.Agents.Tests;

/// <summary>A model that decides from the conversation alone what to call, so that it says the same after every crash.</summary>
internal sealed class ToolModels(Func<ChatMessage[], AIContent[]> answer) : IModelCatalog
{
    private int _asked;

    public int Asked => _asked;
    public List<ChatMessage[]> Conversations { get; } = [];
    public List<ChatOptions> Options { get; } = [];
    public long? ContextTokensMax { get; init; }
    /// <summary>Conversations whose answer never ends: only a cancellation does.</summary>
    public Func<ChatMessage[], bool> NeverEnds { get; init; } = _ => false;

    public ModelFacts Resolve(string model) => new() { Name = model, Provider = "fake", Id = model, Price = new ModelPrice(1, 1, "test"), ContextTokensMax = ContextTokensMax };
    public IChatClient ClientOf(string model) => new Client(this);

    /// <summary>Calls, one turn after another; then the last text.</summary>
    public static ToolModels Turns(params AIContent[][] turns) => new(messages => turns[messages.Count(message => message.Role == ChatRole.Assistant)]);
    public static FunctionCallContent Call(string name, params (string Name, object Value)[] arguments) =>
        new($"call-{name}-{string.Join('-', arguments.Select(argument => argument.Value))}", name, arguments.ToDictionary(argument => argument.Name, argument => (object?)argument.Value));
    public static AIContent[] Say(string text) => [new TextContent(text)];

    /// <summary>What it would say, without counting it as asked.</summary>
    public AIContent[] Answer(ChatMessage[] messages) => answer(messages);

    private AIContent[] Take(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        Interlocked.Increment(ref _asked);
        ChatMessage[] all = [.. messages];
        lock (Conversations)
        {
            Conversations.Add(all);
            Options.Add(options!);
        }
        return answer(all);
    }

    private sealed class Client(ToolModels models) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            models.NeverEnds([.. messages]) ? Task.Delay(Timeout.Infinite, cancellationToken).ContinueWith<ChatResponse>(_ => throw new OperationCanceledException(cancellationToken), TaskScheduler.Default)
                : Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, models.Take(messages, options))) { Usage = Usage });

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            foreach (var content in models.Take(messages, options)) yield return new ChatResponseUpdate(ChatRole.Assistant, [content]);
            if (models.NeverEnds([.. messages])) await Task.Delay(Timeout.Infinite, cancellationToken);
            yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(Usage)]) { FinishReason = ChatFinishReason.Stop };
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Holds nothing.
        }

        private static UsageDetails Usage => new() { InputTokenCount = 10, OutputTokenCount = 1 };
    }
}

/// <summary>Runs workflows with agents and tools on the real engine, in memory.</summary>
internal static class ToolRun
{
    public static readonly RunId Run = new("run-1");

    /// <summary>A file with one node <c>a</c>.</summary>
    public static string File(string node, string more = "") => $"name: test\n{more}\nnodes:\n  - {{id: a, type: agent, model: m, prompt: go, {node}}}\n";

    public static IReadOnlyDictionary<string, INodeType> Types(ToolModels models, ToolRegistry? tools) => NodeTypes.Of([.. NodeTypes.Core, new AgentNode(models, models.ClientOf, tools), new ToolNode(tools), .. PatternTypes.All]);

    public static IReadOnlyList<string> Problems(string file, ToolRegistry? tools = null)
    {
        var types = Types(ToolModels.Turns(), tools);
        var (spec, problems) = WorkflowParser.Parse(file, "test.yaml", types);
        return [.. problems.Problems.Select(problem => problem.ToString()), .. spec is null ? [] : WorkflowValidator.Check(spec, types).Problems.Where(problem => problem.Severity == ProblemSeverity.Error).Select(problem => problem.ToString())];
    }

    public static IReadOnlyList<string> Warnings(string file)
    {
        var types = Types(ToolModels.Turns(), null);
        return [.. WorkflowValidator.Check(WorkflowParser.Parse(file, "test.yaml", types).Spec!, types).Problems.Select(problem => problem.ToString())];
    }

    public static Engine Engine(string file, ToolModels models, ToolRegistry? tools, IRunStore store, out WorkflowSpec workflow)
    {
        var types = Types(models, tools);
        var (spec, problems) = WorkflowParser.Parse(file, "test.yaml", types);
        Assert.Empty(problems.Problems.Select(problem => problem.ToString()));
        workflow = spec!;
        return new Engine(new EngineOptions { Types = types, Store = store, ReadDefinition = (_, _, _) => spec! });
    }

    public static Task<RunReport> Async(string file, ToolModels models, ToolRegistry? tools = null, IRunStore? store = null, string? folder = null, string? sandbox = null, ValueMap? inputs = null)
    {
        var engine = Engine(file, models, tools, store ?? new MemoryRunStore(), out var workflow);
        return engine.RunAsync(workflow, new RunRequest { Run = Run, WorkingDirectory = folder ?? ".", Sandbox = sandbox, Inputs = inputs ?? ValueMap.Empty }, CancellationToken.None);
    }

    public static ToolRegistry Registry(Delegate function, string name = "look", EffectClass effect = EffectClass.Pure) =>
        new ToolRegistry().Add(new FunctionTool(AIFunctionFactory.Create(function, name), effect));
}
