namespace Hydra.Agents.Tests;

public class ToolLoopTests
{
    private readonly MemoryRunStore _store = new();

    private List<RunEvent> Events => [.. _store.Read(ToolRun.Run).SelectMany(frame => frame.Events)];
    private IEnumerable<StepCall> Steps => Events.OfType<RunEvent.StepIntended>().Select(step => step.Call);

    [Fact]
    public async Task A_called_tool_s_result_reaches_the_model_and_its_last_text_is_the_answer()
    {
        var models = Turns([Call("look", ("what", "owls"))], Say("owls: 4"));
        var report = await ToolRun.Async(ToolRun.File("tools: [look]"), models, ToolRun.Registry((string what) => what.Length), _store);

        Assert.Equal("owls: 4", report.Outputs["a"].AsText);
        Assert.Equal("4", models.Conversations[1].SelectMany(message => message.Contents).OfType<FunctionResultContent>().Single().Result);
        Assert.Equal(["Model m Pure", "Tool look Pure", "Model m Pure"], Steps.Select(step => $"{step.Kind} {step.Name} {step.Effect}"));
        Assert.Equal("look", Assert.Single(models.Options[0].Tools!).Name);
    }

    [Fact]
    public async Task Calls_of_one_turn_run_at_the_same_time()
    {
        var both = new Barrier(2);
        var models = Turns([Call("look", ("what", "a")), Call("look", ("what", "b"))], Say("done"));
        var report = await ToolRun.Async(ToolRun.File("tools: [look]"), models, ToolRun.Registry(Task<bool> (string what) => Task.Run(() => both.SignalAndWait(TimeSpan.FromSeconds(30)))), _store);

        Assert.Equal("done", report.Outputs["a"].AsText);
        Assert.Equal(["true", "true"], models.Conversations[1].SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => (string)result.Result!));
    }

    [Fact]
    public async Task A_call_that_the_contract_does_not_list_reaches_nobody_and_goes_back_to_the_model()
    {
        var called = 0;
        var tools = ToolRun.Registry(() => "x").Add(new FunctionTool(AIFunctionFactory.Create(() => ++called, "wipe"), EffectClass.Irreversible));
        var models = Turns([Call("wipe")], Say("sorry"));
        var report = await ToolRun.Async(ToolRun.File("tools: [look]"), models, tools, _store);

        Assert.Equal(("sorry", 0), (report.Outputs["a"].AsText, called));
        Assert.Contains("there is no tool 'wipe'. You may call: look", LastResult(models), StringComparison.Ordinal);
        Assert.DoesNotContain(Steps, step => step.Kind == StepKind.Tool);
    }

    [Fact]
    public async Task Arguments_that_do_not_fit_the_schema_run_nothing_and_come_back_as_an_error_to_mend()
    {
        var models = Turns([Call("look", ("what", 7))], [Call("look", ("what", "owls"))], Say("ok"));
        var report = await ToolRun.Async(ToolRun.File("tools: [look]"), models, ToolRun.Registry((string what) => what), _store);

        Assert.Equal("ok", report.Outputs["a"].AsText);
        Assert.Contains("invalid_arguments", (string)models.Conversations[1][^1].Contents.OfType<FunctionResultContent>().Single().Result!, StringComparison.Ordinal);
        Assert.Single(Steps, step => step.Kind == StepKind.Tool);
    }

    [Fact]
    public async Task A_model_that_only_makes_wrong_calls_is_ended()
    {
        var models = new ToolModels(_ => [Call("look", ("what", 7))]);
        var report = await ToolRun.Async(ToolRun.File("tools: [look], retry: {max_attempts: 1}"), models, ToolRun.Registry((string what) => what), _store);
        Assert.Equal((RunStatus.Failed, 3), (report.Status, models.Asked));
        Assert.Equal(ErrorCode.InvalidOutput, Ended.Error!.Code);
        Assert.Contains("nothing but wrong calls 3 turns running", Ended.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_call_with_the_same_result_three_times_ends_the_loop()
    {
        var models = new ToolModels(_ => [Call("look", ("what", "a"))]);
        await ToolRun.Async(ToolRun.File("tools: [look]"), models, ToolRun.Registry((string what) => what), _store);
        Assert.Equal(3, models.Asked);
        Assert.Contains("'look' was called 3 times with the same arguments and gave the same result", Ended.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_same_call_with_other_results_is_work()
    {
        var count = 0;
        var models = new ToolModels(messages => messages.Count(message => message.Role == ChatRole.Tool) == 5 ? Say("green") : [Call("look")]);
        var report = await ToolRun.Async(ToolRun.File("tools: [look]"), models, ToolRun.Registry(() => ++count, effect: EffectClass.Idempotent), _store);
        Assert.Equal("green", report.Outputs["a"].AsText);
    }

    [Fact]
    public async Task Going_to_and_fro_between_two_calls_ends_the_loop()
    {
        var models = new ToolModels(messages => [Call("look", ("what", messages.Count(message => message.Role == ChatRole.Tool) % 2 == 0 ? "a" : "b"))]);
        await ToolRun.Async(ToolRun.File("tools: [look]"), models, ToolRun.Registry((string what) => what), _store);
        Assert.Equal(4, models.Asked);
        Assert.Contains("to and fro", Ended.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rounds_are_bounded_by_max_tool_iterations()
    {
        var count = 0;
        var models = new ToolModels(_ => [Call("look", ("what", $"{++count}"))]);
        await ToolRun.Async(ToolRun.File("tools: [look], max_tool_iterations: 4"), models, ToolRun.Registry((string what) => what), _store);
        Assert.Equal((NodeStatus.BudgetExceeded, 5), (Ended.Status, models.Asked));
        Assert.Contains("max_tool_iterations 4 is used up", Ended.Error!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_run_s_budget_of_tool_calls_holds_inside_the_loop()
    {
        var count = 0;
        var models = new ToolModels(_ => [Call("look", ("what", $"{++count}"))]);
        var report = await ToolRun.Async(ToolRun.File("tools: [look]", "budget: {max_tool_calls: 2}"), models, ToolRun.Registry((string what) => what), _store);
        Assert.Equal(RunStatus.Stopped, report.Status);
        Assert.Equal(2, Steps.Count(step => step.Kind == StepKind.Tool));
    }

    [Fact]
    public async Task A_tool_that_fails_is_told_to_the_model_which_may_go_on()
    {
        var models = Turns([Call("look")], Say("without it"));
        var report = await ToolRun.Async(ToolRun.File("tools: [look]"), models, ToolRun.Registry(string () => throw new InvalidOperationException("no such owl")), _store);
        Assert.Equal("without it", report.Outputs["a"].AsText);
        Assert.Contains("\"tool_failed\"", LastResult(models), StringComparison.Ordinal);
        Assert.Contains("no such owl", LastResult(models), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_beyond_its_limit_is_cut_and_says_so_and_one_that_is_no_text_is_refused()
    {
        var long1 = new FunctionTool(AIFunctionFactory.Create(() => new string('ä', 100), "long"), EffectClass.Pure);
        var tools = ToolRun.Registry(() => "a\0b").Add(new FunctionTool(AIFunctionFactory.Create(() => new string('ä', 100), "long"), EffectClass.Pure) { Facts = long1.Facts with { ResultBytesMax = 21 } });
        var models = Turns([Call("long"), Call("look")], Say("ok"));
        await ToolRun.Async(ToolRun.File("tools: [look, long]"), models, tools, _store);
        var results = models.Conversations[1][^1].Contents.OfType<FunctionResultContent>().Select(result => (string)result.Result!).ToList();
        Assert.Equal("ääääääääää\n[cut here: the result of 'long' has 200 bytes, and 21 are shown]", results[0]);
        Assert.Contains("is not text", results[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_that_is_not_what_the_tool_promises_never_passes_for_one()
    {
        var file = ToolRun.File("tools: [count]", "tools: {count: {type: function, function: look, output_schema: {type: integer}}}");
        var models = Turns([Call("count")], Say("ok"));
        await ToolRun.Async(file, models, ToolRun.Registry(() => "many"), _store);
        Assert.Contains("\"invalid_output\"", LastResult(models), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_final_answer_that_does_not_fit_is_repaired_in_the_same_conversation()
    {
        var models = new ToolModels(messages => messages.Length switch { 1 => [Call("look")], 3 => Say("four"), _ => Say("{\"n\": 4}") });
        var report = await ToolRun.Async(ToolRun.File("tools: [look], output_schema: {type: object, required: [n]}"), models, ToolRun.Registry(() => 4), _store);
        Assert.Equal("""{"n":4}""", report.Outputs["a"].ToJson());
        Assert.Equal(3, models.Asked);
    }

    [Fact]
    public async Task When_the_context_is_full_the_oldest_results_give_way_as_a_step_of_their_own()
    {
        var count = 0;
        var models = new ToolModels(messages => messages.Count(message => message.Role == ChatRole.Tool) == 6 ? Say("ok") : [Call("look", ("what", $"{++count}"))]) { ContextTokensMax = 2_500 };
        var report = await ToolRun.Async(ToolRun.File("tools: [look], max_output_tokens: 100"), models, ToolRun.Registry((string what) => what + new string('x', 1_500)), _store);
        Assert.Equal("ok", report.Outputs["a"].AsText);
        Assert.Contains(Steps, step => step.Name == "context.trim");
        Assert.All(Steps.Where(step => step.Kind == StepKind.Model), step => Assert.InRange(step.PromptTokensMax, 0, 2_400));
        Assert.StartsWith("6xxx", (string)models.Conversations[^1][^1].Contents.OfType<FunctionResultContent>().Single().Result!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_is_asked_as_a_tool_with_its_own_instructions_and_tools()
    {
        const string More = """
            agents:
              expert: {model: m, instructions: You know owls., description: Knows owls., tools: [look]}
            tools:
              ask_expert: {type: agent, agent: expert}
            """;
        var models = new ToolModels(messages => messages[0].Role == ChatRole.System
            ? messages.Length == 2 ? [Call("look")] : Say("eleven kinds")
            : messages.Length == 1 ? [Call("ask_expert", ("task", "how many?"))] : Say("It says: " + messages[^1].Contents.OfType<FunctionResultContent>().Single().Result));
        var report = await ToolRun.Async(ToolRun.File("tools: [ask_expert]", More), models, ToolRun.Registry(() => 11), _store);
        Assert.Equal("It says: eleven kinds", report.Outputs["a"].AsText);
        Assert.Equal(["Model m", "Tool ask_expert", "Model m", "Tool look", "Model m", "Model m"], Steps.Select(step => $"{step.Kind} {step.Name}"));
    }

    [Fact]
    public async Task The_log_holds_each_message_once()
    {
        var models = Turns([Call("look", ("what", "needle"))], [Call("look", ("what", "other"))], Say("ok"));
        await ToolRun.Async(ToolRun.File("tools: [look]"), models, ToolRun.Registry((string what) => $"<{what}>"), _store);
        var kept = Steps.Select(step => step.Request!).Concat(Events.OfType<RunEvent.StepEnded>().Select(step => step.Result.Response!)).Select(each => _store.Artifacts.Read(each).ToJson()).ToList();
        Assert.Single(kept, text => text.Contains("<needle>", StringComparison.Ordinal));
        Assert.Single(kept, text => text.Contains("\"go\"", StringComparison.Ordinal));
    }

    private RunEvent.Ended Ended => Events.OfType<RunEvent.Ended>().Single();
    private static string LastResult(ToolModels models) => models.Conversations[^1].SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => (string)result.Result!).Last();
}
