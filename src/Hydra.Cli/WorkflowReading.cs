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

    /// <summary>Most problems of one code that are told before a run one by one.</summary>
    private const int AlikeMax = 3;

    /// <summary>Warnings before a run: of many alike the first, as `validate` lists them all.</summary>
    public static void WriteBriefly(ProblemList problems, string target, TextWriter to)
    {
        foreach (var alike in problems.Problems.Where(problem => problem.Severity >= ProblemSeverity.Warning).GroupBy(problem => problem.Code, StringComparer.Ordinal))
        {
            var all = alike.ToList();
            foreach (var problem in all.Take(all.Count > AlikeMax ? 1 : AlikeMax)) to.WriteLine(TerminalText.Of(problem.ToString()));
            if (all.Count > AlikeMax) to.WriteLine($"… and {all.Count - 1:#,0} more {alike.Key}: `hydra validate {TerminalText.Of(target)}` lists them.");
        }
    }

    public static Value ToJson(ProblemList problems) => Value.Of(problems.Problems.Select(problem => Value.Of(ValueMap.Of(
        ("code", problem.Code), ("severity", WireNames.Of(problem.Severity)), ("file", problem.File),
        ("line", problem.At.Line), ("column", problem.At.Column), ("message", problem.Message)))));
}
