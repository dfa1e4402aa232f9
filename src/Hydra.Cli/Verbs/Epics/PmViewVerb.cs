using Hydra.Journal;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Planning;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra pm-view EPIC</c>, also <c>hydra pm view EPIC</c>: how an epic stands, set by set.</summary>
internal static class PmViewVerb
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);

    public static readonly Verb Verb = Named("pm-view");
    public static readonly Verb Short = Named("pm view");

    private static Verb Named(string name) => new(name, "EPIC", "how an epic stands: sets, agents, estimates, what waits")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [FollowVerb.Option, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help],
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        var epic = Epics.Require(arguments.Positionals[0], Epics.Blueprint, $"hydra plan {arguments.Positionals[0]}", io);
        using var stop = new CancellationTokenSource();
        using var interrupts = io.OnInterrupt(stop.Cancel);
        for (var last = ""; ;)
        {
            var view = Look(epic, arguments, io);
            var text = arguments.Has(CommonOptions.Json) ? ValueJson.ToText(view.ToJson(), indented: !arguments.Has(FollowVerb.Option)) : view.ToText();
            if (text != last) io.Out.WriteLine(text);
            last = text;
            if (!arguments.Has(FollowVerb.Option) || !view.IsGoingOn) return ExitCode.Done;
            try
            {
                await Task.Delay(LookInterval, io.Clock, stop.Token);
            }
            catch (OperationCanceledException)
            {
                return ExitCode.Interrupted;
            }
        }
    }

    /// <summary>The plan as the file has it, with the latest run's state where there is one.</summary>
    private static EpicView Look(string epic, ParsedArguments arguments, CliIo io)
    {
        if (SqliteRunStore.Exists(Wiring.RunsDirOf(arguments, io)))
        {
            using var store = Wiring.OpenExisting(arguments, io);
            if (Epics.RunsOf(epic, store).FirstOrDefault() is { } latest)
            {
                var info = RunRow.AsItStands(latest, store);
                var trace = RunReading.TraceOf(store, info.Run);
                return EpicView.Of(epic, trace.Plan, trace, info, store.IsOwned(info.Run), trace.Plan.Workflow.Description);
            }
        }
        var spec = ReadBlueprint(epic, io);
        return EpicView.Of(epic, Planner.Plan(spec, Wiring.TypesForReading()), null, null, false, spec.Description);
    }

    /// <summary>The epic's blueprint, checked. Throws <see cref="UsageException"/> with the first thing that is wrong.</summary>
    public static WorkflowSpec ReadBlueprint(string epic, CliIo io)
    {
        var path = io.PathOf(Epics.PathOf(epic, Epics.Blueprint));
        var read = WorkflowReading.Read(path, null, isStrict: false, Wiring.TypesForReading(), Wiring.AgentsFor(path, io));
        if (read.Spec is null || read.Problems.HasErrors) throw new UsageException(read.Problems.Problems.First(problem => problem.Severity == ProblemSeverity.Error).ToString());
        return read.Spec;
    }
}

/// <summary>An epic as it stands.</summary>
internal sealed record EpicView(string Epic, string Status, string? Run, string Problem, IReadOnlyList<EpicTask> Tasks, bool IsGoingOn, string? Spent)
{
    private const int BarWidth = 30;

    public static EpicView Of(string epic, Plan plan, RunTrace? trace, RunInfo? info, bool isOwned, string? problem)
    {
        var tasks = plan.Nodes.Select(node =>
        {
            var seen = trace?.Nodes.FirstOrDefault(each => each.Scope.Id == 0 && each.Node.Id == node.Id);
            var took = seen?.StartedMs is { } began ? (seen.EndedMs ?? trace!.LastMs) - began : (double?)null;
            return new EpicTask(node.Id.Text, plan.Wave[node.Index], node.Spec.Fields.GetOrNull("agent").TextOrNull ?? node.Type.Name, seen?.Status ?? NodeStatus.Pending,
                node.Spec.Policy.Estimate?.TotalMilliseconds, took, seen?.AttemptCount ?? 0, seen?.Spent.Usd ?? MicroUsd.Zero, seen?.Error?.Message ?? "");
        }).ToList();
        return new EpicView(epic, info is null ? "planned" : WireNames.Of(info.Status), info?.Run.Text, problem ?? "", tasks, isOwned, trace is null ? null : $"{Amounts.Usd(trace.Spent.Usd)}, {Amounts.Tokens(trace.Spent.Tokens.Total)}, {Amounts.Duration(trace.EndedMs ?? trace.LastMs)}");
    }

    private int Done => Tasks.Count(task => task.Status is NodeStatus.Completed or NodeStatus.Degraded or NodeStatus.Skipped);

    public string ToText()
    {
        var filled = Tasks.Count == 0 ? 0 : Done * BarWidth / Tasks.Count;
        var lines = new List<string>
        {
            $"{TerminalText.Of(Epic)}  {Status}{(Run is null ? "" : $"  run {Run}")}{(Spent is null ? "" : $"  {Spent}")}",
            $"[{new string('#', filled)}{new string('.', BarWidth - filled)}] {Done} of {Tasks.Count} tasks",
        };
        if (Problem.Length > 0) lines.Add(TerminalText.Clip(Problem, 160));
        foreach (var set in Tasks.GroupBy(task => task.Set).OrderBy(set => set.Key))
        {
            lines.Add($"\nset {set.Key + 1}");
            var table = new TextTable("", "task", "agent", "status", "estimate", "took", "attempts", "cost") { Indent = "  ", Right = [4, 5, 6, 7] };
            foreach (var task in set)
                table.Add(task.Mark, TerminalText.Of(task.Id), TerminalText.Of(task.Agent), WireNames.Of(task.Status), task.EstimateMs is { } expected ? Amounts.Duration(expected) : "", task.TookMs is { } took ? Amounts.Duration(took) : "", task.Attempts == 0 ? "" : $"{task.Attempts}", Amounts.Usd(task.Cost));
            lines.Add(table.ToString());
            lines.AddRange(set.Where(task => task.Error.Length > 0).Select(task => $"    {TerminalText.Of(task.Id)}: {TerminalText.Clip(task.Error, 200)}"));
        }
        return string.Join('\n', lines);
    }

    public ValueMap ToJson() => ValueMap.Of(
        ("epic", Epic), ("status", Status), ("run_id", Run is null ? Value.Null : Value.Of(Run)), ("problem", Problem), ("going_on", IsGoingOn), ("done", Done), ("total", Tasks.Count),
        ("tasks", Value.Of(Tasks.Select(task => Value.Of(ValueMap.Of(
            ("id", task.Id), ("set", task.Set), ("agent", task.Agent), ("status", WireNames.Of(task.Status)), ("estimate_ms", task.EstimateMs is { } expected ? Value.Of(expected) : Value.Null),
            ("took_ms", task.TookMs is { } took ? Value.Of(took) : Value.Null), ("attempts", task.Attempts), ("cost_usd", (double)task.Cost.Usd), ("error", task.Error)))))));
}

/// <summary>One task of an epic as it stands; times in milliseconds.</summary>
internal sealed record EpicTask(string Id, int Set, string Agent, NodeStatus Status, double? EstimateMs, double? TookMs, int Attempts, MicroUsd Cost, string Error)
{
    public string Mark => Status switch
    {
        NodeStatus.Completed or NodeStatus.Degraded => "✓",
        NodeStatus.Failed or NodeStatus.BudgetExceeded => "✗",
        NodeStatus.Running or NodeStatus.Open => "▶",
        NodeStatus.Skipped or NodeStatus.Cancelled => "–",
        _ => "·",
    };
}
