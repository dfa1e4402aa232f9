using Hydra.Model;

namespace Hydra.Policies;

/// <summary>
/// The policies that hold for a node: the project's, the workflow's and those of the sub-workflows it lies in. The strictest counts, so none
/// loosens another. Pure: the same call is decided alike on every machine.
/// </summary>
public sealed class PolicyBook(IReadOnlyList<PolicySpec> policies, string environment)
{
    /// <summary>Asked where a person must look although no rule says so.</summary>
    public const string UntrustedCaution = "<untrusted content>", PrivateCaution = "<private data>", CategoryCaution = "<category>", DefaultRule = "<default>";

    public static PolicyBook Empty { get; } = new([], "");

    public bool HasRules { get; } = policies.Any(policy => policy.Rules.Count > 0 || policy.Default != PolicyDecision.Allow);
    public string Environment => environment;
    /// <summary>Identity of all rules together.</summary>
    public string Hash { get; } = policies.Count == 0 ? "" : StepKey.Of(Value.OfTexts([.. policies.Select(policy => policy.Hash), environment]));

    /// <param name="isOver">Whether a rule counts no more, so that the call is decided as if it were not there; null: all count.</param>
    /// <returns>The ruling, and the rule that gave it; null: a built-in one.</returns>
    public (PolicyRuling Ruling, PolicyRule? Rule) Decide(PolicyQuestion call, Func<PolicyRule, bool>? isOver = null)
    {
        call = call with { Environment = environment };
        var fitting = policies.Select(policy => policy.Rules.FirstOrDefault(rule => rule.Fits(call) && isOver?.Invoke(rule) != true)).OfType<PolicyRule>().ToList();
        // Of rules with a cap one lets the call through, named by the ruling, so that the journal counts every use.
        var capped = fitting.Find(rule => rule.MaxPerRun is not null);
        fitting.RemoveAll(rule => rule.MaxPerRun is not null && rule != capped);
        if (fitting.MaxBy(rule => (rule.Decision, rule == capped)) is { } strictest)
        {
            var ruling = new PolicyRuling(strictest.Decision, strictest.Name, strictest.Reason);
            if (strictest.Decision != PolicyDecision.Allow || call.IsNode) return (ruling, strictest);
            return Caution(call, label => fitting.Exists(rule => rule.Labels.Contains(label))) is { } caution
                ? (caution with { Reason = $"{caution.Reason}; '{strictest.Name}' allows the call but not from there: it would have to name that label" }, null)
                : (ruling, strictest);
        }
        var byDefault = policies.Count == 0 ? PolicyDecision.Allow : policies.Max(policy => policy.Default);
        var cautious = call.IsNode ? null : Caution(call, _ => false) ?? Category(call);
        if (cautious is not null && byDefault != PolicyDecision.Deny) return (cautious, null);
        return (new PolicyRuling(byDefault, DefaultRule, byDefault == PolicyDecision.Allow ? "" : "no rule allows it"), null);
    }

    /// <summary>What no rule lifts that does not name the label.</summary>
    private static PolicyRuling? Caution(PolicyQuestion call, Func<string, bool> isLifted)
    {
        if (call.Labels.IsUntrusted && (call.IsOutward || call.Effect == EffectClass.Irreversible) && !isLifted("untrusted"))
            return new(PolicyDecision.Ask, UntrustedCaution, $"the agent has read untrusted content, and the call {(call.IsOutward ? "sends data out" : "cannot be undone")}");
        if (call.IsOutward && !call.Labels.MayGoTo(call.Audience) && !isLifted("private"))
            return new(PolicyDecision.Ask, PrivateCaution, $"the agent has read data that is {(call.Labels.Readers!.Count == 0 ? "private" : $"for {string.Join(", ", call.Labels.Readers)}")}, and the call sends data out");
        return null;
    }

    private static PolicyRuling? Category(PolicyQuestion call) => call.Categories.Count == 0 ? null
        : new(PolicyDecision.Ask, CategoryCaution, $"the call concerns {string.Join(", ", call.Categories.Select(name => name.Replace('_', ' ')))}");
}
