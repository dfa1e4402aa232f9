using System.Collections.Concurrent;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Tests.Nodes;

public class MapTests
{
    private const string Doubling = """
          - {id: m, type: map, over: "OVER", as: x, body: {type: function, function: double, arguments: "{{ x }}"} MORE}
        """;

    [Theory]
    [InlineData("[3, 1, 2]", "[6,2,4]")]
    [InlineData("[]", "[]")]
    [InlineData("'[3, 1]'", "[6,2]")]
    [InlineData("'```json\\n[5]\\n```'", "[10]")]
    public async Task Results_come_in_the_order_of_the_items(string over, string expected)
    {
        var run = await RunAsync(over);
        Assert.Equal(NodeStatus.Completed, run["m"].Status);
        Assert.Equal(expected, run.Json("m"));
    }

    [Theory]
    [InlineData("'no list'", "the text 'no list', which is no list")]
    [InlineData("{'a': 1}", "an object with 1 keys")]
    [InlineData("7", "the number 7")]
    public async Task What_is_no_list_fails_and_is_named(string over, string named)
    {
        var run = await RunAsync(over);
        Assert.Equal(ErrorCode.BadRequest, run["m"].Error!.Code);
        Assert.Contains(named, run["m"].Error!.Message);
    }

    [Fact]
    public async Task A_list_longer_than_max_items_fails_before_anything_starts()
    {
        var run = await RunAsync("[1, 2, 3]", ", max_items: 2");
        Assert.Contains("3 items, more than max_items 2", run["m"].Error!.Message);
        Assert.Equal(["m"], run.Nodes.Keys);
    }

    [Fact]
    public async Task Tolerated_failures_end_degraded_with_null_in_their_slots_and_the_slots_named()
    {
        var run = await RunAsync("[1, 'x', 2]", ", completion: {tolerate_failures: 1}");
        Assert.Equal(NodeStatus.Degraded, run["m"].Status);
        Assert.Equal("[2,null,4]", run.Json("m"));
        Assert.Contains("1 of 3 items failed: [1] tool_failed:", run["m"].Error!.Message);
    }

    [Fact]
    public async Task One_failure_too_many_fails_the_map_with_the_path_and_words_of_the_first()
    {
        var run = await RunAsync("['x', 'y', 2]", ", completion: {min_success: 2}");
        Assert.Equal(NodeStatus.Failed, run["m"].Status);
        Assert.Equal(ErrorCode.ToolFailed, run["m"].Error!.Code);
        Assert.Contains("'m[0]' failed: tool_failed:", run["m"].Error!.Message);
    }

    [Fact]
    public async Task Without_tolerance_the_items_not_yet_started_are_cancelled()
    {
        var run = await RunAsync("['x', 1, 2, 3]", ", max_concurrency: 1");
        Assert.Equal(NodeStatus.Failed, run["m"].Status);
        Assert.Equal(NodeStatus.Cancelled, run["m[3]"].Status);
    }

    [Fact]
    public async Task More_successes_wanted_than_there_are_items_fails_at_once()
    {
        var run = await RunAsync("[1]", ", completion: {min_success: 2}");
        Assert.Contains("min_success is 2, but `over` gave only 1 items", run["m"].Error!.Message);
    }

    [Fact]
    public async Task No_more_items_run_at_once_than_max_concurrency_says()
    {
        var running = 0;
        var most = new ConcurrentBag<int>();
        var functions = new FunctionRegistry().Add("double", async (value, _) =>
        {
            most.Add(Interlocked.Increment(ref running));
            await Task.Yield();
            Interlocked.Decrement(ref running);
            return value;
        });
        await YamlRun.OfAsync(Doubling.Replace("OVER", "range(50) | list").Replace("MORE", ", max_concurrency: 3"), functions);
        Assert.Equal(50, most.Count);
        Assert.InRange(most.Max(), 1, 3);
    }

    [Fact]
    public async Task A_body_of_several_nodes_gives_an_object_of_its_sinks()
    {
        var run = await YamlRun.OfAsync("""
              - id: m
                type: map
                over: "[1, 2]"
                as: n
                body:
                  - {id: up, type: set, value: "{{ n + 1 }}"}
                  - {id: text, type: set, value: "{{ index }}: {{ up }}", depends_on: [up]}
                  - {id: down, type: set, value: "{{ n - 1 }}"}
            """);
        Assert.Equal("""[{"text":"0: 2","down":0},{"text":"1: 3","down":1}]""", run.Json("m"));
    }

    [Fact]
    public async Task When_stop_when_holds_the_map_completes_with_what_there_is()
    {
        var functions = new FunctionRegistry().Add("double", async (value, token) =>
        {
            if (value.AsInteger == 3) await Task.Delay(Timeout.Infinite, token);
            return value.AsInteger * 2;
        });
        var run = await YamlRun.OfAsync(Doubling.Replace("OVER", "[1, 2, 3, 4]").Replace("MORE", """, max_concurrency: 1, stop_when: "completed >= 2" """), functions);
        Assert.Equal(NodeStatus.Completed, run["m"].Status);
        Assert.Equal("[2,4,null,null]", run.Json("m"));
    }

    private static Task<YamlRun> RunAsync(string over, string more = "") => YamlRun.OfAsync(
        Doubling.Replace("OVER", over.Replace("\\", "\\\\")).Replace("MORE", more),
        new FunctionRegistry().Add("double", value => value.IsText ? throw new ArgumentException($"'{value}' is no number") : value.AsInteger * 2));
}
