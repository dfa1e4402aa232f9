using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Nodes;

/// <summary>Asks a person and gives the answer in its type.</summary>
public sealed partial class UserInputNode : INodeType
{
    public string Name => "user_input";
    public string Description => "Asks a person for a text, a choice, a yes or no, or a form.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("prompt", new Shape.Template(), "What is asked.") { IsRequired = true },
        new("input_type", new Shape.Choice("text", "select", "confirm", "form"), "The form of the answer: text, one of `options` (select), true or false (confirm), or a JSON object (form). Default: text."),
        new("options", new Shape.ListOf(new Shape.Text(), 1000), "With `input_type: select`, what may be chosen."),
        new("schema", new Shape.JsonSchema(), "JSON Schema (2020-12) that the answer must fit."),
        new("timeout_seconds", new Shape.Number(0.001, CommonFields.SecondsMax), "Seconds until the wait ends by itself: with `default` in its place, else failed. Default: 604800 (7 days)."),
        new("default", new Shape.Anything(), "The answer when nobody gives one in time."),
    ];

    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        var fields = node.Fields;
        var problems = context.Problems;
        var type = TypeOf(node);
        if (type == AnswerType.Select && (!fields.TryGetValue("options", out var options) || options.Items.Count == 0))
            problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("input_type"), $"node '{node.Id}' asks for a choice and has no `options`. Add 'options: [yes, no]'.");
        if (type != AnswerType.Select && fields.ContainsKey("options"))
            problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("options"), $"node '{node.Id}' has `options`, which only 'input_type: select' uses. Add that, or remove the list.");
        if (fields.TryGetValue("schema", out var schema) && Compile(node, schema, problems) is null) return;
        if (fields.TryGetValue("default", out var byDefault) && Misfit(node, byDefault) is { } misfit)
            problems.Error(ProblemCodes.BadDefault, node.PlaceOf("default"), $"the `default` of node '{node.Id}' is no answer that it would take: {misfit} Correct it.");
    }

    private static JsonSchema? Compile(NodeSpec node, Value schema, ProblemList problems)
    {
        try
        {
            return JsonSchema.Compile(schema);
        }
        catch (JsonSchemaException broken)
        {
            problems.Error(ProblemCodes.BadSchema, node.PlaceOf("schema"), $"the `schema` of '{node.Id}' cannot be used: {broken.Message}");
            return null;
        }
    }

    private static string? Misfit(NodeSpec node, Value answer)
    {
        var type = TypeOf(node);
        if (type == AnswerType.Select && node.Fields.GetOrNull("options") is { IsList: true } options && !options.Items.Contains(answer)) return $"{answer.ToJson()} is none of the options.";
        if (type == AnswerType.Confirm && answer.Kind != ValueKind.Boolean) return "true or false is needed.";
        if (type == AnswerType.Form && !answer.IsObject) return "an object is needed.";
        if (type == AnswerType.Text && !answer.IsText) return "text is needed.";
        if (!node.Fields.TryGetValue("schema", out var schema)) return null;
        return JsonSchema.Compile(schema).Validate(answer) is [var problem, ..] ? problem.ToString() + "." : null;
    }

    private static AnswerType TypeOf(NodeSpec node) =>
        WireNames.TryParse<AnswerType>(node.Fields.GetOrNull("input_type").TextOrNull ?? "text", out var type) ? type : AnswerType.Text;
}
