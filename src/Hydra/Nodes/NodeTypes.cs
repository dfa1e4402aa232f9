using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>The node types that need nothing beyond this project. Programs add their own: <c>NodeTypes.Of([.. NodeTypes.Core, new AgentNode()])</c>.</summary>
public static class NodeTypes
{
    public static IReadOnlyList<INodeType> Core { get; } = CoreWith(new FunctionRegistry());

    /// <summary>The same, with functions that the embedding program offers to <c>function</c> nodes.</summary>
    public static IReadOnlyList<INodeType> CoreWith(FunctionRegistry functions) =>
    [
        new MapNode(), new EvaluatorLoopNode(), new LoopNode(), new SubgraphNode(), new SetNode(), new BashNode(),
        new PythonExecNode(), new HttpNode(), new WaitNode(), new TerminateNode(), new FunctionNode(functions),
        new ApprovalGateNode(), new UserInputNode(),
    ];

    /// <summary>Types by name. Throws <see cref="ArgumentException"/> where two have one name.</summary>
    public static IReadOnlyDictionary<string, INodeType> Of(IEnumerable<INodeType> types) =>
        types.ToDictionary(type => type.Name, StringComparer.Ordinal);
}
