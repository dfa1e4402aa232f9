using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>A change that past runs speak for.</summary>
/// <param name="What">The change.</param>
/// <param name="Evidence">The figures behind it, and how many runs they come from.</param>
public sealed record Advice(string What, string Evidence);

/// <summary>What the recaps of some runs of one workflow suggest: cheaper models, other agents, shorter paths. Suggests nothing that the figures do not show.</summary>
public static class Adviser
{
    /// <summary>Calls that must have gone well before a cheaper model is suggested.</summary>
    private const int CallsMin = 3;

    /// <param name="recaps">Of one workflow, the latest first.</param>
    /// <param name="models">The tiers as this machine resolves them, cheapest first, with their prices; empty: no cheaper model is known.</param>
    public static IReadOnlyList<Advice> Of(IReadOnlyList<Recap> recaps, IReadOnlyList<(string Tier, string Model, ModelPrice? Price)> models)
    {
        var found = new List<Advice>();
        var runs = recaps.Count == 1 ? "1 run" : $"{recaps.Count} runs";
        Cheaper(recaps, models, runs, found);
        foreach (var group in recaps.SelectMany(recap => recap.Tasks).Where(task => task.Attempts > 0).GroupBy(task => (task.Path, task.Agent)))
        {
            var tries = group.Sum(task => task.Attempts);
            var taken = group.Where(task => task.TookOver is not null).ToList();
            if (taken.Count > 0 && taken.Count * 2 >= group.Count())
                found.Add(new($"Give '{group.Key.Path}' to '{taken[0].TookOver}' from the start.", $"'{group.Key.Agent}' did not manage it in {taken.Count} of {group.Count()} times ({runs}); {tries} attempts in all."));
            else if (tries >= 2 * group.Count() && group.Count() > 0)
                found.Add(new($"Find out why '{group.Key.Path}' needs {(double)tries / group.Count():0.#} attempts: `hydra inspect {recaps[0].Run} --node {group.Key.Path}`.", $"{tries} attempts over {group.Count()} times ({runs})."));
        }
        foreach (var group in recaps.SelectMany(recap => recap.Tasks).Where(task => task.Ratio is not null).GroupBy(task => task.Path, StringComparer.Ordinal))
        {
            var ratio = group.Average(task => task.Ratio!.Value);
            if (ratio is > 0.5 and < 2) continue;
            var seconds = Math.Max(1, Math.Round(group.Average(task => task.TookMs!.Value) / 1_000));
            found.Add(new($"Set `estimate_seconds` of '{group.Key}' to {seconds:0}: the order of starting goes by estimates.", $"it took {(ratio < 1 ? $"{ratio * 100:0.#} % of" : $"{ratio:0.#} times")} its estimate on average ({Plural(group.Count(), "time", "times")})."));
        }
        if (recaps.Count > 0 && recaps[0] is { CriticalPathMs: > 0 } last && last.MakespanMs > 1.3 * last.CriticalPathMs)
            found.Add(new("Raise --max-concurrent.", $"run {last.Run} took {RecapMarkdown.Time(last.MakespanMs)}, and its critical path only {RecapMarkdown.Time(last.CriticalPathMs)}; {last.Peak} tasks ran at once at most."));
        return found;
    }

    private static void Cheaper(IReadOnlyList<Recap> recaps, IReadOnlyList<(string Tier, string Model, ModelPrice? Price)> models, string runs, List<Advice> found)
    {
        foreach (var group in recaps.SelectMany(recap => recap.Models).GroupBy(share => share.Name, StringComparer.Ordinal))
        {
            var at = models.ToList().FindIndex(tier => tier.Model == group.Key);
            if (at <= 0 || models[at].Price is not { } price || models[at - 1].Price is not { } lower) continue;
            var calls = group.Sum(share => share.Calls);
            if (calls < CallsMin || group.Sum(share => share.Failed) > 0) continue;
            var share = (double)lower.CostOf(new TokenUsage(1_000_000, 250_000)).Amount / price.CostOf(new TokenUsage(1_000_000, 250_000)).Amount;
            found.Add(new($"Try '{models[at - 1].Model}' in place of '{group.Key}' where a check follows: `--model {models[at].Tier}={models[at - 1].Model}`.",
                $"{calls} calls, none failed, {RecapMarkdown.Usd(new MicroUsd(group.Sum(each => each.Cost.Amount)))} ({runs}); at list price it costs {share * 100:0} % of that for four parts prompt and one part answer. Quality is not measured here: compare with `hydra diff`."));
        }
    }

    private static string Plural(int count, string one, string many) => count == 1 ? $"1 {one}" : $"{count} {many}";
}
