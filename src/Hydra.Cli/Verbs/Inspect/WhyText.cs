using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra inspect RUN --why PATH</c>: why a node did its work, or why it did not have to.</summary>
internal static class WhyText
{
    private const int RecordsMax = 1_000;

    public static void Write(IRunStore store, RunInfo info, string path, CliIo io)
    {
        var (plan, bundle) = RunReading.PlanOf(store, info.Run);
        var state = new RunState(plan);
        foreach (var frame in store.Read(info.Run)) state.Apply(frame);
        var instance = Enumerable.Range(0, state.InstanceCount).First(i => state.PathOf(i) == path);
        var isAsked = bundle.AsObject.GetOrNull("reuse") is { Kind: ValueKind.Boolean, AsBoolean: true };
        foreach (var line in Lines(store, info, path, state, instance, isAsked)) io.Out.WriteLine(TerminalText.Of(line));
    }

    private static IEnumerable<string> Lines(IRunStore store, RunInfo info, string path, RunState state, int instance, bool isAsked)
    {
        if (state.DetailOf(instance)?.ReusedFrom is { } source)
        {
            yield return $"{path} was reused from {source.Run}/{source.Path}: nothing that decides its result has changed since.";
            yield break;
        }
        if (state.AttemptOf(instance) == 0)
        {
            yield return state.NodeOf(instance).Composite is null
                ? $"{path} did not run: it is {WireNames.Of(state.StatusOf(instance))}."
                : $"{path} is made of other nodes, which are reused one by one. Ask for one of them.";
            yield break;
        }
        yield return $"{path} was not reused.";
        if (Refusal(state.NodeOf(instance).Settings, isAsked) is { } refusal) yield return "  " + refusal;
        var records = store.ReusableAt(path, RecordsMax);
        var own = records.FirstOrDefault(record => record.Run == info.Run);
        var earlier = records.FirstOrDefault(record => record.Run != info.Run && (own is null || record.AtMs <= own.AtMs));
        if (own is null) yield return state.StatusOf(instance) == NodeStatus.Completed
            ? "  Later runs cannot reuse it either: it reads `env` or a secret, a stand-in did its work, or it replayed a recording."
            : $"  It ended {WireNames.Of(state.StatusOf(instance))}; only completed results are reused.";
        if (earlier is null) yield return "  No earlier run has a completed result of this node.";
        else if (own is not null)
        {
            var changed = Changed(earlier.Parts, own.Parts).ToList();
            yield return changed.Count > 0
                ? $"  Since run {earlier.Run} these have changed: {string.Join(", ", changed)}."
                : $"  Run {earlier.Run} has a result with the same key{(state.NodeOf(instance).Settings.Cache?.TimeToLive is { } life ? $"; `cache` lets it live {life.TotalSeconds:0.###} s" : "")}.";
        }
    }

    private static string? Refusal(NodeSettings settings, bool isAsked) => settings switch
    {
        { Cache.Kind: CacheKind.Off } => "Its `cache` is off.",
        { Cache.Kind: CacheKind.Reuse } => null,
        _ when settings.Labels.HasFlag(Labels.Secret) => "It is labelled secret, and secrets are not reused.",
        { Effect: not EffectClass.Pure } => $"Its effect is {WireNames.Of(settings.Effect)}; such a node is reused only where it says `cache: reuse`.",
        _ when !isAsked => "Nobody asked: the run was started without --reuse, and the node has no `cache: reuse`.",
        _ => null,
    };

    private static IEnumerable<string> Changed(ValueMap earlier, ValueMap own) =>
        own.Keys.Union(earlier.Keys, StringComparer.Ordinal).Where(name => earlier.GetOrNull(name) != own.GetOrNull(name))
            .Select(name => !earlier.ContainsKey(name) ? $"{name} (new)" : !own.ContainsKey(name) ? $"{name} (gone)" : name);
}
