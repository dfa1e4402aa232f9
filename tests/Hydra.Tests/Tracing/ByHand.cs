using Hydra.Model;

namespace Hydra.Tests.Tracing;

/// <summary>A node type that is played by hand: its fields and fragments are the real ones, its moves are the test's.</summary>
internal sealed class ByHand(INodeType type) : ICompositeNodeType
{
    public string Name => type.Name;
    public string Description => type.Description;
    public IReadOnlyList<Field> Fields => type.Fields;
    public NodeTraits Traits => type.Traits;
    public void Check(NodeSpec node, CheckContext context) => type.Check(node, context);
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node) => type.Fragments(node);
    public object? Plan(NodeSpec node, PlanContext context) => type.Plan(node, context);
    public Advance Advance(AdvanceContext context) => throw new InvalidOperationException("The test says how the composite goes on.");
}
