using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Validation;

/// <summary>Whether what a template reads of a node's result can be there, as far as its schema says without references or branches.</summary>
internal static class SchemaUse
{
    private static readonly string[] Branches = ["$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "patternProperties", "dependentSchemas"];

    public static void Check(string reader, NodeSpec source, Value schema, TemplateReference reference, int from, SourcePosition at, ProblemList problems)
    {
        for (var i = from; i < reference.Path.Count; i++)
        {
            if (!schema.IsObject || Branches.Any(schema.AsObject.ContainsKey)) return;
            var key = reference.Path[i];
            var isLast = i == reference.Path.Count - 1;
            var type = schema.AsObject.GetOrNull("type").TextOrNull;
            if (key.All(char.IsAsciiDigit) && type is "array" or null)
            {
                schema = schema.AsObject.GetOrNull("items");
                continue;
            }
            if (type is not (null or "object"))
            {
                if (!(isLast && reference.IsGuarded))
                    problems.Error(ProblemCodes.UnknownProperty, at, $"node '{reader}' reads '{key}' of '{Path(source, reference, from, i)}', which its `output_schema` says is {type}. Correct the path or the schema.");
                return;
            }
            if (schema.AsObject.GetOrNull("properties") is not { IsObject: true } properties) return;
            if (properties.AsObject.TryGetValue(key, out var next))
            {
                schema = next;
                continue;
            }
            if (isLast && reference.IsGuarded) return;
            var rest = schema.AsObject.GetOrNull("additionalProperties");
            var message = $"node '{reader}' reads '{key}' of '{Path(source, reference, from, i)}', which its `output_schema` does not have.{DidYouMean.Hint(key, properties.AsObject.Keys)} Add it to the schema, or correct the name.";
            if (rest.Kind == ValueKind.Boolean && !rest.AsBoolean) problems.Error(ProblemCodes.UnknownProperty, at, message);
            else if (!rest.IsObject) problems.Warning(ProblemCodes.UnknownProperty, at, message);
            return;
        }
    }

    private static string Path(NodeSpec source, TemplateReference reference, int from, int to) =>
        string.Join(".", reference.Path.Skip(from).Take(to - from).Prepend(source.Id.Text));
}
