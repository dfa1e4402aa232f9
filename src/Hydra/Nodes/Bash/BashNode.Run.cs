using System.Text;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Nodes;

public sealed partial class BashNode : ILeafNodeType
{
    private const int OutputBytesMaxDefault = 1_000_000;

    private static readonly TemplateOptions Quoting = TemplateOptions.Default with { Escape = ShellQuote.Of };

    private sealed record BashPlan(Template Command, CompiledValue Arguments, CompiledValue Input, CompiledValue Environment, int OutputBytesMax, string? Image);

    public void Check(NodeSpec node, CheckContext context)
    {
        var command = node.Fields.GetOrNull("command").TextOrNull ?? "";
        if (ShellScan.FirstUnsafe(command) is not { } unsafePlace) return;
        context.Problems.Error(ProblemCodes.TemplateInCode, node.PlaceOf("command").Within(unsafePlace.Line, unsafePlace.Column),
            $"node '{node.Id}' templates a value {unsafePlace.Where}, where quoting cannot keep data from becoming commands. {unsafePlace.Mend}");
    }

    public object Plan(NodeSpec node, PlanContext context) => new BashPlan(
        context.Template(node.Fields["command"].ToDisplayText()),
        CompiledValue.Of(node.Fields.GetOrNull("args"), context),
        CompiledValue.Of(node.Fields.GetOrNull("stdin"), context),
        CompiledValue.Of(node.Fields.GetOrNull("env"), context),
        node.Fields.TryGetValue("max_output_bytes", out var bytes) ? (int)bytes.AsInteger : OutputBytesMaxDefault,
        node.Fields.GetOrNull("image").TextOrNull);

    public ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var plan = (BashPlan)attempt.Node.Fields!;
        var command = plan.Command.Render(attempt.Scope, Quoting);
        var arguments = plan.Arguments.Evaluate(attempt.Scope) is { IsList: true } list ? list.Items.Select(item => item.ToDisplayText()).ToArray() : [];
        var input = plan.Input.Evaluate(attempt.Scope) is { IsNull: false } text ? text.ToDisplayText() : "";
        var environment = ProcessText.Map(plan.Environment.Evaluate(attempt.Scope));
        ProcessText.RefuseNul("command", command);
        foreach (var argument in arguments) ProcessText.RefuseNul("args", argument);
        var asked = ValueMap.Of(("command", command), ("args", Value.OfTexts(arguments)), ("stdin", input), ("env", ProcessText.ToValue(environment)));
        var question = new ToolQuestion(Name, asked, attempt.Node.Settings.Effect) { Shown = asked.With("env", ProcessText.Shown(environment)) };
        environment[ToolQuestion.KeyVariable] = question.KeyFor(attempt);
        var request = new ProcessRequest("bash", ["-c", command, "bash", .. arguments])
        {
            Input = Encoding.UTF8.GetBytes(input),
            Environment = environment,
            WorkingDirectory = attempt.Services.WorkingDirectory,
            OutputBytesMax = plan.OutputBytesMax,
            Image = plan.Image,
        };
        return ToolStep.RunAsync(attempt, line, question, async token =>
            ProcessOutcome.Of(request, await Sandboxes.Of(attempt.Services.Sandbox).RunAsync(request, () => line.Progress(), token)), cancellationToken);
    }
}
