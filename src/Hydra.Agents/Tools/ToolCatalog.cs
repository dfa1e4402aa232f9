using Hydra.Agents.Loop;
using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>The tools that agents of a workflow may list, for people: what there is, what is doubtful, and one call by hand.</summary>
public sealed class ToolCatalog(WorkflowSpec? workflow, ToolRegistry registry)
{
    private static readonly WorkflowSpec Nothing = new() { Name = "none", Nodes = [] };
    private readonly ToolBox _box = new(workflow ?? Nothing, registry);

    /// <summary>Every tool by name, with what is wrong with it where it cannot be called.</summary>
    public IEnumerable<(string Name, ToolFacts? Facts, string Wrong)> All() => _box.Names.Distinct(StringComparer.Ordinal)
        .Select(name => _box.Find(name, out var wrong) is { } tool ? (name, tool.Facts, "") : (name, null, wrong));

    /// <summary>What is doubtful of a tool: that it can do anything, or that a model cannot tell how to use it.</summary>
    public static IEnumerable<string> Doubts(ToolFacts facts)
    {
        if (facts.NeedsSandbox) yield return "runs any program the model writes; declare a tool that does the one thing instead";
        if (facts.Description.Length < 10) yield return "its description says next to nothing, so a model cannot tell when to use it";
        if (facts.Arguments.AsObject.GetOrNull("properties") is not { IsObject: true } properties) yield return "its schema names no argument, so it takes anything";
        else if (facts.Effect == EffectClass.Irreversible && properties.AsObject.GetOrNull("method").IsObject) yield return "may send with any of several methods; list in `methods` what is needed";
    }

    /// <summary>Calls a tool once, outside any run. Throws <see cref="CallFailedException"/> where it fails or may not be called so.</summary>
    public async Task<Value> TestAsync(string name, Value arguments, string workingDirectory, bool mayRunPrograms, CancellationToken cancellationToken)
    {
        if (_box.Find(name, out var wrong) is not { } tool) throw new CallFailedException(ErrorCode.BadRequest, wrong);
        if (tool is AgentTool) throw new CallFailedException(ErrorCode.BadRequest, $"'{name}' asks an agent, which needs a run");
        if (tool.Facts.NeedsSandbox && !mayRunPrograms) throw new CallFailedException(ErrorCode.PolicyDenied, $"'{name}' runs programs on this machine; allow it with --sandbox inprocess (no isolation)");
        var held = new HeldTool(tool);
        if (!held.Arguments.IsValid(arguments)) throw new CallFailedException(ErrorCode.BadRequest, $"nothing was called: {string.Join("; ", held.Arguments.Validate(arguments).Select(problem => problem.ToString()))}");
        using var limit = new CancellationTokenSource(tool.Facts.Timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var call = new ToolCall { Arguments = arguments, IdempotencyKey = StepKey.Of(arguments), WorkingDirectory = workingDirectory, Alive = () => { } };
        try
        {
            return ToolResultCheck.Hold(held, await tool.CallAsync(call, either.Token));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new CallFailedException(ErrorCode.Timeout, $"'{name}' gave nothing within {tool.Facts.Timeout.TotalSeconds:0.###} s");
        }
    }
}
