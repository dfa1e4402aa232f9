using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Tests.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Nodes;

public class SimpleLeafTests
{
    [Theory]
    [InlineData("plain text", "\"plain text\"")]
    [InlineData("\"{{ [1, 2] }}\"", "[1,2]")]
    [InlineData("\"n = {{ 1 + 1 }}\"", "\"n = 2\"")]
    [InlineData("{a: 1, b: [true, \"{{ 'x' * 2 }}\"], c: null}", """{"a":1,"b":[true,"xx"],"c":null}""")]
    public async Task Set_gives_data_in_which_every_text_is_a_template(string value, string expected)
    {
        var run = await YamlRun.OfAsync($"  - {{id: s, type: set, value: {value}}}");
        Assert.Equal(expected, run.Json("s"));
    }

    [Fact]
    public void A_constant_is_planned_once_for_all_attempts()
    {
        var node = TestTypes.Parse("name: t\nnodes:\n  - {id: s, type: set, value: {a: [x]}}").Nodes[0];
        Assert.IsType<AttemptOutcome.Completed>(new SetNode().Plan(node, new PlanContext(TestTypes.Parse("name: t\nnodes: [{id: s, type: set, value: 1}]"))));
    }

    [Fact]
    public async Task A_value_that_breaks_its_output_schema_fails()
    {
        var run = await YamlRun.OfAsync("  - {id: s, type: set, value: '[1]', output_schema: {type: object}}");
        Assert.Equal(ErrorCode.InvalidOutput, run["s"].Error!.Code);
    }

    [Theory]
    [InlineData("completed", RunStatus.Completed)]
    [InlineData("failed", RunStatus.Failed)]
    public async Task Terminate_ends_the_run_with_its_status_and_reason(string status, RunStatus expected)
    {
        var run = await YamlRun.OfAsync($"  - {{id: t, type: terminate, status: {status}, reason: \"{{{{ 'enough' }}}}\"}}\n  - {{id: after, type: set, value: 1, depends_on: [t]}}");
        Assert.Equal((expected, "enough"), (run.Report.Status, run.Report.Reason));
        Assert.Null(run["after"].Output);
    }

    [Theory]
    [InlineData("seconds: 0")]
    [InlineData("until: 2001-01-01T00:00:00Z")]
    [InlineData("seconds: \"{{ '0' }}\"")]
    public async Task A_wait_that_is_over_completes_at_once(string wait)
    {
        var run = await YamlRun.OfAsync($"  - {{id: w, type: wait, {wait}}}");
        Assert.Equal(NodeStatus.Completed, run["w"].Status);
    }

    [Fact]
    public async Task A_wait_gives_its_slot_back_and_is_entered_again()
    {
        var run = await YamlRun.OfAsync("  - {id: w, type: wait, seconds: 0.05}\n  - {id: after, type: set, value: '{{ w }}', depends_on: [w]}");
        Assert.Equal(NodeStatus.Completed, run["after"].Status);
        Assert.EndsWith("Z", run.Text("after"));
    }

    [Theory]
    [InlineData("until: \"{{ 'soon' }}\"", "the text 'soon', which is no time")]
    [InlineData("seconds: \"{{ -1 }}\"", "the number -1")]
    public async Task A_wait_for_nonsense_fails_and_says_so(string wait, string words)
    {
        var run = await YamlRun.OfAsync($"  - {{id: w, type: wait, {wait}}}");
        Assert.Contains(words, run["w"].Error!.Message);
    }

    [Fact]
    public async Task A_function_is_given_its_arguments_and_gives_the_result()
    {
        var functions = new FunctionRegistry().Add("sum", arguments => arguments.AsObject["a"].AsInteger + arguments.AsObject["b"].AsInteger);
        var run = await YamlRun.OfAsync("  - {id: f, type: function, function: sum, arguments: {a: 1, b: \"{{ 2 }}\"}}", functions);
        Assert.Equal("3", run.Json("f"));
        Assert.Equal("sum", Assert.Single(run.Calls).Name);
    }

    [Fact]
    public async Task What_a_function_throws_fails_its_node()
    {
        var functions = new FunctionRegistry().Add("bad", _ => throw new InvalidDataException("odd"));
        var run = await YamlRun.OfAsync("  - {id: f, type: function, function: bad}", functions);
        Assert.Equal("the function 'bad' failed: InvalidDataException: odd", run["f"].Error!.Message);
    }

    [Fact]
    public void A_function_that_nobody_registered_is_a_problem_that_names_the_registered_ones()
    {
        var types = NodeTypes.Of(NodeTypes.CoreWith(new FunctionRegistry().Add("total", value => value).Add("mean", value => value)));
        var (spec, _) = WorkflowParser.Parse("name: t\nnodes:\n  - {id: f, type: function, function: totl}", "f.yaml", types);
        var problem = Assert.Single(WorkflowValidator.Check(spec!, types).Problems);
        Assert.Equal("HYD246 f.yaml:3:39: node 'f' calls the function 'totl', which is not registered. Did you mean 'total'? Registered: mean, total.", problem.ToString());
    }

    [Fact]
    public async Task In_a_dry_run_nothing_acts_and_samples_stand_for_answers()
    {
        var called = false;
        var functions = new FunctionRegistry().Add("f", value => { called = true; return value; });
        var run = await YamlRun.OfAsync("""
              - {id: a, type: function, function: f}
              - {id: b, type: function, function: f, output_schema: {type: object, required: [xs], properties: {xs: {type: array, minItems: 2, items: {type: integer}}}}}
              - {id: c, type: set, value: "{{ a }} {{ b.xs | length }}", depends_on: [a, b]}
              - {id: d, type: map, over: a, as: x, depends_on: [a], body: {type: bash, command: "rm -rf {{ x }}"}}
              - {id: e, type: wait, seconds: 1000}
              - {id: l, type: loop, until: "output == 1", max_iterations: 1, body: {type: function, function: f}}
            """, functions, new RunRequest { IsDryRun = true });
        Assert.False(called);
        Assert.Equal(RunStatus.Completed, run.Report.Status);
        Assert.Equal("[dry run] a 2", run.Text("c"));
        Assert.Equal("""["[dry run] d[0]"]""", run.Json("d"));
    }
}
