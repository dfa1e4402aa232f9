using System.Buffers;
using System.Text;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Tests.Journal;

public sealed class EventFormatTests
{
    private static readonly ValueRef Inline = ValueRef.Of(ValueMap.Of(("a", 1), ("b", "ü\u0000\u001b\"\\")), Labels.Untrusted);
    private static readonly ValueRef Artifact = ValueRef.Of(new ArtifactId(new string('a', 64)), 123_456, isText: true);
    private static readonly NodeError Error = new(ErrorCode.RateLimited, "try \"later\"");
    private static readonly BudgetSpec Budget = new()
    {
        MaxTokens = 1, MaxUsd = new MicroUsd(2), MaxModelCalls = 3, MaxToolCalls = 4, MaxSteps = 5,
        MaxContextTokens = 6, MaxTime = TimeSpan.FromMilliseconds(7), MaxRetries = 8, OnExceeded = BudgetPolicy.Pause,
    };

    public static TheoryData<RunEvent> EveryEvent { get; } =
    [
        new RunEvent.RunStarted("r1", "w", "h", Artifact, new RunLimits(3, 30, 4000, Budget)),
        new RunEvent.RunResumed(2, new RunLimits(10, null, null, null)),
        new RunEvent.Decided(1),
        new RunEvent.Started(2, 3, 1, 2),
        new RunEvent.StepIntended(3, 0, new StepCall(StepKind.Tool, "bash", "k", 10, 20, new MicroUsd(30), Inline) { Provider = "p", Effect = EffectClass.Irreversible }),
        new RunEvent.StepIntended(3, 1, new StepCall(StepKind.Model, "m", "k", 10, 20, null, null) { Agent = "critic sha256:0" }),
        new RunEvent.StepIntended(3, 2, new StepCall(StepKind.Model, "m", "k", 10, 20, null, Inline) { After = 1 }),
        new RunEvent.StepIntended(3, 3, new StepCall(StepKind.Tool, "send", "k", 0, 0, null, Inline) { Ruling = new(Hydra.Policies.PolicyDecision.Deny, "<untrusted content>", "why") { Wait = "r:a:1", By = "anna" } }),
        new RunEvent.StepEnded(3, 0, new StepResult(Artifact, new TokenUsage(1, 2, 3, 4, 5), new MicroUsd(6), Error, 7.5) { AnsweredBy = "m2", FirstTokenMs = 1.25, FinishReason = "stop", IsBound = true }),
        new RunEvent.AttemptFailed(4, Error, 1, 1_700_000_000_000),
        new RunEvent.Suspended(5, 1_700_000_000_001),
        new RunEvent.Overdue(5),
        new RunEvent.Ended(6, NodeStatus.Degraded, Inline, Error, ValueMap.Of(("score", 0.5))),
        new RunEvent.Ended(6, NodeStatus.Failed, null, Error with { Labels = Labels.Untrusted.With(Labels.For(["finance"])) }, Value.Null),
        new RunEvent.Ended(6, NodeStatus.Completed, null, null, Value.Null),
        new RunEvent.Skipped(7, SkipCause.UpstreamSkipped),
        new RunEvent.Expanded(8, new ScopeOpening(ScopeKind.Items, 1, 2, 3, Inline, 4, 5)),
        new RunEvent.Expanded(8, new ScopeOpening(ScopeKind.Nested, 0, 0, 1, null)),
        new RunEvent.Expanded(8, new ScopeOpening(ScopeKind.Round, 0, 2, 1, Inline) { Proposed = Inline }),
        new RunEvent.Reopened(9),
        new RunEvent.AttemptInterrupted(10),
        new RunEvent.Cancelling(11, Error, KeepsResult: true),
        new RunEvent.Stopping(RunStatus.Stopped, "because"),
        new RunEvent.RunEnded(RunStatus.Interrupted, "because"),
        new RunEvent.Reused(12, "r0", "map[3]"),
        new RunEvent.Asked("cancel", "ann", "because", Rollback: true),
        new RunEvent.Asked("pause", "ann", ""),
        new RunEvent.Assumed(12, Happened: true, Inline, "ann"),
        new RunEvent.Assumed(12, Happened: false, null, "ann"),
        new RunEvent.RollingBack(RunStatus.Cancelled, "because", All: true),
        new RunEvent.Expanded(13, new ScopeOpening(ScopeKind.Undo, 0, 0, 1, null)),
        new RunEvent.Expanded(14, new ScopeOpening(ScopeKind.Revision, 0, 2, 1, Inline)),
        new RunEvent.StepEnded(3, 0, new StepResult(null, default, MicroUsd.Zero, Error, 0) { IsRefused = true }),
        new RunEvent.Forked("r2", "r1", 17, null),
        new RunEvent.Forked("r3", "r2", 21, new ForkDefinition("h", Artifact)),
        new RunEvent.Invalidated([3, 5]),
        new RunEvent.Invalidated([3, 5]) { Named = [3] },
        new RunEvent.OutputSet(3, Inline),
        new RunEvent.OutputSet(4, ValueRef.Of("x", Labels.Untrusted.With(Labels.For(["finance", "board"])).WithTyped(["kind"]))),
        new RunEvent.OutputSet(5, ValueRef.Of(new ArtifactId(new string('c', 64)), 9, isText: false, Labels.Private)),
        new RunEvent.WaitOpened(12, "r:a/b[3]:2", new WaitRequest { Kind = WaitKind.Approval, Prompt = "publish?", Payload = Artifact, PayloadSha256 = new string('b', 64), DeadlineMs = 1_700_000_000_000, TimeoutMs = 1000 }),
        new RunEvent.WaitOpened(12, "r:a:1", new WaitRequest
        {
            Kind = WaitKind.Input, Prompt = "which?", Payload = Inline, PayloadSha256 = "c", AnswerType = AnswerType.Select, Options = ["x", "y"], Schema = ValueMap.Of(("type", "string")),
            DeadlineMs = 1, TimeoutMs = 2, RemindAtMs = 3, OnTimeout = WaitExpiry.Escalate, Default = "x", Approvers = ["anna", "bo"], EscalateTo = "chris", Quorum = 2,
        }),
        new RunEvent.WaitAnswered(12, "r:a:1", "x", "anna", IsAuthenticated: true, "fine", "c", IsAlone: true),
        new RunEvent.WaitAnswered(12, "r:a:1", false, "anna", IsAuthenticated: false, "", "c", IsAlone: false),
        new RunEvent.WaitReminded(12, "r:a:1"),
        new RunEvent.WaitExpired(12, "r:a:1", WaitExpiry.Escalate, 1_700_000_000_001),
    ];

    [Theory]
    [MemberData(nameof(EveryEvent))]
    public void An_event_reads_back_as_it_was_written(RunEvent written)
    {
        var read = Assert.Single(EventReader.Read(Write(written)));

        Assert.Equal(Encoding.UTF8.GetString(Write(written)), Encoding.UTF8.GetString(Write(read)));
        Assert.Equal(written.GetType(), read.GetType());
    }

    public static TheoryData<ValueRef, bool> Outputs { get; } = new()
    {
        { ValueRef.Of("what the model said"), true },
        { ValueRef.Of("what was made of it"), false },
        { ValueRef.Of("what the model said", Labels.Untrusted), false },
        { Artifact, false },
    };

    [Theory]
    [MemberData(nameof(Outputs))]
    public void An_output_that_is_the_answer_of_the_call_before_it_is_written_once(ValueRef output, bool isOnce)
    {
        var said = new RunEvent.StepEnded(6, 0, new StepResult(ValueRef.Of("what the model said"), new TokenUsage(1, 2), new MicroUsd(3), null, 4));
        var written = Write(said, new RunEvent.Ended(6, NodeStatus.Completed, output, null, Value.Null));
        Assert.Equal(isOnce, Encoding.UTF8.GetString(written).Contains("\"out\":\"res\""));
        var read = Assert.IsType<RunEvent.Ended>(EventReader.Read(written)[1]).Output!;
        Assert.Equal((output.Inline.ToJson(), output.Artifact, output.Labels), (read.Inline.ToJson(), read.Artifact, read.Labels));
        // The same answer of another node says nothing of this one's.
        var other = Write(said, new RunEvent.Ended(7, NodeStatus.Completed, output, null, Value.Null));
        Assert.DoesNotContain("\"out\":\"res\"", Encoding.UTF8.GetString(other));
    }

    [Fact]
    public void An_output_that_refers_to_an_answer_that_is_not_there_is_damage() =>
        Assert.Throws<System.Text.Json.JsonException>(() => EventReader.Read("""[{"e":"ended","n":1,"out":"res"}]"""u8));

    [Fact]
    public void A_frame_that_was_written_down_piece_by_piece_has_the_bytes_of_one_written_at_once()
    {
        RunEvent[] all = [.. EveryEvent.Select(row => row.Data)];
        var bodies = new FrameBodies();
        var (before, growing) = (new List<RunEvent>(all[..3]), new List<RunEvent>());
        bodies.Foresee(before);
        foreach (var happened in all)
        {
            growing.Add(happened);
            if (growing.Count % 3 == 0) bodies.Foresee(growing);
            if (growing.Count == 7) Assert.Equal(Write(all[..3]), bodies.Of(before));
        }
        Assert.Equal(Write(all), bodies.Of(growing));
        Assert.Equal(Write(all[..2]), bodies.Of(all[..2]));
    }

    [Fact]
    public void Every_kind_of_event_is_in_the_table_above()
    {
        var kinds = typeof(RunEvent).GetNestedTypes().Where(type => type.IsSubclassOf(typeof(RunEvent))).Select(type => type.Name);

        Assert.Empty(kinds.Except(EveryEvent.Select(row => row.Data.GetType().Name)));
    }

    [Fact]
    public void An_event_of_a_newer_version_is_refused_by_name() =>
        Assert.Contains("teleported", Assert.Throws<System.Text.Json.JsonException>(() => EventReader.Read("""[{"e":"teleported","n":1}]"""u8)).Message);

    private static byte[] Write(params RunEvent[] events)
    {
        var buffer = new ArrayBufferWriter<byte>();
        EventWriter.Write(buffer, events);
        return buffer.WrittenSpan.ToArray();
    }
}
