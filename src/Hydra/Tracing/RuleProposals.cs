using Hydra.Model;
using Hydra.Policies;

namespace Hydra.Tracing;

/// <summary>People's decision on one call that an agent asked for.</summary>
/// <param name="Arguments">As they were shown; null: some were hidden.</param>
/// <param name="IsClean">What may become a rule: a named agent that had read nothing untrusted or restricted, asked by a built-in caution.</param>
public sealed record CallDecision(string Run, string Wait, long AtMs, string Who, bool IsApproved, string Agent, string Tool, string Effect, string Environment, ValueMap? Arguments, bool IsClean);

/// <summary>A rule that people's approvals speak for. Nothing puts it in force but somebody who writes it into a policy.</summary>
/// <param name="Name">The same as long as agent, tool, effect, environment and names of arguments are.</param>
/// <param name="Evidence">The approvals, oldest first.</param>
public sealed record RuleProposal(string Name, ValueMap Rule, IReadOnlyList<CallDecision> Evidence);

/// <summary>Which asked calls people have approved so often, and never since refused, that a rule could stand for them. Pure.</summary>
public static class RuleProposals
{
    /// <summary>Distinct values of an argument that are listed; more say nothing in common.</summary>
    private const int ValuesMax = 5;
    public const int DaysValid = 90;

    /// <summary>Every decided call of a run, in order.</summary>
    public static IEnumerable<CallDecision> DecisionsOf(string run, IEnumerable<Frame> frames, Func<ValueRef, Value> read)
    {
        var asked = new Dictionary<string, (WaitRequest Request, HashSet<string> Who)>(StringComparer.Ordinal);
        foreach (var frame in frames)
        {
            foreach (var happened in frame.Events)
            {
                if (happened is RunEvent.WaitOpened { Request.Kind: WaitKind.Approval } opened) asked[opened.Wait] = (opened.Request, []);
                else if (happened is RunEvent.WaitAnswered answered && asked.TryGetValue(answered.Wait, out var open))
                {
                    open.Who.Add(answered.Who);
                    var isApproved = answered.Answer == Value.True;
                    if (isApproved && open.Who.Count < open.Request.Quorum) continue;
                    if (Of(answered.Wait, isApproved, open) is { } decision) yield return decision;
                }
                else if (happened is RunEvent.WaitExpired { As: not WaitExpiry.Escalate } expired && asked.TryGetValue(expired.Wait, out var late)
                    && Of(expired.Wait, false, late) is { } lapsed) yield return lapsed;
            }

            CallDecision? Of(string wait, bool isApproved, (WaitRequest Request, HashSet<string> Who) of)
            {
                if (read(of.Request.Payload) is not { IsObject: true } payload || payload.AsObject.GetOrNull("shown") is not { IsObject: true } shown
                    || shown.AsObject.GetOrNull("tool").TextOrNull is not { } tool || shown.AsObject.GetOrNull("about") is not { IsObject: true } told) return null;
                var about = told.AsObject;
                var arguments = shown.AsObject.GetOrNull("arguments") is { IsObject: true } given && !about.ContainsKey("arguments_sha256") ? given.AsObject : null;
                var agent = about.GetOrNull("agent").TextOrNull ?? "";
                var isClean = agent.Length > 0 && arguments is not null && about.GetOrNull("has_read").TextOrNull is "" or "trusted"
                    && about.GetOrNull("rule").TextOrNull is PolicyBook.CategoryCaution or PolicyBook.DefaultRule;
                return new CallDecision(run, wait, frame.AtMs, string.Join(", ", of.Who), isApproved, agent, tool, about.GetOrNull("effect").TextOrNull ?? "",
                    about.GetOrNull("environment").TextOrNull ?? "", arguments, isClean);
            }
        }
    }

    /// <param name="after">Approvals in a row that are needed.</param>
    /// <param name="today">From which the rule would hold for <see cref="DaysValid"/> days.</param>
    public static IReadOnlyList<RuleProposal> Of(IEnumerable<CallDecision> decisions, int after, DateOnly today)
    {
        // A fork's journal repeats its parent's waits.
        var calls = decisions.DistinctBy(decision => decision.Wait).OrderBy(decision => decision.AtMs).GroupBy(decision => (decision.Agent, decision.Tool, decision.Effect));
        var proposals = new List<RuleProposal>();
        foreach (var call in calls)
        {
            var since = call.Reverse().TakeWhile(decision => decision.IsApproved).Reverse().Where(decision => decision.IsClean);
            foreach (var alike in since.GroupBy(decision => ValueJson.ToText(Value.OfTexts([decision.Environment, .. decision.Arguments!.Keys.Order(StringComparer.Ordinal)]))))
            {
                List<CallDecision> evidence = [.. alike];
                if (evidence.Count >= after && Propose(evidence, alike.Key, today) is { } proposal) proposals.Add(proposal);
            }
        }
        return [.. proposals.OrderBy(proposal => proposal.Name, StringComparer.Ordinal)];
    }

    private static RuleProposal? Propose(List<CallDecision> evidence, string alike, DateOnly today)
    {
        var one = evidence[0];
        var patterns = one.Arguments!.Keys.Select(name => KeyValuePair.Create(name, PatternOf([.. evidence.Select(each => each.Arguments![name])]))).ToList();
        if (patterns.TrueForAll(pattern => pattern.Value is null)) return null;   // nothing in common
        var identity = StepKey.Of(Value.OfTexts([one.Agent, one.Tool, one.Effect, alike]));
        var name = $"approved_{one.Tool}_{identity[..8]}";
        var rule = ValueMap.Of(("name", name), ("agent", one.Agent), ("tool", one.Tool), ("effect", one.Effect), ("label", "trusted"));
        if (one.Environment.Length > 0) rule = rule.With("environment", one.Environment);
        rule = rule.With("arguments", ValueMap.Of(patterns.Select(pattern => KeyValuePair.Create(pattern.Key, pattern.Value ?? "**")))).With("other_arguments", false)
            .With("max_per_run", evidence.CountBy(each => each.Run).Max(run => run.Value)).With("until", today.AddDays(DaysValid).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture))
            .With("decision", "allow");
        return new RuleProposal(name, rule, evidence);
    }

    /// <summary>What all values of an argument share; null: nothing.</summary>
    private static Value? PatternOf(List<Value> given)
    {
        var distinct = given.Distinct().ToList();
        if (distinct.Count <= Math.Min(ValuesMax, given.Count / 2) && !distinct.Exists(value => value.IsList)) return ValueMap.Of(("one_of", Value.Of(distinct)));
        if (given.TrueForAll(value => value.IsNumeric)) return ValueMap.Of(("min", given.MinBy(value => value.AsNumber)), ("max", given.MaxBy(value => value.AsNumber)));
        if (!given.TrueForAll(value => value.IsText)) return null;
        var texts = given.ConvertAll(value => value.AsText);
        if (Shared(texts, HostOf) is { } host) return $"{host}/*";
        if (Shared(texts, DomainOf) is { } domain) return $"*@{domain}";
        return null;
    }

    private static string? Shared(List<string> texts, Func<string, string?> part) =>
        part(texts[0]) is { } first && !first.Contains('*', StringComparison.Ordinal) && texts.TrueForAll(text => part(text) == first) ? first : null;

    /// <summary>Scheme, host and port, where the text begins with exactly these.</summary>
    private static string? HostOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0
        && uri.GetLeftPart(UriPartial.Authority) is var host && text.StartsWith(host + "/", StringComparison.Ordinal) && !text.Any(char.IsWhiteSpace) ? host : null;

    private static string? DomainOf(string text) =>
        text.Split('@') is [{ Length: > 0 }, { Length: > 0 } domain] && domain.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '-') ? domain : null;
}
