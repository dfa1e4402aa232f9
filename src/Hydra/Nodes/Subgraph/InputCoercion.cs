using System.Globalization;
using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Nodes;

/// <summary>Makes given values fit a workflow's declared inputs: defaults filled in, text read as the declared type.</summary>
internal static class InputCoercion
{
    /// <param name="declared">Null: free-form inputs, taken as they are.</param>
    /// <param name="isLenient">Samples stand in for real values: what does not fit its type is taken as it is.</param>
    /// <param name="problems">Everything that does not fit, in the order of the declaration.</param>
    public static ValueMap Of(ValueMap given, IReadOnlyDictionary<string, InputSpec>? declared, bool isLenient, out IReadOnlyList<string> problems)
    {
        problems = [];
        if (declared is null) return given;
        var found = new List<string>();
        var inputs = new ValueMap.Builder();
        foreach (var (name, spec) in declared)
        {
            if (!given.TryGetValue(name, out var value))
            {
                if (spec.Default is null && spec.IsRequired) found.Add($"'{name}' is missing");
                inputs[name] = spec.Default ?? Value.Null;
                continue;
            }
            if (value.IsNull && !spec.IsRequired) inputs[name] = spec.Default ?? Value.Null;
            else if (isLenient) inputs[name] = Coerce(value, spec.Type) ?? value;
            else if (Coerce(value, spec.Type) is not { } fitting) found.Add($"'{name}' is {Excerpt.Describe(value)}, not {WithArticle(spec.Type)}");
            else if (spec.Schema is { } schema && OutputContract.Misfit(JsonSchema.Compile(schema), fitting) is { } misfit) found.Add($"'{name}': {misfit}");
            else inputs[name] = fitting;
        }
        foreach (var name in given.Keys.Where(name => !declared.ContainsKey(name))) found.Add($"'{name}' is not declared");
        problems = found;
        return inputs.Build();
    }

    private static Value? NoFit => null;

    private static Value? Coerce(Value value, InputType type)
    {
        switch (type)
        {
            case InputType.String when value.IsNull: return null;
            case InputType.String: return value.IsText ? value : Value.Of(value.ToDisplayText());
            case InputType.Integer when value.Kind == ValueKind.Integer:
            case InputType.Number when value.IsNumeric:
            case InputType.Boolean when value.Kind == ValueKind.Boolean:
            case InputType.Array when value.IsList:
            case InputType.Object when value.IsObject:
                return value;
            case InputType.Integer when value.Kind == ValueKind.Number && double.IsInteger(value.AsNumber) && Math.Abs(value.AsNumber) < 1L << 53:
                return (long)value.AsNumber;
        }
        if (value.TextOrNull?.Trim() is not { } text) return null;
        return type switch
        {
            InputType.Integer => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? Value.Of(whole) : NoFit,
            InputType.Number => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? Value.Of(number) : NoFit,
            InputType.Boolean => bool.TryParse(text, out var flag) ? Value.Of(flag) : NoFit,
            InputType.Array => ValueJson.TryParse(text, out var list) && list.IsList ? list : NoFit,
            _ => ValueJson.TryParse(text, out var map) && map.IsObject ? map : NoFit,
        };
    }

    private static string WithArticle(InputType type) =>
        type is InputType.Integer or InputType.Array or InputType.Object ? $"an {WireNames.Of(type)}" : $"a {WireNames.Of(type)}";
}
