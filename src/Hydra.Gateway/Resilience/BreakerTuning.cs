namespace Hydra.Gateway.Resilience;

/// <summary>A call as it happened.</summary>
/// <param name="Failure">Null: it succeeded.</param>
public readonly record struct PastCall(TimeSpan At, FailureKind? Failure);

/// <summary>What a breaker would have done to past calls.</summary>
/// <param name="Spared">Failures that it would not have let through.</param>
/// <param name="Lost">Successes that it would not have let through.</param>
public readonly record struct BreakerTrial(BreakerOptions Options, int Calls, int Failures, int Spared, int Lost, int Openings)
{
    /// <summary>Better is more; a good call lost weighs as much as five failures spared.</summary>
    public int Score => Spared - (5 * Lost);

    public override string ToString() =>
        $"{Options.ConsecutiveFailures} in a row or {Options.FailureRatio:0.##} of {Options.MinimumCalls}, open for {Options.OpenFirst.TotalSeconds:0.###} s: " +
        $"{Spared} of {Failures} failures spared, {Lost} of {Calls - Failures} good calls lost, opened {Openings} times";
}

/// <param name="Evidence">What the present and the suggested thresholds would have done; for people.</param>
public sealed record BreakerSuggestion(BreakerOptions Options, IReadOnlyList<string> Evidence);

/// <summary>Thresholds from history: each candidate is played against what happened, and the best is suggested.</summary>
public static class BreakerTuning
{
    /// <summary>Fewer calls say nothing.</summary>
    public const int CallsMin = 200;
    /// <summary>Only the latest are played.</summary>
    public const int CallsMax = 20_000;

    private static readonly int[] InARow = [3, 5, 8, 12, 20];
    private static readonly double[] Ratios = [0.2, 0.35, 0.5, 0.75];
    private static readonly double[] OpenSeconds = [1, 2, 5, 10, 30];

    /// <summary>The thresholds that would have served this history best; the present ones where nothing is better.</summary>
    /// <param name="history">Calls in the order of time.</param>
    public static BreakerSuggestion Suggest(IReadOnlyList<PastCall> history, BreakerOptions present) => Suggest([history], present);

    /// <summary>The thresholds that would have served several breakers best together.</summary>
    /// <param name="histories">The calls that met each of them, in the order of time.</param>
    public static BreakerSuggestion Suggest(IReadOnlyList<IReadOnlyList<PastCall>> histories, BreakerOptions present)
    {
        var count = histories.Sum(history => history.Count);
        if (count < CallsMin)
            return new BreakerSuggestion(present, [$"{count} calls are too few; {CallsMin} are needed."]);
        var now = PlayAll(present);
        var best = now;
        foreach (var inARow in InARow)
        {
            foreach (var ratio in Ratios)
            {
                foreach (var seconds in OpenSeconds)
                {
                    var openFirst = TimeSpan.FromSeconds(seconds);
                    var trial = PlayAll(present with
                    {
                        ConsecutiveFailures = inARow,
                        FailureRatio = ratio,
                        OpenFirst = openFirst,
                        OpenMax = openFirst > present.OpenMax ? openFirst : present.OpenMax,
                    });
                    if (trial.Score > best.Score) best = trial;
                }
            }
        }
        return new BreakerSuggestion(best.Options, best == now
            ? [$"present: {now}", "none of the candidates does better"]
            : [$"present: {now}", $"suggested: {best}"]);

        BreakerTrial PlayAll(BreakerOptions options) => histories.Select(history => Play([.. history.TakeLast(CallsMax)], options)).Aggregate((sum, one) => sum with
        {
            Calls = sum.Calls + one.Calls, Failures = sum.Failures + one.Failures, Spared = sum.Spared + one.Spared, Lost = sum.Lost + one.Lost, Openings = sum.Openings + one.Openings,
        });
    }

    /// <summary>Plays past calls against a breaker; a call that it lets through ends as it did, at once.</summary>
    public static BreakerTrial Play(IReadOnlyList<PastCall> history, BreakerOptions options)
    {
        var breaker = new CallBreaker(options);
        int calls = 0, failures = 0, spared = 0, lost = 0, openings = 0;
        foreach (var call in history)
        {
            var isIll = call.Failure is { } kind && BreakerEffects.Of(kind) != BreakerEffect.None;
            if (call.Failure is not null && !isIll) continue;   // says nothing of health
            calls++;
            if (isIll) failures++;
            if (!breaker.TryEnter(call.At, out var ticket))
            {
                if (isIll) spared++;
                else lost++;
            }
            else if (isIll)
            {
                breaker.Failed(ticket, call.Failure!.Value, call.At);
                if (breaker.At(call.At).Position == BreakerPosition.Open && !ticket.IsProbe) openings++;
            }
            else
            {
                breaker.Succeeded(ticket, call.At);
            }
        }
        return new BreakerTrial(options, calls, failures, spared, lost, openings);
    }
}
