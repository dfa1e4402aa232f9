using Hydra.Model;
using Hydra.Schemas;
using Hydra.Templates;

namespace Hydra.Nodes;

public sealed partial class PythonExecNode : ILeafNodeType
{
    private const int OutputBytesMaxDefault = 1_000_000;

    /// <summary>Reads code and data from standard input, so that neither is an argument that other users of the machine can list.</summary>
    private const string Bootstrap = """
        import sys, json, linecache
        given = json.loads(sys.stdin.buffer.read().decode("utf-8"))
        linecache.cache["<code>"] = (len(given["code"]), None, given["code"].splitlines(True), "<code>")
        exec(compile(given["code"], "<code>", "exec"), {"__name__": "__main__", "inputs": given["inputs"]})
        """;

    private sealed record PythonPlan(string Code, CompiledValue Environment, int OutputBytesMax, string? Image);

    /// <inheritdoc/>
    public bool TakesInputsUnnamed => true;

    public object Plan(NodeSpec node, PlanContext context) => new PythonPlan(
        node.Fields["code"].AsText,
        CompiledValue.Of(node.Fields.GetOrNull("env"), context),
        node.Fields.TryGetValue("max_output_bytes", out var bytes) ? (int)bytes.AsInteger : OutputBytesMaxDefault,
        node.Fields.GetOrNull("image").TextOrNull);

    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var plan = (PythonPlan)attempt.Node.Fields!;
        var environment = ProcessText.Map(plan.Environment.Evaluate(attempt.Scope));
        var given = ValueMap.Of(("code", plan.Code), ("inputs", InputsOf(attempt.Scope)));
        var asked = given.With("env", ProcessText.ToValue(environment));
        var question = new ToolQuestion(Name, asked, attempt.Node.Settings.Effect) { Shown = asked.With("env", ProcessText.Shown(environment)) };
        environment["PYTHONUTF8"] = "1";
        environment[ToolQuestion.KeyVariable] = question.KeyFor(attempt);
        var request = new ProcessRequest("python3", ["-u", "-c", Bootstrap])
        {
            Input = ValueJson.ToUtf8(given),
            Environment = environment,
            WorkingDirectory = attempt.Services.WorkingDirectory,
            OutputBytesMax = plan.OutputBytesMax,
            Image = plan.Image,
        };
        return ToolStep.RunAsync(attempt, line, question, async token =>
            Parsed(ProcessOutcome.Of(request, await Sandboxes.Of(attempt.Services.Sandbox).RunAsync(request, () => line.Progress(), token))), cancellationToken);
    }

    /// <summary>Everything a template of the node could name, but for the names that are always there.</summary>
    private static Value InputsOf(ITemplateScope scope)
    {
        var inputs = new ValueMap.Builder();
        foreach (var name in scope.Names.Distinct(StringComparer.Ordinal))
        {
            if (!ReservedNames.Builtin.Contains(name) && scope.TryGet(name, out var value)) inputs[name] = value;
        }
        return inputs.Build();
    }

    private static AttemptOutcome Parsed(AttemptOutcome outcome) =>
        outcome is AttemptOutcome.Completed { Output.TextOrNull: { } text } && ValueJson.TryParse(text, out var parsed) ? new AttemptOutcome.Completed(parsed) : outcome;
}
