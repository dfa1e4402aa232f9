using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Gives a value: a template or an object of templates. No model is called.</summary>
public sealed partial class SetNode : INodeType
{
    public string Name => "set";
    public string Description => "Gives a value made from templates; no model is called.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("value", new Shape.Templates(), "The value: a template, or lists and maps of templates. A text that is one `{{ expression }}` keeps its type.") { IsRequired = true },
    ];

    public NodeTraits Traits { get; } = new();
}
