using System.Text;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Nodes;

public sealed partial class MapNode : ICompositeNodeType
{
    private const int ItemsMaxDefault = 10_000;
    private const int SlotsNamedMax = 10;

    /// <param name="ConcurrencyMax">Null: the run's own limit.</param>
    private sealed record MapPlan(Template Over, long ItemsMax, int? ConcurrencyMax, long? SuccessMin, long FailuresMax);

    public object Plan(NodeSpec node, PlanContext context)
    {
        var completion = node.Fields.GetOrNull("completion") is { IsObject: true } given ? given.AsObject : ValueMap.Empty;
        return new MapPlan(
            context.Expression(node.Fields["over"].AsText),
            node.Fields.TryGetValue("max_items", out var items) ? items.AsInteger : ItemsMaxDefault,
            node.Fields.TryGetValue("max_concurrency", out var cap) ? (int)cap.AsInteger : null,
            completion.TryGetValue("min_success", out var success) ? success.AsInteger : null,
            completion.TryGetValue("tolerate_failures", out var failures) ? failures.AsInteger : 0);
    }

    public Advance Advance(AdvanceContext context)
    {
        var plan = (MapPlan)context.Node.Fields!;
        return context.Last is { } ended ? End(context, plan, ended) : Open(context, plan);
    }

    private static Advance Open(AdvanceContext context, MapPlan plan)
    {
        var over = plan.Over.Evaluate(context.Scope, TemplateOptions.Default);
        if (!TryList(over, out var items))
        {
            if (!context.IsDryRun)
                return Fail(ErrorCode.BadRequest, $"`over` gave {Excerpt.Describe(over)}, which is no list. Give a list or the JSON text of one; an agent answers with a list when its output_schema says so");
            items = Value.Of([over]);
        }
        var count = items.AsList.Length;
        if (count > plan.ItemsMax) return Fail(ErrorCode.BadRequest, $"`over` gave {count} items, more than max_items {plan.ItemsMax}. Raise max_items, or shorten the list");
        if (plan.SuccessMin > count) return Fail(ErrorCode.BadRequest, $"min_success is {plan.SuccessMin}, but `over` gave only {count} items");
        if (count == 0) return new Advance.End(new AttemptOutcome.Completed(Value.EmptyList));
        var bindings = context.Keep(ValueMap.Of(("items", items)));
        return new Advance.Open(new ScopeOpening(ScopeKind.Items, 0, 0, count, bindings,
            plan.ConcurrencyMax ?? context.MaxConcurrent, (int)Math.Min(count, Tolerated(plan, count))));
    }

    private static Advance End(AdvanceContext context, MapPlan plan, EndedScope ended)
    {
        var results = new Value[ended.Opening.Count];
        var failed = new List<int>();
        for (var item = 0; item < results.Length; item++)
        {
            if (ChildResults.Children(ended, item).Any(child => child.IsUncaughtFailure)) failed.Add(item);
            else results[item] = ChildResults.ResultOf(ended, item);
        }
        var list = Value.Of(results);
        if (failed.Count == 0 || context.StopWhenHeld) return new Advance.End(new AttemptOutcome.Completed(list));
        var first = ChildResults.FailureOf(context, ended)!;
        // What may have happened all the same is for people to find out, however many failures are tolerated.
        if (first.Code != ErrorCode.UnknownOutcome && failed.Count <= Tolerated(plan, results.Length)) return new Advance.End(new AttemptOutcome.Degraded(list, Reason(ended, failed)));
        return new Advance.End(first with { Message = $"{failed.Count} of {results.Length} items did not succeed, and {Tolerated(plan, results.Length)} may fail; {first.Message}" });
    }

    private static long Tolerated(MapPlan plan, int count) => plan.SuccessMin is { } least ? count - least : plan.FailuresMax;

    /// <summary>The slots that stayed empty, each with its reason, as far as a line holds them.</summary>
    private static string Reason(EndedScope ended, List<int> failed)
    {
        var text = new StringBuilder($"{failed.Count} of {ended.Opening.Count} items failed: ");
        foreach (var item in failed.Take(SlotsNamedMax))
        {
            var child = ChildResults.Children(ended, item).First(child => child.IsUncaughtFailure);
            text.Append($"[{item}] {ChildResults.Words(child)}; ");
        }
        return failed.Count > SlotsNamedMax ? text.Append($"and {failed.Count - SlotsNamedMax} more").ToString() : text.ToString().TrimEnd(' ', ';');
    }

    /// <summary>A list, or text that is the JSON of one, also inside one code fence, as models like to answer.</summary>
    private static bool TryList(Value over, out Value items)
    {
        items = over;
        if (over.IsList) return true;
        if (!over.IsText) return false;
        var text = over.AsText.AsSpan().Trim();
        if (text.StartsWith("```") && text.EndsWith("```") && text.IndexOf('\n') is > 0 and var line) text = text[line..^3];
        return ValueJson.TryParse(text.Trim().ToString(), out items) && items.IsList;
    }

    private static Advance.End Fail(ErrorCode code, string message) => new(new AttemptOutcome.Failed(code, message));
}
