using Hydra.Model;

namespace Hydra.Schemas;

public sealed class JsonSchema
{
    public static JsonSchema Compile(Value schema) => new();
    public bool IsValid(Value instance) => true;
}
