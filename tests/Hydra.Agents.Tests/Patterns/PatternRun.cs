using System.Collections.Concurrent;
using Hydra.Execution;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Agents.Tests.Patterns;

/// <summary>A workflow with patterns from its text through every stage, its models answered by a function of the prompt; what each instance came to, by path.</summary>
internal sealed class PatternRun : IRunObserver
{
    public static readonly RunId Run = new("run-1");
    private readonly Dictionary<string, Seen> _seen = new(StringComparer.Ordinal);

    public sealed record Seen(NodeStatus Status, NodeError? Error, ValueRef? Output, Value Signal);

    public required IRunStore Store { get; init; }
    public required ConcurrentQueue<string> Asked { get; init; }
    public RunReport Report { get; private set; } = null!;
    public IReadOnlyCollection<string> Paths => _seen.Keys;
    public Seen this[string path] => _seen.TryGetValue(path, out var seen) ? seen : throw new KeyNotFoundException($"no '{path}' among {string.Join(", ", _seen.Keys)}");
    public string Json(string path) => Store.Artifacts.Read(this[path].Output!).ToJson();

    public static Task<PatternRun> OfAsync(string file, Func<string, string> answer, ValueMap? inputs = null, IRunStore? store = null, bool resumes = false)
    {
        var asked = new ConcurrentQueue<string>();
        return OfAsync(file, new ToolModels(messages =>
        {
            var prompt = messages.Last(message => message.Role == ChatRole.User).Text;
            asked.Enqueue(prompt);
            return ToolModels.Say(answer(prompt));
        }), null, asked, inputs, store, resumes);
    }

    /// <param name="asked">Where <paramref name="models"/> puts what it is asked.</param>
    public static async Task<PatternRun> OfAsync(string file, ToolModels models, ToolRegistry? tools, ConcurrentQueue<string> asked, ValueMap? inputs = null, IRunStore? store = null, bool resumes = false)
    {
        var run = new PatternRun { Store = store ?? new MemoryRunStore(), Asked = asked };
        var types = ToolRun.Types(models, tools);
        var (spec, problems) = WorkflowParser.Parse(file, "test.yaml", types);
        Assert.Equal([], Errors(spec, problems, types));
        var engine = new Engine(new EngineOptions { Types = types, Store = run.Store, ReadDefinition = (_, _, _) => spec! });
        var given = ValueMap.Of(spec!.Inputs?.Where(input => input.Value.Default is not null).Select(input => KeyValuePair.Create(input.Key, input.Value.Default!.Value)) ?? []);
        var request = new RunRequest { Run = Run, Inputs = inputs ?? given, Observer = run };
        run.Report = resumes ? await engine.ResumeAsync(Run, new RunRequest { Observer = run }, CancellationToken.None) : await engine.RunAsync(spec!, request, CancellationToken.None);
        return run;
    }

    public static string[] Problems(string file)
    {
        var types = ToolRun.Types(ToolModels.Turns(), null);
        var (spec, problems) = WorkflowParser.Parse(file, "test.yaml", types);
        return Errors(spec, problems, types);
    }

    private static string[] Errors(WorkflowSpec? spec, ProblemList problems, IReadOnlyDictionary<string, INodeType> types) =>
        [.. problems.Problems.Concat(spec is null ? [] : WorkflowValidator.Check(spec, types).Problems).Where(problem => problem.Severity == ProblemSeverity.Error).Select(problem => problem.ToString())];

    public void OnFrame(Frame frame, RunState state)
    {
        for (var i = 0; i < state.InstanceCount; i++)
        {
            var detail = state.DetailOf(i);
            _seen[state.PathOf(i)] = new(state.StatusOf(i), detail?.Error, state.OutputOf(i), detail?.Signal ?? Value.Null);
        }
    }
}
