using System.Globalization;
using System.Text;
using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>
/// What whoever takes an epic up again has to know, rebuilt from its blueprint and journals in any number of process lives: its goal, how
/// far it is, what is open, what was decided and learnt. Never longer than <see cref="CharsMax"/>, however long the epic has gone on: the
/// latest facts stand in it whole, older ones are counted, and the journals keep all of them.
/// </summary>
public static class EpicContext
{
    public const int CharsMax = 16_000;
    private const int GoalMax = 1_000, FactMax = 240, FactsMax = 20, OpenMax = 40;

    /// <param name="goal">What the epic is for.</param>
    /// <param name="recaps">Of its runs, the latest first.</param>
    public static string Of(string epic, string goal, IReadOnlyList<Recap> recaps)
    {
        var text = new StringBuilder($"# {epic}\n\n{Clip(goal, GoalMax)}\n");
        if (recaps.Count == 0) return text.Append("\nNothing has been run yet.\n").ToString();
        var latest = recaps[0];
        text.Append(CultureInfo.InvariantCulture, $"\n## How far it is\n\nRun {latest.Run} is {WireNames.Of(latest.Status)}: {latest.Tasks.Count(Done)} of {latest.Tasks.Count} tasks done. {recaps.Count} run(s), {recaps.Sum(recap => recap.Resumes)} resume(s), ${recaps.Sum(recap => recap.Spent.Usd.Usd):0.00##} in all.\n");
        Section(text, "Open", [.. latest.Tasks.Where(task => !Done(task)).Select(task => $"{task.Path} ({task.Agent}): {WireNames.Of(task.Status)}")], OpenMax, "more tasks are open");
        Facts(text, "Blockers", [.. latest.Blockers]);
        Facts(text, "Decisions", [.. recaps.Reverse().SelectMany(recap => recap.Decisions)]);
        Facts(text, "Learnings", [.. recaps.Reverse().SelectMany(recap => recap.Learnings).DistinctBy(fact => (fact.Where, fact.What))]);
        return text.Length <= CharsMax ? text.ToString() : text.ToString(0, CharsMax - 2) + "…\n";
    }

    private static bool Done(RecapTask task) => task.Status is NodeStatus.Completed or NodeStatus.Degraded or NodeStatus.Skipped;

    /// <summary>The newest facts whole, the newest last.</summary>
    private static void Facts(StringBuilder text, string heading, IReadOnlyList<RecapFact> facts) =>
        Section(text, heading, [.. facts.Reverse().Select(fact => fact.Where.Length > 0 ? $"{fact.Where}: {fact.What}" : fact.What)], FactsMax, $"older ones: `hydra recap` lists them");

    private static void Section(StringBuilder text, string heading, IReadOnlyList<string> lines, int linesMax, string more)
    {
        if (lines.Count == 0) return;
        text.Append(CultureInfo.InvariantCulture, $"\n## {heading} ({lines.Count})\n\n");
        foreach (var line in lines.Take(linesMax)) text.Append("- ").Append(Clip(line, FactMax)).Append('\n');
        if (lines.Count > linesMax) text.Append(CultureInfo.InvariantCulture, $"- {lines.Count - linesMax} {more}\n");
    }

    private static string Clip(string text, int lengthMax) => text.Length <= lengthMax ? text.ReplaceLineEndings(" ") : text[..(lengthMax - 1)].ReplaceLineEndings(" ") + "…";
}
