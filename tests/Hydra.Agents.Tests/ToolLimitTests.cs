namespace Hydra.Agents.Tests;

public class ToolLimitTests
{
    private readonly MemoryRunStore _store = new();
    private int _called;

    private IEnumerable<RunEvent> Events => _store.Read(ToolRun.Run).SelectMany(frame => frame.Events);
    private static IEnumerable<string> Told(ToolModels models) => models.Conversations[^1].SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => (string)result.Result!);
    private static string Declared(string limits, string more = "") => $"tools: {{look: {{type: function, {limits}}}{more}}}";

    private ToolRegistry Counting => ToolRun.Registry((string what) => $"{what} {Interlocked.Increment(ref _called)}");

    [Fact]
    public async Task An_answer_stands_for_the_same_call_of_another_node_and_the_call_is_journaled_all_the_same()
    {
        var models = new ToolModels(messages => messages.Any(message => message.Role == ChatRole.Tool) ? Say("ok") : [Call("look", ("what", "owls"))]);
        await ToolRun.Async($"name: test\n{Declared("cache: {ttl_seconds: 60}")}\nnodes:\n  - {{id: a, type: agent, model: m, prompt: go, tools: [look]}}\n  - {{id: b, type: agent, model: m, prompt: go, tools: [look], depends_on: [a]}}\n", models, Counting, _store);
        Assert.Equal((1, "owls 1"), (_called, Told(models).Single()));
        Assert.Equal(2, Events.OfType<RunEvent.StepIntended>().Count(step => step.Call.Name == "look"));
    }

    [Theory]
    [InlineData("cache: {ttl_seconds: 60}", 2)]
    [InlineData("cache: {ttl_seconds: 60, vary_by: []}", 1)]
    [InlineData("cache: {ttl_seconds: 0, vary_by: []}", 2)]
    [InlineData("cache: {ttl_seconds: 60, vary_by: []}, effect: idempotent", 2)]
    public async Task Answers_differ_by_the_arguments_that_count_and_only_looking_is_kept(string limits, int called)
    {
        await ToolRun.Async(ToolRun.File("tools: [look]", Declared(limits)), Turns([Call("look", ("what", "a"))], [Call("look", ("what", "b"))], Say("ok")), Counting, _store);
        Assert.Equal(called, _called);
    }

    [Fact]
    public async Task An_act_with_the_same_tag_ends_what_was_kept()
    {
        var tools = Counting.Add(new FunctionTool(AIFunctionFactory.Create(() => "done", "change"), EffectClass.Idempotent)).Add(new FunctionTool(AIFunctionFactory.Create(() => "done", "other"), EffectClass.Idempotent));
        var more = Declared("cache: {ttl_seconds: 60, tags: [birds]}", ", change: {type: function, cache: {tags: [birds]}}, other: {type: function, cache: {tags: [fish]}}");
        await ToolRun.Async(ToolRun.File("tools: [look, change, other]", more), Turns([Call("look", ("what", "a"))], [Call("other")], [Call("look", ("what", "a"))], [Call("change")], [Call("look", ("what", "a"))], Say("ok")), tools, _store);
        Assert.Equal(2, _called);
    }

    [Fact]
    public async Task Nothing_kept_reaches_another_run()
    {
        var engine = ToolRun.Engine(ToolRun.File("tools: [look]", Declared("cache: {ttl_seconds: 60}")), Turns([Call("look", ("what", "a"))], Say("ok")), Counting, _store, out var workflow);
        foreach (var run in (string[])["one", "two"]) await engine.RunAsync(workflow, new RunRequest { Run = new RunId(run) }, CancellationToken.None);
        Assert.Equal(2, _called);
    }

    [Fact]
    public async Task Kept_answers_keep_their_labels()
    {
        var models = new ToolModels(messages => messages.Any(message => message.Role == ChatRole.Tool) ? Say("ok") : [Call("look", ("what", "owls"))]);
        await ToolRun.Async($"name: test\n{Declared("cache: {ttl_seconds: 60}, labels: untrusted")}\nnodes:\n  - {{id: a, type: agent, model: m, prompt: go, tools: [look]}}\n  - {{id: b, type: agent, model: m, prompt: go, tools: [look], depends_on: [a]}}\n", models, Counting, _store);
        Assert.Equal(1, _called);
        Assert.All(Events.OfType<RunEvent.StepEnded>().Where(step => step.Result.Response!.Inline.ToDisplayText() == "owls 1"), step => Assert.True(step.Result.Response!.Labels.IsUntrusted));
    }

    [Fact]
    public async Task Calls_beyond_max_calls_are_refused_over_the_whole_run_and_the_model_is_told()
    {
        var models = Turns([Call("look", ("what", "a"))], [Call("look", ("what", "b"))], [Call("look", ("what", "c"))], Say("ok"));
        var report = await ToolRun.Async(ToolRun.File("tools: [look]", Declared("max_calls: 2")), models, Counting, _store);
        Assert.Equal((RunStatus.Completed, 2), (report.Status, _called));
        Assert.Contains("'look' was called 2 times in this run, and its max_calls allows no more", Told(models).Last(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("breaker: {failures: 2, cooldown_seconds: 60}", "")]
    [InlineData("breaker: shared", "breakers: {shared: {failures: 2}}\n")]
    public async Task A_tool_that_keeps_failing_is_left_alone_and_the_model_is_told(string breaker, string more)
    {
        var models = Turns([Call("look", ("what", "a"))], [Call("look", ("what", "b"))], [Call("look", ("what", "c"))], Say("ok"));
        await ToolRun.Async(ToolRun.File("tools: [look]", more + Declared(breaker)), models, ToolRun.Registry(string (string what) => throw new InvalidOperationException($"down {++_called}")), _store);
        Assert.Equal(2, _called);
        Assert.Contains("'look' was not called: it kept failing", Told(models).Last(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_tool_s_calls_in_a_minute_are_bounded_also_of_a_server()
    {
        foreach (var (declared, called) in (ReadOnlySpan<(string, string)>)[("look", "look"), ("files/read", "files__read")])
        {
            var workflow = new WorkflowSpec { Name = "t", Nodes = [], Extensions = ValueMap.Of(("tools", ValueMap.Of((declared, ValueMap.Of(("rpm", 1)))))) };
            var load = AgentLoad.Of(new StepCall(StepKind.Tool, called, "k", 0, 0, MicroUsd.Zero, ValueRef.Of(Value.Null)), workflow)!;
            load.Enter(1_000);
            Assert.False(load.Allows(2_000, out var opensAtMs));
            Assert.Equal(61_000, opensAtMs);
            Assert.True(load.Allows(61_000, out _));
        }
    }

    [Theory]
    [InlineData("look: {type: function, breaker: none}", "names the breaker 'none', which `breakers` does not define")]
    [InlineData("look: {type: function, cache: {vary_by: [what]}}", "a `cache` that keeps nothing and empties nothing")]
    [InlineData("look: {type: workflow, path: a.yaml}", "could not be brought in")]
    public void Limits_that_cannot_hold_are_refused_before_anything_runs(string declared, string why) =>
        Assert.Contains(ToolRun.Problems(ToolRun.File("tools: [look]", $"tools: {{{declared}}}"), Counting), problem => problem.StartsWith("HYD247", StringComparison.Ordinal) && problem.Contains(why, StringComparison.Ordinal));

    [Theory]
    [InlineData("command", EffectClass.Irreversible, true, "runs any command")]
    [InlineData("code", EffectClass.Irreversible, true, "runs any code")]
    [InlineData("url", EffectClass.Pure, true, "goes to any address")]
    [InlineData("url", EffectClass.Pure, false, "")]
    [InlineData("sql", EffectClass.Irreversible, false, "writes by any SQL")]
    [InlineData("sql", EffectClass.Pure, false, "")]
    [InlineData("city", EffectClass.Irreversible, true, "")]
    public void A_tool_that_can_do_anything_is_doubted_whoever_offers_it(string argument, EffectClass effect, bool isOutward, string doubt)
    {
        var facts = new ToolFacts { Name = "t", Description = "Does something for you.", Effect = effect, IsOutward = isOutward, Arguments = ValueMap.Of(("properties", ValueMap.Of((argument, ValueMap.Of(("type", "string")))))) };
        var found = string.Join("; ", new ToolCatalog(null, new ToolRegistry()).Doubts("t", facts));
        if (doubt.Length == 0) Assert.Empty(found);
        else Assert.StartsWith(doubt, found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tool_that_reaches_every_host_is_doubted()
    {
        var workflow = new WorkflowSpec { Name = "t", Nodes = [], Extensions = ValueMap.Of(("tools", ValueMap.Of(("page", ValueMap.Of(("type", "fetch"), ("allow_hosts", Value.OfTexts(["*"]))))))) };
        var catalog = new ToolCatalog(workflow, new ToolRegistry());
        Assert.Contains("reaches every public host", Assert.Single(catalog.Doubts("page", catalog.All().First(tool => tool.Name == "page").Facts!)), StringComparison.Ordinal);
    }
}
