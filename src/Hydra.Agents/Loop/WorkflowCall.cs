using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Loop;

/// <summary>
/// A call of a tool that runs a workflow: one step that says so, the workflow's nodes below the agent's own, and their results when the
/// attempt is entered again.
/// </summary>
internal static class WorkflowCall
{
    /// <summary>The binding that tells which call a graph belongs to; no name of an input, so that no template can read it.</summary>
    private const string PlaceName = "(call)";

    /// <summary>What keeps the arguments from being the workflow's inputs; null: nothing.</summary>
    public static string? Misfit(WorkflowTool tool, Value arguments)
    {
        InputCoercion.Of(arguments.AsObject, tool.Child.Inputs, isLenient: false, out var problems);
        return problems.Count == 0 ? null : string.Join("; ", problems);
    }

    /// <param name="fragment">The workflow among the node's graphs.</param>
    /// <param name="place">The call's own, within the attempt.</param>
    public static ToolReply Go(NodeAttempt attempt, ILine line, HeldTool held, int fragment, Value arguments, string place, StepGrant grant, Labels context)
    {
        var child = ((WorkflowTool)held.Tool).Child;
        if (grant.Known is null) line.Report(grant, new StepResult(line.Keep(ValueMap.Of(("runs", child.File)), context), default, MicroUsd.Zero, null, 0));
        else if (grant.Known.Error is { } refused) return ToolReply.Failed(refused, grant.Step) with { Labels = context };
        if (attempt.Opened.FirstOrDefault(graph => graph.Ended.Bindings.AsObject.GetOrNull(PlaceName).TextOrNull == place) is not { } graph)
        {
            var inputs = InputCoercion.Of(arguments.AsObject, child.Inputs, isLenient: false, out _);
            return ToolReply.Later(new AttemptOutcome.Open(new ScopeOpening(ScopeKind.Round, fragment, 0, 1, line.Keep(inputs.With(PlaceName, place), context))));
        }
        if (ChildResults.FailureOf(graph.Ended, at => $"{graph.Path}/{graph.Ended.Children[at].Id}") is { } failure)
        {
            if (failure.Code == ErrorCode.Budget) throw new CallFailedException(failure.Code, failure.Message);
            return ToolReply.Failed(new NodeError(failure.Code == ErrorCode.Cancelled ? ErrorCode.ToolFailed : failure.Code, failure.Message), grant.Step) with { Labels = context.With(graph.Labels.Now) };
        }
        try
        {
            var result = ToolResultCheck.Hold(held, ChildResults.ObjectOf(graph.Ended.Children.Where(node => node.IsSink)));
            return ToolReply.Of(result, grant.Step) with { Labels = context.With(held.Facts.Labels).With(graph.Labels.Now) };
        }
        catch (CallFailedException unfit)
        {
            return ToolReply.Failed(new NodeError(unfit.Code, unfit.Message), grant.Step) with { Labels = context.With(graph.Labels.Now) };
        }
    }
}
