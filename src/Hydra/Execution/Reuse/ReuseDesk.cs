using System.Collections.Concurrent;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Execution;

/// <summary>
/// Says what an attempt's result depends on, and finds an earlier result that depends on the same. Keys are made of
/// values, so an upstream node that ran again and gave the same output changes nothing below it.
/// </summary>
/// <param name="isAsked">The run was started with <c>--reuse</c>: every pure node asks, unless it says <c>cache: off</c>.</param>
internal sealed class ReuseDesk(IRunStore store, RunId run, bool isAsked, TimeProvider clock)
{
    private readonly ConcurrentDictionary<PlannedNode, Fixed> _fixed = new(ReferenceEqualityComparer.Instance);
    private readonly ConcurrentDictionary<int, (ReuseKey Key, string Path)> _pending = new();

    /// <summary>The earlier result that stands for this attempt's; null: the work is to be done, and is remembered once it has completed.</summary>
    /// <param name="isAskedAnew">It is to be done anew whatever there is.</param>
    public ReuseSource? Find(NodeAttempt given, int instance, bool isAskedAnew)
    {
        if (!Asks(given) || KeyOf(given) is not { } key) return null;
        if (!isAskedAnew && given is { Attempt: 1, Incarnation: 0 } && Earlier(given, key) is { } found) return found;
        _pending[instance] = (key, given.Path);
        return null;
    }

    /// <summary>The attempt is about to make a call, so its result will be worth keeping. Nodes that call nobody cost nothing to do again.</summary>
    public void Note(NodeAttempt given, int instance)
    {
        if (!_pending.ContainsKey(instance) && KeyOf(given) is { } key) _pending[instance] = (key, given.Path);
    }

    /// <summary>What the nodes that completed in a frame leave for later runs.</summary>
    public IReadOnlyList<ReuseEntry> Completed(Frame frame)
    {
        List<ReuseEntry>? entries = null;
        foreach (var happened in frame.Events)
        {
            if (happened is not RunEvent.Ended e || !_pending.TryRemove(e.Node, out var pending)) continue;
            if (e is { Status: NodeStatus.Completed, Output: not null }) (entries ??= []).Add(new ReuseEntry(pending.Key, pending.Path, e.Node));
        }
        return entries ?? (IReadOnlyList<ReuseEntry>)[];
    }

    private ReuseSource? Earlier(NodeAttempt given, ReuseKey key)
    {
        var since = given.Node.Settings.Cache?.TimeToLive is { } life ? clock.GetUtcNow().ToUnixTimeMilliseconds() - (long)life.TotalMilliseconds : long.MinValue;
        try
        {
            if (store.FindReusable(key.Hash, given.Path, run, since) is not { } found) return null;
            store.Artifacts.Read(found.Output);   // an artifact that is gone cannot stand for anything
            return found;
        }
        catch (StoreException)
        {
            return null;   // an index that cannot be read costs a call, never a run
        }
    }

    /// <summary>Whether an attempt of the node looks for an earlier result first.</summary>
    public bool Asks(PlannedNode node) => node.Settings.Cache is { } cache ? cache.Kind == CacheKind.Reuse : isAsked && node.Settings.Effect == EffectClass.Pure;

    private bool Asks(NodeAttempt given) => Asks(given.Node) && (given.Node.Settings.Cache is not null || ((ILeafNodeType)given.Node.Type).ReuseParts(given) is not null);

    /// <summary>Null: the result is nobody else's to use.</summary>
    private ReuseKey? KeyOf(NodeAttempt given)
    {
        var settings = given.Node.Settings;
        if (given.Services.IsDryRun || given.Services.Cassette is not null || given.Variant.Kind != VariantKind.Written) return null;
        if (settings.Cache is { Kind: CacheKind.Off } || settings.Labels.IsSecret) return null;
        if (settings.Cache is null && settings.Effect != EffectClass.Pure) return null;
        if (given.Scope is not InstanceScope scope) return null;
        if (scope.IsCompensated) return null;   // its run may yet undo it, or has, and what undoes is for each run to do
        var known = _fixed.GetOrAdd(given.Node, static (node, workflow) => Fixed.Of(node, workflow), scope.Workflow);
        if (known.ReadsEnvironment) return null;
        var parts = new List<KeyValuePair<string, string>> { new("definition", known.Hash) };
        try
        {
            foreach (var (name, data) in ((ILeafNodeType)given.Node.Type).ReuseParts(given) ?? ValueMap.Empty) parts.Add(new(name, StepKey.Of(data)));
            foreach (var (name, path) in known.TakesAll ? scope.Names.Except(ReservedNames.Builtin).Distinct(StringComparer.Ordinal).Select(name => (name, (IReadOnlyList<string>)[])) : known.Reads)
            {
                var labels = scope.LabelsOf(name);
                if (labels.IsSecret) return null;
                parts.Add(new("input " + string.Join('.', [name, .. path]), HashOf(scope, name, path, labels)));
            }
        }
        catch (Exception thrown) when (thrown is TemplateException or CallFailedException or ModelUnavailableException or StoreException)
        {
            return null;   // the attempt itself will meet this and say it better
        }
        return ReuseKey.Of(parts);
    }

    private static string HashOf(InstanceScope scope, string name, IReadOnlyList<string> path, Labels labels)
    {
        if (!scope.TryFind(name, out var value, out _)) return StepKey.Of("absent");
        foreach (var step in path)
        {
            if (!value.IsObject || !value.AsObject.TryGetValue(step, out var inner)) break;   // a method or an index: the value around it counts
            value = inner;
        }
        return StepKey.Of(Value.Of(new[] { value, labels.ToValue() }));
    }

    /// <summary>What of a node's key is the same in every execution.</summary>
    private sealed record Fixed(string Hash, IReadOnlyList<(string Name, IReadOnlyList<string> Path)> Reads, bool TakesAll, bool ReadsEnvironment)
    {
        public static Fixed Of(PlannedNode node, WorkflowSpec workflow)
        {
            var defaults = new ValueMap.Builder();
            foreach (var field in node.Type.Fields)
            {
                if (!node.Spec.Fields.ContainsKey(field.Name) && workflow.DefaultFields.TryGetValue(field.Name, out var value)) defaults[field.Name] = value;
            }
            var usesTools = node.Spec.Fields.ContainsKey("tools") || node.Spec.Fields.ContainsKey("mcp_servers");
            var definition = ValueMap.Of(
                ("type", node.Type.Name), ("fields", node.Spec.Fields), ("defaults", defaults.Build()), ("schema", node.Settings.OutputSchemaSource ?? Value.Null),
                ("repair", node.Settings.RepairAttempts), ("stop_when", node.Spec.Policy.StopWhen is { } stop ? Value.Of(stop) : Value.Null),
                ("labels", node.Settings.Labels.ToValue()), ("tools", usesTools ? workflow.Extensions : Value.Null));
            if (workflow.Policy is { } policy) definition = definition.With("policy", policy.Hash);
            var reads = NodeReferences.Of(node, workflow.DefaultFields).Select(read => read.Reference).Concat(node.Settings.StopWhen?.References ?? [])
                .Select(reference => (reference.Root, reference.Path)).DistinctBy(read => string.Join('.', [read.Root, .. read.Path]), StringComparer.Ordinal).ToList();
            return new Fixed(StepKey.Of(definition), reads, node.Type.TakesInputsUnnamed, reads.Exists(read => read.Root == "env"));
        }
    }
}
