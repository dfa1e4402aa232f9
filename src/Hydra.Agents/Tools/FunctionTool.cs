using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Tools;

/// <summary>A C# function as a tool. Its name, description and argument schema are the function's own.</summary>
public sealed class FunctionTool : ITool
{
    private readonly AIFunction _function;

    /// <param name="function">Must be safe to call from many threads.</param>
    /// <param name="effect">What calling it once more would mean: nobody can tell but who wrote it.</param>
    public FunctionTool(AIFunction function, EffectClass effect, ToolRisk risk = ToolRisk.Medium)
    {
        ArgumentNullException.ThrowIfNull(function);
        _function = function;
        Facts = new ToolFacts
        {
            Name = function.Name,
            Description = function.Description,
            Arguments = Value.ParseJson(function.JsonSchema.GetRawText()),
            Output = function.ReturnJsonSchema is { } schema ? Value.ParseJson(schema.GetRawText()) : (Value?)null,
            Effect = effect,
            Risk = risk,
            Labels = Labels.None,
            IsOutward = false,
        };
    }

    /// <remarks>Its results count as the program's own: say <see cref="Labels.Untrusted"/> where the function brings in what others wrote, and <see cref="ToolFacts.IsOutward"/> where it sends data out.</remarks>
    /// <summary>May be changed with <c>with</c>-expressions before the tool is registered: limits, name, schemas.</summary>
    public ToolFacts Facts { get; init; }

    public async ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var given = new AIFunctionArguments();
        foreach (var (name, value) in call.Arguments.AsObject) given[name] = JsonElement.Parse(ValueJson.ToUtf8(value));
        var result = await _function.InvokeAsync(given, cancellationToken);
        return result switch
        {
            null => Value.Null,
            Value value => value,
            string text => Value.Of(text),
            JsonElement json => Value.ParseJson(json.GetRawText()),
            _ => Value.ParseJson(JsonSerializer.Serialize(result, _function.JsonSerializerOptions)),
        };
    }
}
