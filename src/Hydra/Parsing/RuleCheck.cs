using Hydra.Model;
using Hydra.Policies;

namespace Hydra.Parsing;

/// <summary>What is wrong with the rules of a policy beyond their shape.</summary>
internal static class RuleCheck
{
    private static readonly string[] ForAsking = ["approvers", "quorum", "timeout_seconds"];
    private static readonly string[] ForAllowing = ["max_per_run", "until"];
    private static readonly string[] NotConditions = ["name", "decision", "reason", "on_deny", "approvers", "quorum", "timeout_seconds", "result", "max_per_run", "until"];

    /// <param name="placeOf">Where a rule stands, by its number from 0.</param>
    public static void Check(ValueMap policy, Func<int, SourcePosition> placeOf, ProblemList problems)
    {
        var rules = PolicyFields.Rules(policy);
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i].AsObject;
            var name = rule.GetOrNull("name").TextOrNull ?? $"rule {i + 1}";
            var at = placeOf(i);
            if (!names.Add(name)) problems.Error(ProblemCodes.BadPolicy, at, $"two rules of the policy are named '{name}', so the journal could not say which decided. Rename one.");
            CheckFields(rule, name, at, problems);
            foreach (var (argument, pattern) in rule.GetOrNull("arguments") is { IsObject: true } patterns ? patterns.AsObject : ValueMap.Empty)
            {
                if (ArgumentPattern.Read(pattern, out var wrong) is null) problems.Error(ProblemCodes.BadPolicy, at, $"the pattern for '{argument}' in '{name}' {wrong}.");
            }
            if (rule.Keys.All(NotConditions.Contains) && i < rules.Count - 1)
                problems.Warning(ProblemCodes.BadPolicy, at, $"'{name}' has no conditions and decides everything, so the rules after it never do. Move it to the end.");
        }
    }

    private static void CheckFields(ValueMap rule, string name, SourcePosition at, ProblemList problems)
    {
        var decision = rule["decision"].AsText;
        if (decision != "ask" && ForAsking.FirstOrDefault(rule.ContainsKey) is { } stray)
            problems.Error(ProblemCodes.BadPolicy, at, $"'{name}' has `{stray}`, which only 'decision: ask' uses. Remove it, or ask.");
        if (decision != "allow" && ForAllowing.FirstOrDefault(rule.ContainsKey) is { } bound)
            problems.Error(ProblemCodes.BadPolicy, at, $"'{name}' has `{bound}`, which only 'decision: allow' uses: a rule that forbids or asks must not run out. Remove it, or allow.");
        if (rule.ContainsKey("max_per_run") && !rule.ContainsKey("name"))
            problems.Error(ProblemCodes.BadPolicy, at, $"'{name}' has `max_per_run` and no `name`, by which the journal counts its uses. Name it.");
        if (rule.GetOrNull("until").TextOrNull is { } until && !PolicyFields.TryReadDay(until, out _))
            problems.Error(ProblemCodes.BadPolicy, at, $"'{name}' holds until '{until}', which is no day. Write it as 2027-01-31.");
        if (rule.GetOrNull("other_arguments") == Value.False && !rule.ContainsKey("arguments"))
            problems.Error(ProblemCodes.BadPolicy, at, $"'{name}' has `other_arguments: false` and no `arguments`. Name those that a call may have.");
        if (decision != "simulate" && rule.ContainsKey("result"))
            problems.Error(ProblemCodes.BadPolicy, at, $"'{name}' has a `result`, which only 'decision: simulate' uses. Remove it, or simulate.");
        if (decision is not ("deny" or "ask") && rule.ContainsKey("on_deny"))
            problems.Error(ProblemCodes.BadPolicy, at, $"'{name}' has `on_deny`, and it denies nothing. Remove it.");
        if (rule.GetOrNull("approvers") is { IsList: true } approvers && rule.GetOrNull("quorum") is { Kind: ValueKind.Integer } quorum && approvers.Items.Distinct().Count() < quorum.AsInteger)
            problems.Error(ProblemCodes.BadPolicy, at, $"'{name}' needs {quorum.AsInteger} approvals and names {approvers.Items.Distinct().Count()} approvers, so it could never be approved. Lower `quorum`, or name more.");
    }
}
