using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>The composites that decide with models what is done next. They ask nobody themselves: they open agent nodes.</summary>
public static class PatternTypes
{
    public static IReadOnlyList<INodeType> All { get; } = [new RouterNode(), new PlannerNode(), new CoordinatorNode(), new SwarmNode(), new SupervisorNode(), new DetourNode()];
}
