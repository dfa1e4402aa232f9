namespace Hydra.Agents.Tests;

public class LoopEndTests
{
    private readonly MemoryRunStore _store = new();
    private int _called;

    private IEnumerable<StepCall> Steps => _store.Read(ToolRun.Run).SelectMany(frame => frame.Events).OfType<RunEvent.StepIntended>().Select(step => step.Call);
    private static List<string> Told(ToolModels models) => [.. models.Conversations[^1].SelectMany(message => message.Contents).OfType<FunctionResultContent>().Select(result => (string)result.Result!)];

    [Fact]
    public async Task The_loop_ends_with_the_first_result_that_is_accepted()
    {
        var models = Turns([Call("look", ("what", "a"))], [Call("look", ("what", "bcd"))], [Call("look", ("what", "more"))], Say("never said"));
        var report = await ToolRun.Async(ToolRun.File("tools: [look], accept: \"tool == 'look' and result.passed and calls > 1\", output_schema: {type: object}"), models,
            ToolRun.Registry((string what) => new { passed = true, text = what }), _store);
        Assert.Equal(2, models.Asked);
        Assert.Equal("bcd", report.Outputs["a"].AsObject["text"].AsText);
    }

    [Fact]
    public async Task A_result_that_lacks_what_is_asked_for_is_not_accepted()
    {
        var report = await ToolRun.Async(ToolRun.File("tools: [look], accept: result.passed.at_all"), Turns([Call("look", ("what", "a"))], Say("by myself")), ToolRun.Registry((string what) => what), _store);
        Assert.Equal("by myself", report.Outputs["a"].AsText);
    }

    [Fact]
    public async Task A_call_answered_already_is_not_made_again_and_the_model_is_told_so()
    {
        var models = Turns([Call("look", ("what", "a"))], [Call("look", ("what", "a"))], Say("ok"));
        await ToolRun.Async(ToolRun.File("tools: [look]"), models, ToolRun.Registry((string what) => ++_called), _store);
        Assert.Equal(1, _called);
        Assert.Single(Steps, step => step.Name == "look");
        Assert.Equal("1", Told(models)[0]);
        Assert.StartsWith("[not called again:", Told(models)[1], StringComparison.Ordinal);
        Assert.EndsWith("\n1", Told(models)[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task After_something_was_done_the_same_call_is_made_again()
    {
        var tools = ToolRun.Registry((string what) => ++_called).Add(new FunctionTool(AIFunctionFactory.Create(() => "done", "change"), EffectClass.Idempotent));
        await ToolRun.Async(ToolRun.File("tools: [look, change]"), Turns([Call("look", ("what", "a"))], [Call("change")], [Call("look", ("what", "a"))], Say("ok")), tools, _store);
        Assert.Equal(2, _called);
    }

    [Fact]
    public async Task A_tool_whose_answers_do_not_last_is_called_again()
    {
        await ToolRun.Async(ToolRun.File("tools: [look]", "tools: {look: {type: function, cache: {ttl_seconds: 0}}}"), Turns([Call("look", ("what", "a"))], [Call("look", ("what", "a"))], Say("ok")), ToolRun.Registry((string what) => ++_called), _store);
        Assert.Equal(2, _called);
    }

    [Fact]
    public async Task What_outgrows_the_window_is_summed_up_by_a_call_to_the_model_before_it_goes()
    {
        var models = new ToolModels(messages => messages[0].Text.StartsWith("Sum up", StringComparison.Ordinal) ? Say("owls: 4; " + messages[1].Text[..3])
            : messages.Count(message => message.Role == ChatRole.Tool) is var done && done == 4 ? Say("ok") : [Call("look", ("what", $"q{done}"))]) { ContextTokensMax = 4_000 };
        var report = await ToolRun.Async(ToolRun.File("tools: [look], context: summarise, max_output_tokens: 500"), models, ToolRun.Registry((string what) => what + new string('x', 2_500)), _store);
        Assert.Equal("ok", report.Outputs["a"].AsText);
        Assert.Contains("owls: 4; ", Told(models)[0], StringComparison.Ordinal);
        Assert.Contains(Steps, step => step.Name == "context.trim");
        Assert.True(Steps.Count(step => step.Kind == StepKind.Model) > 5);
        Assert.All(Steps.Where(step => step.Kind == StepKind.Model), step => Assert.InRange(step.PromptTokensMax, 1, 3_500));
    }
}
