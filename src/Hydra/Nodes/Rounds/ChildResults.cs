using System.Diagnostics.CodeAnalysis;
using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>What composites read out of a scope that has ended: paths, results, failures.</summary>
internal static class ChildResults
{
    private const int MessageCharsMax = 300;

    /// <summary>The child's path below the composite: <c>polish#2/evaluator</c>, <c>summaries[17]</c>.</summary>
    public static string PathOf(AdvanceContext context, EndedScope ended, int child)
    {
        var item = child / ended.NodesPerItem;
        var prefix = ended.Opening.Kind switch
        {
            ScopeKind.Items => $"{context.Path}[{item}]",
            ScopeKind.Round => $"{context.Path}#{ended.Opening.Ordinal}",
            _ => context.Path,
        };
        return ended.IsInline ? prefix : $"{prefix}/{ended.Children[child].Id}";
    }

    /// <summary>The result of one item or round: the only sink's output, or an object of sink id to output (null for one without).</summary>
    public static Value ResultOf(EndedScope ended, int item = 0)
    {
        var sinks = Children(ended, item).Where(child => child.IsSink).ToArray();
        return sinks is [var only] ? OutputOf(only) : ObjectOf(sinks);
    }

    public static Value ObjectOf(IEnumerable<ChildOutcome> sinks) =>
        ValueMap.Of(sinks.Select(sink => KeyValuePair.Create(sink.Id, OutputOf(sink))));

    public static Value OutputOf(ChildOutcome child) =>
        child.HasOutput || child.Status == NodeStatus.Skipped ? child.Output() : Value.Null;

    public static IEnumerable<ChildOutcome> Children(EndedScope ended, int item = 0)
    {
        for (var i = item * ended.NodesPerItem; i < (item + 1) * ended.NodesPerItem; i++) yield return ended.Children[i];
    }

    /// <summary>
    /// The failure that makes the whole scope fail: a spent budget before anything else, then what nobody knows whether it
    /// happened, then the first child in file order that failed by itself; null when every failure was caught.
    /// </summary>
    public static AttemptOutcome.Failed? FailureOf(AdvanceContext context, EndedScope ended) => FailureOf(ended, child => PathOf(context, ended, child));

    /// <param name="pathOf">A child's path, by its place.</param>
    public static AttemptOutcome.Failed? FailureOf(EndedScope ended, Func<int, string> pathOf)
    {
        var worst = -1;
        for (var i = 0; i < ended.Children.Count; i++)
        {
            if (ended.Children[i].IsUncaughtFailure && (worst < 0 || Weight(ended.Children[i]) > Weight(ended.Children[worst]))) worst = i;
        }
        if (worst < 0) return null;
        var child = ended.Children[worst];
        var code = child.Status == NodeStatus.BudgetExceeded ? ErrorCode.Budget : child.Error?.Code ?? ErrorCode.Cancelled;
        return new AttemptOutcome.Failed(code, $"'{pathOf(worst)}' {WireNames.Of(child.Status)}: {Words(child)}");
    }

    /// <summary>
    /// Whether a failure is one that no other plan, agent or round may go on from: the budget is spent, or a call that may not be
    /// repeated was cut, and doing its work once more could do it twice.
    /// </summary>
    public static bool EndsPattern([NotNullWhen(true)] AttemptOutcome.Failed? failure) => failure is not null && (failure.Code == ErrorCode.Budget || failure.Code == ErrorCode.UnknownOutcome);

    /// <summary>Code and message of a child's failure, in at most a few lines.</summary>
    public static string Words(ChildOutcome child) =>
        child.Error is { } error ? $"{error.Code}: {Excerpt.Of(error.Message, MessageCharsMax)}" : "not started";

    private static int Weight(ChildOutcome child) => child.Status switch
    {
        NodeStatus.BudgetExceeded => 3,
        NodeStatus.Failed when child.Error?.Code == ErrorCode.UnknownOutcome => 2,
        NodeStatus.Failed => 1,
        _ => 0,
    };
}
