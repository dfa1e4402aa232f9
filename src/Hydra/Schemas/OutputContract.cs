using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>Holds a result against the schema its node promised.</summary>
public static class OutputContract
{
    /// <summary>
    /// Reads the JSON that a text answer carries: the whole text, or the one fenced block in it, or what stands between the
    /// first bracket and the last. False when there is none.
    /// </summary>
    public static bool TryParse(string answer, out Value value)
    {
        var text = answer.Trim();
        if (ValueJson.TryParse(text, out value)) return true;
        var fence = text.IndexOf("```", StringComparison.Ordinal);
        if (fence >= 0)
        {
            var from = text.IndexOf('\n', fence);
            var to = from < 0 ? -1 : text.IndexOf("```", from, StringComparison.Ordinal);
            if (to > from && ValueJson.TryParse(text[from..to].Trim(), out value)) return true;
        }
        var open = text.AsSpan().IndexOfAny('{', '[');
        var close = text.AsSpan().LastIndexOfAny('}', ']');
        return open >= 0 && close > open && ValueJson.TryParse(text[open..(close + 1)], out value);
    }

    /// <summary>What is wrong with a value, in words for a person or a model; null when it fits or nothing was promised.</summary>
    public static string? Misfit(JsonSchema? schema, Value value)
    {
        if (schema is null || schema.IsValid(value)) return null;
        return "the output does not fit output_schema: " + string.Join("; ", schema.Validate(value).Select(problem => problem.ToString()));
    }
}
