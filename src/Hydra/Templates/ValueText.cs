using System.Globalization;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>
/// How values read as text: text as it is, numbers as Python writes them, all else as JSON with the separators of Python's
/// <c>json.dumps</c> and characters beyond ASCII as they are.
/// </summary>
internal static class ValueText
{
    public static string Of(Evaluation evaluation, Value value)
    {
        switch (value.Kind)
        {
            case ValueKind.Text: return value.AsText;
            case ValueKind.Integer: return value.AsInteger.ToString(CultureInfo.InvariantCulture);
            case ValueKind.Boolean: return value.AsBoolean ? "true" : "false";
            case ValueKind.Null: return "null";
            default:
                var text = new OutputText(evaluation);
                Write(text, value, evaluation);
                return text.Finish();
        }
    }

    /// <summary>As <see cref="Of"/>, for any value but text.</summary>
    public static void Write(OutputText output, Value value, Evaluation evaluation)
    {
        switch (value.Kind)
        {
            case ValueKind.Integer: WriteInteger(output, value.AsInteger); break;
            case ValueKind.Number: output.Append(PythonFloat.Repr(value.AsNumber)); break;
            default: WriteJson(output, value, evaluation, "", 0); break;
        }
    }

    public static string Json(Evaluation evaluation, Value value, string indent)
    {
        var text = new OutputText(evaluation);
        WriteJson(text, value, evaluation, indent, 0);
        return text.Finish();
    }

    private static void WriteInteger(OutputText output, long number)
    {
        Span<char> digits = stackalloc char[20];
        number.TryFormat(digits, out var count, default, CultureInfo.InvariantCulture);
        output.Append(digits[..count]);
    }

    private static void WriteJson(OutputText output, Value value, Evaluation evaluation, string indent, int depth)
    {
        if (depth > TemplateOptions.ValueDepthMax + TemplateOptions.NestingDepthMax) throw evaluation.Limit("A value is nested too deeply to be written.");
        switch (value.Kind)
        {
            case ValueKind.Null: output.Append("null"); break;
            case ValueKind.Boolean: output.Append(value.AsBoolean ? "true" : "false"); break;
            case ValueKind.Integer: WriteInteger(output, value.AsInteger); break;
            case ValueKind.Number: output.Append(double.IsFinite(value.AsNumber) ? PythonFloat.Repr(value.AsNumber) : "null"); break;
            case ValueKind.Text: WriteJsonText(output, value.AsText); break;
            case ValueKind.List: WriteList(output, value, evaluation, indent, depth); break;
            default: WriteObject(output, value, evaluation, indent, depth); break;
        }
    }

    private static void WriteList(OutputText output, Value value, Evaluation evaluation, string indent, int depth)
    {
        var items = value.AsList;
        if (items.IsEmpty) { output.Append("[]"); return; }
        output.Append('[');
        evaluation.Charge(1);
        for (var i = 0; i < items.Length; i++)
        {
            StartItem(output, i, indent, depth + 1);
            WriteJson(output, items[i], evaluation, indent, depth + 1);
        }
        EndItems(output, indent, depth);
        output.Append(']');
    }

    private static void WriteObject(OutputText output, Value value, Evaluation evaluation, string indent, int depth)
    {
        var pairs = value.AsObject.Pairs;
        if (pairs.IsEmpty) { output.Append("{}"); return; }
        output.Append('{');
        evaluation.Charge(1);
        for (var i = 0; i < pairs.Length; i++)
        {
            StartItem(output, i, indent, depth + 1);
            WriteJsonText(output, pairs[i].Key);
            output.Append(": ");
            WriteJson(output, pairs[i].Value, evaluation, indent, depth + 1);
        }
        EndItems(output, indent, depth);
        output.Append('}');
    }

    private static void StartItem(OutputText output, int index, string indent, int depth)
    {
        if (indent.Length == 0)
        {
            if (index > 0) output.Append(", ");
            return;
        }
        output.Append(index > 0 ? ",\n" : "\n");
        for (var i = 0; i < depth; i++) output.Append(indent);
    }

    private static void EndItems(OutputText output, string indent, int depth)
    {
        if (indent.Length == 0) return;
        output.Append('\n');
        for (var i = 0; i < depth; i++) output.Append(indent);
    }

    private static void WriteJsonText(OutputText output, string text)
    {
        output.Append('"');
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (c is not ('"' or '\\') && c >= ' ') continue;
            output.Append(text.AsSpan(start, i - start));
            start = i + 1;
            switch (c)
            {
                case '"' or '\\': output.Append('\\').Append(c); break;
                case '\n': output.Append("\\n"); break;
                case '\r': output.Append("\\r"); break;
                case '\t': output.Append("\\t"); break;
                case '\b': output.Append("\\b"); break;
                case '\f': output.Append("\\f"); break;
                default: output.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)); break;
            }
        }
        output.Append(text.AsSpan(start)).Append('"');
    }
}
