using Hydra.Model;
using Hydra.Parsing;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra policy proposals</c>: rules that people's approvals speak for, to be taken over by hand.</summary>
internal static class PolicyVerb
{
    private const int AfterByDefault = 10;
    private static readonly Option After = new("--after", "N", $"approvals in a row that speak for a rule; default {AfterByDefault}");

    public static readonly Verb Verb = new("policy", "proposals", "proposes rules for calls that people keep approving; puts none in force")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [After, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = $"Each rule ends by itself after {RuleProposals.DaysValid} days. To put one in force, copy it below `policy: rules:` in {PolicyFile.Name}; to revoke it, remove it there.",
        Run = static (arguments, io) => Task.FromResult(Propose(arguments, io)),
    };

    private static int Propose(ParsedArguments arguments, CliIo io)
    {
        if (arguments.Positionals[0] is var act and not "proposals") throw new UsageException($"there is no `hydra policy {act}`.{DidYouMean.Hint(act, ["proposals"])} Write proposals.");
        var after = (int)(arguments.Integer(After, 2, 100_000) ?? AfterByDefault);
        var today = DateOnly.FromDateTime(io.Clock.GetUtcNow().UtcDateTime);
        // A rule that is in force already is not proposed; one that has ended is.
        var inForce = Wiring.PolicyOf(io)?.Rules.Where(rule => rule.Until is null || rule.Until >= today).Select(rule => rule.Name).ToHashSet(StringComparer.Ordinal) ?? [];
        using var store = Wiring.OpenExisting(arguments, io);
        var decisions = store.List().SelectMany(info => RuleProposals.DecisionsOf(info.Run.Text, store.Read(info.Run), store.Artifacts.Read));
        var proposals = RuleProposals.Of(decisions, after, today).Where(proposal => !inForce.Contains(proposal.Name)).ToList();
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(Value.Of(proposals.Select(ToValue)), indented: true));
            return ExitCode.Done;
        }
        if (proposals.Count == 0) io.Error.WriteLine($"No call was approved {after} times in a row in a way that speaks for a rule.");
        foreach (var proposal in proposals) Write(proposal, io);
        return ExitCode.Done;
    }

    private static void Write(RuleProposal proposal, CliIo io)
    {
        io.Out.WriteLine($"# {proposal.Evidence.Count} approvals, none refused since. To put it in force, copy it below `policy: rules:` in {PolicyFile.Name}.");
        foreach (var each in proposal.Evidence) io.Out.WriteLine(TerminalText.Of($"#   {DateTimeOffset.FromUnixTimeMilliseconds(each.AtMs):yyyy-MM-dd HH:mm:ss}  {ValueJson.ToText(each.Who)}  {each.Wait}"));
        var lead = "    - ";
        foreach (var (key, value) in proposal.Rule)
        {
            io.Out.WriteLine(TerminalText.Of($"{lead}{key}: {ValueJson.ToText(value)}"));   // JSON is YAML
            lead = "      ";
        }
    }

    private static Value ToValue(RuleProposal proposal) => ValueMap.Of(("name", proposal.Name), ("rule", proposal.Rule), ("evidence", Value.Of(proposal.Evidence.Select(each => (Value)ValueMap.Of(
        ("at", DateTimeOffset.FromUnixTimeMilliseconds(each.AtMs).ToString("O")), ("who", each.Who), ("run_id", each.Run), ("wait", each.Wait), ("arguments", Value.Of(each.Arguments!)))))));
}
