using System.Globalization;
using System.Text;
using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>A recap, and what can be made of it, as Markdown.</summary>
public static class RecapMarkdown
{
    /// <param name="prose">A few words of a model on top, marked as such; null: none.</param>
    public static string Of(Recap recap, string? prose = null)
    {
        var text = new StringBuilder(Line($"# Recap: {recap.Workflow}"));
        text.Append(Line($"\nRun `{recap.Run}`, {WireNames.Of(recap.Status)}: {recap.Reason.TrimEnd('.')}. Begun {recap.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC."));
        if (prose is not null) text.Append(Line($"\n> {prose.Trim().ReplaceLineEndings("\n> ")}\n>\n> (written by a model; the figures below are computed from the run's events)"));
        text.Append(Line("\n| | |\n|---|---|"));
        Row(text, "tasks", $"{recap.Tasks.Count}, of them {recap.Count(NodeStatus.Completed)} completed, {recap.Count(NodeStatus.Failed)} failed, {recap.Count(NodeStatus.Skipped)} skipped");
        Row(text, "took", Time(recap.MakespanMs));
        Row(text, "one after another", $"{Time(recap.BusyMs)}: {recap.SpeedUp:0.00} times as long");
        Row(text, "parallel efficiency", $"{recap.Efficiency * 100:0} % of {recap.Peak} at once");
        Row(text, "estimated", recap.EstimatedMs > 0 ? $"{Time(recap.EstimatedMs)} of work; it took {Percent(recap.BusyMs, recap.EstimatedMs)} of that" : "nothing");
        Row(text, "spent", $"{Usd(recap.Spent.Usd)}, {recap.Spent.Tokens.Total:#,0} tokens, {recap.Spent.ModelCalls:#,0} model calls, {recap.Spent.ToolCalls:#,0} tool calls");
        Row(text, "retries, resumes", $"{recap.Retries}, {recap.Resumes}");
        text.Append(Line($"\n## Critical path\n\n{string.Join(" → ", recap.CriticalPath)} ({Time(recap.CriticalPathMs)}, {Percent(recap.CriticalPathMs, recap.MakespanMs)} of the run)"));
        if (recap.EstimatedMs > 0 && !recap.EstimatedPath.SequenceEqual(recap.CriticalPath, StringComparer.Ordinal)) text.Append(Line($"\nBy the estimates it was to be {string.Join(" → ", recap.EstimatedPath)}."));
        Tasks(text, recap);
        Shares(text, "Agents", "agent", recap.Agents);
        Shares(text, "Models", "model", recap.Models);
        Facts(text, "Decisions", recap.Decisions);
        Facts(text, "Learnings", recap.Learnings);
        Facts(text, "Blockers", recap.Blockers);
        return text.ToString();
    }

    /// <summary>How to do it again: the order that was seen to work, what each step needs and gives, and what to do where it went wrong.</summary>
    public static string Runbook(Recap recap)
    {
        var text = new StringBuilder(Line($"# Runbook: {recap.Workflow}\n\nFrom run `{recap.Run}` ({WireNames.Of(recap.Status)}). Expect about {Time(recap.MakespanMs)} and {Usd(recap.Spent.Usd)}.\n\n## Start\n\n    hydra run {recap.Workflow}\n\n## Steps, in the order in which they began\n"));
        var number = 0;
        foreach (var task in recap.Tasks.Where(task => task.StartedMs is not null).OrderBy(task => task.StartedMs))
        {
            text.Append(Line($"{++number}. **{task.Path}** by {task.Agent}: about {Time(task.TookMs ?? 0)}, {Usd(task.Spent.Usd)}{(recap.CriticalPath.Contains(task.Path) ? "; on the critical path: a delay here delays all" : "")}."));
            if (task.Attempts > 1) text.Append(Line($"   It took {task.Attempts} attempts{(task.TookOver is { } other ? $" and '{other}' took over" : "")}: look at it first with `hydra inspect {recap.Run} --node {task.Path}`."));
        }
        text.Append(Line("\n## When something goes wrong\n"));
        foreach (var blocker in recap.Blockers) text.Append(Line($"- {Cell(blocker.Where)}: {Cell(blocker.What)}"));
        text.Append(Line($"- A run that was cut off: `hydra resume RUN`. What completed is not done again.\n- A task that failed: `hydra inspect RUN --why TASK`, mend its cause, `hydra resume RUN`.\n- Stop everything: `hydra kill-switch on --reason WHY`."));
        return text.ToString();
    }

    private static void Tasks(StringBuilder text, Recap recap)
    {
        text.Append(Line("\n## Tasks\n\n| task | agent | status | estimate | took | ratio | attempts | tokens | cost |\n|---|---|---|---:|---:|---:|---:|---:|---:|"));
        foreach (var task in recap.Tasks)
            text.Append(Line($"| {Cell(task.Path)} | {Cell(task.Agent)}{(task.TookOver is { } other ? $", then {Cell(other)}" : "")} | {WireNames.Of(task.Status)} | {(task.EstimateMs is { } expected ? Time(expected) : "")} | {(task.TookMs is { } took ? Time(took) : "")} | {(task.Ratio is { } ratio ? ratio.ToString("0.###", CultureInfo.InvariantCulture) : "")} | {task.Attempts} | {task.Spent.Tokens.Total:#,0} | {Usd(task.Spent.Usd)} |"));
    }

    private static void Shares(StringBuilder text, string heading, string column, IReadOnlyList<RecapShare> shares)
    {
        if (shares.Count == 0) return;
        text.Append(Line($"\n## {heading}\n\n| {column} | calls | failed | tokens | cost | busy |\n|---|---:|---:|---:|---:|---:|"));
        foreach (var share in shares) text.Append(Line($"| {Cell(share.Name)} | {share.Calls:#,0} | {share.Failed:#,0} | {share.Tokens:#,0} | {Usd(share.Cost)} | {Time(share.BusyMs)} |"));
    }

    private static void Facts(StringBuilder text, string heading, IReadOnlyList<RecapFact> facts)
    {
        text.Append(Line($"\n## {heading}\n"));
        if (facts.Count == 0) text.Append(Line("None."));
        foreach (var fact in facts) text.Append(Line($"- {(fact.Where.Length > 0 ? $"{Cell(fact.Where)}: " : "")}{Cell(fact.What)}"));
    }

    private static void Row(StringBuilder text, string name, string value) => text.Append(Line($"| {name} | {value} |"));
    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).ReplaceLineEndings(" ").Replace("<", "&lt;", StringComparison.Ordinal);
    private static string Line(FormattableString text) => text.ToString(CultureInfo.InvariantCulture) + "\n";
    private static string Line(string text) => text + "\n";

    internal static string Usd(MicroUsd amount) => amount.Amount == 0 ? "$0" : "$" + amount.Usd.ToString("0.00####", CultureInfo.InvariantCulture);
    internal static string Percent(double part, double whole) => whole > 0 ? (part / whole * 100).ToString("0.#", CultureInfo.InvariantCulture) + " %" : "–";

    internal static string Time(double milliseconds) => milliseconds switch
    {
        < 1_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds:0} ms"),
        < 60_000 => string.Create(CultureInfo.InvariantCulture, $"{milliseconds / 1_000:0.0} s"),
        < 3_600_000 => string.Create(CultureInfo.InvariantCulture, $"{(int)(milliseconds / 60_000)} min {(int)(milliseconds / 1_000) % 60:00} s"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)(milliseconds / 3_600_000)} h {(int)(milliseconds / 60_000) % 60:00} min"),
    };
}
