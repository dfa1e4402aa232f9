using Hydra.Gateway.Ledger;
using Hydra.Gateway.Resilience;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra gateway tune</c>: thresholds of breakers from what happened.</summary>
internal static class TuneVerb
{
    private static readonly Option Since = new("--since", "WHEN", "a day such as 2026-08-01 or an age such as 30d; default 30d");

    public static readonly Verb Verb = new("gateway tune", "", "suggests thresholds of breakers from the ledger's history")
    {
        Options = [Since, GatewayStore.Store, GatewayFile.Config, CommonOptions.Json, CommonOptions.Help],
        Notes = "Nothing is changed: put the line that it prints into the configuration, which a running gateway takes within a second.",
        Run = static (arguments, io) => Task.FromResult(Show(arguments, io)),
    };

    private static int Show(ParsedArguments arguments, CliIo io)
    {
        var present = GatewayFile.Find(arguments, io) is { } file ? GatewayFile.Read(file, io).Breaker : new BreakerOptions();
        IReadOnlyDictionary<string, IReadOnlyList<PastCall>> calls;
        using (var report = GatewayStore.OpenReport(arguments, io)) calls = report.PastCalls(GatewayStore.SinceOf(arguments, Since, "30d", io), 10 * BreakerTuning.CallsMax);
        var suggestion = BreakerTuning.Suggest([.. calls.Values], present);
        var found = suggestion.Options;
        var isOther = found != present;
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(
                ("deployments", calls.Count), ("calls", calls.Values.Sum(of => of.Count)), ("is_better", isOther), ("evidence", Value.OfTexts(suggestion.Evidence)),
                ("breaker", ValueMap.Of(("consecutive_failures", found.ConsecutiveFailures), ("failure_ratio", found.FailureRatio), ("minimum_calls", found.MinimumCalls), ("open_seconds", found.OpenFirst.TotalSeconds), ("open_max_seconds", found.OpenMax.TotalSeconds)))), indented: true));
            return ExitCode.Done;
        }
        io.Out.WriteLine($"{Amounts.Count(calls.Values.Sum(of => of.Count), "call", "calls")} to {Amounts.Count(calls.Count, "deployment", "deployments")}");
        foreach (var line in suggestion.Evidence) io.Out.WriteLine(line);
        if (isOther) io.Out.WriteLine(FormattableString.Invariant($"breaker: {{consecutive_failures: {found.ConsecutiveFailures}, failure_ratio: {found.FailureRatio}, minimum_calls: {found.MinimumCalls}, open_seconds: {found.OpenFirst.TotalSeconds}, open_max_seconds: {found.OpenMax.TotalSeconds}}}"));
        return ExitCode.Done;
    }
}
