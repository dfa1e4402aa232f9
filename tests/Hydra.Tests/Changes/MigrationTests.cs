using Hydra.Changes;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Planning;
using Hydra.Tests.Execution;

namespace Hydra.Tests.Changes;

public sealed class MigrationTests
{
    private const string Before = """
        {"name": "w", "nodes": [
          {"id": "a", "type": "call"},
          {"id": "m", "type": "map", "depends_on": ["a"], "over": "[1, 2]", "as": "x", "body": [{"id": "item", "type": "call"}]},
          {"id": "z", "type": "call", "depends_on": ["m"]}]}
        """;

    private static readonly IReadOnlyDictionary<string, INodeType> Types = NodeTypes.Of([.. NodeTypes.Core, new CallingNode()]);

    [Fact]
    public void The_order_of_nodes_and_fields_that_reach_no_work_invalidate_nothing()
    {
        var run = Run(Before, new RunEvent.Started(0, 1, 0, 0), new RunEvent.Ended(0, NodeStatus.Completed, ValueRef.Of("a"), null, Value.Null));
        var after = Spec("""
            {"name": "other", "description": "d", "tags": {"k": "v"}, "budget": {"max_usd": 1}, "nodes": [
              {"id": "z", "type": "call", "depends_on": ["m"]},
              {"id": "a", "type": "call"},
              {"id": "m", "type": "map", "depends_on": ["a"], "over": "[1, 2]", "as": "x", "body": [{"id": "item", "type": "call"}]}]}
            """);
        var migration = Migration.Of(run, Spec(Before), after);

        Assert.Equal(["a"], migration.Kept);
        Assert.Empty(migration.Invalidated);
        Assert.Empty(migration.Seeds);
        Assert.Empty(migration.Change.Nodes);
    }

    [Fact]
    public void A_composite_whose_body_is_changed_while_work_inside_is_open_is_refused()
    {
        var run = Run(Before, new RunEvent.Started(0, 1, 0, 0), new RunEvent.Ended(0, NodeStatus.Completed, ValueRef.Of("a"), null, Value.Null),
            new RunEvent.Expanded(1, new ScopeOpening(ScopeKind.Items, 0, 0, 2, null)));
        var migration = Migration.Of(run, Spec(Before), Spec(Before.Replace("\"item\", \"type\": \"call\"", "\"item\", \"type\": \"call\", \"priority\": 3", StringComparison.Ordinal)));

        Assert.Equal("m", Assert.Single(migration.Refusals).Node);
        Assert.Equal("body/item.priority", Assert.Single(Assert.Single(migration.Change.Nodes).Fields).Field);
    }

    [Fact]
    public void A_removed_node_that_is_running_is_refused_and_one_that_never_began_is_not()
    {
        const string Two = """{"name": "w", "nodes": [{"id": "a", "type": "call"}, {"id": "b", "type": "call"}, {"id": "c", "type": "call", "depends_on": ["b"]}]}""";
        var run = Run(Two, new RunEvent.Started(1, 1, 0, 0));
        var without = (string id) => Migration.Of(run, Spec(Two), Spec(id == "b" ? """{"name": "w", "nodes": [{"id": "a", "type": "call"}, {"id": "c", "type": "call"}]}""" : """{"name": "w", "nodes": [{"id": "a", "type": "call"}, {"id": "b", "type": "call"}]}"""));

        Assert.Contains("running", Assert.Single(without("b").Refusals).Reason);
        Assert.Empty(without("c").Refusals);
    }

    [Fact]
    public void A_changed_default_reaches_every_node()
    {
        var run = Run(Before, new RunEvent.Started(0, 1, 0, 0), new RunEvent.Ended(0, NodeStatus.Completed, ValueRef.Of("a"), null, Value.Null));
        var migration = Migration.Of(run, Spec(Before), Spec(Before.Replace("\"name\": \"w\"", "\"name\": \"w\", \"defaults\": {\"retry\": {\"max_attempts\": 2}}", StringComparison.Ordinal)));

        Assert.Empty(migration.Kept);
        Assert.Contains("defaults", migration.Invalidated[0].Reason);
    }

    [Fact]
    public void A_diff_of_texts_is_bounded_and_shows_what_is_near()
    {
        Assert.Equal("", TextDiff.Of("same", "same"));
        Assert.Equal("  b\n  c\n- d\n+ D\n  e\n  f\n", TextDiff.Of("a\nb\nc\nd\ne\nf\ng", "a\nb\nc\nD\ne\nf\ng"));
        var large = TextDiff.Of(string.Join('\n', Enumerable.Range(0, 5_000)), string.Join('\n', Enumerable.Range(5_000, 5_000)));
        Assert.InRange(large.Split('\n').Length, 60, 65);
        Assert.Contains("more lines differ", large);
    }

    private static WorkflowSpec Spec(string json)
    {
        var problems = new ProblemList("w");
        var spec = SpecBinder.Bind(SourceNode.From(Value.ParseJson(json)), Types, problems);
        Assert.False(problems.HasErrors, string.Join('\n', problems.Problems));
        return spec!;
    }

    private static RunState Run(string json, params RunEvent[] events)
    {
        var spec = Spec(json);
        var state = new RunState(Planner.Plan(spec, Types));
        state.Apply(new Frame(0, 1, [new RunEvent.RunStarted("r", "w", spec.Hash, ValueRef.EmptyText, new RunLimits(10, null, null, null)), .. events]));
        return state;
    }
}
