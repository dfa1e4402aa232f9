using Hydra.Model;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra.Cli;

/// <summary>From a file and the given inputs to a checked workflow, or to everything that is wrong with them.</summary>
internal static class WorkflowReading
{
    /// <param name="agents">The agent files that the workflow may name: <see cref="Wiring.AgentsFor"/>.</param>
    /// <param name="given">The inputs; null: none were mentioned, so what is missing is not looked for.</param>
    public static CheckedWorkflow Read(string file, IReadOnlyDictionary<string, GivenInput>? given, bool isStrict, IReadOnlyDictionary<string, INodeType> types, IAgentSource agents)
    {
        var (spec, problems) = Definitions.ReadFile(file, types, agents);
        if (spec is null || problems.HasErrors) return new(spec, ValueMap.Empty, problems);
        var all = new ProblemList(file);
        foreach (var problem in problems.Problems) all.Add(isStrict && problem.Severity == ProblemSeverity.Warning ? problem with { Severity = ProblemSeverity.Error } : problem);
        foreach (var problem in WorkflowValidator.Check(spec, types, new ValidationOptions { Strict = isStrict, NearAgents = () => agents.Names }).Problems) all.Add(problem);
        var expected = given is null || spec.Inputs is not null ? [] : WorkflowValidator.ExpectedInputs(spec, types).Keys.ToList();
        var inputs = given is null ? ValueMap.Empty : InputBinder.Bind(spec, given, expected, all);
        return new(spec, inputs ?? ValueMap.Empty, all);
    }
}

/// <param name="Spec">Not to be run while <paramref name="Problems"/> has errors.</param>
internal sealed record CheckedWorkflow(WorkflowSpec? Spec, ValueMap Inputs, ProblemList Problems);

/// <summary>Problems as lines and as JSON.</summary>
internal static class ProblemText
{
    public static void Write(ProblemList problems, TextWriter to, ProblemSeverity from)
    {
        foreach (var problem in problems.Problems)
        {
            if (problem.Severity >= from) to.WriteLine(TerminalText.Of(problem.ToString()));
        }
        if (problems.Dropped > 0) to.WriteLine($"… and {problems.Dropped} more.");
    }

    public static Value ToJson(ProblemList problems) => Value.Of(problems.Problems.Select(problem => Value.Of(ValueMap.Of(
        ("code", problem.Code), ("severity", WireNames.Of(problem.Severity)), ("file", problem.File),
        ("line", problem.At.Line), ("column", problem.At.Column), ("message", problem.Message)))));
}
