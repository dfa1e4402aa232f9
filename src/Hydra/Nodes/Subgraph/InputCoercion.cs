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
            if (!given.TryGetValue(name, out var value) || (value.IsNull && !spec.IsRequired))
            {
                if (spec.Default is null && spec.IsRequired) found.Add($"'{name}' is missing");
                inputs[name] = spec.Default ?? Value.Null;
                continue;
            }
            if (spec.Type == InputType.String && value is { IsText: false, IsNull: false }) value = value.ToDisplayText();
            if (InputTypes.TryCoerce(spec.Type, value, value.IsText, out var fitting)) inputs[name] = fitting;
            else if (isLenient) inputs[name] = value;
            else found.Add($"'{name}' is {Excerpt.Describe(value)}, and its type is {InputTypes.NameOf(spec.Type)}");
            if (!isLenient && spec.Schema is { } schema && OutputContract.Misfit(JsonSchema.Compile(schema), fitting) is { } misfit) found.Add($"'{name}': {misfit}");
        }
        foreach (var name in given.Keys.Where(name => !declared.ContainsKey(name))) found.Add($"'{name}' is not declared");
        problems = found;
        return inputs.Build();
    }
}
