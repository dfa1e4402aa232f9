using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>Another agent as a tool: it is given a task, and its answer is the result. Its calls are steps of the same attempt.</summary>
internal sealed class AgentTool(ToolFacts facts, string agent) : ITool
{
    public ToolFacts Facts => facts;
    public string Agent => agent;

    /// <summary>The arguments are those the agent's <c>inputs</c> declare, else one text.</summary>
    public static Value TaskSchema { get; } = Value.ParseJson("""{"type":"object","properties":{"task":{"type":"string","description":"what to do, with everything needed to do it"}},"required":["task"],"additionalProperties":false}""");

    public ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var task = call.Arguments.AsObject is { Count: 1 } given && given.GetOrNull("task").TextOrNull is { } text ? text : call.Arguments.ToJson();
        return call.AskAgent!(agent, task, cancellationToken);
    }
}
