using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Runs its body once per item of a list; the result is the list of results, in the order of the items.</summary>
public sealed partial class MapNode : INodeType
{
    private static readonly string[] OwnFields = ["over", "as", "body", "max_concurrency", "max_items", "completion"];

    public string Name => "map";
    public string Description => "Runs its prompt or body once per item of a list, several at once; the result is a list in input order.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("over", new Shape.Expression(), "A Jinja expression that gives a list.") { IsRequired = true },
        new("as", new Shape.Text("[A-Za-z_][A-Za-z0-9_]*"), "The variable that holds the current item.") { IsRequired = true },
        new("body", new Shape.OneOf(new Shape.Node("body"), new Shape.Nodes()), "What runs per item instead of `prompt`: one node, or a list of nodes."),
        new("max_concurrency", new Shape.Integer(1, 10_000), "Most items at once. Default: the run's own limit."),
        new("max_items", new Shape.Integer(1, 1_000_000), "Longest list. Default: 10,000."),
        new("completion", new Shape.Record(
        [
            new("min_success", new Shape.Integer(0, 1_000_000), "Fewest items that must succeed."),
            new("tolerate_failures", new Shape.Integer(0, 1_000_000), "Most items that may fail. Default: 0."),
        ]), "When the map as a whole succeeds; tolerated failures end it degraded."),
        .. ModelCallFields.All,
    ];

    public IReadOnlyList<string> FragmentFields { get; } = [.. ModelCallFields.All.Select(field => field.Name)];
    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        var hasPrompt = node.Fields.ContainsKey("prompt");
        var hasBody = node.Children.ContainsKey("body");
        if (hasPrompt && hasBody)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("body"), $"node '{node.Id}' has both `prompt` and `body`. Keep one: `prompt` asks a model per item, `body` runs nodes per item.");
        else if (!hasPrompt && !hasBody)
            context.Problems.Error(ProblemCodes.FieldConflict, node.At, $"node '{node.Id}' does not say what to do with each item. Add a `prompt`, or a `body` of nodes.");
        if (!hasPrompt && hasBody && ModelCallFields.All.FirstOrDefault(field => node.Fields.ContainsKey(field.Name)) is { } stray)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf(stray.Name), $"node '{node.Id}' has `{stray.Name}` beside `body`, where it would do nothing. Move it into the body's node.");
        if (node.Fields.GetOrNull("completion") is { IsObject: true } completion && completion.AsObject.ContainsKey("min_success") && completion.AsObject.ContainsKey("tolerate_failures"))
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("completion"), $"node '{node.Id}' has both `min_success` and `tolerate_failures`. Keep one of them.");
    }

    /// <summary>One fragment, <c>item</c>: the body, or an agent made of the node's own fields.</summary>
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node)
    {
        string[] names = [node.Fields.GetOrNull("as").TextOrNull ?? "item", "index"];
        if (node.Children.TryGetValue("body", out var body))
            return [new("item", body) { Names = names, IsInline = node.IsSingle("body") }];
        if (!node.Fields.ContainsKey("prompt")) return [];
        var agent = new NodeSpec
        {
            Id = node.Id,
            Type = ModelCallFields.NodeType,
            Fields = ValueMap.Of(node.Fields.Where(pair => !OwnFields.Contains(pair.Key))),
            Policy = ItemPolicy(node.Policy),
            At = node.At,
            Places = node.Places,
            Folds = node.Folds,
        };
        return [new("item", [agent]) { Names = names, IsInline = true }];
    }

    /// <summary>What of a map's policy holds for each call: how it is tried, not when the map runs.</summary>
    private static NodePolicy ItemPolicy(NodePolicy policy) => new()
    {
        Retry = policy.Retry,
        OutputSchema = policy.OutputSchema,
        RepairAttempts = policy.RepairAttempts,
        Breaker = policy.Breaker,
        BreakerName = policy.BreakerName,
        Fallback = policy.Fallback is null ? null : new FallbackSpec { Models = policy.Fallback.Models, Agent = policy.Fallback.Agent },
        IdleTimeout = policy.IdleTimeout,
        Cache = policy.Cache,
        Labels = policy.Labels,
        Priority = policy.Priority,
    };
}
