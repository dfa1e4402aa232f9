using Hydra.Agents.Nodes;
using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Planning;
using Hydra.Tracing;
using Microsoft.Extensions.AI;

namespace Hydra.Tests.Execution.Replay;

/// <summary>Calls that go on from one another are stored once, and read, recorded and replayed whole.</summary>
public sealed class ConversationTests : IDisposable
{
    private static readonly RunId Run = new("talk");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-talk-").FullName;
    private readonly SqliteRunStore _store;

    public ConversationTests() => _store = SqliteRunStore.Open(_folder, Durability.Full);

    [Fact]
    public async Task A_trace_and_a_cassette_read_every_call_as_it_was_sent()
    {
        var model = await TalkAsync();

        var sent = model.Asked.Select(messages => Value.Of(messages.Select(message => Value.Of(ValueMap.Of(("role", message.Role.Value), ("content", message.Text))))).ToJson());
        var steps = RunTrace.Of(PlanOf(model), _store.Read(Run)).Find("talk")!.Attempts[0].Steps;
        Assert.Equal([null, 0, 1], steps.Select(step => step.Call.After));
        Assert.Equal(sent, steps.Select(step => step.Asked.Request(_store.Artifacts.Read)!.Value.ToJson()));
        Assert.Equal(sent, CassetteReader.Read(_store, Run, _ => PlanOf(model)).Calls.Select(call => call.Request().ToJson()));
    }

    [Fact]
    public async Task Who_listens_to_it_records_every_call_whole()
    {
        var model = new Model();
        var recorder = new CassetteRecorder(_store, _ => PlanOf(model));
        await EngineOf(model).RunAsync(Workflow, new RunRequest { Run = Run, Observer = recorder }, CancellationToken.None);
        CassetteFile.Write(recorder.ToCassette(), Path.Combine(_folder, "heard.cassette"));
        CassetteFile.Write(CassetteReader.Read(_store, Run, _ => PlanOf(model)), Path.Combine(_folder, "read.cassette"));
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(_folder, "read.cassette")), await File.ReadAllTextAsync(Path.Combine(_folder, "heard.cassette")));
    }

    [Fact]
    public async Task A_replay_of_it_asks_nobody()
    {
        var recorded = await TalkAsync();

        var replaying = new Model();
        var report = await EngineOf(replaying).RunAsync(Workflow, new RunRequest { Cassette = CassetteReader.Read(_store, Run, _ => PlanOf(recorded)) }, CancellationToken.None);

        Assert.Equal("{\"n\":1}", report.Outputs["talk"].ToJson());
        Assert.Empty(replaying.Asked);
    }

    [Fact]
    public async Task Drift_in_its_middle_is_shown_with_all_that_was_asked()
    {
        var recorded = await TalkAsync();
        var cassette = CassetteReader.Read(_store, Run, _ => PlanOf(recorded));
        var changed = new Cassette(cassette.Head, cassette.Calls.Select((call, i) => i == 0 ? call with { Response = () => "other words" } : call)) { Missing = MissingCall.Fail };

        await EngineOf(new Model()).RunAsync(Workflow, new RunRequest { Cassette = changed }, CancellationToken.None);

        Assert.Contains("other words", changed.Drift);
    }

    private static WorkflowSpec Workflow { get; } = new()
    {
        Name = "talk",
        Canonical = "{}"u8.ToArray(),
        Nodes =
        [
            new NodeSpec
            {
                Id = new NodeId("talk"), Type = "agent", Fields = ValueMap.Of(("model", "m"), ("prompt", "Count."), ("stream", false)),
                Policy = new NodePolicy { OutputSchema = Value.Of(ValueMap.Of(("type", "object"))), RepairAttempts = 2 },
            },
        ],
    };

    private async Task<Model> TalkAsync()
    {
        var model = new Model();
        var report = await EngineOf(model).RunAsync(Workflow, new RunRequest { Run = Run }, CancellationToken.None);
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(3, model.Asked.Count);
        return model;
    }

    private Engine EngineOf(Model model) => new(new EngineOptions { Types = TypesOf(model), Store = _store, ReadDefinition = (_, _, _) => Workflow });

    private static Plan PlanOf(Model model) => Planner.Plan(Workflow, TypesOf(model));

    private static Dictionary<string, INodeType> TypesOf(Model model) => new() { ["agent"] = new AgentNode(model, _ => model) };

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    /// <summary>Answers with JSON at the third time of asking.</summary>
    private sealed class Model : IChatClient, IModelCatalog
    {
        public List<ChatMessage[]> Asked { get; } = [];

        public ModelFacts Resolve(string model) => new() { Name = model, Provider = "fake", Id = model };

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
        {
            Asked.Add([.. messages]);
            return Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, Asked.Count < 3 ? $"answer {Asked.Count}" : "{\"n\":1}")));
        }

        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}
