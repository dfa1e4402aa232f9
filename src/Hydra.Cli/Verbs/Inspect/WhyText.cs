using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra inspect RUN --why PATH</c>: why a node did its work, or why it did not have to.</summary>
internal static class WhyText
{
    private const int RecordsMax = 1_000;

    public static ReuseWhy Of(IRunStore store, RunInfo info, string path)
    {
        var (plan, bundle) = RunReading.PlanOf(store, info.Run);
        var state = RunReading.StateOf(plan, store, info.Run);
        var instance = Enumerable.Range(0, state.InstanceCount).First(i => state.PathOf(i) == path);
        var isAsked = bundle.AsObject.GetOrNull("reuse") is { Kind: ValueKind.Boolean, AsBoolean: true };
        return Of(store, info, path, state, instance, isAsked);
    }

    private static ReuseWhy Of(IRunStore store, RunInfo info, string path, RunState state, int instance, bool isAsked)
    {
        if (state.DetailOf(instance)?.ReusedFrom is { } source)
            return new ReuseWhy([$"{path} was reused from {source.Run}/{source.Path}: nothing that decides its result has changed since."]) { From = $"{source.Run}/{source.Path}" };
        if (state.AttemptOf(instance) == 0)
        {
            return new ReuseWhy([state.NodeOf(instance).Composite is null
                ? $"{path} did not run: it is {WireNames.Of(state.StatusOf(instance))}."
                : $"{path} is made of other nodes, which are reused one by one. Ask for one of them."]);
        }
        if (state.CompensatedBy(instance) is >= 0 and var undoable)
            return new ReuseWhy([$"{path} was not reused.", $"  {(undoable == instance ? "It" : $"'{state.PathOf(undoable)}'")} names a `compensate`: what one run may undo, or what undoes it, never stands for another's work."]);
        var lines = new List<string> { $"{path} was not reused." };
        if (state.IsAskedAnew(instance)) lines.Add("  `hydra rerun --from` asked for it to be done anew.");
        if (Refusal(state.NodeOf(instance).Settings, isAsked) is { } refusal) lines.Add("  " + refusal);
        var records = store.ReusableAt(path, RecordsMax);
        var own = records.FirstOrDefault(record => record.Run == info.Run);
        var earlier = records.FirstOrDefault(record => record.Run != info.Run && (own is null || record.AtMs <= own.AtMs));
        if (own is null) lines.Add(state.StatusOf(instance) == NodeStatus.Completed
            ? "  Later runs cannot reuse it either: it reads `env` or a secret, a stand-in did its work, or it replayed a recording."
            : $"  It ended {WireNames.Of(state.StatusOf(instance))}; only completed results are reused.");
        if (earlier is null) lines.Add("  No earlier run has a completed result of this node.");
        if (earlier is null || own is null) return new ReuseWhy(lines) { EarlierRun = earlier?.Run.Text };
        var changed = Changed(earlier.Parts, own.Parts).ToList();
        lines.Add(changed.Count > 0
            ? $"  Since run {earlier.Run} these have changed: {string.Join(", ", changed)}."
            : $"  Run {earlier.Run} has a result with the same key{(state.NodeOf(instance).Settings.Cache?.TimeToLive is { } life ? $"; `cache` lets it live {life.TotalSeconds:0.###} s" : "")}.");
        return new ReuseWhy(lines) { EarlierRun = earlier.Run.Text, Changed = changed };
    }

    private static string? Refusal(NodeSettings settings, bool isAsked) => settings switch
    {
        { Cache.Kind: CacheKind.Off } => "Its `cache` is off.",
        { Cache.Kind: CacheKind.Reuse } => null,
        _ when settings.Labels.IsSecret => "It is labelled secret, and secrets are not reused.",
        { Effect: not EffectClass.Pure } => $"Its effect is {WireNames.Of(settings.Effect)}; such a node is reused only where it says `cache: reuse`.",
        _ when !isAsked => "Nobody asked: the run was started without --reuse, and the node has no `cache: reuse`.",
        _ => null,
    };

    private static IEnumerable<string> Changed(ValueMap earlier, ValueMap own) =>
        own.Keys.Union(earlier.Keys, StringComparer.Ordinal).Where(name => earlier.GetOrNull(name) != own.GetOrNull(name))
            .Select(name => !earlier.ContainsKey(name) ? $"{name} (new)" : !own.ContainsKey(name) ? $"{name} (gone)" : name);
}

/// <summary>Whether an earlier result stood for a node's, and if not, why.</summary>
/// <param name="Lines">The same in sentences.</param>
internal sealed record ReuseWhy(IReadOnlyList<string> Lines)
{
    /// <summary>Run and path of the result that was taken; null: none was.</summary>
    public string? From { get; init; }
    /// <summary>The run whose result was compared; null: there is none.</summary>
    public string? EarlierRun { get; init; }
    /// <summary>What differs from that result.</summary>
    public IReadOnlyList<string> Changed { get; init; } = [];

    public Value ToValue() => ValueMap.Of(("reused", From is not null), ("from", From is null ? Value.Null : Value.Of(From)), ("compared_with", EarlierRun is null ? Value.Null : Value.Of(EarlierRun)),
        ("changed", Value.OfTexts(Changed)), ("because", Value.OfTexts([.. Lines.Select(line => line.Trim())])));
}
