using System.Globalization;
using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Parsing;

/// <summary>Run inputs as a user gives them, coerced to what the workflow declares. Finds everything that is wrong at once.</summary>
public static class InputBinder
{
    /// <summary>The inputs of a run; not to be used when <paramref name="problems"/> has errors. A workflow without an <c>inputs</c> block takes what it is given.</summary>
    public static ValueMap Bind(WorkflowSpec workflow, ValueMap given, ProblemList problems)
    {
        if (workflow.Inputs is not { } declared) return given;
        foreach (var name in given.Keys.Where(name => !declared.ContainsKey(name)))
            problems.Error(ProblemCodes.UnknownInput, SourcePosition.None, $"the workflow takes no input '{name}'.{DidYouMean.Hint(name, declared.Keys)} It takes: {(declared.Count == 0 ? "none" : string.Join(", ", declared.Keys))}.");
        var bound = new ValueMap.Builder();
        foreach (var (name, input) in declared)
        {
            if (!given.TryGetValue(name, out var value))
            {
                if (input.Default is { } byDefault) bound[name] = byDefault;
                else if (input.IsRequired) problems.Error(ProblemCodes.MissingInput, input.At, $"the input '{name}' is not given.{DidYouMean.Hint(name, given.Keys)} Add -i {name}=….");
                else bound[name] = Value.Null;
                continue;
            }
            if (!TryCoerce(input.Type, value, out var coerced))
            {
                problems.Error(ProblemCodes.BadInput, input.At, $"the input '{name}' is {Clip(value)}, which is no {InputTypes.NameOf(input.Type)}. {Mend(input.Type, name)}");
                continue;
            }
            bound[name] = coerced;
            CheckSchema(name, input, coerced, problems);
        }
        return bound.Build();
    }

    private static bool TryCoerce(InputType type, Value value, out Value coerced)
    {
        coerced = value;
        if (InputTypes.Fits(type, value)) return true;
        if (value.TextOrNull is not { } text)
        {
            coerced = type == InputType.String && !value.IsNull ? Value.Of(value.ToDisplayText()) : value;
            return coerced.IsText;
        }
        text = text.Trim();
        switch (type)
        {
            case InputType.Integer when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole):
                coerced = whole;
                return true;
            case InputType.Number when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number):
                coerced = long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var integral) ? integral : number;
                return true;
            case InputType.Boolean when text.ToLowerInvariant() is "true" or "false" or "yes" or "no":
                coerced = text.ToLowerInvariant() is "true" or "yes";
                return true;
            case InputType.Array or InputType.Object when ValueJson.TryParse(text, out coerced):
                return InputTypes.Fits(type, coerced);
            default:
                return false;
        }
    }

    private static void CheckSchema(string name, InputSpec input, Value value, ProblemList problems)
    {
        if (input.Schema is not { } schema) return;
        var misfits = JsonSchema.Compile(schema).Validate(value);
        if (misfits.Count > 0) problems.Error(ProblemCodes.BadInput, input.At, $"the input '{name}' does not fit its schema: {misfits[0]}.");
    }

    private static string Mend(InputType type, string name) => type switch
    {
        InputType.Array => $"Write JSON: -i '{name}=[\"a\", \"b\"]', or -i {name}=@file.json.",
        InputType.Object => $"Write JSON: -i '{name}={{\"key\": \"value\"}}', or -i {name}=@file.json.",
        InputType.Boolean => $"Write -i {name}=true or -i {name}=false.",
        _ => $"Write it like -i {name}=42.",
    };

    private static string Clip(Value value)
    {
        var text = value.ToJson();
        return text.Length <= 80 ? text : text[..80] + "…";
    }
}
