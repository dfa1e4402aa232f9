using Hydra.Agents.Files;
using Hydra.Agents.Lifecycle;
using Hydra.Agents.Nodes;
using Hydra.Agents.Routing;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Parsing.Genesis;
using Hydra.Validation;

namespace Hydra.Agents.Tests.Lifecycle;

public class PlanTests
{
    private static readonly IReadOnlyDictionary<string, INodeType> Types = NodeTypes.Of([.. NodeTypes.Core, new AgentNode()]);
    private static readonly AgentRegistry Registry = new([]);

    private static readonly Brief Tea = new()
    {
        Title = "Tea shop", Summary = "A shop for tea.", Problem = "People buy tea elsewhere.",
        Success = ["A page shows all teas", "Orders arrive within a day {{ always }}"], Constraints = ["TypeScript"],
    };

    private static TaskPlan Finished(TaskPlan plan) => PlanFinisher.AddTriggered(plan, RoutingRules.BuiltIn, name => Registry.Get(name)?.Agent?.Fields);
    private static TaskPlan Template(Brief brief, bool hasCode = false) => Finished(TemplatePlanner.Plan(brief, new SpecialistRouter(RoutingRules.BuiltIn, _ => true), hasCode));

    private static (WorkflowSpec? Spec, string[] Problems) Workflow(TaskPlan plan)
    {
        var problems = new ProblemList("genesis.xml");
        var spec = PlanFinisher.ToWorkflow(plan, Tea, "tea", RoutingRules.BuiltIn, Types, problems);
        var linked = spec is null ? null : AgentLinker.Link(spec, Registry, problems);
        if (linked is not null) foreach (var problem in WorkflowValidator.Check(linked, Types).Problems) problems.Add(problem);
        return (spec, [.. problems.Problems.Where(problem => problem.Severity == ProblemSeverity.Error).Select(problem => problem.ToString())]);
    }

    [Fact]
    public void A_brief_reads_back_as_it_was_written()
    {
        var read = Brief.Parse(Tea.ToMarkdown(), "x");
        Assert.Equal(Tea.ToMarkdown(), read.ToMarkdown());
        Assert.Equal(["Context", "Users", "Approach", "Out of scope", "Risks", "Assumptions"], read.Gaps);
    }

    [Fact]
    public void A_text_without_headings_is_summary_and_problem() =>
        Assert.Equal(("We need tea.", "We need tea."), (Brief.Parse("We need tea.", "t").Summary, Brief.Parse("We need tea.", "t").Problem));

    [Fact]
    public void A_template_plan_is_valid_and_the_same_each_time()
    {
        var (spec, problems) = Workflow(Template(Tea));
        Assert.Empty(problems);
        Assert.Equal(spec!.Hash, Workflow(Template(Tea)).Spec!.Hash);
        Assert.Equal(["requirements", "design"], spec.Nodes.Take(2).Select(node => node.Id.Text));
        Assert.Equal("survey", Template(Tea, hasCode: true).Tasks[0].Id);
    }

    [Fact]
    public void The_written_blueprint_reads_back_as_the_same_definition()
    {
        var spec = Workflow(Template(Tea)).Spec!;
        var xml = GenesisWriter.Write(spec, DateTimeOffset.UnixEpoch, new GenesisVision("p") { Objectives = Tea.Success, Constraints = ["c"] });
        var (read, problems) = WorkflowParser.Parse(System.Text.Encoding.UTF8.GetBytes(xml), "genesis.xml", Types);
        Assert.Empty(problems.Problems.Select(problem => problem.ToString()));
        Assert.Equal(spec.Hash, read!.Hash);
    }

    [Fact]
    public void Changed_code_is_tested_and_then_reviewed()
    {
        var tasks = Template(Tea).Tasks;
        var tests = tasks.Single(task => task.Agent == "test-writer-fixer");
        var review = tasks.Single(task => task.Agent == "code-reviewer");
        Assert.Equal("trigger: code-change → test-writer-fixer", tests.Reason);
        Assert.Contains(tests.Id, review.DependsOn);
        Assert.Contains(tasks.Single(task => task.Agent == "frontend-developer").Id, tests.DependsOn);
    }

    [Fact]
    public void A_failed_task_goes_to_the_last_resort_after_two_attempts()
    {
        var node = Workflow(Template(Tea)).Spec!.Nodes.First(each => each.Fields["agent"].AsText == "frontend-developer");
        Assert.Equal((2, FailurePolicy.Escalate, "super-hard-problem-developer"), (node.Policy.Retry!.MaxAttempts!.Value, node.Policy.OnFailure!.Value, node.Policy.EscalateTo));
        Assert.Equal("intent: 'page'", node.Policy.Tags!["chosen"]);
    }

    [Fact]
    public void A_routine_task_begins_a_tier_below_its_agent_s_and_goes_up_after_one_failed_answer()
    {
        var plan = new TaskPlan([new TaskDraft { Id = "forms", Name = "Forms", Description = "d", Agent = "frontend-developer", Complexity = "routine" }]);
        var (spec, problems) = Workflow(PlanFinisher.WithTiers(plan, RoutingRules.BuiltIn, name => Registry.Get(name)?.Agent?.Fields));
        Assert.Empty(problems);
        var node = Assert.Single(spec!.Nodes);
        Assert.Equal("fast", node.Fields["model"].AsText);
        Assert.Equal(["balanced"], node.Policy.Fallback!.Models);
        Assert.Equal("super-hard-problem-developer", node.Policy.EscalateTo);
        Assert.DoesNotContain("invalid_output", node.Policy.Retry!.RetryOn!.Select(code => code.Name));
        Assert.Equal("model tier fast: routine; balanced when that fails", node.Policy.Tags!["chosen"]);
    }

    [Fact]
    public void Tasks_that_touch_one_path_conflict()
    {
        var tasks = new[] { "src/a.ts", "src/", "docs/b.md" }.Select((path, i) => new TaskDraft { Id = $"t{i}", Name = "n", Description = "d", Agent = "editor", Touches = [path] }).ToList();
        var found = PlanFinisher.Conflicts(tasks);
        Assert.Equal(["t0"], found["t1"]);
        Assert.False(found.ContainsKey("t2"));
    }

    [Theory]
    [InlineData("""{"tasks": []}""", "HYD249")]
    [InlineData("""{"tasks": [{"id": "a", "agent": "editor"}, {"id": "a", "agent": "editor"}]}""", "2 tasks of the id 'a'")]
    [InlineData("""{"tasks": [{"id": "a", "agent": "editor", "complexity": "easy"}]}""", "the task 'a' has the complexity 'easy'")]
    [InlineData("""{"tasks": [{"id": "a b", "agent": "editor"}]}""", "'a b' is no task id")]
    [InlineData("""{"tasks": [{"id": "design", "agent": "editor"}, {"id": "b", "agent": "editor", "depends_on": ["desing"]}]}""", "depends on 'desing', which the plan does not have. Did you mean 'design'?")]
    public void A_plan_that_is_none_is_refused_with_what_is_wrong(string answer, string problem)
    {
        var problems = new ProblemList("plan");
        Assert.Null(TaskPlan.Of(Value.ParseJson(answer), problems));
        Assert.Contains(problem, problems.Problems[0].ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"tasks": [{"id": "a", "agent": "nobody", "description": "d"}]}""", "HYD244")]
    [InlineData("""{"tasks": [{"id": "a", "agent": "editor", "description": "d", "depends_on": ["b"]}, {"id": "b", "agent": "editor", "description": "d", "depends_on": ["a"]}]}""", "HYD205")]
    public void What_only_the_validator_sees_is_seen(string answer, string code) =>
        Assert.Contains(Workflow(TaskPlan.Of(Value.ParseJson(answer), new ProblemList("plan"))!).Problems, problem => problem.StartsWith(code, StringComparison.Ordinal));

    [Theory]
    [InlineData("I want a shop for tea and coffee, please", "shop-tea-coffee")]
    [InlineData("../../etc", "etc")]
    [InlineData("123 reasons", "t-123-reasons")]
    [InlineData("!!!", "t")]
    [InlineData("run", "run-task")]
    public void Words_become_names(string text, string name) => Assert.Equal(name, Slug.Of(text, new HashSet<string>()));

    [Fact]
    public void A_name_that_is_taken_gets_a_number() => Assert.Equal("tea-2", Slug.Of("tea", new HashSet<string> { "tea" }));
}
