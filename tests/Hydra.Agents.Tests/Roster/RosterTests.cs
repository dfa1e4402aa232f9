using System.Text.RegularExpressions;
using Hydra.Schemas;

namespace Hydra.Agents.Tests.Roster;

public partial class RosterTests
{
    private const string LastResort = "super-hard-problem-developer";
    private const double OverlapMax = 0.15;

    private static readonly Dictionary<string, string> Departments = new(StringComparer.Ordinal)
    {
        ["design"] = "brand-guardian ui-designer ux-researcher visual-storyteller whimsy-injector",
        ["engineering"] = "ai-engineer ai-researcher backend-architect data-engineer database-wizard devops-automator frontend-developer go-backend-developer mobile-app-builder nodejs-backend-developer prompt-engineer python-backend-developer rapid-prototyper refactoring-specialist rust-backend-developer security-ninja super-hard-problem-developer test-writer-fixer typescript-node-developer",
        ["marketing"] = "app-store-optimizer content-creator growth-hacker instagram-curator reddit-community-builder seo-analyst tiktok-strategist twitter-engager",
        ["product"] = "feedback-analyst market-trend-analyst product-manager",
        ["project-management"] = "cofounder experiment-tracker parallel-worker plan-generator project-shipper studio-producer",
        ["studio-operations"] = "analytics-reporter finance-tracker infrastructure-maintainer legal-compliance-checker support-responder",
        ["testing"] = "accessibility-auditor api-tester code-reviewer performance-benchmarker test-results-analyzer test-runner tool-evaluator workflow-optimizer",
        ["utilities"] = "code-analyzer context-fetcher date-checker file-analyzer file-creator git-workflow knowledge-fetcher",
        ["writing"] = "editor technical-writer",
    };

    private static readonly string[] Codes =
    [
        "BLOCKED_BY_DEPENDENCY", "MISSING_INPUT", "TOOL_FAILURE", "MAX_ITERATIONS_REACHED",
        "INSUFFICIENT_CONTEXT", "SECURITY_VIOLATION", "HUMAN_INTERVENTION_REQUIRED", "UNKNOWN_FAILURE",
    ];

    private static readonly string[] Keys =
    [
        "name", "description", "role", "model", "tools", "skills", "autonomy", "max_concurrency", "budget", "escalates_to", "labels", "forbidden", "inputs", "outputs",
    ];

    private static readonly string[] ReadingTools = ["web_search", "fetch", "sql", "read_file", "list_files"];
    private static readonly string[] ActingTools = ["write_file", "bash", "python_exec", "http"];
    private static readonly string[] LookingRoles = ["retrieve", "plan", "judge", "route", "review"];
    private static readonly string[] Headings = ["Method", "Receives", "Delivers", "Accepted when", "Hand-offs", "Escalation", "Never", "Failures"];

    public static TheoryData<string> Agents => [.. Specialist.Names.Order(StringComparer.Ordinal)];

    private static Specialist Of(string name) => Specialist.All.Single(agent => agent.Name == name);

    [Fact]
    public void Sixty_three_specialists_stand_in_nine_departments()
    {
        Assert.Equal(63, Specialist.All.Count);
        Assert.Equal(Departments.Keys.Order(StringComparer.Ordinal), Specialist.All.Select(agent => agent.Department).Distinct());
        foreach (var (department, names) in Departments)
            Assert.Equal(names.Split(' ').Order(StringComparer.Ordinal), Specialist.All.Where(agent => agent.Department == department).Select(agent => agent.Name));
    }

    [Theory, MemberData(nameof(Agents))]
    public void The_front_matter_holds_every_key_and_no_other(string name)
    {
        var agent = Of(name);
        var expected = Keys.Where(key => key != "escalates_to" || name != LastResort).Concat(agent.Tools.Intersect(["bash", "python_exec"]).Any() ? ["sandbox"] : []);
        Assert.Equal(expected.Order(StringComparer.Ordinal), agent.Fields.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(name, agent.Fields["name"].AsText);
        Assert.Contains(agent.Tier, (string[])["fast", "balanced", "strong"]);
        Assert.Contains(agent.Role, (string[])[.. LookingRoles, "execute", "write"]);
        Assert.Contains(agent.Fields["autonomy"].AsText, (string[])["fixed", "bounded", "free"]);
        Assert.All(agent.Texts("labels"), label => Assert.Contains(label, (string[])["trusted", "untrusted", "secret"]));
        Assert.InRange(agent.Texts("skills").Count, 3, 8);
        Assert.Equal(["max_usd", "max_model_calls", "max_tool_calls", "max_seconds"], agent.Fields["budget"].AsObject.Keys);
    }

    [Theory, MemberData(nameof(Agents))]
    public void The_description_says_when_to_choose_the_agent_and_when_not(string name)
    {
        var description = Of(name).Description;
        Assert.InRange(description.Length, 100, 400);
        Assert.Contains("Choose it ", description);
        var apart = NotFor().Match(description);
        Assert.True(apart.Success, description);
        Assert.All(NamesIn(Parenthesis().Matches(apart.Value).Select(match => match.Value)), other => Assert.Contains(other, Specialist.Names));
    }

    [Theory, MemberData(nameof(Agents))]
    public void Tools_are_real_and_no_more_than_the_role_needs(string name)
    {
        var agent = Of(name);
        Assert.All(agent.Tools, tool => Assert.Contains(tool, (string[])[.. ReadingTools, .. ActingTools]));
        Assert.Equal(agent.Tools.Distinct(), agent.Tools);
        if (agent.Role == "judge") Assert.Empty(agent.Tools);
        if (LookingRoles.Contains(agent.Role)) Assert.Empty(agent.Tools.Intersect(ActingTools));
    }

    [Theory, MemberData(nameof(Agents))]
    public void Who_reads_the_web_holds_nothing_that_acts_and_no_private_files(string name)
    {
        var tools = Of(name).Tools;
        if (!tools.Intersect(["web_search", "fetch"]).Any()) return;
        Assert.Empty(tools.Except(["web_search", "fetch"]));
        Assert.Contains("untrusted", Of(name).Texts("labels"));
    }

    [Theory, MemberData(nameof(Agents))]
    public void Inputs_and_outputs_are_closed_schemas_that_compile(string name)
    {
        foreach (var side in new[] { "inputs", "outputs" })
        {
            var schema = Of(name).Fields[side];
            var compiled = JsonSchema.Compile(schema);
            Assert.Empty(compiled.Warnings.Select(warning => warning.ToString()));
            Assert.Equal("object", schema.AsObject["type"].AsText);
            var properties = schema.AsObject["properties"].AsObject.Keys.ToHashSet(StringComparer.Ordinal);
            Assert.All(schema.AsObject["required"].Items, required => Assert.Contains(required.AsText, properties));
            Assert.False(compiled.IsValid(ValueMap.Of(("surprise", 1))));
        }
    }

    [Theory, MemberData(nameof(Agents))]
    public void The_instructions_have_every_section_within_forty_to_ninety_lines(string name)
    {
        var agent = Of(name);
        Assert.InRange(agent.Body.Split('\n').Length, 40, 90);
        Assert.All(Headings, heading => Assert.InRange(agent.Section(heading).Length, 40, 4000));
        Assert.InRange(agent.Points("Accepted when").Count, 4, 6);
        Assert.Equal(agent.Texts("forbidden"), agent.Points("Never"));
    }

    [Theory, MemberData(nameof(Agents))]
    public void Each_of_the_eight_failures_is_told_once(string name) =>
        Assert.Equal(Codes, Of(name).Points("Failures").Select(point => point.Split('`')[1]));

    [Theory, MemberData(nameof(Agents))]
    public void Hand_offs_lead_to_other_agents_that_exist(string name)
    {
        var agent = Of(name);
        var targets = agent.Points("Hand-offs").Select(point => Assert.Single(HandOff().Matches(point)).Groups["to"].Value).ToList();
        Assert.InRange(targets.Count, 2, 6);
        Assert.Equal(targets.Distinct(), targets);
        Assert.DoesNotContain(name, targets);
        Assert.All(targets, target => Assert.Contains(target, Specialist.Names));
        Assert.All(NamesIn(Quoted().Matches(agent.Body).Select(match => match.Value)), mentioned => Assert.Contains(mentioned, Specialist.Names));
    }

    [Theory, MemberData(nameof(Agents))]
    public void Escalation_ends_at_the_last_resort(string name)
    {
        var way = new List<string>();
        for (string? at = name; at is not null; at = Of(at).EscalatesTo)
        {
            Assert.DoesNotContain(at, way);
            Assert.Contains(at, Specialist.Names);
            way.Add(at);
        }
        Assert.Equal(LastResort, way[^1]);
        if (way.Count > 1) Assert.Contains($"`{way[1]}`", Of(name).Section("Escalation"));
    }

    [Fact]
    public void No_two_specialists_share_their_text()
    {
        var texts = Specialist.All.Select(agent => (agent.Name, Runs: agent.WordRuns())).ToList();
        var alike = from a in texts
                    from b in texts
                    where string.CompareOrdinal(a.Name, b.Name) < 0
                    let overlap = Overlap(a.Runs, b.Runs)
                    where overlap >= OverlapMax
                    select $"{a.Name} and {b.Name}: {overlap:0.000}";
        Assert.Empty(alike);
    }

    [Fact]
    public void The_measure_of_overlap_finds_a_copied_half()
    {
        var (own, others) = (Of("editor").Section("Method"), Of("date-checker").Section("Method"));
        Assert.Equal(1, Overlap(Specialist.WordRuns(own), Specialist.WordRuns(own)));
        Assert.True(Overlap(Specialist.WordRuns(own), Specialist.WordRuns(own + " " + others)) > OverlapMax);
    }

    [Fact]
    public void The_worker_in_parallel_is_the_engine_and_pretends_nothing()
    {
        var agent = Of("parallel-worker");
        Assert.Empty(agent.Tools);
        var outputs = JsonSchema.Compile(agent.Fields["outputs"]);
        var order = ValueMap.Of(("verb", "run"), ("target", "epics/a/genesis.xml"), ("options", Value.OfTexts([])));
        Assert.True(outputs.IsValid(ValueMap.Of(("engine_order", order), ("simulated", false), ("note", ""))));
        Assert.False(outputs.IsValid(ValueMap.Of(("engine_order", order), ("simulated", true), ("note", ""))));
    }

    [Fact]
    public void The_page_of_agents_is_the_generated_one()
    {
        var generated = RosterPage.Generate(Specialist.All);
        if (Environment.GetEnvironmentVariable("HYDRA_WRITE_AGENTS") == "1") File.WriteAllText(RosterPage.Path, generated);
        Assert.Equal(File.ReadAllText(RosterPage.Path), generated);
    }

    private static double Overlap(IReadOnlySet<string> a, IReadOnlySet<string> b)
    {
        var shared = a.Count(b.Contains);
        return (double)shared / (a.Count + b.Count - shared);
    }

    private static IEnumerable<string> NamesIn(IEnumerable<string> texts) => texts.SelectMany(text => Hyphenated().Matches(text)).Select(match => match.Value);

    [GeneratedRegex("^`(?<to>[a-z-]+)`, when .+: passes .+", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex HandOff();

    [GeneratedRegex("(Not |Never ).+$", RegexOptions.Singleline | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex NotFor();

    [GeneratedRegex(@"\([^)]*\)", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Parenthesis();

    [GeneratedRegex("`[^`\n]+`", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Quoted();

    [GeneratedRegex("[a-z]+(-[a-z]+)+", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Hyphenated();
}
