using Hydra.Journal;
using Hydra.Model;
using Hydra.Tests.Parsing;
using Hydra.Tracing;

namespace Hydra.Tests.Execution;

/// <summary>Gates that have work done again, from the file to the output, each answer from another process.</summary>
public sealed class RevisionTests
{
    private const string Flow = """
        name: s
        nodes:
          - {id: topic, type: set, value: tea}
          - {id: draft, type: set, value: "{{ topic }}{% if revision %} v{{ revision.round }}: {{ revision.comment }} (was {{ revision.previous }}){% endif %}", depends_on: [topic]}
          - {id: polish, type: set, value: "<{{ draft }}>", depends_on: [draft]}
          - {id: review, type: approval_gate, prompt_to_human: "Publish {{ polish }}?", depends_on: [polish], on_reject: {revise: draft}, max_revisions: 2}
          - {id: publish, type: set, value: "{{ polish }} by {{ review.approver }} of {{ nodes.draft.output }}", depends_on: [review, draft]}
        """;

    private static readonly RunId Run = new("flow");
    private readonly MemoryRunStore _store = new();

    [Fact]
    public async Task The_way_to_the_gate_runs_again_with_the_comment_and_readers_see_the_latest_version()
    {
        var engine = EngineOf(Flow);
        var first = await RunAsync(engine, Flow);
        var before = first.Waits.Single();
        Assert.Equal("review", before.Path);

        var second = await AnswerAsync(engine, "review", approves: false, "too short");
        var wait = second.Waits.Single();
        Assert.Equal(("review#2", "Publish <tea v2: too short (was tea)>?"), (wait.Path, wait.Wait.Request.Prompt));
        Assert.NotEqual(before.Wait.Request.PayloadSha256, wait.Wait.Request.PayloadSha256);
        Assert.Contains("It is asked again as 'review#2'", engine.Answer(Run, Given("review", true, "", "bo")));
        Assert.Contains("what was shown is not what is asked now", engine.Answer(Run, Given("review#2", true) with { PayloadSha256 = before.Wait.Request.PayloadSha256 }));

        var third = await AnswerAsync(engine, "review#2", approves: true);
        Assert.Equal(RunStatus.Completed, third.Status);
        Assert.Equal("<tea v2: too short (was tea)> by anna of tea v2: too short (was tea)", third.Outputs["publish"].AsText);
    }

    [Fact]
    public async Task After_the_last_revision_a_rejection_fails_the_gate()
    {
        var engine = EngineOf(Flow);
        await RunAsync(engine, Flow);
        await AnswerAsync(engine, "review", approves: false, "a");
        await AnswerAsync(engine, "review#2", approves: false, "b");
        var report = await AnswerAsync(engine, "review#3", approves: false, "c");
        Assert.Equal((RunStatus.Failed, "node 'review' failed: policy_denied: rejected by 'anna': c (after 2 revisions)"), (report.Status, report.Reason));
    }

    [Fact]
    public async Task A_fork_from_a_version_keeps_the_versions_before_it()
    {
        var engine = EngineOf(Flow);
        await RunAsync(engine, Flow);
        await AnswerAsync(engine, "review", approves: false, "a");
        await AnswerAsync(engine, "review#2", approves: false, "b");
        await AnswerAsync(engine, "review#3", approves: true);
        var state = new RunState(PlanOf(Flow));
        foreach (var frame in _store.Read(Run)) state.Apply(frame);
        var fork = new Hydra.Scheduling.Reducer(state);
        fork.Begin(2);
        fork.Fork(new RunEvent.Forked("fork", "flow", state.NextSequence - 1, null), [Hydra.Changes.InstancePath.Find(state, "draft#2")], new Dictionary<int, ValueRef>());
        var paths = Enumerable.Range(0, state.InstanceCount).ToDictionary(state.PathOf, state.StatusOf);
        Assert.Equal(["draft", "draft#2", "polish", "polish#2", "publish", "review", "review#2", "topic"], paths.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((NodeStatus.Completed, NodeStatus.Queued, NodeStatus.Open), (paths["draft"], paths["draft#2"], paths["review"]));
    }

    [Fact]
    public async Task Inside_a_loop_the_next_round_and_its_end_see_the_latest_version()
    {
        const string Graph = """
            name: s
            nodes:
              - id: l
                type: loop
                max_iterations: 2
                until: "draft == 'good'"
                body:
                  - {id: draft, type: set, value: "{{ revision.comment if revision else 'bad' }}"}
                  - {id: ok, type: approval_gate, prompt_to_human: "{{ draft }}?", depends_on: [draft], on_reject: {revise: draft}}
            """;
        var engine = EngineOf(Graph);
        Assert.Equal("l#1/ok", (await RunAsync(engine, Graph)).Waits.Single().Path);
        Assert.Equal("l#1/ok#2", (await AnswerAsync(engine, "l#1/ok", approves: false, "good")).Waits.Single().Path);
        Assert.Equal(RunStatus.Completed, (await AnswerAsync(engine, "l#1/ok#2", approves: true)).Status);
    }

    [Fact]
    public async Task A_composite_is_revised_whole_and_sees_the_revision_inside()
    {
        const string Graph = """
            name: s
            nodes:
              - {id: each, type: map, over: "[1, 2]", as: x, body: {id: one, type: set, value: "{{ x }}{% if revision %} {{ revision.comment }}{% endif %}"}}
              - {id: ok, type: approval_gate, prompt_to_human: "{{ each }}?", depends_on: [each], on_reject: {revise: each}}
              - {id: end, type: set, value: "{{ each }}", depends_on: [ok]}
            """;
        var engine = EngineOf(Graph);
        await RunAsync(engine, Graph);
        await AnswerAsync(engine, "ok", approves: false, "more");
        var report = await AnswerAsync(engine, "ok#2", approves: true);
        Assert.Equal("{\"end\":[\"1 more\",\"2 more\"]}", Value.Of(report.Outputs).ToJson());
        var trace = RunTrace.Of(PlanOf(Graph), _store.Read(Run), Value.Null);
        Assert.Contains("each#2[1]", trace.Nodes.Select(node => node.Path));
    }

    [Fact]
    public async Task The_lineage_of_an_output_leads_to_the_version_that_was_approved()
    {
        var engine = EngineOf(Flow);
        await RunAsync(engine, Flow);
        await AnswerAsync(engine, "review", approves: false, "a");
        await AnswerAsync(engine, "review#2", approves: true);
        var trace = RunTrace.Of(PlanOf(Flow), _store.Read(Run), Value.Null);
        var text = Lineage.Of(trace, "publish")!.ToString();
        Assert.Contains("reads polish#2", text);
        Assert.Contains("'revision'", text);
    }

    [Theory]
    [InlineData("revise: later", "HYD219 test.yaml:6:68: node 'ok' revises 'later', which does not run before it. Name a node that the gate depends on, directly or through others.")]
    [InlineData("revise: drafd", "HYD219 test.yaml:6:68: node 'ok' revises 'drafd', which this graph does not define. Did you mean 'draft'? Name a node that runs before the gate.")]
    [InlineData("revise: draft", "HYD219 test.yaml:6:68: node 'ok' revises 'draft', and 'side' uses what was revised without waiting for the gate: it would keep the rejected version. Add 'ok' to `depends_on` of 'side', or let the gate wait for it.")]
    public void A_revision_that_cannot_work_is_refused(string revise, string problem) => Assert.Equal([problem], TestTypes.Problems($$$"""
        name: s
        nodes:
          - {id: draft, type: set, value: 1}
          - {id: side, type: set, value: "{{ draft }}", depends_on: [draft]}
          - {id: later, type: set, value: 1, depends_on: [ok]}
          - {id: ok, type: approval_gate, prompt_to_human: ok?, on_reject: {{{{revise}}}}, depends_on: [draft]}
        """));

    [Theory]
    [InlineData("{{ revision.coment }}", "HYD216", "Did you mean 'comment'?")]
    [InlineData("{{ revision.comment }}", "HYD211", "no gate has it done again")]
    public void What_a_revision_has_is_checked(string value, string code, string part)
    {
        var problems = TestTypes.Problems($$"""
            name: s
            nodes:
              - {id: draft, type: set, value: {{(code == "HYD216" ? $"\"{value}\"" : "1")}}}
              - {id: ok, type: approval_gate, prompt_to_human: ok?, on_reject: {revise: draft}, depends_on: [draft]}
              - {id: end, type: set, value: {{(code == "HYD211" ? $"\"{value}\"" : "1")}}, depends_on: [ok]}
            """);
        Assert.StartsWith(code, problems.Single());
        Assert.Contains(part, problems.Single());
    }

    private async Task<RunReport> AnswerAsync(Engine engine, string gate, bool approves, string comment = "")
    {
        Assert.Null(engine.Answer(Run, Given(gate, approves, comment)));
        return await engine.ResumeAsync(Run, new RunRequest(), CancellationToken.None);
    }

    private static GivenAnswer Given(string gate, bool approves, string comment = "", string who = "anna") => new(gate, WaitKind.Approval, approves, IsText: false, who, IsAuthenticated: false, comment, "");

    private static Task<RunReport> RunAsync(Engine engine, string yaml) => engine.RunAsync(TestTypes.Parse(yaml), new RunRequest { Run = Run }, CancellationToken.None);

    private static Plan PlanOf(string yaml) => Hydra.Planning.Planner.Plan(TestTypes.Parse(yaml), TestTypes.All);

    private Engine EngineOf(string yaml) => new(new EngineOptions { Types = TestTypes.All, Store = _store, ReadDefinition = (_, _, _) => TestTypes.Parse(yaml) });
}
