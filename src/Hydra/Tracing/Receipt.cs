using System.Reflection;
using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>
/// The closing account of a run or of one node: why it stopped, what it spent, what was left undone, and which versions
/// ran. Made from the journal, so it can be asked for while the run goes on, too.
/// </summary>
public sealed record Receipt
{
    /// <summary>Paths named in each group of <see cref="Undone"/>; the rest is counted.</summary>
    public const int PathsMax = 10;

    /// <summary>The run's id, or the node's path.</summary>
    public required string Subject { get; init; }
    /// <summary><c>workflow</c> or the node's type.</summary>
    public required string Kind { get; init; }
    /// <summary>In the format's words: <c>completed</c>, <c>budget_exceeded</c>, <c>running</c>, …</summary>
    public required string Status { get; init; }
    /// <summary>Why it stopped or stands where it does, in a sentence.</summary>
    public required string Why { get; init; }
    /// <summary>Milliseconds since the run began.</summary>
    public long? BeganMs { get; init; }
    public long? EndedMs { get; init; }
    /// <summary>Attempts of a node; 0 for the run and for composites.</summary>
    public int Attempts { get; init; }
    public required Spend Spent { get; init; }
    /// <summary>What has no result: failed, skipped, cancelled or not begun; grouped by state and cause.</summary>
    public IReadOnlyList<Undone> Undone { get; init; } = [];
    /// <summary>Which end or limit ended a pattern, in its own words (<c>done</c>, <c>max_rounds</c>, <c>no_progress</c>, …); null: the node is none.</summary>
    public string? EndedBy { get; init; }
    /// <summary>Tasks of a pattern that were left undone, by their ids.</summary>
    public IReadOnlyList<string> TasksUndone { get; init; } = [];
    /// <summary>What ran, by name: <c>product</c>, <c>definition</c>, <c>events</c>, <c>model</c>, <c>agent</c>.</summary>
    public IReadOnlyList<(string Name, string Version)> Versions { get; init; } = [];

    /// <summary>The product that reads the journal now, as <c>Hydra 0.1.0</c>.</summary>
    public static string Product { get; } =
        "Hydra " + typeof(Receipt).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0];

    public static Receipt Of(RunTrace trace) => new()
    {
        Subject = trace.Run,
        Kind = "workflow",
        Status = trace.HasEnded ? WireNames.Of(trace.Status) : "running",
        Why = trace.Reason.Length > 0 ? trace.Reason : "the run goes on, or its process has died",
        BeganMs = 0,
        EndedMs = trace.EndedMs,
        Spent = trace.Spent,
        Undone = UndoneOf(trace.Nodes),
        Versions =
        [
            ("product", Product), ("definition", "sha256:" + trace.DefinitionHash), ("events", $"format {RunEvent.FormatVersion}"),
            .. ModelsOf(trace.Nodes).Select(model => ("model", model)), .. AgentsOf(trace.Nodes),
        ],
    };

    public static Receipt Of(RunTrace trace, NodeTrace node)
    {
        var below = trace.ScopesOf(node).SelectMany(trace.NodesOf);
        return new Receipt
        {
            Subject = node.Path,
            Kind = node.Type,
            Status = WireNames.Of(node.Status),
            Why = Tracing.Why.Of(trace, node),
            BeganMs = node.StartedMs ?? node.QueuedMs,
            EndedMs = node.EndedMs,
            Attempts = node.AttemptCount,
            Spent = node.Spent,
            Undone = UndoneOf(below),
            EndedBy = SignalOf(node).GetOrNull("ended_by").TextOrNull ?? LimitOf(node),
            TasksUndone = SignalOf(node).GetOrNull("undone") is { IsList: true } tasks ? [.. tasks.Items.Select(task => task.ToDisplayText())] : [],
            Versions = [.. ModelsOf(below.Prepend(node)).Select(model => ("model", model)), .. AgentsOf(below.Prepend(node))],
        };
    }

    /// <summary>The limit by which the run, and not the composite itself, ended it.</summary>
    private static string? LimitOf(NodeTrace node) => node.Node.Composite is null ? null : node.Status switch
    {
        NodeStatus.BudgetExceeded => "budget",
        NodeStatus.Failed when node.Error?.Code == ErrorCode.Timeout => "timeout",
        NodeStatus.Cancelled => "cancelled",
        _ => null,
    };

    private static ValueMap SignalOf(NodeTrace node) => node.Signal is { IsObject: true } signal ? signal.AsObject : ValueMap.Empty;

    /// <summary>The receipts of all nodes, in the order of their numbers, made one by one.</summary>
    public static IEnumerable<Receipt> OfNodes(RunTrace trace) => trace.Nodes.Select(node => Of(trace, node));

    private static List<Undone> UndoneOf(IEnumerable<NodeTrace> nodes)
    {
        var groups = new SortedDictionary<string, (long Count, List<string> Paths)>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            if (node.Status is NodeStatus.Completed or NodeStatus.Degraded) continue;
            var state = node.Status == NodeStatus.Dormant ? NodeStatus.Pending : node.Status;
            var name = WireNames.Of(state) + (node.Because is { } because ? $" ({because})" : "");
            var (count, paths) = groups.GetValueOrDefault(name, (0, []));
            if (paths.Count < PathsMax) paths.Add(node.Path);
            groups[name] = (count + 1, paths);
        }
        return [.. groups.Select(group => new Undone(group.Key, group.Value.Count, group.Value.Paths))];
    }

    /// <summary>Each agent that asked, in the version that did.</summary>
    private static IEnumerable<(string Name, string Version)> AgentsOf(IEnumerable<NodeTrace> nodes) => nodes
        .SelectMany(node => node.Attempts).SelectMany(attempt => attempt.Steps).Select(step => step.Call.Agent)
        .Where(agent => agent.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(agent => ("agent", agent));

    /// <summary>Each model that was asked, with the one that answered for it where it said so, and who runs it.</summary>
    private static SortedSet<string> ModelsOf(IEnumerable<NodeTrace> nodes)
    {
        var models = new SortedSet<string>(StringComparer.Ordinal);
        var silent = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var step in nodes.SelectMany(node => node.Attempts).SelectMany(attempt => attempt.Steps))
        {
            if (step.Call.Kind != StepKind.Model) continue;
            var by = step.Call.Provider.Length > 0 ? $" ({step.Call.Provider})" : "";
            if (step.Result?.AnsweredBy is { } answered) models.Add(answered == step.Call.Name ? step.Call.Name + by : $"{step.Call.Name} → {answered}{by}");
            else silent.Add(step.Call.Name + by);
        }
        silent.RemoveWhere(name => models.Any(model => model == name || model.StartsWith(name.Split(" (")[0] + " → ", StringComparison.Ordinal)));
        models.UnionWith(silent);
        return models;
    }

    public override string ToString()
    {
        using var text = new StringWriter();
        text.Write($"{Subject} ({Kind}) {Status}\n  why     {TraceText.OneLine(Why)}\n");
        if (BeganMs is { } began) text.Write(EndedMs is { } ended ? $"  took    {TraceText.Seconds(ended - began)}\n" : $"  began   at {TraceText.Seconds(began)}, not ended\n");
        if (EndedBy is not null) text.Write($"  ended   by {TraceText.OneLine(EndedBy)}\n");
        if (TasksUndone.Count > 0) text.Write($"  left    {TasksUndone.Count:N0} {(TasksUndone.Count == 1 ? "task" : "tasks")} undone: {string.Join(", ", TasksUndone.Take(PathsMax).Select(TraceText.OneLine))}{(TasksUndone.Count > PathsMax ? $" and {TasksUndone.Count - PathsMax:N0} more" : "")}\n");
        text.Write($"  spent   {TraceText.Of(Spent)}\n");
        foreach (var (state, count, paths) in Undone)
            text.Write($"  undone  {count:N0} {state}: {string.Join(", ", paths)}{(count > paths.Count ? $" and {count - paths.Count:N0} more" : "")}\n");
        foreach (var (name, version) in Versions) text.Write($"  ran     {name} {version}\n");
        return text.ToString();
    }

    /// <summary>The receipt as data, for <c>--json</c>.</summary>
    public Value ToValue()
    {
        var map = new ValueMap.Builder();
        map["subject"] = Subject;
        map["kind"] = Kind;
        map["status"] = Status;
        map["why"] = Why;
        if (BeganMs is { } began) map["began_ms"] = began;
        if (EndedMs is { } ended) map["ended_ms"] = ended;
        if (Attempts > 0) map["attempts"] = Attempts;
        if (EndedBy is not null) map["ended_by"] = EndedBy;
        if (TasksUndone.Count > 0) map["tasks_undone"] = Value.OfTexts(TasksUndone);
        map["spent"] = Spent.ToValue();
        map["undone"] = Value.Of(Undone.Select(group => Value.Of(ValueMap.Of(("state", group.State), ("count", group.Count), ("paths", Value.OfTexts(group.Paths))))));
        map["versions"] = Value.Of(Versions.Select(version => Value.Of(ValueMap.Of(("name", version.Name), ("version", version.Version)))));
        return map.Build();
    }
}

/// <param name="State">The state, with its cause in brackets: <c>skipped (upstream_failed)</c>.</param>
/// <param name="Paths">The first of them.</param>
public sealed record Undone(string State, long Count, IReadOnlyList<string> Paths);
