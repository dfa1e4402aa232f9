namespace Hydra.Agents.Tests;

public class AgentFailureTests
{
    [Theory]
    [InlineData("BLOCKED_BY_DEPENDENCY", "bad_request")]
    [InlineData("MISSING_INPUT", "bad_request")]
    [InlineData("TOOL_FAILURE", "tool_failed")]
    [InlineData("MAX_ITERATIONS_REACHED", "invalid_output")]
    [InlineData("INSUFFICIENT_CONTEXT", "bad_request")]
    [InlineData("SECURITY_VIOLATION", "policy_denied")]
    [InlineData("HUMAN_INTERVENTION_REQUIRED", "policy_denied")]
    [InlineData("UNKNOWN_FAILURE", "tool_failed")]
    public async Task An_agent_that_says_it_cannot_do_its_task_has_failed(string code, string expected)
    {
        var models = new FakeModels().Answers($$"""{"error_code": "{{code}}", "message": "no date given", "suggested_next_step": "ask for it"}""");
        var outcome = Assert.IsType<AttemptOutcome.Failed>(await Ask.Async(models, new FakeLine(), "agent: boss, prompt: x", "agents: {boss: {model: m}}"));
        Assert.Equal((expected, $"{code}: 'boss' says: no date given; suggested next: ask for it"), (outcome.Code.Name, outcome.Message));
    }

    [Theory]
    [InlineData("""{"error_code": "E42", "message": "a field of the data"}""")]
    [InlineData("""The log says {"error_code": "TOOL_FAILURE"} twice.""")]
    [InlineData("""{"found": "error_code TOOL_FAILURE"}""")]
    public async Task An_answer_that_only_speaks_of_errors_is_an_answer(string answer)
    {
        var outcome = await Ask.Async(new FakeModels().Answers(answer), new FakeLine(), "model: m, prompt: x");
        Assert.Equal(answer, Assert.IsType<AttemptOutcome.Completed>(outcome).Output.AsText);
    }
}
