namespace Hydra.Agents.Tests.Patterns;

public class SwarmTests
{
    private const string Desk = """
        name: helpdesk
        inputs: {request: {type: string, default: my bill is wrong}}
        agents:
          triage: {model: m, description: hears people out, skills: [listening]}
          billing: {model: m, description: knows bills, skills: [bills]}
          legal: {model: m, description: knows the law, skills: [law]}
        nodes:
          - id: desk
            type: swarm
            goal: "Help: {{ request }}"
            agents: [triage, billing, legal]

        """;

    /// <summary>Answers by who is asked; an agent with several answers gives them in turn.</summary>
    private static Func<string, string> By(params (string Agent, string[] Answers)[] scripts)
    {
        var next = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        return prompt =>
        {
            var agent = scripts.First(script => prompt.StartsWith($"You are '{script.Agent}'", StringComparison.Ordinal));
            return agent.Answers[Math.Min(next.AddOrUpdate(agent.Agent, 0, (_, at) => at + 1), agent.Answers.Length - 1)];
        };
    }

    [Fact]
    public async Task Work_is_handed_on_by_a_contract_until_somebody_answers()
    {
        var run = await PatternRun.OfAsync(Desk, By(
            ("triage", ["""{"handoff": {"to": "billing", "task": "explain the bill", "expected_output": "two sentences", "constraints": "no jargon", "inputs": ["customer"]}, "writes": [{"key": "customer", "value": "Kim", "version": 0}, {"key": "mood", "value": "cross", "version": 0}]}"""]),
            ("billing", ["""{"answer": "it was a mistake", "confidence": 0.9}"""])));
        Assert.Equal("""{"answer":"it was a mistake","trail":[{"agent":"triage","task":"Help: my bill is wrong","status":"completed","to":"billing"},{"agent":"billing","task":"explain the bill","status":"completed","from":"triage"}]}""", run.Json("desk"));
        var billing = run.Asked.Last();
        Assert.Contains("Your task: explain the bill\nExpected of you: two sentences\nKeep to this: no jargon", billing, StringComparison.Ordinal);
        Assert.Contains("- customer (version 1): Kim", billing, StringComparison.Ordinal);
        Assert.DoesNotContain("mood", billing, StringComparison.Ordinal);
        Assert.Equal("""{"ended_by":"answer","turns":2,"rounds":2}""", run["desk"].Signal.ToJson());
        Assert.Contains("desk#2/billing", run.Paths);
    }

    [Theory]
    [InlineData("""{"handoff": {"to": "legal", "task": "x"}}""", "you may not hand work to 'legal'. Choose among billing.")]
    [InlineData("""{"handoff": {"to": "triage", "task": "x"}}""", "you may not hand work to 'triage'.")]
    [InlineData("""{"handoff": {"to": "billing", "task": "x", "inputs": ["secret"]}}""", "the hand-off names the shared note 'secret', which does not exist.")]
    [InlineData("""{"confidence": 1}""", "there is neither `answer` nor `handoff`.")]
    [InlineData("""{"answer": 1, "writes": [{"key": "a", "value": 2, "version": 3}]}""", "'a' was read at version 3 and is at 0 now: it does not exist.")]
    public async Task What_a_peer_may_not_do_goes_back_to_it(string said, string problem)
    {
        var run = await PatternRun.OfAsync(Desk + "    handoffs: {triage: [billing]}\n", By(("triage", [said, """{"answer": "done"}"""])));
        Assert.Equal("done", run.Report.Outputs["desk"].AsObject["answer"].AsText);
        Assert.Contains(problem, run.Asked.ElementAt(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_the_last_hand_off_only_an_answer_counts_and_what_there_is_is_degraded()
    {
        var run = await PatternRun.OfAsync(Desk + "    max_handoffs: 1\n", By(
            ("triage", ["""{"answer": "first thought", "handoff": {"to": "billing", "task": "check it"}}"""]), ("billing", ["""{"handoff": {"to": "legal", "task": "check that"}}"""])));
        Assert.Equal(NodeStatus.Degraded, run["desk"].Status);
        Assert.Equal("max_handoffs 1 is used up, and 'billing' wants to hand on: check that", run["desk"].Error!.Message);
        Assert.Equal("max_handoffs", run["desk"].Signal.AsObject["ended_by"].AsText);
        Assert.Contains("Nobody is left to hand the work to", run.Asked.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_that_goes_round_in_a_circle_is_stopped()
    {
        var run = await PatternRun.OfAsync(Desk, By(
            ("triage", ["""{"handoff": {"to": "billing", "task": "do it"}}"""]), ("billing", ["""{"handoff": {"to": "triage", "task": "no, you"}}"""])));
        Assert.Equal(NodeStatus.Failed, run["desk"].Status);
        Assert.Equal("'billing' was handed the same work 2 times already: do it. The trail: triage → billing → triage → billing → triage", run["desk"].Error!.Message);
    }

    [Fact]
    public async Task A_peer_that_fails_leaves_nothing_in_the_shared_notes_and_the_work_goes_back()
    {
        var answers = By(("triage", ["""{"handoff": {"to": "billing", "task": "explain"}, "writes": [{"key": "n", "value": 1, "version": 0}]}""", """{"answer": "by myself"}"""]));
        var run = await PatternRun.OfAsync(Desk, prompt => prompt.StartsWith("You are 'billing'", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no key") : answers(prompt));
        Assert.Equal("by myself", run.Report.Outputs["desk"].AsObject["answer"].AsText);
        Assert.Contains("- 'billing', to whom you handed this on, failed: auth: no key. Do it in another way.", run.Asked.Last(), StringComparison.Ordinal);
        Assert.Contains("- n (version 1): 1", run.Asked.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expression_may_end_it_early()
    {
        var run = await PatternRun.OfAsync(Desk + "    until: confidence is not none and confidence > 0.8\n", By(("triage", ["""{"answer": "clear", "confidence": 0.9, "handoff": {"to": "billing", "task": "check"}}"""])));
        Assert.Equal(("clear", "until"), (run.Report.Outputs["desk"].AsObject["answer"].AsText, run["desk"].Signal.AsObject["ended_by"].AsText));
        Assert.Single(run.Asked);
    }

    private const string Board = Desk + "    mode: board\n    entry: triage\n";

    [Fact]
    public async Task Work_on_the_board_is_taken_by_those_whose_skills_fit_at_the_same_time()
    {
        var run = await PatternRun.OfAsync(Board, By(
            ("triage", ["""{"answer": "split up", "posts": [{"task": "look at the bill", "skills": ["bills"]}, {"task": "look at the contract", "skills": ["law"]}, {"task": "Look at the bill.", "skills": ["law"]}]}""", """{"answer": "all well"}"""]),
            ("billing", ["""{"answer": "bill is fine"}"""]), ("legal", ["""{"answer": "contract is fine"}"""])));
        Assert.Equal("all well", run.Report.Outputs["desk"].AsObject["answer"].AsText);
        Assert.Equal(["desk", "desk#1/task1", "desk#2/task2", "desk#2/task3", "desk#3/answer"], run.Paths.Order());
        Assert.Contains("- look at the bill: bill is fine\n- look at the contract: contract is fine", run.Asked.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_two_writers_that_read_the_same_version_one_counts_and_the_other_tries_again()
    {
        var run = await PatternRun.OfAsync(Board + "    shared_context: {total: 10}\n", By(
            ("triage", ["""{"answer": "go", "posts": [{"task": "add two", "skills": ["bills"]}, {"task": "add three", "skills": ["law"]}]}""", """{"answer": "sum"}"""]),
            ("billing", ["""{"answer": "added", "writes": [{"key": "total", "value": 12, "version": 1}]}"""]),
            ("legal", ["""{"answer": "added", "writes": [{"key": "total", "value": 13, "version": 1}]}""", """{"answer": "added", "writes": [{"key": "total", "value": 15, "version": 2}]}"""])));
        Assert.Contains("This was tried before: 'total' was read at version 1 and is at 2 now: 12. Read it again.", run.Asked.Single(prompt => prompt.Contains("tried before", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Contains("- total (version 3): 15", run.Asked.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_that_fits_nobody_is_left_undone_and_said_so()
    {
        var run = await PatternRun.OfAsync(Board, By(("triage", ["""{"answer": "go", "posts": [{"task": "fly", "skills": ["wings"]}]}""", """{"answer": "partly"}"""])));
        Assert.Equal((NodeStatus.Degraded, "left undone: 'fly' was taken by nobody"), (run["desk"].Status, run["desk"].Error!.Message));
    }

    private const string Debate = Desk + "    mode: debate\n";

    [Fact]
    public async Task A_debate_ends_when_all_agree()
    {
        var run = await PatternRun.OfAsync(Debate, By(("triage", ["""{"answer": "A"}""", """{"answer": "B"}"""]), ("billing", ["""{"answer": "B"}"""]), ("legal", ["""{"answer": "C"}""", """{"answer": "B"}"""])));
        Assert.Equal(("B", "agreement"), (run.Report.Outputs["desk"].AsObject["answer"].AsText, run["desk"].Signal.AsObject["ended_by"].AsText));
        Assert.Equal(6, run.Asked.Count);
        Assert.Contains("- triage: A\n- billing: B\n- legal: C", run.Asked.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Else_the_answer_that_most_support_wins()
    {
        var run = await PatternRun.OfAsync(Debate + "    max_rounds: 2\n", By(("triage", ["""{"answer": "A"}"""]), ("billing", ["""{"answer": "B"}"""]), ("legal", ["""{"answer": "C", "supports": "billing"}"""])));
        Assert.Equal(("B", "vote"), (run.Report.Outputs["desk"].AsObject["answer"].AsText, run["desk"].Signal.AsObject["ended_by"].AsText));
    }

    [Theory]
    [InlineData("judge", "A")]
    [InlineData("score", "C")]
    public async Task Or_a_judge_decides(string how, string winner)
    {
        var answers = By(("triage", ["""{"answer": "A"}"""]), ("billing", ["""{"answer": "B"}"""]), ("legal", ["""{"answer": "C"}"""]));
        var run = await PatternRun.OfAsync(Debate + $"    max_rounds: 1\n    model: judge\n    converge: {how}\n",
            prompt => prompt.Contains("Several agents answered this", StringComparison.Ordinal) ? """{"scores": {"triage": 0.2, "billing": 0.5, "legal": 0.9}, "winner": "triage", "why": "because"}""" : answers(prompt));
        Assert.Equal(winner, run.Report.Outputs["desk"].AsObject["answer"].AsText);
    }

    [Fact]
    public async Task Killed_at_any_frame_it_goes_on_without_asking_anybody_again()
    {
        static string Answer(string prompt) => prompt.StartsWith("You are 'billing'", StringComparison.Ordinal)
            ? prompt.Contains("(version 2)", StringComparison.Ordinal) ? """{"answer": "end"}""" : """{"handoff": {"to": "triage", "task": "more"}, "writes": [{"key": "n", "value": 2, "version": 1}]}"""
            : prompt.Contains("Your task: more", StringComparison.Ordinal) ? """{"handoff": {"to": "billing", "task": "last"}}""" : """{"handoff": {"to": "billing", "task": "first"}, "writes": [{"key": "n", "value": 1, "version": 0}]}""";
        await PatternKills.BehindEveryFrameAsync(Desk, Answer, "desk");
    }

    [Theory]
    [InlineData("agents: [a]", "has 1 agent(s), and a swarm takes at least two")]
    [InlineData("agents: [a, nobody]", "names the agent 'nobody', which is not defined")]
    [InlineData("agents: [a, b], entry: c", "names 'c' in `entry`, who is none of its agents")]
    [InlineData("agents: [a, b], handoffs: {a: [c]}", "names 'c' in `handoffs`")]
    [InlineData("agents: [a, b], converge: vote", "has `converge`, which only 'mode: debate' uses")]
    [InlineData("agents: [a, b], shared_context: [1]", "is no map")]
    public void What_could_never_work_is_an_error_before_the_run(string fields, string problem) =>
        Assert.Contains(PatternRun.Problems($"name: test\nagents: {{a: {{model: m}}, b: {{model: m}}}}\nnodes:\n  - {{id: s, type: swarm, goal: go, {fields}}}\n"), line => line.Contains(problem, StringComparison.Ordinal));
}
