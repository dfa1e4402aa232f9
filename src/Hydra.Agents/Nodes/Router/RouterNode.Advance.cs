using System.Globalization;
using System.Text.RegularExpressions;
using Hydra.Execution;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Templates;

namespace Hydra.Agents.Nodes;

public sealed partial class RouterNode : ICompositeNodeType
{
    /// <summary>The one task of a router, where it is left undone.</summary>
    private const string RouteTask = "route";
    private const double ConfidenceMinDefault = 0.6;
    /// <summary>Likeness below which two texts share next to nothing, whatever the others share.</summary>
    private const double LikenessMin = 0.1;
    private static readonly TimeSpan MatchTime = TimeSpan.FromSeconds(1);

    private sealed record Route(string Name, string Description, Template? When, IReadOnlyList<string> Keywords, string? Agent);

    private sealed record RouterPlan(IReadOnlyList<Route> Routes, Template? Input, IReadOnlyList<string> Rungs, double ConfidenceMin, string? Default, IReadOnlyList<string> Inputs);

    /// <summary>What one rung says; <see cref="Name"/> null: it has no opinion.</summary>
    private sealed record Choice(string? Name, double Confidence, string By, string Why);

    public object Plan(NodeSpec node, PlanContext context) => new RouterPlan(
        [.. RoutesOf(node).Select(pair => new Route(pair.Key, DescriptionOf(pair.Value, context.Workflow),
            pair.Value.GetOrNull("when").TextOrNull is { } when ? context.Expression(when) : null,
            pair.Value.GetOrNull("keywords") is { IsList: true } words ? [.. words.Items.Select(word => word.ToDisplayText())] : [],
            pair.Value.GetOrNull("agent").TextOrNull))],
        node.Fields.GetOrNull("input") is { IsNull: false } input ? context.Template(input.ToDisplayText()) : null,
        RungsOf(node),
        node.Fields.TryGetValue("min_confidence", out var least) ? least.AsNumber : ConfidenceMinDefault,
        node.Fields.GetOrNull("default").TextOrNull,
        [.. context.Workflow.Inputs?.Keys ?? []]);

    /// <remarks>(1) A model was asked. (2) The rungs that need nobody. (3) Ask a model. (4) Nothing was sure enough.</remarks>
    public Advance Advance(AdvanceContext context)
    {
        var plan = (RouterPlan)context.Node.Fields!;
        if (context.IsDryRun) return Moves.Done(Result(plan, new Choice(plan.Routes[0].Name, 1, "rule", "dry run")));
        var tried = new List<Choice>();
        if (context.Last is { } asked)                                                              // (1)
        {
            if (ChildResults.FailureOf(context, asked) is { } failure)
            {
                if (plan.Default is null) return Moves.Failed(failure, Moves.LimitOf(failure.Code), [RouteTask]);
                return Moves.Done(new AttemptOutcome.Degraded(ValueOf(plan, new Choice(plan.Default, 0, "default", failure.Message)), $"the model could not be asked: {failure.Message}", SignalOf(plan.Default, 0, "default")));
            }
            var said = ChildResults.ResultOf(asked).AsObject;
            tried.Add(new Choice(said["route"].AsText, said["confidence"].AsNumber, "model", said["why"].ToDisplayText()));
            if (tried[0].Confidence >= plan.ConfidenceMin) return Moves.Done(Result(plan, tried[0]));
            return Otherwise(plan, tried);
        }
        var text = TextOf(plan, context.Scope);
        foreach (var rung in plan.Rungs)                                                            // (2)
        {
            if (rung == "model")                                                                    // (3)
            {
                if (context.Node.Fragments.Length == 0) continue;
                var routes = plan.Routes.Select(route => Value.Of(ValueMap.Of(("name", route.Name), ("description", route.Description))));
                return Moves.Open(context, 0, ValueMap.Of(("routes", Value.Of(routes)), ("input", text)));
            }
            var choice = rung == "rules" ? ByRule(plan, text, context) : ByLikeness(plan, text);
            if (choice.Name is not null && choice.Confidence >= plan.ConfidenceMin) return Moves.Done(Result(plan, choice));
            tried.Add(choice);
        }
        return Otherwise(plan, tried);
    }

    private static Advance.End Otherwise(RouterPlan plan, List<Choice> tried)                      // (4)
    {
        var words = string.Join("; ", tried.Select(choice => choice.Name is null ? $"{choice.By}: {choice.Why}" : string.Create(CultureInfo.InvariantCulture, $"{choice.By}: '{choice.Name}' with {choice.Confidence:0.##}, below {plan.ConfidenceMin:0.##}")));
        return plan.Default is null
            ? Moves.Failed(ErrorCode.InvalidOutput, $"no route is sure enough ({words}). Set `default`, lower `min_confidence`, or let a model decide", "min_confidence", [RouteTask])
            : Moves.Done(Result(plan, new Choice(plan.Default, 0, "default", words)));
    }

    private static Choice ByRule(RouterPlan plan, string text, AdvanceContext context)
    {
        var scope = new OverlaidScope(ValueMap.Of(("input", text), ("tags", context.Tags)), context.Scope);
        foreach (var route in plan.Routes)
        {
            if (route.When is { } when && Template.IsTruthy(when.Evaluate(scope, TemplateOptions.Default)))
                return new Choice(route.Name, 1, "rule", $"when: {when.Source}");
        }
        var hits = plan.Routes.Select(route => route.Keywords.Where(word => Holds(text, word)).ToList()).ToList();
        var all = hits.Sum(found => found.Count);
        if (all == 0) return new Choice(null, 0, "rule", "no rule held and no keyword was found");
        var best = Enumerable.Range(0, hits.Count).MaxBy(i => hits[i].Count);
        return new Choice(plan.Routes[best].Name, (double)hits[best].Count / all, "keyword", $"keywords: {string.Join(", ", hits[best])}");
    }

    /// <summary>The share that the best route has of what the two best share with the text.</summary>
    private static Choice ByLikeness(RouterPlan plan, string text)
    {
        var likeness = Similarity.Of(text, [.. plan.Routes.Select(route => $"{route.Name.Replace('_', ' ')} {route.Description} {string.Join(' ', route.Keywords)}")]);
        var order = Enumerable.Range(0, likeness.Length).OrderByDescending(i => likeness[i]).ToArray();
        var (best, second) = (likeness[order[0]], order.Length > 1 ? likeness[order[1]] : 0);
        if (best < LikenessMin) return new Choice(null, best, "similarity", "the text is like none of the routes");
        return new Choice(plan.Routes[order[0]].Name, Math.Round(best / (best + second), 3), "similarity", string.Create(CultureInfo.InvariantCulture, $"likeness {best:0.##}, next best '{plan.Routes[order[1]].Name}' {second:0.##}"));
    }

    private static bool Holds(string text, string word) =>
        Regex.IsMatch(text, $@"(?<!\w){Regex.Escape(word.Trim())}(?!\w)", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant, MatchTime);

    private static string TextOf(RouterPlan plan, ITemplateScope scope)
    {
        if (plan.Input is { } input) return input.Render(scope, TemplateOptions.Default);
        var given = new ValueMap.Builder();
        foreach (var name in plan.Inputs)
        {
            if (scope.TryGet(name, out var value)) given[name] = value;
        }
        return Value.Of(given.Build()).ToJson();
    }

    private static string DescriptionOf(ValueMap route, WorkflowSpec workflow)
    {
        if (route.GetOrNull("description").TextOrNull is { } own) return own;
        if (route.GetOrNull("agent").TextOrNull is not { } name || !workflow.Agents.TryGetValue(name, out var agent) || !agent.IsObject) return "";
        var skills = agent.AsObject.GetOrNull("skills") is { IsList: true } list ? " " + string.Join(", ", list.Items.Select(skill => skill.ToDisplayText())) : "";
        return agent.AsObject.GetOrNull("description").TextOrNull + skills;
    }

    private static AttemptOutcome.Completed Result(RouterPlan plan, Choice choice) => new(ValueOf(plan, choice), SignalOf(choice.Name!, choice.Confidence, choice.By));

    private static Value ValueOf(RouterPlan plan, Choice choice)
    {
        var result = ValueMap.Of(("route", choice.Name!), ("confidence", choice.Confidence), ("by", choice.By), ("why", choice.Why));
        return plan.Routes.First(route => route.Name == choice.Name).Agent is { } agent ? result.With("agent", agent) : result;
    }

    private static Value SignalOf(string route, double confidence, string by) => ValueMap.Of(("route", route), ("confidence", confidence), ("by", by));
}
