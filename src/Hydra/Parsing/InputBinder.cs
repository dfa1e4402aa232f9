using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Parsing;

/// <summary>One input as it was given: text from the command line, or a value from JSON or C#.</summary>
/// <param name="IsText">Text is coerced to the declared type; a value must have it.</param>
public sealed record GivenInput(Value Value, bool IsText)
{
    public static GivenInput OfText(string text) => new(Value.Of(text), IsText: true);
    public static GivenInput OfValue(Value value) => new(value, IsText: false);
}

/// <summary>Binds what a run is given to what its workflow declares; all problems at once, before anything runs.</summary>
public static class InputBinder
{
    private const int QuoteLengthMax = 60;

    /// <summary>The inputs in the order they are declared, or null where problems were added.</summary>
    /// <param name="expected">For a workflow without an <c>inputs</c> block: the names its templates read that no node gives.</param>
    /// <param name="lists">Of those, the names from which <c>over</c> takes its list: text that is JSON is parsed.</param>
    public static ValueMap? Bind(WorkflowSpec spec, IReadOnlyDictionary<string, GivenInput> given, IReadOnlyCollection<string> expected, ProblemList problems, IReadOnlyCollection<string>? lists = null)
    {
        var hadErrors = problems.Problems.Count(problem => problem.Severity == ProblemSeverity.Error) + problems.Dropped;
        var bound = spec.Inputs is { } declared ? Declared(declared, given, problems) : FreeForm(given, expected, lists ?? [], problems);
        return problems.Problems.Count(problem => problem.Severity == ProblemSeverity.Error) + problems.Dropped > hadErrors ? null : bound;
    }

    private static ValueMap Declared(IReadOnlyDictionary<string, InputSpec> declared, IReadOnlyDictionary<string, GivenInput> given, ProblemList problems)
    {
        foreach (var name in given.Keys.Where(name => !declared.ContainsKey(name)))
        {
            var takes = declared.Count == 0 ? "It takes none." : $"It takes {string.Join(", ", declared.Keys.Take(20))}.";
            problems.Error(ProblemCodes.UnknownInput, SourcePosition.None, $"the workflow has no input '{name}'.{DidYouMean.Hint(name, declared.Keys)} {takes}");
        }
        var bound = new ValueMap.Builder();
        foreach (var (name, input) in declared)
        {
            if (!given.TryGetValue(name, out var raw))
            {
                if (input.Default is { } byDefault) bound[name] = byDefault;
                else if (input.IsRequired)
                    problems.Error(ProblemCodes.MissingInput, input.At, $"the input '{name}' ({InputTypes.NameOf(input.Type)}) is not given{(input.Description is { } what ? $": {what.TrimEnd('.')}" : "")}. Add -i {name}=….");
                else bound[name] = Value.Null;
                continue;
            }
            if (!TryCoerce(input.Type, raw, out var value))
            {
                problems.Error(ProblemCodes.BadInput, input.At, $"the input '{name}' is {Quote(raw.Value)}, and its type is {InputTypes.NameOf(input.Type)}. {Mend(name, input.Type)}");
                continue;
            }
            bound[name] = value;
            if (input.Schema is { } schema) CheckSchema(name, input, schema, value, problems);
        }
        return bound.Build();
    }

    private static ValueMap FreeForm(IReadOnlyDictionary<string, GivenInput> given, IReadOnlyCollection<string> expected, IReadOnlyCollection<string> lists, ProblemList problems)
    {
        foreach (var name in expected.Where(name => !given.ContainsKey(name)))
            problems.Error(ProblemCodes.MissingInput, SourcePosition.None, $"the input '{name}', which the templates read, is not given.{DidYouMean.Hint(name, given.Keys.Where(other => !expected.Contains(other)))} Add -i {name}=….");
        foreach (var name in given.Keys.Where(name => !expected.Contains(name)))
        {
            if (DidYouMean.Nearest(name, expected.Where(other => !given.ContainsKey(other))) is null)
                problems.Warning(ProblemCodes.UnknownInput, SourcePosition.None, $"the input '{name}' is given and nothing reads it. Remove it, or correct its name.");
        }
        return ValueMap.Of(given.Select(pair => KeyValuePair.Create(pair.Key,
            pair.Value.IsText && lists.Contains(pair.Key) && ValueJson.TryParse(pair.Value.Value.AsText, out var parsed) && (parsed.IsList || parsed.IsObject) ? parsed : pair.Value.Value)));
    }

    private static void CheckSchema(string name, InputSpec input, Value schema, Value value, ProblemList problems)
    {
        try
        {
            if (!JsonSchema.Compile(schema).IsValid(value))
                problems.Error(ProblemCodes.BadInput, input.At, $"the input '{name}' is {Quote(value)}, which does not fit its schema. Give a value that does.");
        }
        catch (JsonSchemaException broken)
        {
            problems.Error(ProblemCodes.BadSchema, input.At, $"the schema of input '{name}' cannot be used: {broken.Message}");
        }
    }

    /// <summary>A value of the declared type; false where it cannot be read as one.</summary>
    public static bool TryCoerce(InputType type, GivenInput given, out Value value) => InputTypes.TryCoerce(type, given.Value, given.IsText, out value);

    private static string Mend(string name, InputType type) => type switch
    {
        InputType.Integer => $"Give a whole number: -i {name}=3.",
        InputType.Number => $"Give a number: -i {name}=0.5.",
        InputType.Boolean => $"Give true or false: -i {name}=true.",
        InputType.Array => $"Give a JSON list: -i {name}='[\"a\", \"b\"]'.",
        InputType.Object => $"Give a JSON object: -i {name}='{{\"key\": \"value\"}}'.",
        _ => "Give text.",
    };

    private static string Quote(Value value)
    {
        var text = value.IsText ? $"'{value.AsText}'" : value.ToJson();
        return text.Length <= QuoteLengthMax ? text : text[..QuoteLengthMax] + "…";
    }
}
