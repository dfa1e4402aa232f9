using System.Globalization;
using Hydra.Model;

namespace Hydra.Policies;

/// <summary>The <c>policy</c> of a workflow or of a project: its shape, and its rules as read.</summary>
public static class PolicyFields
{
    public static IReadOnlyList<string> CategoryNames { get; } = ["money", "permissions", "user_data", "external"];

    private static readonly Shape Decisions = new Shape.Choice("allow", "deny", "ask", "simulate");

    public static Shape.Record Record { get; } = new(
    [
        new("default", new Shape.Choice("allow", "ask", "deny"), "What becomes of a listed tool's call that no rule decides. Default: allow."),
        new("rules", new Shape.ListOf(new Shape.Record(
        [
            new("name", new Shape.Text(), "Its name in the journal. Default: its number."),
            new("agent", OneOrMore(new Shape.Text()), "Agents, `*` for any letters."),
            new("tool", OneOrMore(new Shape.Text()), "Tools, or types of nodes that act (http, bash, python_exec), `*` for any letters."),
            new("node", OneOrMore(new Shape.Text()), "Paths of nodes, `*` for any letters."),
            new("arguments", new Shape.MapOf(new Shape.Anything()), "What each argument named here must be like: a value, a text with `*`, or {matches, one_of, min, max}."),
            new("other_arguments", new Shape.Boolean(), "Whether the call may have arguments that `arguments` does not name. Default: true."),
            new("effect", OneOrMore(new Shape.Choice("pure", "idempotent", "compensatable", "irreversible")), "Effects of the call."),
            new("risk", OneOrMore(new Shape.Choice("low", "medium", "high")), "Risks of the tool."),
            new("category", OneOrMore(new Shape.Choice(CategoryNames)), "Categories of the tool."),
            new("label", OneOrMore(new Shape.Choice("untrusted", "private", "secret", "trusted")), "Labels of what the caller has read."),
            new("environment", OneOrMore(new Shape.Text()), "Names in HYDRA_ENVIRONMENT."),
            new("decision", Decisions, "What then: allow, deny, ask people, or simulate (no effect).") { IsRequired = true },
            new("reason", new Shape.Text(), "Why, for people and for the model."),
            new("on_deny", new Shape.Choice("tell", "fail"), "Whether the model is told and goes on, or the node fails. Default: tell."),
            new("approvers", new Shape.ListOf(new Shape.Text(), 1000), "`ask`: who may decide. Default: anybody."),
            new("quorum", new Shape.Integer(1, 1000), "`ask`: approvals by different people that are needed. Default: 1."),
            new("timeout_seconds", new Shape.Number(0.001, CommonFields.SecondsMax), "`ask`: seconds until it counts as refused. Default: 604800 (7 days)."),
            new("max_per_run", new Shape.Integer(1, 1_000_000), "`allow`: calls of one run that it lets through; later ones are decided as if it were not there. Default: any number."),
            new("until", new Shape.Text(@"\d{4}-\d{2}-\d{2}"), "`allow`: the last day (UTC, YYYY-MM-DD) on which it holds. Default: for good."),
            new("result", new Shape.Anything(), "`simulate`: what the call answers."),
        ]), 1000), "Rules in order; the first that fits decides."),
    ]);

    private static Shape.OneOf OneOrMore(Shape each) => new(new Shape.ListOf(each, 100), each);

    /// <summary>The rules of a policy whose shape was checked. A pattern that cannot be used fits nothing here; checking names it.</summary>
    public static PolicySpec Read(ValueMap written) => new(
        [.. Rules(written).Select((rule, i) => Rule(rule.AsObject, i + 1))],
        Decision(written.GetOrNull("default").TextOrNull ?? "allow"), StepKey.Of(written));

    public static IReadOnlyList<Value> Rules(ValueMap written) => written.GetOrNull("rules") is { IsList: true } rules ? rules.Items : [];

    private static PolicyRule Rule(ValueMap map, int number) => new()
    {
        Name = map.GetOrNull("name").TextOrNull ?? $"rule {number}",
        Decision = Decision(map["decision"].AsText),
        Agents = Texts(map, "agent"),
        Tools = Texts(map, "tool"),
        Nodes = Texts(map, "node"),
        Arguments = map.GetOrNull("arguments") is { IsObject: true } patterns
            ? [.. patterns.AsObject.Select(pair => KeyValuePair.Create(pair.Key, ArgumentPattern.Read(pair.Value, out _))).Where(pair => pair.Value is not null).Select(pair => KeyValuePair.Create(pair.Key, pair.Value!))]
            : [],
        Effects = Texts(map, "effect"),
        Risks = Texts(map, "risk"),
        Categories = Texts(map, "category"),
        Labels = Texts(map, "label"),
        Environments = Texts(map, "environment"),
        Reason = map.GetOrNull("reason").TextOrNull ?? "",
        EndsNode = map.GetOrNull("on_deny").TextOrNull == "fail",
        Approvers = map.GetOrNull("approvers") is { IsList: true } ? Texts(map, "approvers") : [],
        Quorum = map.GetOrNull("quorum") is { Kind: ValueKind.Integer } quorum ? (int)quorum.AsInteger : 1,
        Timeout = map.GetOrNull("timeout_seconds") is { IsNumeric: true } seconds ? TimeSpan.FromSeconds(seconds.AsNumber) : TimeSpan.FromDays(7),
        Result = map.GetOrNull("result"),
        MaxPerRun = map.GetOrNull("max_per_run") is { Kind: ValueKind.Integer } most ? (int)most.AsInteger : null,
        Until = map.GetOrNull("until").TextOrNull is { } day && TryReadDay(day, out var until) ? until : null,
        AllowsOtherArguments = map.GetOrNull("other_arguments") != Value.False,
    };

    /// <summary>Reads a day as <c>until</c> writes it: 2027-01-31.</summary>
    public static bool TryReadDay(string text, out DateOnly day) => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out day);

    private static PolicyDecision Decision(string word) => Enum.Parse<PolicyDecision>(word, ignoreCase: true);

    private static IReadOnlyList<string> Texts(ValueMap map, string name) =>
        map.GetOrNull(name) switch { { IsText: true } one => [one.AsText], { IsList: true } list => [.. list.Items.Select(item => item.AsText)], _ => [] };
}
