using System.Text.Json;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra;

/// <summary>Registers C# functions with typed arguments; data crosses as JSON in camel case, as in <c>output_schema</c>.</summary>
public static class TypedFunctions
{
    /// <summary>Registers <paramref name="function"/> for nodes made with <see cref="TypedNodes.Function"/>; text and values that do not fit its argument fail the node.</summary>
    public static FunctionName<TIn, TOut> Add<TIn, TOut>(this FunctionRegistry registry, string name, Func<TIn, CancellationToken, ValueTask<TOut>> function)
    {
        registry.Add(name, async (arguments, cancellationToken) =>
        {
            var input = arguments.IsObject ? arguments.AsObject.GetOrNull("input") : Value.Null;
            var argument = JsonSerializer.Deserialize<TIn>(input.ToJson(), JsonSerializerOptions.Web)!;
            var result = await function(argument, cancellationToken);
            return Value.ParseJson(JsonSerializer.SerializeToUtf8Bytes(result, JsonSerializerOptions.Web));
        });
        return new FunctionName<TIn, TOut>(name);
    }
}
