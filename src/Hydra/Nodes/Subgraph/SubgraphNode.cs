using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Runs another workflow file as one node; its result is an object of sink id to value.</summary>
public sealed partial class SubgraphNode : INodeType
{
    public string Name => "subgraph";
    public string Description => "Runs another workflow file as one node; the result is an object of the file's sinks.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("path", new Shape.Text(), "The other file, relative to this one's folder, never above the top file's.") { IsRequired = true },
        new("inputs", new Shape.Templates(), "The other workflow's inputs: a map of templates."),
    ];

    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        var given = node.Fields.GetOrNull("inputs");
        if (!given.IsNull && !given.IsObject)
        {
            context.Problems.Error(ProblemCodes.WrongType, node.PlaceOf("inputs"), $"the `inputs` of '{node.Id}' are no map. Write 'name: value' lines.");
            return;
        }
        if (node.Linked?.Inputs is not { } declared) return;
        var names = given.IsObject ? given.AsObject : ValueMap.Empty;
        foreach (var name in names.Keys.Where(name => !declared.ContainsKey(name)))
            context.Problems.Error(ProblemCodes.UnknownInput, node.PlaceOf($"inputs.{name}"), $"node '{node.Id}' gives the input '{name}', which {node.Linked.File} does not take.{DidYouMean.Hint(name, declared.Keys)} Remove or rename it.");
        foreach (var (name, input) in declared)
        {
            if (input.IsRequired && !names.ContainsKey(name))
                context.Problems.Error(ProblemCodes.MissingInput, node.PlaceOf("inputs"), $"node '{node.Id}' does not give the input '{name}', which {node.Linked.File} requires. Add '{name}: …' under `inputs`.");
        }
    }

    /// <summary>One fragment, <c>workflow</c>: the other file, once it is linked.</summary>
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node) =>
        node.Linked is { } child ? [new("workflow", child.Nodes) { Workflow = child }] : [];
}
