using System.Collections.Frozen;
using Hydra.Agents.Nodes;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Cli;

/// <summary>Whether a run of a workflow may come to ask a model: only then does it matter which ones are configured.</summary>
internal static class ModelUse
{
    /// <summary>The types that know no models, and the one that calls a tool without asking any. What nodes inside them do counts by itself.</summary>
    private static readonly FrozenDictionary<string, INodeType> AskingNone =
        NodeTypes.Core.Append(new ToolNode()).ToFrozenDictionary(type => type.Name, StringComparer.Ordinal);

    public static bool IsPossible(WorkflowSpec workflow) => workflow.Nodes.Any(IsPossible);

    private static bool IsPossible(NodeSpec node) =>
        !AskingNone.TryGetValue(node.Type, out var type)
        || type.Fragments(node).Any(fragment => fragment.Nodes.Any(IsPossible))
        || (node.Compensation is { } undo && IsPossible(undo));
}
