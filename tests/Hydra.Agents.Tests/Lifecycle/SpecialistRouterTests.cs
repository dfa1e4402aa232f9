using Hydra.Agents.Routing;

namespace Hydra.Agents.Tests.Lifecycle;

public class SpecialistRouterTests
{
    private static SpecialistRouter Router(RoutingRules? rules = null) => new(rules ?? RoutingRules.BuiltIn, _ => true);

    [Theory]
    [InlineData("Add an index to the database", "", "database-wizard", "intent: 'database', 'index'")]
    [InlineData("Write a small importer", "A Django project", "python-backend-developer", "stack of the project: 'django'")]
    [InlineData("Do something", "", "rapid-prototyper", "no rule matches")]
    [InlineData("Update the user guide", "", "technical-writer", "intent: 'guide'")]
    public void A_task_finds_its_agent_with_a_reason(string task, string project, string agent, string reason)
    {
        var choice = Router().Choose(task, project);
        Assert.Equal((agent, reason), (choice.Agent, choice.Reason));
    }

    [Fact]
    public void A_word_inside_another_one_does_not_count() => Assert.Equal("rapid-prototyper", Router().Choose("Build a suitable latest contest").Agent);

    [Fact]
    public void Who_has_its_share_of_a_set_is_spared_and_another_set_counts_anew()
    {
        var router = Router();
        Assert.Equal(["database-wizard", "database-wizard", "database-wizard", "data-engineer"], Enumerable.Range(0, 4).Select(_ => router.Choose("Change the database", set: 1).Agent));
        Assert.Contains("'database-wizard' has its 3 tasks of this set already", router.Choose("Change the database", set: 1).Reason, StringComparison.Ordinal);
        Assert.Equal("database-wizard", router.Choose("Change the database", set: 2).Agent);
    }

    [Theory]
    [InlineData("Rename the component", "fast")]
    [InlineData("Make the database migration safe", "strong")]
    [InlineData("Build the page", null)]
    public void The_task_decides_the_tier(string task, string? tier) => Assert.Equal(tier, TierRouter.Choose(RoutingRules.BuiltIn, task, "", "balanced")?.Tier);

    [Theory]
    [InlineData("routine", "strong", "balanced", "strong")]
    [InlineData("routine", null, "fast", "balanced")]
    [InlineData("hard", "balanced", "strong", null)]
    public void How_hard_a_task_is_moves_it_from_its_agent_s_tier_and_what_is_below_steps_up(string complexity, string? own, string tier, string? stepsUpTo)
    {
        var choice = TierRouter.Choose(RoutingRules.BuiltIn, "Rename the component", complexity, own)!;
        Assert.Equal((tier, stepsUpTo), (choice.Tier, choice.StepsUpTo));
    }

    [Theory]
    [InlineData("routine", "fast")]
    [InlineData("hard", "strong")]
    [InlineData("usual", "balanced")]
    [InlineData("routine", "claude-opus-4-6")]
    public void At_the_end_of_the_tiers_and_for_models_that_are_none_the_agent_s_own_stays(string complexity, string own) =>
        Assert.Null(TierRouter.Choose(RoutingRules.BuiltIn, "Rename the component", complexity, own));

    [Fact]
    public void Agents_that_are_not_there_are_not_chosen() =>
        Assert.NotEqual("database-wizard", new SpecialistRouter(RoutingRules.BuiltIn, name => name != "database-wizard").Choose("Change the database").Agent);

    [Fact]
    public void A_project_s_own_rules_hold()
    {
        var rules = RoutingRules.Read("intents:\n  - {words: [tea], agent: brewer, instead: [cook]}\nworkload: 1\nescalation: {after_failures: 4, to: cook}\n", new ProblemList("routing.yaml"))!;
        var router = Router(rules);
        Assert.Equal(["brewer", "cook"], [router.Choose("Make tea").Agent, router.Choose("Make tea").Agent]);
        Assert.Equal((4, "cook"), (rules.EscalateAfter, rules.EscalateTo));
    }

    [Theory]
    [InlineData("intents:\n  - {words: [tea]}\n", "HYD248 routing.yaml:2:5: a rule of `intents` needs 'agent'")]
    [InlineData("intent: []\n", "HYD248 routing.yaml:1:1: routing rules have no key 'intent'. Did you mean 'intents'?")]
    [InlineData("tiers:\n  - {words: [x], tier: huge}\n", "HYD248 routing.yaml:1:1: 'huge' is no tier")]
    [InlineData("complexity: {simple: -1}\n", "HYD248 routing.yaml:1:14: 'simple' is no complexity")]
    [InlineData("complexity: {routine: low}\n", "HYD248 routing.yaml:1:23: `complexity.routine` is by how many tiers")]
    [InlineData("triggers:\n  - {on: rain, add: x}\n", "HYD248 routing.yaml:1:1: nothing triggers on 'rain'")]
    public void Rules_that_are_wrong_are_named_and_placed(string yaml, string problem)
    {
        var problems = new ProblemList("routing.yaml");
        Assert.Null(RoutingRules.Read(yaml, problems));
        Assert.StartsWith(problem, problems.Problems[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_agent_of_the_built_in_rules_is_one_of_the_roster() =>
        Assert.Empty(RoutingRules.BuiltIn.Agents.Except(Roster.Specialist.Names));
}
