using System.Text;
using System.Text.Json;
using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Tests.Tracing;

public sealed class SpanTests
{
    [Theory]
    [InlineData("invoke_workflow", "gen_ai.operation.name", "gen_ai.workflow.name")]
    [InlineData("invoke_agent", "gen_ai.operation.name", "gen_ai.agent.name")]
    [InlineData("chat", "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.request.stream", "gen_ai.response.model", "gen_ai.response.finish_reasons",
        "gen_ai.response.time_to_first_chunk", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")]
    [InlineData("execute_tool", "gen_ai.operation.name", "gen_ai.tool.name", "gen_ai.tool.type")]
    public void Each_operation_carries_the_names_of_the_conventions(string operation, params string[] names)
    {
        var span = Spans(Plays.Research).First(span => span.Name.StartsWith(operation + " ", StringComparison.Ordinal) && !span.IsError);
        Assert.Equal(names, span.Attributes.Select(pair => pair.Key).Where(name => name.StartsWith("gen_ai.", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_name_of_our_own_has_our_prefix()
    {
        var names = Spans(Plays.Research).Concat(Spans(Plays.Nested)).Concat(Spans(Plays.Crashed)).SelectMany(span => span.Attributes).Select(pair => pair.Key);
        Assert.All(names, name => Assert.True(name.StartsWith("gen_ai.", StringComparison.Ordinal) || name.StartsWith("hydra.", StringComparison.Ordinal) || name == "error.type", name));
    }

    [Fact]
    public void Spans_of_a_run_read_as_a_tree() => Verified.Check("Spans_of_a_run_read_as_a_tree", Tree(Spans(Plays.Research)));

    [Fact]
    public void What_a_composite_opened_lies_below_it() => Verified.Check("What_a_composite_opened_lies_below_it", Tree(Spans(Plays.Nested)));

    [Fact]
    public void A_trace_file_has_one_object_a_line() => Verified.Check("A_trace_file_has_one_object_a_line", File(Spans(Plays.Research)));

    [Fact]
    public void Every_span_has_an_id_of_its_own_and_a_parent_that_came_before_it()
    {
        foreach (var play in (TestRun[])[Plays.Research, Plays.Nested, Plays.Crashed])
        {
            var seen = new HashSet<string>(StringComparer.Ordinal);
            foreach (var span in Spans(play))
            {
                Assert.True(seen.Add(span.SpanId));
                Assert.True(span.ParentId is null ? seen.Count == 1 : seen.Contains(span.ParentId), span.Name);
                Assert.True(span.EndNs >= span.StartNs);
                Assert.Equal((32, 16), (span.TraceId.Length, span.SpanId.Length));
            }
        }
    }

    [Fact]
    public void Equal_frames_give_equal_files() => Assert.Equal(File(Spans(Plays.Nested)), File(Spans(Plays.Nested)));

    [Fact]
    public void A_path_names_its_span()
    {
        var trace = SpanIds.TraceOf("r1", TestRun.BeganAtMs);
        var span = Spans(Plays.Nested).Single(span => span.SpanId == SpanIds.NodeOf(trace, "polish#2/judge"));
        Assert.Equal("invoke_agent judge", span.Name);
    }

    [Fact]
    public void Prompts_and_answers_are_references_unless_opted_in()
    {
        Assert.DoesNotContain("Research owls", File(Spans(Plays.Research)), StringComparison.Ordinal);
        var options = SpanOptions.From(name => name == SpanNames.CaptureContent ? "true" : null);
        var chat = RunSpans.Of(RunTrace.Of(Plays.Research.Plan, Plays.Research.Frames), options).First(span => span.Kind == SpanKind.Client);
        Assert.Equal("""[{"role":"user","parts":[{"type":"text","content":"Research owls"}]}]""", Attribute(chat, SpanNames.InputMessages));
    }

    [Fact]
    public void Secrets_are_never_captured()
    {
        var call = TestRun.Chat("gpt-x", "x") with { Request = ValueRef.Of(Value.Of("hunter2"), Labels.Secret) };
        var run = TestRun.Of(TestFlows.Research).Ask("research_a", call).After(5).Answer("research_a", TestRun.Says("ok", 1, 1, 1, 4)).Complete("research_a", "ok");
        Assert.DoesNotContain("hunter2", File(RunSpans.Of(RunTrace.Of(run.Plan, run.Frames), new SpanOptions { CaptureContent = true })), StringComparison.Ordinal);
    }

    [Fact]
    public void A_resumed_run_can_send_what_is_new_alone()
    {
        var run = TestRun.Of(TestFlows.Research).After(10).Complete("research_a", "A").After(10).Stop(RunStatus.Interrupted, "Ctrl+C").Fail("research_b", ErrorCode.Cancelled, "cancelled")
            .After(1000).Resume().After(10).Complete("research_b", "B").After(10).Complete("synthesizer", "C");
        var trace = RunTrace.Of(run.Plan, run.Frames);
        var spans = RunSpans.Of(trace, new SpanOptions { EndedAfterMs = trace.EarlierEndMs!.Value });
        Assert.Equal(["invoke_workflow research", "invoke_agent research_b", "attempt", "invoke_agent synthesizer", "attempt"], spans.Select(span => span.Name));
    }

    private static IEnumerable<TraceSpan> Spans(TestRun run) => RunSpans.Of(RunTrace.Of(run.Plan, run.Frames));

    private static string? Attribute(TraceSpan span, string name) => span.Attributes.FirstOrDefault(pair => pair.Key == name).Value.TextOrNull;

    private static string File(IEnumerable<TraceSpan> spans)
    {
        using var stream = new MemoryStream();
        TraceFile.Write(stream, spans);
        var text = Encoding.UTF8.GetString(stream.ToArray());
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries)) JsonDocument.Parse(line).Dispose();
        return text;
    }

    private static string Tree(IEnumerable<TraceSpan> spans)
    {
        using var text = new StringWriter();
        var depth = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var span in spans)
        {
            depth[span.SpanId] = span.ParentId is null ? 0 : depth[span.ParentId] + 1;
            text.Write($"{new string(' ', 2 * depth[span.SpanId])}{span.Name} [{WireNames.Of(span.Kind)}] {(span.StartNs / 1_000_000) - TestRun.BeganAtMs}..{(span.EndNs / 1_000_000) - TestRun.BeganAtMs} ms{(span.IsError ? $" error: {span.ErrorMessage}" : "")}\n");
        }
        return text.ToString();
    }
}
