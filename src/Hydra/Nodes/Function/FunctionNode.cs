using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Calls a C# delegate that the embedding program registered under a name.</summary>
public sealed partial class FunctionNode
{
    public string Name => "function";
    public string Description => "Calls a function that the embedding program registered.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("function", new Shape.Text(), "The name under which the program registered it.") { IsRequired = true },
        new("arguments", new Shape.Templates(), "What it is given: data in which texts are templates."),
    ];

    public NodeTraits Traits { get; } = new();
}
