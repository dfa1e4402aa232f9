using Hydra.Tracing;

namespace Hydra.Agents.Tests.Patterns;

/// <summary>Which limit ended a pattern and what it left undone, as its receipt says it: of patterns that failed, and by confidence.</summary>
public class EndingTests
{
    private const string Agents = "name: test\nagents: {a: {model: m, description: one}, b: {model: m, description: other, skills: [law]}}\nnodes:\n";
    private const string Planner = Agents + "  - {id: p, type: planner, model: m, prompt: go, allowed_agents: [a, b], MORE}\n";
    private const string Coordinator = Agents + "  - {id: p, type: coordinator, model: m, goal: go, workers: [a, b], MORE}\n";
    private const string Supervisor = Agents + "  - {id: p, type: supervisor, model: m, goal: go, MORE, teams: [{id: one, type: agent, agent: a, prompt: 'do {{ task }}'}, {id: two, type: agent, agent: b, prompt: 'do {{ task }}'}]}\n";
    private const string Swarm = Agents + "  - {id: p, type: swarm, goal: go, agents: [a, b], MORE}\n";
    private const string Router = Agents + "  - {id: p, type: router, model: m, input: hello, strategy: [model], MORE, routes: {x: {description: one}, y: {description: two}}}\n";

    private const string Plan = """{"reasoning": "r", "nodes": [{"id": "look", "type": "agent", "agent": "a", "prompt": "do look"}, {"id": "write", "type": "agent", "agent": "b", "depends_on": ["look"], "prompt": "do write"}]}""";
    private const string Stages = """{"reasoning": "r", "stages": [{"steps": [{"id": "look", "team": "one", "task": "look"}]}, {"steps": [{"id": "write", "team": "two", "task": "write"}]}]}""";
    private const string Split = """{"tasks": [{"id": "look", "worker": "a", "task": "do look"}, {"id": "write", "worker": "b", "task": "do write"}]}""";

    private static Receipt ReceiptOf(PatternRun run)
    {
        var trace = RunTrace.Of(run.Report.Plan, run.Store.Read(PatternRun.Run));
        return Receipt.Of(trace, trace.Nodes[0]);
    }

    private static string Work(string prompt, string given) => prompt.StartsWith("do ", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no key") : given;

    [Theory]
    [InlineData(Planner, "max_replans: 0", Plan, "max_replans", "look, write")]
    [InlineData(Planner, "max_nodes: 1", Plan, "max_repairs", "")]
    [InlineData(Coordinator, "max_rounds: 1", Split, "failure", "look, write")]
    [InlineData(Coordinator, "max_tasks: 1", Split, "max_repairs", "")]
    [InlineData(Supervisor, "max_replans: 0", Stages, "max_replans", "look, write")]
    [InlineData(Supervisor, "max_steps: 1", Stages, "max_repairs", "")]
    [InlineData(Swarm, "max_handoffs: 1", """{"handoff": {"to": "b", "task": "check"}}""", "max_handoffs", "check")]
    [InlineData(Swarm, "mode: board", """{"posts": [{"task": "fly", "skills": ["wings"]}], "writes": [{"key": "k", "value": 1, "version": 9}]}""", "failure", "go")]
    [InlineData(Router, "min_confidence: 0.9", """{"route": "x", "confidence": 0.4, "why": "w"}""", "min_confidence", "route")]
    public async Task The_receipt_of_a_pattern_that_failed_names_the_limit_and_what_was_left_undone(string file, string limit, string given, string by, string undone)
    {
        var run = await PatternRun.OfAsync(file.Replace("MORE", limit, StringComparison.Ordinal), prompt => Work(prompt, given));
        var receipt = ReceiptOf(run);
        Assert.Equal((NodeStatus.Failed, by, undone), (run["p"].Status, receipt.EndedBy, string.Join(", ", receipt.TasksUndone)));
    }

    [Fact]
    public async Task A_pattern_whose_budget_is_spent_was_ended_by_it()
    {
        var run = await PatternRun.OfAsync(Planner.Replace("MORE", "budget: {max_model_calls: 1}", StringComparison.Ordinal), _ => Plan);
        Assert.Equal((NodeStatus.BudgetExceeded, "budget"), (run["p"].Status, ReceiptOf(run).EndedBy));
    }

    [Fact]
    public async Task A_coordinator_gives_out_further_work_until_the_owner_of_the_answer_is_sure_enough()
    {
        var syntheses = 0;
        var run = await PatternRun.OfAsync(Coordinator.Replace("MORE", "max_rounds: 5, min_confidence: 0.8", StringComparison.Ordinal), prompt =>
            prompt.Contains("You coordinate this work", StringComparison.Ordinal) ? syntheses == 0 ? Split : """{"tasks": [{"id": "more", "worker": "a", "task": "do more"}]}"""
            : !prompt.Contains("You own the answer", StringComparison.Ordinal) ? "found"
            : ++syntheses == 1 ? """{"answer": "early", "enough": true, "confidence": 0.5, "missing": "more"}""" : """{"answer": "sure", "enough": false, "confidence": 0.8}""");
        Assert.Equal((NodeStatus.Completed, "\"sure\"", "confidence"), (run["p"].Status, run.Json("p"), ReceiptOf(run).EndedBy));
        Assert.Equal(2, syntheses);
    }

    [Fact]
    public async Task A_coordinator_that_is_never_sure_says_so()
    {
        var run = await PatternRun.OfAsync(Coordinator.Replace("MORE", "max_rounds: 1, min_confidence: 0.8", StringComparison.Ordinal), prompt =>
            prompt.Contains("You coordinate this work", StringComparison.Ordinal) ? Split : prompt.Contains("You own the answer", StringComparison.Ordinal) ? """{"answer": "?", "enough": true, "confidence": 0.5, "missing": "proof"}""" : "found");
        Assert.Equal("max_rounds 1 is used up, the confidence 0.5 is below min_confidence 0.8, still missing: proof", run["p"].Error!.Message);
        Assert.Equal("max_rounds", ReceiptOf(run).EndedBy);
    }

    [Theory]
    [InlineData("continue", 0.9, "confidence", "write")]
    [InlineData("finish", 0.2, "finish", "write")]
    [InlineData("continue", 0.2, "done", "")]
    public async Task A_supervisor_ends_at_the_checkpoint_where_it_is_sure_enough_and_names_the_steps_it_left(string decision, double confidence, string by, string undone)
    {
        var review = $$"""{"decision": "{{decision}}", "why": "w", "confidence": {{confidence.ToString(System.Globalization.CultureInfo.InvariantCulture)}}}""";
        var run = await PatternRun.OfAsync(Supervisor.Replace("MORE", "min_confidence: 0.8", StringComparison.Ordinal), prompt =>
            prompt.Contains("look at its results before", StringComparison.Ordinal) ? review : prompt.Contains("your teams", StringComparison.Ordinal) ? Stages : "ok");
        var receipt = ReceiptOf(run);
        Assert.Equal((NodeStatus.Completed, by, undone), (run["p"].Status, receipt.EndedBy, string.Join(", ", receipt.TasksUndone)));
        Assert.Equal(undone.Length == 0, run.Asked.Contains("do write"));
    }

    [Fact]
    public async Task A_plan_ends_when_a_result_is_sure_enough_for_stop_when()
    {
        const string Tasks = """{"reasoning": "r", "nodes": [{"id": "look", "type": "set", "value": {"answer": 1, "confidence": 0.9}}, {"id": "dig", "type": "agent", "agent": "a", "prompt": "do dig"}, {"id": "write", "type": "agent", "agent": "b", "depends_on": ["dig"], "prompt": "do write"}]}""";
        var models = new ToolModels(messages => ToolModels.Say(IsWork(messages) ? "digging" : Tasks)) { NeverEnds = IsWork };
        var run = await PatternRun.OfAsync(Planner.Replace("MORE", "stop_when: confidence is not none and confidence >= 0.8", StringComparison.Ordinal), models, null, new());
        var receipt = ReceiptOf(run);
        Assert.Equal((NodeStatus.Degraded, "stop_when"), (run["p"].Status, receipt.EndedBy));
        Assert.Equal(["dig", "write"], receipt.TasksUndone);

        static bool IsWork(ChatMessage[] messages) => messages[^1].Text.StartsWith("do ", StringComparison.Ordinal);
    }

    [Fact]
    public void A_supervisor_that_does_not_review_cannot_be_sure() =>
        Assert.Contains(PatternRun.Problems(Supervisor.Replace("MORE", "checkpoint: none, min_confidence: 0.8", StringComparison.Ordinal)), line => line.Contains("has `min_confidence`, which only 'checkpoint: review' asks for", StringComparison.Ordinal));
}
