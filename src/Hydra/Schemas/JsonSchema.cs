using Hydra.Model;

namespace Hydra.Schemas;

public sealed class JsonSchema
{
    public static JsonSchema Compile(Value schema) => new();
    public IReadOnlyList<string> Validate(Value instance) => [];
    public bool IsValid(Value instance) => true;
}
