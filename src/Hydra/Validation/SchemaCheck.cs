using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Validation;

internal static class SchemaCheck
{
    /// <summary>The compiled schema; null, with a problem, where it cannot be.</summary>
    public static JsonSchema? Compile(Value schema, SourcePosition at, string what, ProblemList problems)
    {
        try
        {
            return JsonSchema.Compile(schema);
        }
        catch (JsonSchemaException broken)
        {
            problems.Error(ProblemCodes.BadSchema, at, $"{what} cannot be used: {broken.Message}");
            return null;
        }
    }
}
