using Hydra.Agents.Files;
using Hydra.Agents.Nodes;
using Hydra.Agents.Tools;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Agents.Testing;

/// <summary>A test of a workflow: inputs, what its models and tools do, and what is to come of it. No model is called, no time passes.</summary>
public sealed record WorkflowTest
{
    public required string Name { get; init; }
    /// <summary>The workflow's path.</summary>
    public required string Workflow { get; init; }
    public ValueMap Inputs { get; init; } = ValueMap.Empty;
    public IReadOnlyList<ScriptLine> Script { get; init; } = [];
    /// <summary>Tools that answer or fail as the test says, by name.</summary>
    public IReadOnlyList<ITool> Tools { get; init; } = [];
    public string? Sandbox { get; init; }
    public required Expectation Expect { get; init; }

    /// <summary>Runs it in memory. Gives what is not as expected; nothing when it passes.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        var models = new ScriptedModels(Script);
        var tools = new ToolRegistry();
        foreach (var tool in Tools) tools.PutInPlace(tool);
        var types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode(models, models.ClientOf, tools), .. PatternTypes.All]);
        var folder = Path.GetDirectoryName(Path.GetFullPath(Workflow))!;
        var (spec, problems) = Definitions.ReadFile(Workflow, types, AgentRegistry.Of(folder, folder, null));
        var found = new ProblemList(Workflow);
        var inputs = spec is null || problems.HasErrors ? null : InputBinder.Bind(spec, Inputs.ToDictionary(pair => pair.Key, pair => GivenInput.OfValue(pair.Value), StringComparer.Ordinal), [.. WorkflowValidator.ExpectedInputs(spec, types).Keys], found);
        if (inputs is not null) foreach (var problem in WorkflowValidator.Check(spec!, types).Problems) found.Add(problem);
        var errors = problems.Problems.Concat(found.Problems).Where(problem => problem.Severity == ProblemSeverity.Error).Select(problem => problem.ToString()).ToList();
        if (errors.Count > 0 || spec is null || inputs is null) return errors;

        using var store = new MemoryRunStore();
        var clock = new VirtualClock();
        var tree = new RunTree(store.Artifacts, clock);
        var engine = new Engine(new EngineOptions { Types = types, Store = store, Clock = clock, ReadDefinition = (_, _, _) => spec });
        try
        {
            var report = await engine.RunAsync(spec, new RunRequest { Inputs = inputs, Observer = tree, Sandbox = Sandbox, WorkingDirectory = folder }, cancellationToken);
            return Expect.Check(report, tree, models);
        }
        catch (RunRefusedException refused)
        {
            return [refused.Message];
        }
    }
}

/// <summary>What a run is to come to. A value that is an object with <c>contains</c>, <c>matches</c> or <c>equals</c> alone is a condition; any other must be equal.</summary>
public sealed record Expectation
{
    public string Status { get; init; } = "completed";
    public string? Reason { get; init; }
    public ValueMap Outputs { get; init; } = ValueMap.Empty;
    /// <summary>By path: <c>status</c>, <c>output</c>, <c>error</c> (text it holds), <c>signal</c>.</summary>
    public ValueMap Nodes { get; init; } = ValueMap.Empty;
    /// <summary>Paths that the run must not have.</summary>
    public IReadOnlyList<string> Absent { get; init; } = [];
    /// <summary>Texts, each in some prompt.</summary>
    public IReadOnlyList<string> Asked { get; init; } = [];
    /// <summary>Most model calls.</summary>
    public int? CallsMax { get; init; }

    public IReadOnlyList<string> Check(RunReport report, RunTree tree, ScriptedModels models)
    {
        var wrong = new List<string>();
        if (WireNames.Of(report.Status) != Status) wrong.Add($"the run ended {WireNames.Of(report.Status)}, not {Status}: {report.Reason}");
        if (Reason is not null && !report.Reason.Contains(Reason, StringComparison.Ordinal)) wrong.Add($"the run's reason is '{report.Reason}', which does not hold '{Reason}'");
        foreach (var (node, wanted) in Outputs) Compare($"the output of '{node}'", report.Outputs.GetOrNull(node), wanted, wrong);
        foreach (var (path, wanted) in Nodes)
        {
            if (!tree.Nodes.TryGetValue(path, out var node))
            {
                wrong.Add($"there is no node '{path}'.{DidYouMean.Hint(path, tree.Nodes.Keys)} The run has {string.Join(", ", tree.Nodes.Keys.Take(30))}");
                continue;
            }
            foreach (var (what, value) in wanted.AsObject)
            {
                var came = what switch { "status" => WireNames.Of(node.Status), "output" => node.Output(), "signal" => node.Signal, _ => node.Error is { } error ? Value.Of($"{error.Code}: {error.Message}") : Value.Null };
                Compare($"the {what} of '{path}'", came, what == "error" && value.IsText ? ValueMap.Of(("contains", value)) : value, wrong);
            }
        }
        wrong.AddRange(Absent.Where(tree.Nodes.ContainsKey).Select(path => $"there is a node '{path}', and there should be none"));
        wrong.AddRange(Asked.Where(text => !models.Asked.Any(asked => asked.Contains(text, StringComparison.Ordinal))).Select(text => $"no prompt holds '{text}'"));
        if (CallsMax is { } most && models.Asked.Count > most) wrong.Add($"models were called {models.Asked.Count} times, and at most {most} are expected");
        return wrong;
    }

    private static void Compare(string what, Value given, Value wanted, List<string> wrong)
    {
        var text = given.ToDisplayText();
        var (fits, said) = wanted is { IsObject: true } && wanted.AsObject is { Count: 1 } condition ? condition.Keys.First() switch
        {
            "contains" => (text.Contains(condition["contains"].ToDisplayText(), StringComparison.Ordinal), $"does not hold '{condition["contains"].ToDisplayText()}'"),
            "matches" => (System.Text.RegularExpressions.Regex.IsMatch(text, condition["matches"].ToDisplayText(), System.Text.RegularExpressions.RegexOptions.Singleline, TimeSpan.FromSeconds(1)), $"does not match '{condition["matches"].ToDisplayText()}'"),
            "equals" => (given == condition["equals"], $"is not {condition["equals"].ToJson()}"),
            _ => (given == wanted, $"is not {wanted.ToJson()}"),
        } : (given == wanted, $"is not {wanted.ToJson()}");
        if (!fits) wrong.Add($"{what} is {(text.Length > 300 ? text[..300] + "…" : given.ToJson())}, which {said}");
    }
}
