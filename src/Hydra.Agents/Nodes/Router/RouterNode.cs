using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>Chooses one of several routes: by rules, then by likeness, then by asking a model; stops at the first rung that is sure enough.</summary>
public sealed partial class RouterNode : INodeType
{
    public string Name => "router";
    public string Description => "Chooses a route by rules, then by similarity, then by a model; the result says which, how surely, by what and why.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("routes", new Shape.MapOf(new Shape.Record(
        [
            new("description", new Shape.Text(), "What the route is for: similarity and the model go by it. Default: the description of its agent."),
            new("when", new Shape.Expression(), "Takes the route when true; sees `input`, `tags`, inputs and the outcomes of ancestors (`nodes`)."),
            new("keywords", new Shape.ListOf(new Shape.Text(), 200), "Words or phrases that speak for the route."),
            new("agent", new Shape.Text(), "The agent that the route leads to; its name is in the result."),
        ])), "The routes by name, in the order in which rules are tried.") { IsRequired = true, ExtraNames = ["input", "tags"] },
        new("input", new Shape.Template(), "The text to be routed. Default: the workflow's inputs as JSON."),
        new("strategy", new Shape.OneOf(new Shape.Choice("ladder", "rules", "similarity", "model"), new Shape.ListOf(new Shape.Choice("rules", "similarity", "model"), 3)),
            "The rungs, in order. Default: ladder (rules, similarity, and model where one is named)."),
        new("min_confidence", new Shape.Number(0, 1), "How sure a rung must be, 0 to 1. Default: 0.6."),
        new("default", new Shape.Text(), "The route that is taken when no rung is sure enough; without it the node fails then."),
        .. AgentCall.Fields,
    ];

    public NodeTraits Traits { get; } = new() { Timeout = null, IdleTimeout = null };

    public void Check(NodeSpec node, CheckContext context)
    {
        var routes = RoutesOf(node);
        if (routes.Count < 2)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("routes"), $"node '{node.Id}' has {routes.Count} route(s), so there is nothing to choose. Name at least two.");
        if (routes.Count > 1 && routes.Values.All(route => route.ContainsKey("when")))
            context.Problems.Note(ProblemCodes.SimplerPattern, node.PlaceOf("routes"), $"every route of '{node.Id}' has a `when`. The same expressions as `when` of the nodes behind it do without a router.");
        if (node.Fields.GetOrNull("default").TextOrNull is { } standIn && !routes.ContainsKey(standIn))
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("default"), $"node '{node.Id}' has the default '{standIn}', which is none of its routes.{DidYouMean.Hint(standIn, routes.Keys)} Write one of {string.Join(", ", routes.Keys)}.");
        if (!node.Fields.ContainsKey("input") && context.Workflow.Inputs is null)
            context.Problems.Error(ProblemCodes.FieldConflict, node.At, $"node '{node.Id}' does not say what is to be routed. Add `input`, or declare the workflow's `inputs`.");
        foreach (var (name, route) in routes)
        {
            if (route.GetOrNull("agent").TextOrNull is { } agent && !context.Workflow.Agents.ContainsKey(agent))
                context.Problems.Error(ProblemCodes.UnknownAgent, node.PlaceOf($"routes.{name}.agent"), $"route '{name}' of '{node.Id}' names the agent '{agent}', which is not defined.{DidYouMean.Hint(agent, context.Workflow.Agents.Keys)} Define it under `agents`, or in agents/{agent}.md.");
        }
    }

    /// <summary><c>model</c>: the last rung, where there is somebody to ask.</summary>
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node)
    {
        var routes = RoutesOf(node);
        if (routes.Count == 0 || (!node.Fields.ContainsKey("model") && !node.Fields.ContainsKey("agent") && !WrittenRungs(node).Contains("model"))) return [];
        var schema = Value.Of(ValueMap.Of(("type", "object"), ("required", Value.OfTexts(["route", "confidence", "why"])), ("properties", ValueMap.Of(
            ("route", ValueMap.Of(("enum", Value.OfTexts(routes.Keys)))),
            ("confidence", ValueMap.Of(("type", "number"), ("minimum", 0), ("maximum", 1))),
            ("why", ValueMap.Of(("type", "string")))))));
        return [new("model", [AgentCall.Of(node, "model", PromptFile.Read("Router/route"), schema)]) { MayShadow = true, Names = ["routes", "input"] }];
    }

    private static Dictionary<string, ValueMap> RoutesOf(NodeSpec node) => node.Fields.GetOrNull("routes") is { IsObject: true } routes
        ? routes.AsObject.ToDictionary(pair => pair.Key, pair => pair.Value is { IsObject: true } route ? route.AsObject : ValueMap.Empty, StringComparer.Ordinal) : [];

    private static IReadOnlyList<string> WrittenRungs(NodeSpec node) => node.Fields.GetOrNull("strategy") switch
    {
        { IsList: true } list => [.. list.Items.Select(rung => rung.AsText)],
        { IsText: true } one when one.AsText != "ladder" => [one.AsText],
        _ => [],
    };

    private static IReadOnlyList<string> RungsOf(NodeSpec node) =>
        WrittenRungs(node) is { Count: > 0 } written ? written
        : node.Fields.ContainsKey("model") || node.Fields.ContainsKey("agent") ? ["rules", "similarity", "model"]
        : ["rules", "similarity"];
}
