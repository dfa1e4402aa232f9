using Hydra.Agents.Nodes;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Tests.Parsing;
using Hydra.Validation;

namespace Hydra.Tests.Building;

public class TypedNodeTests
{
    private sealed record Topic(string Title, IReadOnlyList<string> Angles);
    private sealed record Score(int Total, string? Reason);


    [Fact]
    public void Right_edges_compile_and_give_the_schema_of_the_type()
    {
        var functions = new FunctionRegistry();
        var format = functions.Add("format_score", (Score given, CancellationToken _) => ValueTask.FromResult($"{given.Total}: {given.Reason}"));
        var types = NodeTypes.Of([.. NodeTypes.CoreWith(functions), new AgentNode()]);

        var workflow = Workflow.Create("typed").Input("subject");
        var topic = workflow.Agent<Topic>("topic", node => node.Model("m").Prompt("Three angles on {{ subject }}."));
        var score = workflow.Agent<Topic, Score>("score", topic, node => node.Model("m").Prompt($"Score this: {topic}"));
        var text = workflow.Function("text", score, format);
        // workflow.Agent<Score, string>("wrong", topic, …) does not compile: a TypedNode<Topic> is no TypedNode<Score>.
        var spec = workflow.Build(types);

        Assert.Equal("{{ text }}", text.Reference);
        Assert.Equal([new NodeId("topic")], spec.Nodes[1].DependsOn);
        Assert.Equal("""{"type":"object","properties":{"total":{"type":"integer"},"reason":{"type":["string","null"]}},"required":["total","reason"],"additionalProperties":false}""", spec.Nodes[1].Policy.OutputSchema!.Value.ToJson());
        Assert.Equal("{{ score }}", spec.Nodes[2].Fields["arguments"].AsObject["input"].AsText);
        Assert.Empty(TestTypes.Lines(WorkflowValidator.Check(spec, types)));
    }

    [Fact]
    public async Task A_typed_function_gets_its_argument_and_gives_its_result_as_data()
    {
        var functions = new FunctionRegistry();
        functions.Add("format_score", (Score given, CancellationToken _) => ValueTask.FromResult(new Topic($"{given.Total}", [given.Reason ?? "none"])));
        var arguments = Value.ParseJson("""{"input":{"total":3,"reason":"clear"}}""");
        var result = await functions.Find("format_score")!(arguments, CancellationToken.None);
        Assert.Equal("""{"title":"3","angles":["clear"]}""", result.ToJson());
    }

    [Fact]
    public void A_handle_of_one_type_is_no_handle_of_another()
    {
        // What the compiler checks, as types: the parameter is invariant, so neither a sibling nor a base type fits.
        Assert.False(typeof(TypedNode<Score>).IsAssignableFrom(typeof(TypedNode<Topic>)));
        Assert.False(typeof(TypedNode<object>).IsAssignableFrom(typeof(TypedNode<Topic>)));
        var agent = typeof(TypedNodes).GetMethods().Single(method => method.Name == nameof(TypedNodes.Agent) && method.GetGenericArguments().Length == 2);
        var parameter = agent.MakeGenericMethod(typeof(Score), typeof(string)).GetParameters()[2].ParameterType;
        Assert.Equal(typeof(TypedNode<Score>), parameter);
        Assert.False(parameter.IsAssignableFrom(typeof(TypedNode<Topic>)));
    }

    [Fact]
    public void A_handle_of_another_workflow_is_refused()
    {
        var other = Workflow.Create("other").Agent<Topic>("topic", node => node.Model("m").Prompt("x"));
        Assert.Throws<ArgumentException>(() => Workflow.Create("this").Agent<Topic, Score>("score", other, node => node.Model("m").Prompt("x")));
    }
}
