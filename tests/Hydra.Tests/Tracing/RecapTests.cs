using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public class RecapTests
{
    private static RecapTask Task(string path, double? estimate, double took, int attempts = 1, string? tookOver = null) =>
        new(path, "dev", NodeStatus.Completed, estimate, 0, took, attempts, Spend.Nothing, tookOver, null);

    private static Recap Of(params RecapTask[] tasks) => new() { Run = "r", Workflow = "w", Status = RunStatus.Completed, Reason = "done.", Tasks = tasks, MakespanMs = 1_000, BusyMs = 3_000, Peak = 4, CriticalPathMs = 900 };

    [Fact]
    public void Speed_up_and_efficiency_follow_from_what_was_busy()
    {
        var recap = Of();
        Assert.Equal((3.0, 0.75), (recap.SpeedUp, recap.Efficiency));
    }

    [Fact]
    public void Advice_is_only_what_the_figures_show()
    {
        Assert.Empty(Adviser.Of([Of(Task("a", 1_000, 1_100))], []));
        var advice = Adviser.Of([Of(Task("slow", 1_000, 5_000), Task("hard", null, 10, 3, "boss"))], []);
        Assert.Contains(advice, each => each.What.Contains("`estimate_seconds` of 'slow' to 5", StringComparison.Ordinal) && each.Evidence.Contains("5 times its estimate", StringComparison.Ordinal));
        Assert.Contains(advice, each => each.What.Contains("Give 'hard' to 'boss'", StringComparison.Ordinal));
    }

    [Fact]
    public void A_cheaper_model_is_suggested_where_nothing_failed_and_prices_are_known()
    {
        (string, string, ModelPrice?)[] tiers = [("fast", "small", new ModelPrice(1, 5, "test")), ("strong", "big", new ModelPrice(5, 25, "test"))];
        Recap With(int failed) => Of() with { Models = [new RecapShare("big", 10, failed, 1_000, MicroUsd.FromUsd(2), 0)] };
        var advice = Assert.Single(Adviser.Of([With(0)], tiers));
        Assert.Contains("`--model strong=small`", advice.What, StringComparison.Ordinal);
        Assert.Contains("20 %", advice.Evidence, StringComparison.Ordinal);
        Assert.Empty(Adviser.Of([With(1)], tiers));
    }

    [Fact]
    public void A_fact_that_was_given_as_data_is_told_in_words()
    {
        Assert.Equal("title: Store; choice: SQLite; alternatives: files, PostgreSQL; is final: true",
            RecapFold.WordsOf(Value.ParseJson("""{"title":"Store","choice":"SQLite","alternatives":["files","PostgreSQL"],"risks":[],"owner":null,"is_final":true}""")));
        Assert.Equal("SQLite", RecapFold.WordsOf("SQLite"));
    }

    [Theory]
    [InlineData("claude-opus-4-6", "offline", "claude-opus-4-6", "offline")]
    [InlineData("offline/extract", "offline", "offline/extract", "offline/extract")]
    [InlineData("claude-opus-4-6", "anthropic", "claude-opus-4-6-20260101", "claude-opus-4-6-20260101")]
    [InlineData("claude-opus-4-6", "anthropic", null, "claude-opus-4-6")]
    public void The_share_of_a_model_is_that_of_the_one_that_answered(string asked, string provider, string? answered, string named) =>
        Assert.Equal(named, RecapFold.AnsweredBy(new StepCall(StepKind.Model, asked, "k", 1, 1, null, null) { Provider = provider }, new StepResult(null, default, MicroUsd.Zero, null, 0) { AnsweredBy = answered }));

    [Fact]
    public void Foreign_text_is_text_in_both_forms()
    {
        var recap = Of(Task("a", 1_000, 1_000)) with { Learnings = [new RecapFact("a", "<img src=x onerror=alert(1)> | cell")] };
        Assert.DoesNotContain("<img", RecapHtml.Of(recap, "<b>prose</b>"), StringComparison.Ordinal);
        Assert.DoesNotContain("<b>prose", RecapHtml.Of(recap, "<b>prose</b>"), StringComparison.Ordinal);
        Assert.Contains("&lt;img", RecapMarkdown.Of(recap), StringComparison.Ordinal);
    }
}
