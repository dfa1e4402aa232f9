using Hydra.Model;
using Hydra.Tests.Parsing;

namespace Hydra.Tests.Validation;

public sealed class CompositePolicyTests
{
    [Theory]
    [InlineData("retry: {max_attempts: 3}", "retry")]
    [InlineData("breaker: {failures: 2}", "breaker")]
    [InlineData("fallback: {models: [m]}", "fallback.models")]
    [InlineData("fallback: {node: other}", "fallback.node")]
    public void What_says_how_a_call_is_tried_is_refused_on_a_composite_that_makes_none(string line, string field)
    {
        var lines = Problems($$"""
            name: x
            nodes:
              - {id: other, type: set, value: 2}
              - id: l
                type: loop
                until: "true"
                max_iterations: 2
                {{line}}
                body: [{id: s, type: set, value: 1}]
            """);

        Assert.Contains(lines, text => text.Contains($"`{field}` would do nothing", StringComparison.Ordinal));
    }

    [Fact]
    public void A_map_with_a_prompt_hands_retries_to_its_items()
    {
        var lines = Problems("""
            name: x
            inputs: {things: {type: array}}
            nodes:
              - {id: m, type: map, over: things, as: thing, model: a, prompt: "{{ thing }}", retry: {max_attempts: 3}}
            """);

        Assert.DoesNotContain(lines, text => text.Contains("would do nothing", StringComparison.Ordinal));
    }

    [Fact]
    public void A_loop_has_nobody_to_escalate_to()
    {
        var lines = Problems("""
            name: x
            nodes:
              - {id: l, type: loop, until: "true", max_iterations: 2, on_exhausted: escalate, body: [{id: s, type: set, value: 1}]}
            """);

        Assert.Contains(lines, text => text.Contains("asks no agent", StringComparison.Ordinal));
    }

    private static IReadOnlyList<string> Problems(string yaml)
    {
        var (spec, problems) = Hydra.Parsing.WorkflowParser.Parse(yaml, "f.yaml", TestTypes.All);
        return spec is null ? TestTypes.Lines(problems) : [.. TestTypes.Lines(problems), .. TestTypes.Lines(Hydra.Validation.WorkflowValidator.Check(spec, TestTypes.All))];
    }
}
