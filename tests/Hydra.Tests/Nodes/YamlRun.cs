using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Nodes;

/// <summary>A workflow from its text through every stage: what each instance came to, by path.</summary>
internal sealed class YamlRun : IRunObserver
{
    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    public sealed record Seen(NodeStatus Status, NodeError? Error, ValueRef? Output, Value Signal);

    /// <summary>Calls announced, in order.</summary>
    public List<StepCall> Calls { get; } = [];
    public RunReport Report { get; private set; } = null!;
    public MemoryRunStore Store { get; } = new();
    public IReadOnlyDictionary<string, Seen> Nodes => _seen;

    public Seen this[string path] => _seen[path];
    public string Json(string path) => Store.Artifacts.Read(_seen[path].Output!).ToJson();
    public string Text(string path) => Store.Artifacts.Read(_seen[path].Output!).ToDisplayText();

    public static async Task<YamlRun> OfAsync(string yaml, FunctionRegistry? functions = null, RunRequest? request = null, IReadOnlyList<INodeType>? more = null,
        IWorkflowLoader? files = null, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        var types = NodeTypes.Of([.. NodeTypes.CoreWith(functions ?? new FunctionRegistry()), .. more ?? []]);
        var (spec, problems) = WorkflowParser.Parse(yaml.StartsWith("name:", StringComparison.Ordinal) ? yaml : "name: test\nnodes:\n" + yaml, "test.yaml", types);
        if (spec is not null && files is not null) spec = SubgraphLinker.Link(spec, files, problems);
        if (spec is not null) foreach (var problem in WorkflowValidator.Check(spec, types).Problems.Where(problem => problem.Severity == ProblemSeverity.Error)) problems.Add(problem);
        Assert.DoesNotContain(problems.Problems, problem => problem.Severity == ProblemSeverity.Error);
        var run = new YamlRun();
        var engine = new Engine(new EngineOptions { Types = types, Store = run.Store, Clock = clock ?? TimeProvider.System, ReadDefinition = (_, _, _) => spec! });
        run.Report = await engine.RunAsync(spec!, (request ?? new RunRequest()) with { Sandbox = request?.Sandbox ?? "inprocess", Observer = run }, cancellationToken);
        return run;
    }

    public void OnFrame(Frame frame, RunState state)
    {
        Calls.AddRange(frame.Events.OfType<RunEvent.StepIntended>().Select(intended => intended.Call));
        for (var i = 0; i < state.InstanceCount; i++)
        {
            var detail = state.DetailOf(i);
            _seen[state.PathOf(i)] = new(state.StatusOf(i), detail?.Error, state.OutputOf(i), detail?.Signal ?? Value.Null);
        }
    }
}
