using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Nodes;

/// <summary>A leaf's result against its <c>output_schema</c>.</summary>
internal static class LeafContract
{
    /// <summary>The result as promised: text is read as JSON where a schema asks for data. Failed (<c>invalid_output</c>) when it does not fit.</summary>
    public static AttemptOutcome Hold(NodeSettings settings, AttemptOutcome outcome) => outcome switch
    {
        _ when settings.OutputSchema is null => outcome,
        AttemptOutcome.Completed done => Fit(settings, done.Output, value => done with { Output = value }),
        AttemptOutcome.Degraded lesser => Fit(settings, lesser.Output, value => lesser with { Output = value }),
        _ => outcome,
    };

    private static AttemptOutcome Fit(NodeSettings settings, Value output, Func<Value, AttemptOutcome> with)
    {
        var schema = settings.OutputSchema!;
        if (output.IsText && !schema.IsValid(output))
        {
            if (!OutputContract.TryParse(output.AsText, out var parsed))
                return new AttemptOutcome.Failed(ErrorCode.InvalidOutput, $"the output is no JSON, which output_schema asks for: '{Excerpt.Of(output.AsText)}'");
            output = parsed;
        }
        return OutputContract.Misfit(schema, output) is { } misfit ? new AttemptOutcome.Failed(ErrorCode.InvalidOutput, misfit) : with(output);
    }
}

/// <summary>The beginning of a text, for messages.</summary>
internal static class Excerpt
{
    public static string Of(string text, int charsMax = 80)
    {
        var line = text.ReplaceLineEndings(" ");
        return line.Length <= charsMax ? line : line[..charsMax] + "…";
    }

    /// <summary>What a value is, in words: <c>text 'abc…'</c>, <c>an object</c>, <c>the number 3</c>.</summary>
    public static string Describe(Value value) => value.Kind switch
    {
        ValueKind.Null => "null",
        ValueKind.Boolean => $"the boolean {value.ToJson()}",
        ValueKind.Integer or ValueKind.Number => $"the number {value.ToJson()}",
        ValueKind.Text => $"the text '{Of(value.AsText)}'",
        ValueKind.List => $"a list of {value.AsList.Length} items",
        _ => $"an object with {value.AsObject.Count} keys",
    };
}
