using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;

namespace Hydra.Tests.Nodes;

public class SubgraphTests
{
    private const string Child = """
        name: child
        inputs:
          count: {type: integer}
          word: {default: hello}
          note: {required: false}
        nodes:
          - {id: a, type: set, value: "{{ count + 1 }}"}
          - {id: b, type: set, value: "{{ word }} {{ run.name }}{% if note %}!{% endif %}"}
        """;

    [Fact]
    public async Task The_result_is_an_object_of_the_childs_sinks()
    {
        var run = await RunAsync("{count: 2}");
        Assert.Equal("""{"a":3,"b":"hello test"}""", run.Json("s"));
        Assert.Contains("s/a", run.Nodes.Keys);
    }

    [Fact]
    public async Task Inputs_are_made_to_fit_the_declared_types()
    {
        var run = await RunAsync("""{count: "{{ '41' }}", word: "{{ 7 }}", note: x}""");
        Assert.Equal("""{"a":42,"b":"7 test!"}""", run.Json("s"));
    }

    [Fact]
    public async Task Inputs_that_cannot_fit_fail_the_node_with_all_of_them_named()
    {
        var run = await RunAsync("""{count: "{{ 'many' }}"}""");
        Assert.Equal(ErrorCode.BadRequest, run["s"].Error!.Code);
        Assert.Contains("'count' is the text 'many', and its type is integer", run["s"].Error!.Message);
    }

    [Fact]
    public async Task A_failure_inside_fails_the_node_and_names_the_path()
    {
        var run = await RunAsync("{count: 1}", Child.Replace("count + 1", "count / 0"));
        Assert.Equal(NodeStatus.Failed, run["s"].Status);
        Assert.Contains("'s/a' failed", run["s"].Error!.Message);
    }

    [Fact]
    public async Task Code_inside_is_given_the_childs_inputs_and_none_of_the_parents()
    {
        var run = await RunAsync("{count: 1}", Child + "\n  - {id: c, type: python_exec, code: 'print(sorted(inputs))'}");
        Assert.Equal("['count', 'note', 'word']", Value.ParseJson(run.Json("s")).AsObject["c"].ToDisplayText());
    }

    private static Task<YamlRun> RunAsync(string inputs, string child = Child) => YamlRun.OfAsync("""
        name: test
        inputs: {topic: {default: x}}
        nodes:
          - {id: s, type: subgraph, path: child.yaml, inputs: INPUTS}
        """.Replace("INPUTS", inputs), files: new OneFile(child));

    private sealed class OneFile(string text) : IWorkflowLoader
    {
        public WorkflowSpec? Load(string path, string from, SourcePosition at, ProblemList problems)
        {
            var (spec, found) = WorkflowParser.Parse(text, path, NodeTypes.Of(NodeTypes.Core));
            foreach (var problem in found.Problems) problems.Add(problem);
            return spec;
        }
    }
}
