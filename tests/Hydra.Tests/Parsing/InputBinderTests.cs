using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Tests.Parsing;

public class InputBinderTests
{
    private const string Declared =
        """
        name: a
        inputs:
          topic: {description: What to look into.}
          count: {type: integer, default: 3}
          share: {type: number, required: false}
          fast: {type: boolean, default: false}
          tags: {type: array, default: [], schema: {type: array, items: {type: string}}}
          extra: {type: object, required: false}
        nodes: [{id: a, type: set, value: 1}]
        """;

    [Fact]
    public void Texts_are_coerced_to_the_declared_types()
    {
        var bound = Bind(Declared, out _, ("topic", "tea"), ("count", " 7"), ("share", "0.5"), ("fast", "yes"), ("tags", "[\"x\"]"), ("extra", "{\"k\": 1}"));
        Assert.Equal("""{"topic":"tea","count":7,"share":0.5,"fast":true,"tags":["x"],"extra":{"k":1}}""", Value.Of(bound!).ToJson());
    }

    [Fact]
    public void Defaults_stand_in_and_what_is_not_required_is_null()
    {
        var bound = Bind(Declared, out _, ("topic", "123"));
        Assert.Equal("""{"topic":"123","count":3,"share":null,"fast":false,"tags":[],"extra":null}""", Value.Of(bound!).ToJson());
    }

    [Fact]
    public void All_problems_are_told_at_once()
    {
        Assert.Null(Bind(Declared, out var lines, ("topc", "tea"), ("count", "many"), ("share", "NaN"), ("fast", "perhaps"), ("tags", "[1]"), ("extra", "[]")));
        Verified.Check("Inputs", string.Join('\n', lines));
    }

    [Fact]
    public void Json_values_are_not_coerced_from_text()
    {
        var (spec, _) = WorkflowParser.Parse(Declared, "test.yaml", TestTypes.All);
        var problems = new ProblemList("test.yaml");
        var given = new Dictionary<string, GivenInput> { ["topic"] = GivenInput.OfValue("tea"), ["count"] = GivenInput.OfValue("7") };
        Assert.Null(InputBinder.Bind(spec!, given, [], problems));
        Assert.Equal("HYD130 test.yaml:4:3: the input 'count' is '7', and its type is integer. Give a whole number: -i count=3.", Assert.Single(problems.Problems).ToString());
    }

    [Fact]
    public void Without_a_block_the_templates_say_what_is_expected()
    {
        const string Text = "name: a\nnodes: [{id: a, type: set, value: '{{ topic }}'}]";
        var (spec, _) = WorkflowParser.Parse(Text, "test.yaml", TestTypes.All);
        var problems = new ProblemList("test.yaml");
        Assert.Null(InputBinder.Bind(spec!, new Dictionary<string, GivenInput> { ["topik"] = GivenInput.OfText("tea") }, ["topic"], problems));
        Assert.Equal("HYD131 test.yaml: the input 'topic', which the templates read, is not given. Did you mean 'topik'? Add -i topic=….", Assert.Single(problems.Problems).ToString());
    }

    [Fact]
    public void An_undeclared_list_given_as_json_is_parsed_where_a_map_needs_it()
    {
        var spec = TestTypes.Parse("name: a\nnodes: [{id: a, type: map, over: topics, as: topic, model: m, prompt: '{{ topic }}{{ note }}'}]");
        var given = new Dictionary<string, GivenInput> { ["topics"] = GivenInput.OfText("[\"a\"]"), ["note"] = GivenInput.OfText("[1]") };
        var bound = InputBinder.Bind(spec, given, ["topics", "note"], new ProblemList("test.yaml"), ["topics"]);
        Assert.Equal("""{"topics":["a"],"note":"[1]"}""", Value.Of(bound!).ToJson());
    }

    private static ValueMap? Bind(string text, out string[] lines, params (string Name, string Text)[] given)
    {
        var spec = TestTypes.Parse(text);
        var problems = new ProblemList("test.yaml");
        var bound = InputBinder.Bind(spec, given.ToDictionary(pair => pair.Name, pair => GivenInput.OfText(pair.Text)), [], problems);
        lines = TestTypes.Lines(problems);
        return bound;
    }
}
