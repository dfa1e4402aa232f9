using System.Globalization;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra list</c>: the runs of a folder, newest first.</summary>
internal static class ListVerb
{
    private static readonly Option Status = new("--status", "STATUS", "only runs that stand so: running, completed, failed, …");
    private static readonly Option Since = new("--since", "TIME", "only runs begun since: 2h, 3d, 2026-01-31");
    private static readonly Option Workflow = new("--workflow", "NAME", "only runs of this workflow");
    private static readonly Option Tag = new("--tag", "NAME=VALUE", "only runs with this tag") { IsMany = true };

    /// <summary>Runs that may wait for people: left alone, or with a process that stays (<c>--wait</c>).</summary>
    private static bool MayWait(string status) => status is "paused" or "running";

    public static readonly Verb Verb = new("list", "", "lists runs, newest first")
    {
        Options = [Status, Since, Workflow, Tag, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help],
        Run = static (arguments, io) => Task.FromResult(List(arguments, io)),
    };

    private static int List(ParsedArguments arguments, CliIo io)
    {
        var status = arguments.Choice(Status, "", [.. WireNames.All<RunStatus>()]);
        var since = arguments.Get(Since) is { } text ? TimeOf(text, io.Clock.GetUtcNow()) : DateTimeOffset.MinValue;
        var tags = arguments.Pairs(Tag).ToList();
        var folder = Wiring.RunsDirOf(arguments, io);
        IReadOnlyList<RunInfo> runs = [];
        using var store = SqliteRunStore.Exists(folder) ? Wiring.OpenStore(folder, Durability.Full, io) : null;
        if (store is not null)
        {
            runs = [.. store.List().Select(info => RunRow.AsItStands(info, store)).Where(info =>
                (status.Length == 0 || WireNames.Of(info.Status) == status) && info.StartedAt >= since
                && (arguments.Get(Workflow) is not { } workflow || info.Workflow == workflow)
                && tags.TrueForAll(tag => info.Tags.TryGetValue(tag.Key, out var value) && value == tag.Value))];
        }
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(Value.Of(runs.Select(info => Value.Of(RowOf(info, status, store!, io)))), indented: true));
        else if (runs.Count > 0)
        {
            io.Out.WriteLine(RunRow.Table(runs));
            foreach (var info in runs.Where(_ => MayWait(status))) WriteWaits(info, store!, io);
        }
        else io.Error.WriteLine($"no runs in '{arguments.Get(CommonOptions.RunsDir) ?? CommonOptions.RunsDirByDefault}'{(arguments.Has(Status) || arguments.Has(Since) || arguments.Has(Workflow) || arguments.Has(Tag) ? " that fit" : "")}.");
        return ExitCode.Done;
    }

    /// <summary>Each wait; of a paused run the reason, too, where it is not that only people are left to wait for.</summary>
    private static void WriteWaits(RunInfo info, SqliteRunStore store, CliIo io)
    {
        if (StateOf(info, store, out var lost) is not { } state)
        {
            io.Out.WriteLine($"{info.Run}: {TerminalText.Of(lost)} `hydra doctor --runs` says what can be saved.");
            return;
        }
        if (info.Status == RunStatus.Paused && (!state.IsLeftForPeople || state.OpenWaits.Count == 0)) io.Out.WriteLine($"{info.Run}: {TerminalText.Clip(info.Reason, 300)}");
        WaitText.WriteBrief(state, store, io);
    }

    /// <summary>Runs that are asked for because they may wait say what they wait for.</summary>
    private static ValueMap RowOf(RunInfo info, string status, SqliteRunStore store, CliIo io)
    {
        var row = new ValueMap.Builder();
        foreach (var (name, value) in RunRow.ToJson(info)) row[name] = value;
        if (!MayWait(status)) return row.Build();
        if (StateOf(info, store, out var lost) is { } state) row["waits"] = WaitText.ToJson(state, store, io);
        else row["lost"] = lost;
        return row.Build();
    }

    /// <summary>Null, with what is lost, of a run that cannot be read: the others are listed all the same.</summary>
    private static RunState? StateOf(RunInfo info, SqliteRunStore store, out string lost)
    {
        lost = "";
        try
        {
            return RunReading.StateOf(RunReading.PlanOf(store, info.Run).Plan, store, info.Run);
        }
        catch (StoreException damaged) when (damaged.IsForDoctor)
        {
            lost = damaged.Message;
            return null;
        }
    }

    private static DateTimeOffset TimeOf(string text, DateTimeOffset now)
    {
        if (text.Length > 1 && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && text[^1] is 's' or 'm' or 'h' or 'd' or 'w')
        {
            var unit = text[^1] switch { 's' => TimeSpan.FromSeconds(1), 'm' => TimeSpan.FromMinutes(1), 'h' => TimeSpan.FromHours(1), 'd' => TimeSpan.FromDays(1), _ => TimeSpan.FromDays(7) };
            return count < 100_000 ? now - (unit * count) : DateTimeOffset.MinValue;
        }
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)) return time;
        throw new UsageException($"--since is '{text}'; write an age (30m, 2h, 3d) or a time (2026-01-31T12:00).");
    }
}

/// <summary>A run as a line and as JSON.</summary>
internal static class RunRow
{
    /// <summary>A run that says it is running and whose process has died is interrupted.</summary>
    public static RunInfo AsItStands(RunInfo info, IRunStore store) =>
        info.Status == RunStatus.Running && !store.IsOwned(info.Run) ? info with { Status = RunStatus.Interrupted, Reason = "its process is gone" } : info;

    public static string Table(IReadOnlyList<RunInfo> runs)
    {
        var table = new TextTable("run", "workflow", "status", "started (UTC)", "tokens", "cost", "tags") { Right = [4, 5] };
        foreach (var info in runs)
        {
            table.Add(info.Run.Text, TerminalText.Clip(info.Workflow, 40), WireNames.Of(info.Status), info.StartedAt.ToString("yyyy-MM-dd HH:mm:ss"),
                $"{info.Tokens:#,0}", Amounts.Usd(info.Cost), TerminalText.Clip(string.Join(" ", info.Tags.Select(tag => $"{tag.Key}={tag.Value}")), 60));
        }
        return table.ToString();
    }

    public static ValueMap ToJson(RunInfo info) => ValueMap.Of(
        ("run_id", info.Run.Text), ("workflow", info.Workflow), ("status", WireNames.Of(info.Status)), ("reason", info.Reason),
        ("definition", info.DefinitionHash), ("started_at", info.StartedAt.ToString("O")), ("updated_at", info.UpdatedAt.ToString("O")),
        ("usd", (double)info.Cost.Usd), ("tokens", info.Tokens),
        ("tags", ValueMap.Of(info.Tags.Select(tag => KeyValuePair.Create(tag.Key, Value.Of(tag.Value))))));
}
