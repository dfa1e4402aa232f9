using Hydra.Model;
using Hydra.Parsing;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra policy proposals|accept|revoke</c>: rules that people's approvals speak for, put in force by a person and taken back by one.</summary>
internal static class PolicyVerb
{
    private const int AfterByDefault = 10;
    private static readonly string[] Acts = ["proposals", "accept", "revoke"];
    private static readonly Option After = new("--after", "N", $"approvals in a row that speak for a rule; default {AfterByDefault}");

    public static readonly Verb Verb = new("policy", "DO [RULE]", "proposes rules for calls that people keep approving; puts them in force or takes them back")
    {
        PositionalsMin = 1,
        PositionalsMax = 2,
        Options = [After, ControlOptions.Reason, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = $"DO is proposals, accept or revoke. `accept` writes a proposed rule into {PolicyFile.Name}, `revoke` takes a rule that allows out of it; both are listed by `hydra audit`. Each rule ends by itself after {RuleProposals.DaysValid} days.",
        Run = static (arguments, io) => Task.FromResult(Run(arguments, io)),
    };

    private static int Run(ParsedArguments arguments, CliIo io)
    {
        var act = arguments.Positionals[0];
        if (!Acts.Contains(act)) throw new UsageException($"there is no `hydra policy {act}`.{DidYouMean.Hint(act, Acts)} Write proposals, accept or revoke.");
        var name = arguments.Positionals.ElementAtOrDefault(1);
        if (act == "proposals" && name is not null) throw new UsageException($"`hydra policy proposals` takes no '{name}'. To put a rule in force: hydra policy accept {name}");
        if (act != "proposals" && name is null) throw new UsageException($"`hydra policy {act}` needs the name of a rule: hydra policy {act} NAME. `hydra policy proposals` and {PolicyFile.Name} hold the names.");
        return act switch { "accept" => Accept(name!, arguments, io), "revoke" => PolicyEdit.Revoke(name!, arguments, io), _ => Propose(arguments, io) };
    }

    private static int Propose(ParsedArguments arguments, CliIo io)
    {
        var (proposals, after) = Proposals(arguments, io);
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(Value.Of(proposals.Select(ToValue)), indented: true));
            return ExitCode.Done;
        }
        if (proposals.Count == 0) io.Error.WriteLine(Nothing(after));
        foreach (var proposal in proposals) Write(proposal, io);
        return ExitCode.Done;
    }

    private static int Accept(string name, ParsedArguments arguments, CliIo io)
    {
        var (proposals, after) = Proposals(arguments, io);
        if (proposals.FirstOrDefault(proposal => proposal.Name == name) is { } proposal) return PolicyEdit.Accept(proposal, arguments, io);
        throw new UsageException($"no rule '{name}' is proposed, or it is in force already. {(proposals.Count == 0 ? Nothing(after) : $"Proposed: {string.Join(", ", proposals.Select(each => each.Name))}.")}");
    }

    private static string Nothing(int after) => $"No call was approved {after} times in a row in a way that speaks for a rule.";

    private static (List<RuleProposal> Proposals, int After) Proposals(ParsedArguments arguments, CliIo io)
    {
        var after = (int)(arguments.Integer(After, 2, 100_000) ?? AfterByDefault);
        var today = DateOnly.FromDateTime(io.Clock.GetUtcNow().UtcDateTime);
        // A rule that is in force already is not proposed; one that has ended is.
        var inForce = Wiring.PolicyOf(io)?.Rules.Where(rule => rule.Until is null || rule.Until >= today).Select(rule => rule.Name).ToHashSet(StringComparer.Ordinal) ?? [];
        using var store = Wiring.OpenExisting(arguments, io);
        var decisions = store.List().SelectMany(info => RuleProposals.DecisionsOf(info.Run.Text, store.Read(info.Run), store.Artifacts.Read));
        return (RuleProposals.Of(decisions, after, today).Where(proposal => !inForce.Contains(proposal.Name)).ToList(), after);
    }

    private static void Write(RuleProposal proposal, CliIo io)
    {
        io.Out.WriteLine($"# {proposal.Evidence.Count} approvals, none refused since. To put it in force: hydra policy accept {proposal.Name}");
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
