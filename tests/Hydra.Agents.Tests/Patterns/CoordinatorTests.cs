using Hydra.Tracing;

namespace Hydra.Agents.Tests.Patterns;

public class CoordinatorTests
{
    private const string Desk = """
        name: investment_research
        inputs: {company: {type: string, default: Acme}}
        agents:
          fundamentals: {model: m, description: reads balance sheets}
          sentiment: {model: m, description: reads the news}
          editor: {model: big}
        nodes:
          - id: research
            type: coordinator
            model: m
            goal: "Is {{ company }} worth buying?"
            workers: [fundamentals, sentiment, {name: skeptic, model: m, instructions: You doubt., description: looks for what is wrong}]
            synthesizer: editor

        """;

    private const string Split = """{"tasks": [{"id": "books", "worker": "fundamentals", "task": "margins of Acme"}, {"id": "news", "worker": "sentiment", "task": "news on Acme"}, {"id": "doubts", "worker": "skeptic", "task": "what is wrong with Acme"}]}""";
    private const string Enough = """{"answer": "buy", "enough": true}""";

    private static Func<string, string> Answers(Func<string, string> work, string[] splits, params string[] syntheses)
    {
        var (split, synthesis) = (0, 0);
        return prompt => prompt.Contains("You coordinate this work", StringComparison.Ordinal) ? splits[Math.Min(split++, splits.Length - 1)]
            : prompt.Contains("You own the answer", StringComparison.Ordinal) ? syntheses[Math.Min(synthesis++, syntheses.Length - 1)] : work(prompt);
    }

    [Fact]
    public async Task Work_is_split_done_by_its_workers_and_made_one_answer_by_its_owner()
    {
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => $"<{prompt}>", [Split], Enough));
        Assert.Equal("\"buy\"", run.Json("research"));
        Assert.Equal(["research", "research#1/split", "research#2/books", "research#2/doubts", "research#2/news", "research#3/synthesis"], run.Paths.Order());
        Assert.Contains("news (sentiment), asked: news on Acme\n<news on Acme>", run.Asked.Last(), StringComparison.Ordinal);
        Assert.StartsWith("Is Acme worth buying?", run.Asked.First(), StringComparison.Ordinal);
        Assert.Contains("- skeptic: looks for what is wrong", run.Asked.First(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_given_twice_to_one_worker_is_done_once()
    {
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => "x", ["""{"tasks": [{"id": "a", "worker": "sentiment", "task": "News on  Acme"}, {"id": "b", "worker": "sentiment", "task": "news on acme."}]}"""], Enough));
        Assert.Contains("research#2/a", run.Paths);
        Assert.DoesNotContain("research#2/b", run.Paths);
    }

    [Theory]
    [InlineData("majority", "buy it", false)]
    [InlineData("first", "sell it", false)]
    [InlineData("ask_synthesizer", "sell it", true)]
    public async Task Where_workers_contradict_each_other_the_rule_decides_or_the_owner_is_told(string rule, string shown, bool isTold)
    {
        const string Same = """{"tasks": [{"id": "a", "worker": "fundamentals", "task": "buy or sell?"}, {"id": "b", "worker": "sentiment", "task": "buy or sell?"}, {"id": "c", "worker": "skeptic", "task": "Buy or sell?"}]}""";
        var answers = Answers(prompt => prompt == "Buy or sell?" ? "buy it" : prompt, [Same], Enough);
        var seen = 0;
        var run = await PatternRun.OfAsync(Desk + $"    conflict: {rule}\n", prompt => prompt == "buy or sell?" ? Interlocked.Increment(ref seen) == 1 ? "sell it" : "buy it" : answers(prompt));
        var synthesis = run.Asked.Last();
        Assert.Equal(isTold, synthesis.Contains("contradict each other here", StringComparison.Ordinal));
        if (rule == "majority") Assert.DoesNotContain("sell it", synthesis, StringComparison.Ordinal);
        if (isTold) Assert.Contains(shown, synthesis, StringComparison.Ordinal);
        Assert.Equal(isTold ? 3 : 1, synthesis.Split("asked: ").Length - 1);
    }

    [Fact]
    public async Task What_is_still_missing_is_given_out_in_a_further_round()
    {
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => $"<{prompt}>", [Split, """{"tasks": [{"id": "debt", "worker": "fundamentals", "task": "debt of Acme"}, {"id": "again", "worker": "sentiment", "task": "news on Acme"}]}"""],
            """{"answer": "?", "enough": false, "missing": "its debt"}""", Enough));
        Assert.Equal("\"buy\"", run.Json("research"));
        Assert.Contains("research#5/debt", run.Paths);
        Assert.DoesNotContain("research#5/again", run.Paths);
        Assert.Contains("Still missing: its debt", run.Asked.Where(prompt => prompt.Contains("You coordinate", StringComparison.Ordinal)).ElementAt(1), StringComparison.Ordinal);
        Assert.Equal("""{"rounds":2,"tasks":4,"failed":0,"ended_by":"enough","undone":[]}""", run["research"].Signal.ToJson());
    }

    [Fact]
    public async Task When_the_rounds_are_used_up_the_answer_is_degraded_and_says_what_is_missing()
    {
        var run = await PatternRun.OfAsync(Desk + "    max_rounds: 1\n", Answers(prompt => prompt, [Split], """{"answer": "maybe", "enough": false, "missing": "its debt"}"""));
        Assert.Equal(NodeStatus.Degraded, run["research"].Status);
        Assert.Equal("max_rounds 1 is used up, still missing: its debt", run["research"].Error!.Message);
        Assert.Equal("max_rounds", run["research"].Signal.AsObject["ended_by"].AsText);
    }

    [Fact]
    public async Task A_round_without_a_new_task_ends_it()
    {
        var run = await PatternRun.OfAsync(Desk + "    max_rounds: 9\n", Answers(prompt => prompt, [Split], """{"answer": "maybe", "enough": false, "missing": "its debt"}"""));
        Assert.Equal("no new task was found, still missing: its debt", run["research"].Error!.Message);
        var trace = RunTrace.Of(run.Report.Plan, run.Store.Read(PatternRun.Run));
        var receipt = Receipt.Of(trace, trace.Nodes[0]);
        Assert.Contains("  ended   by no_progress\n", receipt.ToString(), StringComparison.Ordinal);
        Assert.Equal("no_progress", receipt.ToValue().AsObject["ended_by"].AsText);
    }

    [Fact]
    public async Task A_worker_that_fails_leaves_the_others_alone_and_the_answer_degraded()
    {
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => prompt.StartsWith("news", StringComparison.Ordinal) ? throw new CallFailedException(ErrorCode.Auth, "no access") : "ok", [Split], Enough));
        Assert.Equal((NodeStatus.Degraded, "left undone: 'news' (sentiment) auth: no access"), (run["research"].Status, run["research"].Error!.Message));
        Assert.Equal(NodeStatus.Completed, run["research#2/books"].Status);
    }

    [Theory]
    [InlineData("""{"id": "a", "worker": "janitor", "task": "x"}""", "task 'a' is for 'janitor', who is none of the workers.")]
    [InlineData("""{"id": "a", "worker": "skeptic", "task": "x"}, {"id": "a", "worker": "skeptic", "task": "y"}""", "the id 'a' is used twice")]
    [InlineData("""{"id": "no id", "worker": "skeptic", "task": "x"}""", "no id")]
    public async Task A_split_that_is_not_valid_goes_back_with_what_is_wrong(string tasks, string problem)
    {
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => prompt, [$$"""{"tasks": [{{tasks}}]}""", Split], Enough));
        Assert.Equal("\"buy\"", run.Json("research"));
        Assert.Contains(problem, run.Asked.ElementAt(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_task_says_is_data_and_never_a_template()
    {
        var run = await PatternRun.OfAsync(Desk, Answers(prompt => prompt, ["""{"tasks": [{"id": "a", "worker": "skeptic", "task": "{{ company }} {{ env.HOME }}"}]}"""], Enough));
        Assert.Contains("{{ company }} {{ env.HOME }}", run.Asked);
    }

    [Theory]
    [InlineData("workers: []", "has no workers")]
    [InlineData("workers: [nobody]", "names the agent 'nobody', which is not defined")]
    [InlineData("workers: [a, a]", "names the agent 'a' twice")]
    [InlineData("workers: [{model: m}]", "defines an agent without `name`")]
    [InlineData("workers: [a], synthesizer: nobody", "names the synthesizer 'nobody'")]
    public void What_could_never_work_is_an_error_before_the_run(string fields, string problem) =>
        Assert.Contains(PatternRun.Problems($"name: test\nagents: {{a: {{model: m}}}}\nnodes:\n  - {{id: c, type: coordinator, model: m, goal: go, {fields}}}\n"), line => line.Contains(problem, StringComparison.Ordinal));
}
