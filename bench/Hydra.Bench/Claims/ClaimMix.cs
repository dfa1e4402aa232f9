using System.Globalization;
using Hydra.Agents.Files;
using Hydra.Agents.Nodes;
using Hydra.Agents.Roster;
using Hydra.Gateway.Fake;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Schemas;
using Hydra.Validation;

namespace Hydra.Bench.Claims;

/// <summary>Tasks for the built-in specialists in turn, in layers of equal width; as workflows, and as what the fake provider answers.</summary>
internal sealed class ClaimMix
{
    /// <summary>How many times faster than in life the fake provider answers.</summary>
    public const double Speed = 100;
    /// <summary>Limit of a task in place of its specialist's own, which is meant for its own tier.</summary>
    private const double UsdMax = 100;
    /// <summary>Tokens of a task's own words.</summary>
    private const long Own = 200;

    /// <summary>Assumed: seconds of an answer, and its tokens.</summary>
    public static readonly IReadOnlyDictionary<string, (double Seconds, long Tokens)> Tiers = new Dictionary<string, (double, long)>(StringComparer.Ordinal)
    {
        ["fast"] = (2, 200), ["balanced"] = (6, 1_000), ["strong"] = (10, 2_000),
    };

    private readonly Dictionary<string, string> _answers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _titles = new(StringComparer.Ordinal);

    public ClaimMix(int count, int width)
    {
        var registry = new AgentRegistry([]);
        var agents = BuiltInAgents.Names.Order(StringComparer.Ordinal).Select(name => registry.Find(name, new ProblemList(name))!).ToList();
        foreach (var agent in agents)
        {
            var schema = agent.Fields.GetOrNull("outputs");
            var sample = schema.IsNull ? Value.Of("Done.") : SchemaSample.For(schema).Value ?? throw new InvalidOperationException($"No sample for the outputs of '{agent.Name}'.");
            _answers[agent.Name] = sample.IsText ? sample.AsText : ValueJson.ToText(sample);
        }
        // What they answer may stand in nobody's prompt.
        var secretive = agents.Where(agent => agent.Fields.GetOrNull("labels") is { IsList: true } labels && labels.Items.Any(label => label.TextOrNull == "secret")).ToHashSet();
        var random = new Random(63);
        Tasks = [.. Enumerable.Range(0, count).Select(i =>
        {
            var (agent, above) = (agents[i % agents.Count], (i / width - 1) * width);
            var tier = agent.Fields["model"].AsText;
            int[] parents = above < 0 ? [] : [.. Enumerable.Range(0, 3).Select(_ => above + random.Next(width)).Distinct().Where(parent => !secretive.Contains(agents[parent % agents.Count]))];
            return new ClaimTask(agent.Name, tier, BuiltInAgents.Find(agent.Name)!.Text.Length / 4, Own, Tiers[tier].Tokens, parents);
        })];
        (Width, Agents) = (width, agents.Count);
    }

    public IReadOnlyList<ClaimTask> Tasks { get; }
    public int Width { get; }
    public int Agents { get; }

    /// <summary>The graph of specialists.</summary>
    /// <param name="models">What the tiers stand for.</param>
    public WorkflowSpec Graph(IReadOnlyDictionary<string, string> models) => Read("graph", models, Tasks.Select((task, i) => Value.Of(NodeOf(task, i))));

    /// <summary>The graph of specialists whose routine tasks begin a tier below their own and step up when they fail there.</summary>
    public WorkflowSpec Routed(IReadOnlyDictionary<string, string> models) => Read("routed", models, Tasks.Select((task, i) => Value.Of(RouteOf(i) is { Then: { } own } route
        ? NodeOf(task, i).With("model", route.First).With("fallback", ValueMap.Of(("models", Value.OfTexts([own]))))
        : NodeOf(task, i))));

    private static ValueMap NodeOf(ClaimTask task, int i) => ValueMap.Of(
        ("id", Id(i)), ("type", "agent"), ("agent", task.Agent), ("budget", ValueMap.Of(("max_usd", UsdMax))), ("prompt", Prompt(i) + string.Concat(task.Parents.Select(parent => $"\n{{{{ {Id(parent)} }}}}"))), ("depends_on", Value.OfTexts(task.Parents.Select(Id))));

    /// <summary>Every specialist's second task is routine.</summary>
    private ClaimRoute RouteOf(int i) => ClaimRoutes.RouteOf(Tasks[i], isRoutine: i / Agents % 2 == 1, steps: 1);

    /// <summary>One agent for everything, on the strongest model, one task after another.</summary>
    public WorkflowSpec Monolith(IReadOnlyDictionary<string, string> models) => Read("monolith", models, Tasks.Select((_, i) => Value.Of(ValueMap.Of(
        ("id", Id(i)), ("type", "agent"), ("model", "strong"), ("prompt", Prompt(i)), ("depends_on", Value.OfTexts(i == 0 ? [] : [Id(i - 1)]))))));

    /// <param name="usages">What each task's call uses.</param>
    /// <param name="tierOf">Who answers each task.</param>
    /// <param name="faults">Part of the calls, repeated ones too, that the provider fails with 503.</param>
    public FakeScript Script(TokenUsage[] usages, Func<ClaimTask, string> tierOf, bool isTyped, double faults) => new()
    {
        Rules = [.. Faults(Tasks.Count, faults, Prompt, i => LatencyMs(tierOf(Tasks[i]), Speed)), .. Tasks.Select((task, i) => new FakeRule
        {
            When = new() { Prompt = Prompt(i) }, Answer = isTyped ? _answers[task.Agent] : "Done.", LatencyMs = LatencyMs(tierOf(task), Speed),
            Usage = new FakeUsage(usages[i].Input, usages[i].Output, usages[i].CacheRead, usages[i].CacheWrite),
        })],
    };

    /// <summary>As <see cref="Script"/> for <see cref="Routed"/>: one in five of the tasks that begin lower says there that it cannot do it, after the time and with the tokens of a whole answer.</summary>
    public FakeScript RoutedScript(IReadOnlyDictionary<string, string> models, double faults)
    {
        var usages = ClaimCosts.Graph(Tasks, false);
        var script = Script(usages, task => task.Tier, isTyped: true, faults);
        var lower = Enumerable.Range(0, Tasks.Count).Where(i => RouteOf(i).Then is not null).ToList();
        var failed = lower.Where((_, at) => at % (int)Math.Round(1 / ClaimRoutes.Failed) == 0).Select(i => new FakeRule
        {
            When = new() { Prompt = Prompt(i), Model = models[RouteOf(i).First] }, Answer = """{"error_code": "INSUFFICIENT_CONTEXT", "message": "It takes more than this."}""",
            LatencyMs = LatencyMs(Tasks[i].Tier, Speed), Usage = new FakeUsage(usages[i].Input, usages[i].Output, 0, 0),
        });
        return script with { Rules = [.. failed, .. script.Rules] };
    }

    /// <summary>Milliseconds of a tier's answer on a provider that is so many times faster than in life.</summary>
    public static int LatencyMs(string tier, double speed) => (int)(Tiers[tier].Seconds * 1000 / speed);

    /// <summary>Rules that fail a part of all calls: some tasks once, some of those twice, and so on. A call fails as late as it would be answered.</summary>
    public static IEnumerable<FakeRule> Faults(int count, double part, Func<int, string> prompt, Func<int, int> latencyMs)
    {
        var random = new Random(503);
        for (var i = 0; i < count; i++)
        {
            var times = 0;
            while (random.NextDouble() < part) times++;
            if (times > 0) yield return new FakeRule { When = new() { Prompt = prompt(i) }, Times = times, Status = 503, LatencyMs = latencyMs(i) };
        }
    }

    /// <summary>Seconds in life of the longest path, when these tiers answer.</summary>
    public double CriticalPath(Func<ClaimTask, string> tierOf)
    {
        var ends = new double[Tasks.Count];
        for (var i = 0; i < ends.Length; i++) ends[i] = Tasks[i].Parents.Select(parent => ends[parent]).DefaultIfEmpty(0).Max() + Tiers[tierOf(Tasks[i])].Seconds;
        return ends.Max();
    }

    public static WorkflowSpec Read(string name, IReadOnlyDictionary<string, string> models, IEnumerable<Value> nodes)
    {
        var types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode()]);
        var (spec, problems) = WorkflowParser.Parse(ValueJson.ToUtf8(ValueMap.Of(
            ("name", name), ("models", ValueMap.Of(models.Select(model => KeyValuePair.Create(model.Key, Value.Of(model.Value))))),
            ("defaults", ValueMap.Of(("retry", ValueMap.Of(("max_attempts", 5), ("backoff_seconds", 0.01), ("max_backoff_seconds", 0.01))))), ("nodes", Value.Of(nodes)))), $"{name}.yaml", types);
        if (spec is not null) spec = AgentLinker.Link(spec, new AgentRegistry([]), problems);
        if (problems.Problems.Concat(spec is null ? [] : WorkflowValidator.Check(spec, types).Problems).FirstOrDefault(problem => problem.Severity == ProblemSeverity.Error) is { } wrong) throw new InvalidOperationException(wrong.ToString());
        return spec!;
    }

    private static string Id(int i) => "t" + i.ToString(CultureInfo.InvariantCulture);
    private static string Prompt(int i) => $"Task number {i}: do your part of the release.";
}
