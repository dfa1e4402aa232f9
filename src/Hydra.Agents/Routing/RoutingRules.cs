using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Agents.Routing;

/// <summary>Words of a task that speak for an agent.</summary>
/// <param name="Instead">Who takes it when the agent has its share.</param>
public sealed record IntentRule(IReadOnlyList<string> Words, string Agent, IReadOnlyList<string> Instead);

/// <summary>Words of a task that ask for a tier of models.</summary>
public sealed record TierRule(IReadOnlyList<string> Words, string Tier);

/// <summary>A task that is added to a plan where something in it calls for one.</summary>
/// <param name="On"><c>code-change</c>, <c>ui-change</c> or <c>feature-flags</c>.</param>
public sealed record TriggerRule(string On, string Add, string Name, string Description);

/// <summary>The rules by which tasks find their agents: <c>routing.yaml</c> of the project, else the one that comes with Hydra.</summary>
public sealed record RoutingRules
{
    /// <summary>The name of the project's own file.</summary>
    public const string FileName = "routing.yaml";
    public static IReadOnlyList<string> Triggering { get; } = ["code-change", "ui-change", "feature-flags"];

    private static readonly Lazy<RoutingRules> _builtIn = new(ReadBuiltIn);

    public static RoutingRules BuiltIn => _builtIn.Value;

    /// <summary>The file that comes with Hydra, as text.</summary>
    public static string BuiltInText
    {
        get
        {
            using var reader = new StreamReader(typeof(RoutingRules).Assembly.GetManifestResourceStream(FileName)!);
            return reader.ReadToEnd();
        }
    }

    public required IReadOnlyList<IntentRule> Intents { get; init; }
    public IReadOnlyList<IntentRule> Stacks { get; init; } = [];
    public string Otherwise { get; init; } = "rapid-prototyper";
    /// <summary>Tasks of one agent in one parallel set.</summary>
    public int Workload { get; init; } = 3;
    public IReadOnlyList<TierRule> Tiers { get; init; } = [];
    /// <summary>By how many tiers a task of a complexity goes above (or, negative, below) its agent's own.</summary>
    public IReadOnlyDictionary<string, int> Complexity { get; init; } = new Dictionary<string, int>(StringComparer.Ordinal);
    /// <summary>Failed attempts after which another agent takes over.</summary>
    public int EscalateAfter { get; init; } = 2;
    public string? EscalateTo { get; init; }
    public IReadOnlyList<TriggerRule> Triggers { get; init; } = [];

    /// <summary>The agents that the rules name.</summary>
    public IEnumerable<string> Agents => Intents.Concat(Stacks).SelectMany(rule => rule.Instead.Append(rule.Agent)).Concat(Triggers.Select(rule => rule.Add)).Append(Otherwise).Concat(EscalateTo is null ? [] : [EscalateTo]).Distinct(StringComparer.Ordinal);

    /// <summary>Reads a file of rules; null where it is wrong, which is then in <paramref name="problems"/>.</summary>
    public static RoutingRules? Read(string yaml, ProblemList problems)
    {
        if (YamlReader.Read(yaml, problems) is not { } root || problems.HasErrors) return null;
        if (root.Entries is null)
        {
            problems.Error(ProblemCodes.BadRouting, root.At, "the routing rules hold no keys. Write `intents: […]`; docs/lifecycle.md shows a whole file.");
            return null;
        }
        foreach (var entry in root.Entries.Where(entry => !Known.Contains(entry.Key)))
            problems.Error(ProblemCodes.BadRouting, entry.KeyAt, $"routing rules have no key '{entry.Key}'.{DidYouMean.Hint(entry.Key, Known)} Remove it.");
        var rules = new RoutingRules
        {
            Intents = [.. Each(root, "intents", problems, "words", "agent").Select(IntentOf)],
            Stacks = [.. Each(root, "stacks", problems, "words", "agent").Select(IntentOf)],
            Otherwise = root.Get("otherwise")?.Scalar.TextOrNull ?? "rapid-prototyper",
            Workload = root.Get("workload")?.Scalar is { Kind: ValueKind.Integer } share ? (int)Math.Clamp(share.AsInteger, 1, 1_000) : 3,
            Tiers = [.. Each(root, "tiers", problems, "words", "tier").Select(each => new TierRule(Texts(each, "words"), Text(each, "tier")))],
            Complexity = ComplexityOf(root.Get("complexity"), problems),
            EscalateAfter = root.Get("escalation")?.Get("after_failures")?.Scalar is { Kind: ValueKind.Integer } times ? (int)Math.Clamp(times.AsInteger, 1, 20) : 2,
            EscalateTo = root.Get("escalation")?.Get("to")?.Scalar.TextOrNull,
            Triggers = [.. Each(root, "triggers", problems, "on", "add").Select(each => new TriggerRule(Text(each, "on"), Text(each, "add"), Text(each, "name"), Text(each, "description")))],
        };
        foreach (var wrong in rules.Tiers.Where(rule => !AgentFields.Tiers.Contains(rule.Tier))) problems.Error(ProblemCodes.BadRouting, root.At, $"'{wrong.Tier}' is no tier. Write one of {string.Join(", ", AgentFields.Tiers)}.");
        foreach (var wrong in rules.Triggers.Where(rule => !Triggering.Contains(rule.On))) problems.Error(ProblemCodes.BadRouting, root.At, $"nothing triggers on '{wrong.On}'. Write one of {string.Join(", ", Triggering)}.");
        return problems.HasErrors ? null : rules;
    }

    private static readonly string[] Known = ["intents", "stacks", "otherwise", "workload", "tiers", "complexity", "escalation", "triggers"];

    private static Dictionary<string, int> ComplexityOf(SourceNode? from, ProblemList problems)
    {
        var steps = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var entry in from?.Entries ?? [])
        {
            if (!TierRouter.Complexities.Contains(entry.Key)) problems.Error(ProblemCodes.BadRouting, entry.KeyAt, $"'{entry.Key}' is no complexity.{DidYouMean.Hint(entry.Key, TierRouter.Complexities)} Write one of {string.Join(", ", TierRouter.Complexities)}.");
            else if (entry.Value.Scalar is { Kind: ValueKind.Integer, AsInteger: >= -2 and <= 2 } by) steps[entry.Key] = (int)by.AsInteger;
            else problems.Error(ProblemCodes.BadRouting, entry.Value.At, $"`complexity.{entry.Key}` is by how many tiers such a task goes above or below its agent's. Write a whole number from -2 to 2.");
        }
        return steps;
    }

    private static IEnumerable<SourceNode> Each(SourceNode root, string key, ProblemList problems, params string[] needed)
    {
        foreach (var item in root.Get(key)?.Items ?? [])
        {
            if (needed.FirstOrDefault(name => item.Get(name) is null) is { } missing) problems.Error(ProblemCodes.BadRouting, item.At, $"a rule of `{key}` needs '{missing}'. Add it.");
            else yield return item;
        }
    }

    private static IntentRule IntentOf(SourceNode node) => new(Texts(node, "words"), Text(node, "agent"), Texts(node, "instead"));
    private static string Text(SourceNode node, string key) => node.Get(key)?.Scalar.TextOrNull ?? "";
    private static IReadOnlyList<string> Texts(SourceNode node, string key) => [.. node.Get(key)?.Items?.Select(item => item.Scalar.ToDisplayText().ToLowerInvariant()) ?? []];

    private static RoutingRules ReadBuiltIn()
    {
        var problems = new ProblemList(FileName);
        return Read(BuiltInText, problems) ?? throw new InvalidOperationException($"The rules that come with Hydra are wrong: {problems.Problems[0]}");
    }
}
