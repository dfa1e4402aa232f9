using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Ends the whole run, as completed or failed.</summary>
public sealed partial class TerminateNode : INodeType
{
    public string Name => "terminate";
    public string Description => "Ends the run at once, completed or failed, with a reason.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("status", new Shape.Choice("completed", "failed"), "How the run ends.") { IsRequired = true },
        new("reason", new Shape.Template(), "Why, for the receipt."),
    ];

    public NodeTraits Traits { get; } = new();
}
