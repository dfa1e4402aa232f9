namespace Hydra.Agents.Tests;

public class OutputSchemaTests
{
    private const string Node = "model: m, prompt: p, output_schema: {type: object, required: [n], properties: {n: {type: integer}}}";

    private readonly FakeLine _line = new();

    [Theory]
    [InlineData("{\"n\": 1}")]
    [InlineData("Here it is:\n```json\n{\"n\": 1}\n```")]
    public async Task An_answer_that_fits_becomes_an_object(string answer)
    {
        var models = new FakeModels().Answers(answer);
        var outcome = await Ask.Async(models, _line, Node);
        Assert.Equal("""{"n":1}""", Assert.IsType<AttemptOutcome.Completed>(outcome).Output.ToJson());
        Assert.Equal("object", Assert.IsType<ChatResponseFormatJson>(models.Asked[0].Options.ResponseFormat).Schema!.Value.GetProperty("type").GetString());
    }

    [Fact]
    public async Task An_answer_that_does_not_fit_is_repaired_by_a_call_that_shows_what_is_wrong()
    {
        var models = new FakeModels().Answers("{\"n\": \"one\"}", "{\"n\": 1}");
        var outcome = await Ask.Async(models, _line, Node);
        Assert.Equal("""{"n":1}""", Assert.IsType<AttemptOutcome.Completed>(outcome).Output.ToJson());
        var repair = models.Asked[1].Messages;
        Assert.Equal([ChatRole.User, ChatRole.Assistant, ChatRole.User], repair.Select(message => message.Role));
        Assert.Equal("{\"n\": \"one\"}", repair[1].Text);
        Assert.Contains("does not fit output_schema", repair[2].Text);
        Assert.Contains("\"required\":[\"n\"]", repair[2].Text);
        Assert.Equal(2, _line.Calls.Count);
        Assert.Equal(2, _line.Results.Count);
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData(", repair_attempts: 0", 1)]
    [InlineData(", repair_attempts: 2", 3)]
    public async Task Repairs_used_up_fail_as_invalid_output(string more, int calls)
    {
        var models = new FakeModels().Answers("no", "no", "no");
        var outcome = Assert.IsType<AttemptOutcome.Failed>(await Ask.Async(models, _line, Node + more));
        Assert.Equal(ErrorCode.InvalidOutput, outcome.Code);
        Assert.Contains("no JSON", outcome.Message);
        Assert.Equal(calls, models.Asked.Count);
    }

    [Fact]
    public async Task An_answer_cut_at_its_limit_fails_at_once_and_names_the_limit()
    {
        var models = new FakeModels { Finish = ChatFinishReason.Length }.Answers("{\"n\":");
        var outcome = Assert.IsType<AttemptOutcome.Failed>(await Ask.Async(models, _line, Node + ", max_output_tokens: 3"));
        Assert.Equal(ErrorCode.InvalidOutput, outcome.Code);
        Assert.Contains("max_output_tokens 3", outcome.Message);
        Assert.Single(models.Asked);
    }

    [Fact]
    public async Task The_schema_counts_in_the_bound_of_the_prompt()
    {
        await Ask.Async(new FakeModels().Answers("{\"n\": 1}"), _line, Node);
        Assert.True(_line.Calls[0].PromptTokensMax > 17 + 30);
    }
}
