using Hydra.Changes;
using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli;

/// <summary>A node of two runs. A side is null where its run has no such node.</summary>
internal sealed record NodeDiff(string Path, NodeTrace? Left, NodeTrace? Right, string Prompts, string Output)
{
    public bool HasSameStatus => Left?.Status == Right?.Status && Left?.Error?.Code == Right?.Error?.Code;
    /// <summary>What the runs mean differs; time and money alone do not count.</summary>
    public bool Differs => !HasSameStatus || Prompts.Length > 0 || Output.Length > 0;
}

/// <summary>What differs between two runs: definitions, prompts as rendered, outputs, statuses, cost and time.</summary>
internal sealed record RunDiff(RunTrace Left, RunTrace Right, DefinitionChange Definition, ValueMap LeftInputs, ValueMap RightInputs, IReadOnlyList<NodeDiff> Nodes)
{
    public bool AreInputsEqual => LeftInputs.Equals(RightInputs);
    public bool AreEqual => Definition.IsEmpty && AreInputsEqual && Left.Status == Right.Status && !Nodes.Any(node => node.Differs);

    public static RunDiff Of(IRunStore store, RunId left, RunId right)
    {
        var (leftPlan, leftBundle) = RunReading.PlanOf(store, left);
        var (rightPlan, rightBundle) = RunReading.PlanOf(store, right);
        var (one, other) = (RunTrace.Of(leftPlan, store.Read(left), leftBundle), RunTrace.Of(rightPlan, store.Read(right), rightBundle));
        var (ours, theirs) = (ByPath(one), ByPath(other));
        var nodes = new List<NodeDiff>();
        foreach (var path in ours.Keys.Union(theirs.Keys))
        {
            var (a, b) = (ours.GetValueOrDefault(path), theirs.GetValueOrDefault(path));
            nodes.Add(new NodeDiff(path, a, b, TextDiff.Of(PromptsOf(a, store), PromptsOf(b, store)), TextDiff.Of(TextOf(a?.Output, store), TextOf(b?.Output, store))));
        }
        return new RunDiff(one, other, DefinitionChange.Between(leftPlan.Workflow, rightPlan.Workflow), leftBundle.AsObject["inputs"].AsObject, rightBundle.AsObject["inputs"].AsObject, nodes);
    }

    private static Dictionary<string, NodeTrace> ByPath(RunTrace trace)
    {
        var found = new Dictionary<string, NodeTrace>(StringComparer.Ordinal);
        foreach (var node in trace.Nodes)
        {
            if (node.Status != NodeStatus.Dormant) found[node.Path] = node;
        }
        return found;
    }

    /// <summary>What the last attempt asked, call by call.</summary>
    private static string PromptsOf(NodeTrace? node, IRunStore store)
    {
        if (node is null || node.Attempts.Count == 0) return "";
        return string.Join("\n\n", node.Attempts[^1].Steps.Select(step => step.Asked.Request(store.Artifacts.Read)).Where(request => request is not null).Select(request => Asked(request!.Value)));
    }

    /// <summary>Messages as they read, not as JSON.</summary>
    private static string Asked(Value request)
    {
        if (request.Kind != ValueKind.List) return request.IsText ? request.AsText : ValueJson.ToText(request, indented: true);
        return string.Join("\n", request.Items.Select(message =>
            message.IsObject && message.AsObject.GetOrNull("content").TextOrNull is { } content ? $"[{message.AsObject.GetOrNull("role").TextOrNull}]\n{content}" : ValueJson.ToText(message, indented: true)));
    }

    private static string TextOf(ValueRef? reference, IRunStore store)
    {
        if (reference is null) return "";
        var value = store.Artifacts.Read(reference);
        return value.IsText ? value.AsText : ValueJson.ToText(value, indented: true);
    }
}
