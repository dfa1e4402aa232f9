namespace Hydra.Agents.Tests.Patterns;

public class RouterTests
{
    private const string Household = """
        name: household
        inputs: {request: {type: string}}
        agents:
          chores: {model: m, description: "adds, ticks off and lists chores and shopping"}
          oracle: {model: m, description: "answers questions about the house, its devices and warranties"}
        nodes:
          - id: triage
            type: router
            input: "{{ request }}"
            model: m
            default: oracle
            routes:
              urgent: {when: "'fire' in input or tags.alarm | default('') == 'on'", description: emergencies}
              chores: {agent: chores, keywords: [buy, shopping list, remind me]}
              oracle: {agent: oracle}
          - {id: act, type: set, depends_on: [triage], when: "{{ triage.route == 'chores' }}", value: "on the list"}
          - {id: know, type: set, depends_on: [triage], when: "{{ triage.route == 'oracle' }}", value: "looked up"}

        """;

    private static Task<PatternRun> RouteAsync(string request, string answer = "") => PatternRun.OfAsync(Household, _ => answer, ValueMap.Of(("request", request)));

    [Fact]
    public async Task A_rule_that_holds_decides_before_anything_else_and_nobody_is_asked()
    {
        var run = await RouteAsync("there is a fire, buy water");
        Assert.Equal("""{"route":"urgent","confidence":1.0,"by":"rule","why":"when: 'fire' in input or tags.alarm | default('') == 'on'"}""", run.Json("triage"));
        Assert.Empty(run.Asked);
    }

    [Fact]
    public async Task Keywords_are_whole_words_or_phrases_in_any_case()
    {
        var run = await RouteAsync("Put milk on the SHOPPING LIST");
        Assert.Equal("""{"route":"chores","confidence":1.0,"by":"keyword","why":"keywords: shopping list","agent":"chores"}""", run.Json("triage"));
        Assert.Equal("similarity", ByOf(await RouteAsync("which buyer of a device has a warranty")));
    }

    [Fact]
    public async Task Without_a_rule_the_route_whose_words_are_most_alike_is_taken()
    {
        var run = await RouteAsync("How long is the warranty of our devices?");
        Assert.Equal("oracle", RouteOf(run));
        Assert.Equal("similarity", ByOf(run));
        Assert.Empty(run.Asked);
    }

    [Fact]
    public async Task What_no_cheaper_rung_is_sure_of_a_model_decides()
    {
        var run = await RouteAsync("hmm", """{"route": "chores", "confidence": 0.9, "why": "it sounds like work"}""");
        Assert.Equal("""{"route":"chores","confidence":0.9,"by":"model","why":"it sounds like work","agent":"chores"}""", run.Json("triage"));
        Assert.Contains("- oracle: answers questions", Assert.Single(run.Asked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nothing_is_sure_enough_the_default_is_taken_and_why_says_what_was_tried()
    {
        var run = await RouteAsync("hmm", """{"route": "urgent", "confidence": 0.2, "why": "a guess"}""");
        Assert.Equal("""{"route":"oracle","confidence":0.0,"by":"default","why":"model: 'urgent' with 0.2, below 0.6","agent":"oracle"}""", run.Json("triage"));
    }

    [Fact]
    public async Task The_choice_is_journaled_as_a_signal_and_opens_one_way()
    {
        var run = await RouteAsync("buy eggs");
        Assert.Equal("""{"route":"chores","confidence":1.0,"by":"keyword"}""", run["triage"].Signal.ToJson());
        Assert.Equal((NodeStatus.Completed, NodeStatus.Skipped), (run["act"].Status, run["know"].Status));
    }

    [Fact]
    public async Task Without_a_default_an_unclear_request_fails_and_says_what_each_rung_found()
    {
        var run = await PatternRun.OfAsync(Household.Replace("    default: oracle\n", "", StringComparison.Ordinal).Replace("    model: m\n", "", StringComparison.Ordinal), _ => "", ValueMap.Of(("request", "hmm")));
        Assert.Equal("no route is sure enough (rule: no rule held and no keyword was found; similarity: the text is like none of the routes). Set `default`, lower `min_confidence`, or let a model decide", run["triage"].Error!.Message);
    }

    [Fact]
    public async Task A_model_that_cannot_be_asked_leaves_the_default_degraded()
    {
        var run = await PatternRun.OfAsync(Household.Replace("    model: m\n", "    model: m\n    retry: {max_attempts: 1}\n", StringComparison.Ordinal), _ => throw new CallFailedException(ErrorCode.Auth, "no key"), ValueMap.Of(("request", "hmm")));
        Assert.Equal(NodeStatus.Degraded, run["triage"].Status);
        Assert.Equal("oracle", RouteOf(run));
    }

    [Theory]
    [InlineData("routes: {one: {}}", "has 1 route(s), so there is nothing to choose")]
    [InlineData("routes: {one: {}, two: {}}, default: three", "the default 'three', which is none of its routes")]
    [InlineData("routes: {one: {agent: nobody}, two: {}}", "names the agent 'nobody', which is not defined")]
    [InlineData("routes: {one: {}, two: {}}, strategy: model", "names no model")]
    public void What_could_never_route_is_an_error_before_the_run(string fields, string problem) =>
        Assert.Contains(problem, Assert.Single(PatternRun.Problems($"name: test\nnodes:\n  - {{id: r, type: router, input: x, {fields}}}\n")), StringComparison.Ordinal);

    private static string RouteOf(PatternRun run) => run["triage"].Signal.AsObject["route"].AsText;
    private static string ByOf(PatternRun run) => run["triage"].Signal.AsObject["by"].AsText;
}
