using Hydra.Agents.Tools;
using Hydra.Model;

namespace Hydra.Agents.Testing;

/// <summary>A tool that answers, or fails, as a test says; nothing happens.</summary>
public sealed class ScriptedTool(string name, Value answer, ErrorCode? fail = null) : ITool
{
    public ToolFacts Facts { get; } = new() { Name = name, Description = "Scripted.", Arguments = ValueMap.Of(("type", "object")), Effect = EffectClass.Pure, Risk = ToolRisk.Low };

    public ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken) =>
        fail is { } code ? throw new CallFailedException(code, $"the script lets '{name}' fail with {code}") : new(answer);
}
