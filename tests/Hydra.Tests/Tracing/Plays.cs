using Hydra.Model;

namespace Hydra.Tests.Tracing;

/// <summary>Runs that several tests look at.</summary>
internal static class Plays
{
    public static ArtifactId Big { get; } = new("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08");

    /// <summary>Three agents; one fails once and is tried again after a wait, one calls a tool, one answers with an artifact.</summary>
    public static TestRun Research { get; } = TestRun.Of(TestFlows.Research)
        .After(10).Ask("research_a", TestRun.Chat("gpt-x", "Research owls"))
        .Ask("research_b", TestRun.Chat("gpt-x", "History of owls"))
        .After(400).Answer("research_b", new StepResult(null, default, MicroUsd.Zero, new NodeError(ErrorCode.RateLimited, "429 too many requests"), 380))
        .Fail("research_b", ErrorCode.RateLimited, "429 too many requests")
        .After(600).Answer("research_a", TestRun.Says("look it up", 120, 30, 150, 990))
        .Ask("research_a", TestRun.Tool("search", """{"query":"owls"}"""))
        .After(100).Answer("research_a", new StepResult(ValueRef.Of(Value.Of("12 hits")), default, MicroUsd.Zero, null, 95))
        .Complete("research_a", "Owls hunt at night.")
        .After(1400).Tick()
        .Ask("research_b", TestRun.Chat("gpt-x", "History of owls"))
        .After(500).Answer("research_b", TestRun.Says("Athena's bird.", 110, 20, 130, 480)).Complete("research_b", "Athena's bird.")
        .Ask("synthesizer", TestRun.Chat("gpt-x", "Join …"))
        .After(900).Answer("synthesizer", TestRun.Says("All about owls.", 300, 200, 700, 870)).Complete("synthesizer", ValueRef.Of(Big, 20_000, isText: true));

    /// <summary>A map of three items and a loop of two rounds.</summary>
    public static TestRun Nested { get; } = PlayNested();

    private static TestRun PlayNested()
    {
        var run = TestRun.Of(TestFlows.Nested).After(1).Complete("list", """["a","b","c"]""")
            .After(1).Expand("summaries", new ScopeOpening(ScopeKind.Items, 0, 0, 3, ValueRef.Of(Value.ParseJson("""{"items":["a","b","c"]}""")), ConcurrencyMax: 2));
        for (var i = 0; i < 3; i++)
        {
            run.Ask($"summaries[{i}]", TestRun.Chat("gpt-x", $"Define {i}")).After(100)
                .Answer($"summaries[{i}]", TestRun.Says($"word {i}", 10, 5, 100, 90)).Complete($"summaries[{i}]", $"word {i}");
        }
        run.EndComposite("summaries", ValueRef.Of(Value.ParseJson("""["word 0","word 1","word 2"]""")));
        for (var round = 1; round <= 2; round++)
        {
            run.Expand("polish", new ScopeOpening(ScopeKind.Round, 0, round, 1, ValueRef.Of(Value.ParseJson($$"""{"iteration":{{round}},"previous":""}"""))))
                .After(50).Complete($"polish#{round}/draft", $"draft {round}")
                .After(50).Complete($"polish#{round}/judge", round == 1 ? "bad" : "good");
        }
        return run.EndComposite("polish", ValueRef.Of(Value.Of("good"))).After(5).Complete("end", "good");
    }

    /// <summary>The process dies while a call is open; another one takes the run up.</summary>
    public static TestRun Crashed { get; } = TestRun.Of(TestFlows.Research)
        .After(10).Ask("research_a", TestRun.Chat("gpt-x", "Research owls"))
        .After(60_000).Resume()
        .Ask("research_a", TestRun.Chat("gpt-x", "Research owls"))
        .After(500).Answer("research_a", TestRun.Says("Owls.", 120, 30, 150, 480)).Complete("research_a", "Owls.")
        .After(10).Complete("research_b", "Athena.").Complete("synthesizer", "All.");
}
