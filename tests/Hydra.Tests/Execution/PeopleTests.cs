using Hydra.Journal;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Tests.Parsing;

namespace Hydra.Tests.Execution;

/// <summary>The example with a gate and a question, on a real store.</summary>
public sealed class PeopleTests : IDisposable
{
    private static readonly RunId Run = new("flow");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-people-").FullName;

    [Fact]
    public async Task The_example_pauses_is_answered_and_completes()
    {
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var engine = EngineOf(store, TimeProvider.System);
        var report = await engine.RunAsync(Example(), new RunRequest { Run = Run, Inputs = Topic }, CancellationToken.None);
        Assert.Equal((RunStatus.Paused, "review"), (report.Status, report.Waits.Single().Path));
        Assert.Equal("Publish this announcement of tea?", report.Waits.Single().Wait.Request.Prompt);

        Assert.Contains("asks for a decision", engine.Answer(Run, Given(WaitKind.Input, "blog") with { Target = "review" }));
        Assert.Null(engine.Answer(Run, Given(WaitKind.Approval, true) with { Target = "review" }));
        Assert.Null(engine.Answer(Run, Given(WaitKind.Approval, true) with { Target = "review" }));
        report = await engine.ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal((RunStatus.Paused, "channel"), (report.Status, report.Waits.Single().Path));

        Assert.Contains("Did you mean 'blog'?", engine.Answer(Run, Given(WaitKind.Input, "blogg")));
        Assert.Null(engine.Answer(Run, Given(WaitKind.Input, "both")));
        report = await engine.ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal("Announcement: tea is here. (both, 3 characters, approved by anna)", report.Outputs["publish"].AsText);
    }

    [Fact]
    public async Task A_rejection_fails_the_gate_with_its_comment()
    {
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var engine = EngineOf(store, TimeProvider.System);
        await engine.RunAsync(Example(), new RunRequest { Run = Run, Inputs = Topic }, CancellationToken.None);
        Assert.Null(engine.Answer(Run, Given(WaitKind.Approval, false) with { Target = "flow:review:1", Comment = "too dry" }));
        var report = await engine.ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Equal("node 'review' failed: policy_denied: rejected by 'anna': too dry", report.Reason);
    }

    [Fact]
    public async Task A_deadline_that_passed_without_a_process_rejects_at_the_resume()
    {
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        await EngineOf(store, TimeProvider.System).RunAsync(Example(), new RunRequest { Run = Run, Inputs = Topic }, CancellationToken.None);
        var later = EngineOf(store, new LaterTime(TimeSpan.FromDays(4)));
        Assert.Contains("its time ended", later.Answer(Run, Given(WaitKind.Approval, true) with { Target = "review" }));
        var report = await later.ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Contains("nobody decided within timeout_seconds 259200", report.Reason);
    }

    [Fact]
    public async Task A_rejection_that_skips_leaves_the_rest_of_the_run_alone()
    {
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        var workflow = TestTypes.Parse("name: s\nnodes:\n  - {id: g, type: approval_gate, prompt_to_human: ok?, on_reject: skip}\n  - {id: b, type: set, value: 1, depends_on: [g]}\n  - {id: c, type: set, value: 2}");
        var engine = EngineOf(store, TimeProvider.System);
        await engine.RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
        Assert.Null(engine.Answer(Run, Given(WaitKind.Approval, false) with { Target = "g" }));
        var report = await engine.ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal((RunStatus.Completed, "{\"c\":2}"), (report.Status, Value.Of(report.Outputs).ToJson()));
    }

    [Fact]
    public async Task An_answer_in_the_inbox_outlives_every_death_of_the_owner_that_read_it()
    {
        using var store = SqliteRunStore.Open(_folder, Durability.Full);
        for (var commits = 0; ; commits++)
        {
            var run = new RunId($"flow-{commits}");
            var report = await EngineOf(store, TimeProvider.System).RunAsync(Example(), new RunRequest { Run = run, Inputs = Topic }, CancellationToken.None);
            var wait = report.Waits.Single().Wait;
            store.Post(run, new InboxCommand(GivenAnswer.Verb, (Given(WaitKind.Approval, true) with { Target = wait.Id, PayloadSha256 = wait.Request.PayloadSha256 }).ToBody()));
            var dying = new DyingStore(store, commits);
            var died = await Record.ExceptionAsync(() => EngineOf(dying, TimeProvider.System).ResumeAsync(run, new RunRequest(), CancellationToken.None));
            report = await EngineOf(store, TimeProvider.System).ResumeAsync(run, new RunRequest(), CancellationToken.None);
            Assert.Equal((RunStatus.Paused, "channel"), (report.Status, report.Waits.Single().Path));
            Assert.Single(store.Read(run).SelectMany(frame => frame.Events).OfType<RunEvent.WaitAnswered>());
            if (died is null) break;
            Assert.IsType<StoreException>(died);
        }
    }

    [Fact]
    public async Task A_dry_run_asks_nobody()
    {
        var report = await EngineOf(new MemoryRunStore(), TimeProvider.System).RunAsync(Example(), new RunRequest { Inputs = Topic, IsDryRun = true }, CancellationToken.None);
        Assert.Equal("Announcement: tea is here. (blog, 3 characters, approved by dry run)", report.Outputs["publish"].AsText);
    }

    [Theory]
    [InlineData("on_timeout: escalate", "HYD280 test.yaml:3:68: node 'g' escalates on timeout, but does not say to whom. Add 'escalate_to: NAME'.")]
    [InlineData("quorum: 2, approvers: [a, a]", "HYD280 test.yaml:3:64: node 'g' needs 2 approvals and names 1 approvers, so it could never be approved. Lower `quorum`, or name more `approvers`.")]
    [InlineData("on_reject: {revise: g}", "HYD219 test.yaml:3:67: node 'g' revises 'g', which does not run before it. Name a node that the gate depends on, directly or through others.")]
    public void A_gate_that_cannot_work_is_refused(string fields, string problem) =>
        Assert.Equal([problem], TestTypes.Problems($"name: s\nnodes:\n  - {{id: g, type: approval_gate, prompt_to_human: ok?, {fields}}}"));

    [Theory]
    [InlineData("input_type: select", "has no `options`")]
    [InlineData("options: [a]", "which only 'input_type: select' uses")]
    [InlineData("input_type: confirm, default: maybe", "true or false is needed")]
    [InlineData("input_type: form, schema: {type: objct}", "cannot be used")]
    public void A_question_that_cannot_work_is_refused(string fields, string part) =>
        Assert.Contains(part, TestTypes.Problems($"name: s\nnodes:\n  - {{id: q, type: user_input, prompt: what?, {fields}}}").Single());

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ValueMap Topic => ValueMap.Of(("topic", "tea"));

    private static GivenAnswer Given(WaitKind kind, Value answer) => new("channel", kind, answer, IsText: kind == WaitKind.Input, "anna", IsAuthenticated: false, "", "");

    private static WorkflowSpec Example() => WorkflowParser.ParseFile(TestFiles.Example("approval_flow.yaml"), TestTypes.All).Spec!;

    private static Engine EngineOf(IRunStore store, TimeProvider clock) => new(new EngineOptions
    {
        Types = TestTypes.All,
        Store = store,
        ReadDefinition = (written, file, files) => Definitions.ReadBundle(written, file, files, TestTypes.All),
        Clock = clock,
    });

    private sealed class LaterTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + by;
    }
}
