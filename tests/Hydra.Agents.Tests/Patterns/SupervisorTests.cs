namespace Hydra.Agents.Tests.Patterns;

public class SupervisorTests
{
    private const string Desk = """
        name: news_desk
        inputs: {story: {type: string, default: the flood}}
        agents:
          reporter: {model: m, description: finds facts}
          checker: {model: m, description: checks facts}
          editor: {model: m}
        nodes:
          - id: desk
            type: supervisor
            model: m
            goal: "Report on {{ story }}."
            teams:
              - {id: research, type: coordinator, model: m, goal: "{{ task }}", workers: [reporter, checker], tags: {description: finds and checks facts}}
              - {id: editing, type: agent, agent: editor, prompt: "edit: {{ task }}", tags: {description: writes}}

        """;

    private const string Plan = """
        {"reasoning": "facts first", "stages": [
          {"steps": [{"id": "facts", "team": "research", "task": "what happened"}, {"id": "title", "team": "editing", "task": "a title"}]},
          {"steps": [{"id": "story", "team": "editing", "task": "the story", "needs": ["facts"]}]}]}
        """;

    private static Func<string, string> Answers(Func<string, string> work, string[] plans, string decision = """{"decision": "continue", "why": "fine"}""")
    {
        var next = 0;
        return prompt => prompt.Contains("You supervise this work; your teams", StringComparison.Ordinal) ? plans[Math.Min(next++, plans.Length - 1)]
            : prompt.Contains("look at its results before the next begins", StringComparison.Ordinal) ? decision
            : prompt.Contains("You supervised this work", StringComparison.Ordinal) ? "the report"
            : prompt.Contains("You coordinate this work", StringComparison.Ordinal) ? """{"tasks": [{"id": "dig", "worker": "reporter", "task": "dig"}]}"""
            : prompt.Contains("You own the answer", StringComparison.Ordinal) ? """{"answer": "it rained", "enough": true}""" : work(prompt);
    }

    [Fact]
    public async Task Teams_work_in_stages_with_a_checkpoint_between_and_the_supervisor_owns_the_answer()
    {
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => $"<{prompt}>", [Plan]));
        Assert.Equal("\"the report\"", run.Json("desk"));
        Assert.Contains("desk#2/research[0]#2/dig", run.Paths);
        Assert.Contains("desk#3/review", run.Paths);
        Assert.Contains("edit: the story\n\nResults of earlier steps:\n- facts: it rained", run.Asked);
        Assert.Contains("- research: finds and checks facts", run.Asked.First(), StringComparison.Ordinal);
        Assert.Equal("""{"ended_by":"done","replans":0,"steps":3,"undone":[]}""", run["desk"].Signal.ToJson());
    }

    [Fact]
    public async Task At_a_checkpoint_the_supervisor_may_find_the_goal_reached()
    {
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => "ok", [Plan], """{"decision": "finish", "why": "enough"}"""));
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        Assert.DoesNotContain(run.Asked, prompt => prompt.StartsWith("edit: the story", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_went_wrong_is_planned_anew_and_what_is_done_stays()
    {
        const string Rest = """{"reasoning": "otherwise", "stages": [{"steps": [{"id": "title2", "team": "research", "task": "a title", "needs": ["facts"]}]}]}""";
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => prompt.StartsWith("edit", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no key") : "ok", [Plan, Rest]));
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        var replan = run.Asked.Single(prompt => prompt.Contains("This went wrong", StringComparison.Ordinal));
        Assert.Contains("- facts (research): it rained", replan, StringComparison.Ordinal);
        Assert.Contains("no key", replan, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_new_plans_are_used_up_the_answer_is_degraded_and_says_what_was_left_undone()
    {
        var run = await PatternRun.OfAsync(Desk + "    max_replans: 0\n", Answers(prompt => prompt.StartsWith("edit", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no key") : "ok", [Plan]));
        Assert.Equal(NodeStatus.Degraded, run["desk"].Status);
        Assert.Contains("Done: facts; left undone: 'title'", run["desk"].Error!.Message, StringComparison.Ordinal);
        Assert.Contains("'story'", run["desk"].Error!.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"steps": [{"id": "a", "team": "janitors", "task": "x"}]}""", "step 'a' is for 'janitors', which is none of the teams.")]
    [InlineData("""{"steps": [{"id": "a", "team": "editing", "task": "x", "needs": ["b"]}, {"id": "b", "team": "editing", "task": "x"}]}""", "step 'a' needs 'b', which is in no earlier stage.")]
    [InlineData("""{"steps": [{"id": "a", "team": "editing", "task": "x"}, {"id": "a", "team": "editing", "task": "y"}]}""", "the id 'a' is used twice")]
    public async Task A_plan_that_is_not_valid_goes_back_with_what_is_wrong(string stage, string problem)
    {
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => "ok", [$$"""{"reasoning": "r", "stages": [{{stage}}]}""", Plan]));
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        Assert.Contains(problem, run.Asked.ElementAt(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task People_may_hold_a_checkpoint()
    {
        var run = await PatternRun.OfAsync(Desk + "    checkpoint: approve\n", Answers(prompt => "ok", [Plan]));
        Assert.Equal(RunStatus.Paused, run.Report.Status);
        Assert.Equal("desk#3/approve", Assert.Single(run.Report.Waits).Path);
    }

    [Fact]
    public async Task Supervisors_may_be_teams_of_supervisors()
    {
        var nested = Desk.Replace("- {id: editing, type: agent, agent: editor, prompt: \"edit: {{ task }}\", tags: {description: writes}}",
            "- {id: editing, type: supervisor, model: m, goal: \"inner {{ task }}\", checkpoint: none, teams: [{id: desk2, type: agent, agent: editor, prompt: \"edit: {{ task }}\"}]}", StringComparison.Ordinal);
        var outer = Answers(prompt => "ok", [Plan]);
        var run = await PatternRun.OfAsync(nested, prompt => prompt.StartsWith("inner", StringComparison.Ordinal) && prompt.Contains("your teams do it", StringComparison.Ordinal)
            ? """{"reasoning": "r", "stages": [{"steps": [{"id": "a", "team": "desk2", "task": "inside"}]}]}""" : outer(prompt));
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        Assert.Contains("desk#2/editing[0]#2/desk2[0]", run.Paths);
    }

    [Theory]
    [InlineData("teams: []", "has no teams")]
    [InlineData("teams: [{id: a, type: agent, model: m, prompt: x, depends_on: [b]}, {id: b, type: set, value: 1}]", "team 'a' of 's' has `depends_on`")]
    public void What_could_never_work_is_an_error_before_the_run(string fields, string problem) =>
        Assert.Contains(PatternRun.Problems($"name: test\nnodes:\n  - {{id: s, type: supervisor, model: m, goal: go, {fields}}}\n"), line => line.Contains(problem, StringComparison.Ordinal));
}
