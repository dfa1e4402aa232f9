using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Planning;
using Hydra.Tests.Parsing;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Execution.Replay;

public sealed class ReplayTests : IDisposable
{
    private static readonly RunId Recorded = new("recorded");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-replay-").FullName;
    private readonly SqliteRunStore _store;

    public ReplayTests() => _store = SqliteRunStore.Open(_folder, Durability.Full);

    [Fact]
    public async Task A_replay_asks_nobody_and_gives_the_same_outputs()
    {
        var workflow = Prompts("draft", "report <- draft", ("draft", "Write at {{ now }} in {{ run.id }} of {{ topic }}"), ("report", "Report: {{ draft }}"));
        var first = await RecordAsync(workflow, new AskingNode());

        var replay = new AskingNode();
        var second = await ReplayAsync(workflow, replay, CassetteOf(workflow));

        Assert.Equal(RunStatus.Completed, second.Status);
        Assert.Equal(Value.Of(first.Outputs).ToJson(), Value.Of(second.Outputs).ToJson());
        Assert.Equal((first.Cost, first.Tokens), (second.Cost, second.Tokens));
        Assert.Empty(replay.Asked);
    }

    [Fact]
    public async Task A_cassette_file_answers_as_the_journal_does()
    {
        var workflow = Prompts("draft", "report <- draft", ("draft", "Write of {{ topic }}"), ("report", "Report: {{ draft }}"));
        var first = await RecordAsync(workflow, new AskingNode());
        var file = Path.Combine(_folder, "run.cassette");
        CassetteFile.Write(CassetteOf(workflow), file);

        var replay = new AskingNode();
        using var elsewhere = SqliteRunStore.Open(Path.Combine(_folder, "elsewhere"), Durability.Full);
        var cassette = CassetteFile.Read(file, MissingCall.Fail);
        var second = await EngineOf(elsewhere, workflow, replay).RunAsync(workflow, new RunRequest { Inputs = cassette.Head.Inputs, Cassette = cassette }, CancellationToken.None);

        Assert.Equal(Value.Of(first.Outputs).ToJson(), Value.Of(second.Outputs).ToJson());
        Assert.Empty(replay.Asked);
        Assert.Equal(0, cassette.LeftCount);
    }

    [Fact]
    public async Task Who_listens_to_a_run_records_what_its_journal_says()
    {
        var workflow = Prompts("draft", "report <- draft", ("draft", "Write of {{ topic }}"), ("report", "Report: {{ draft }}"));
        var recorder = new CassetteRecorder(_store, _ => PlanOf(workflow));
        var failing = new AskingNode { Answer = (prompt, number) => number == 1 ? throw new CallFailedException(ErrorCode.ProviderError, "busy") : prompt };
        await EngineOf(_store, workflow, failing).RunAsync(workflow, new RunRequest { Run = Recorded, Inputs = ValueMap.Of(("topic", "tides")), Observer = recorder }, CancellationToken.None);
        CassetteFile.Write(recorder.ToCassette(), Path.Combine(_folder, "heard.cassette"));
        CassetteFile.Write(CassetteOf(workflow), Path.Combine(_folder, "read.cassette"));

        Assert.True(recorder.IsWhole);
        Assert.Equal(3, recorder.ToCassette().Calls.Count);
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(_folder, "read.cassette")), await File.ReadAllTextAsync(Path.Combine(_folder, "heard.cassette")));
    }

    [Fact]
    public async Task Who_listens_records_large_answers_and_secrets_as_the_journal_has_them()
    {
        var workflow = Prompts("large\nsecret\nplain", "", ("large", new string('q', 20_000)), ("secret", "the pass phrase"), ("plain", "ü \"quoted\" \ud83c\udf0a"));
        workflow = workflow with { Nodes = [.. workflow.Nodes.Select(node => node.Id.Text == "secret" ? node with { Policy = new NodePolicy { Labels = Labels.Secret } } : node)] };
        var recorder = new CassetteRecorder(_store, _ => PlanOf(workflow));
        var node = new AskingNode { Answer = (prompt, _) => prompt.Length > 100 ? new string('a', 20_000) : prompt };
        await EngineOf(_store, workflow, node).RunAsync(workflow, new RunRequest { Run = Recorded, Observer = recorder }, CancellationToken.None);
        CassetteFile.Write(recorder.ToCassette(), Path.Combine(_folder, "heard.cassette"));
        CassetteFile.Write(CassetteOf(workflow), Path.Combine(_folder, "read.cassette"));

        var heard = await File.ReadAllTextAsync(Path.Combine(_folder, "heard.cassette"));
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(_folder, "read.cassette")), heard);
        Assert.DoesNotContain("the pass phrase", heard);
    }

    [Fact]
    public async Task Who_hears_nothing_of_a_run_that_has_ended_knows_it()
    {
        var workflow = Prompts("draft", "", ("draft", "Write"));
        await RecordAsync(workflow, new AskingNode());
        var recorder = new CassetteRecorder(_store, _ => PlanOf(workflow));
        await EngineOf(_store, workflow, new AskingNode()).ResumeAsync(Recorded, new RunRequest { Observer = recorder }, CancellationToken.None);

        Assert.False(recorder.IsWhole);
    }

    [Fact]
    public async Task Who_hears_only_the_rest_of_a_run_knows_it()
    {
        var workflow = Prompts("draft", "report <- draft", ("draft", "Write"), ("report", "Report: {{ draft }}"));
        var failing = new AskingNode { Answer = (prompt, _) => prompt == "Write" ? prompt : throw new CallFailedException(ErrorCode.BadRequest, "no") };
        await RecordAsync(workflow, failing);
        var recorder = new CassetteRecorder(_store, _ => PlanOf(workflow));
        await EngineOf(_store, workflow, new AskingNode()).ResumeAsync(Recorded, new RunRequest { Observer = recorder }, CancellationToken.None);

        Assert.False(recorder.IsWhole);
    }

    [Fact]
    public async Task What_people_decided_is_replayed_without_them_to_the_same_bytes()
    {
        const string Yaml = """
            name: s
            nodes:
              - {id: draft, type: set, value: "draft{% if revision %} {{ revision.comment }}{% endif %}"}
              - {id: gate, type: approval_gate, prompt_to_human: "{{ draft }}?", depends_on: [draft], on_reject: {revise: draft}, quorum: 2}
              - {id: late, type: approval_gate, prompt_to_human: late?, depends_on: [gate], timeout_seconds: 0.01, on_timeout: approve}
              - {id: ask, type: user_input, prompt: which?, depends_on: [late], input_type: select, options: [a, b]}
              - {id: end, type: set, value: "{{ draft }} {{ gate }} {{ late }} {{ ask }}", depends_on: [ask]}
            """;
        var workflow = TestTypes.Parse(Yaml);
        var engine = new Engine(new EngineOptions { Types = TestTypes.All, Store = _store, ReadDefinition = (_, _, _) => TestTypes.Parse(Yaml) });
        await engine.RunAsync(workflow, new RunRequest { Run = Recorded }, CancellationToken.None);
        async Task<RunReport> SayAsync(string target, WaitKind kind, Value answer, string who, string comment = "")
        {
            Assert.Null(engine.Answer(Recorded, new GivenAnswer(target, kind, answer, IsText: false, who, IsAuthenticated: false, comment, "")));
            return await engine.ResumeAsync(Recorded, new RunRequest { StaysForPeople = false }, CancellationToken.None);
        }
        await SayAsync("gate", WaitKind.Approval, false, "ann", "shorter");
        await SayAsync("gate#2", WaitKind.Approval, true, "ann");
        await SayAsync("gate#2", WaitKind.Approval, true, "bo");
        while (_store.Find(Recorded)!.Status == RunStatus.Paused && !_store.Read(Recorded).SelectMany(frame => frame.Events).OfType<RunEvent.WaitOpened>().Any(wait => wait.Wait == "recorded:ask:1"))
            await engine.ResumeAsync(Recorded, new RunRequest(), CancellationToken.None);
        var first = await SayAsync("ask", WaitKind.Input, "b", "ann");
        Assert.Equal(RunStatus.Completed, first.Status);

        var file = Path.Combine(_folder, "people.cassette");
        CassetteFile.Write(CassetteReader.Read(_store, Recorded, _ => Planner.Plan(workflow, TestTypes.All)), file);
        var cassette = CassetteFile.Read(file, MissingCall.Fail);
        var second = await engine.RunAsync(workflow, new RunRequest { Run = new RunId("again"), Cassette = cassette }, CancellationToken.None);
        Assert.Equal((RunStatus.Completed, first.Outputs["end"].AsText), (second.Status, second.Outputs["end"].AsText));

        var other = TestTypes.Parse(Yaml.Replace("value: \"draft", "value: \"sketch", StringComparison.Ordinal));
        var drifted = await engine.RunAsync(other, new RunRequest { Run = new RunId("drifted"), Cassette = CassetteFile.Read(file, MissingCall.Fail) }, CancellationToken.None);
        Assert.Equal(RunStatus.Failed, drifted.Status);
        Assert.Contains("Replay drift at node 'gate': what people are shown is not what was decided on", drifted.Reason);
    }

    [Fact]
    public async Task Questions_asked_alike_get_their_answers_in_order_each_node_its_own()
    {
        var workflow = Prompts("a", "b <- a\nc <- b", ("a", "same"), ("b", "same"), ("c", "same"));
        await RecordAsync(workflow, new AskingNode());

        await ReplayAsync(workflow, new AskingNode(), CassetteOf(workflow));

        Assert.Equal(["same (1)", "same (2)", "same (3)"], OutputsOf(new RunId("replayed"), workflow));
    }

    [Fact]
    public async Task Recorded_failures_and_retries_come_again_without_waiting()
    {
        var workflow = Prompts("a", "", ("a", "flaky"));
        workflow = workflow with { Nodes = [workflow.Nodes[0] with { Policy = new NodePolicy { Retry = new RetrySpec { Backoff = TimeSpan.Zero } } }] };
        await RecordAsync(workflow, new AskingNode { Answer = (_, number) => number < 3 ? throw new CallFailedException(ErrorCode.Network, $"cut {number}") : "done" });

        // The same recording, replayed by a file that waits an hour between attempts.
        var patient = workflow with { Nodes = [workflow.Nodes[0] with { Policy = new NodePolicy { Retry = new RetrySpec { Backoff = TimeSpan.FromHours(1) } } }] };
        var replay = new AskingNode();
        var report = await ReplayAsync(patient, replay, CassetteOf(workflow));

        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(2, _store.Read(new RunId("replayed")).SelectMany(frame => frame.Events).Count(happened => happened is RunEvent.AttemptFailed));
        Assert.Empty(replay.Asked);
    }

    [Fact]
    public async Task A_changed_prompt_fails_the_run_and_names_the_first_differing_message()
    {
        var recorded = Prompts("draft", "report <- draft", ("draft", "Write"), ("report", "Read this:\n{{ draft }}\nReport in three words.\nThanks."));
        await RecordAsync(recorded, new AskingNode());

        var changed = Prompts("draft", "report <- draft", ("draft", "Write"), ("report", "Read this:\n{{ draft }}\nReport in two words.\nThanks."));
        var cassette = CassetteOf(recorded);
        var replay = new AskingNode();
        var report = await ReplayAsync(changed, replay, cassette);

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Empty(replay.Asked);
        Verified.Check("Drift", cassette.Drift!);
    }

    [Fact]
    public async Task A_new_node_another_model_and_one_call_too_many_are_each_named_as_what_they_are()
    {
        var recorded = Prompts("a", "", ("a", "same"));
        await RecordAsync(recorded, new AskingNode());

        var newNode = CassetteOf(recorded);
        await ReplayAsync(Prompts("b", "", ("b", "other")), new AskingNode(), newNode, "new-node");
        var otherModel = CassetteOf(recorded);
        await ReplayAsync(recorded, new AskingNode { Model = "n" }, otherModel, "other-model");
        var tooMany = CassetteOf(recorded);
        await ReplayAsync(Prompts("a", "b <- a", ("a", "same"), ("b", "same")), new AskingNode(), tooMany, "too-many");

        Verified.Check("DriftKinds", string.Join("\n\n", newNode.Drift, otherModel.Drift, tooMany.Drift));
    }

    [Fact]
    public async Task Mixed_mode_asks_only_what_is_not_recorded()
    {
        var recorded = Prompts("draft", "report <- draft", ("draft", "Write"), ("report", "Report: {{ draft }}"));
        await RecordAsync(recorded, new AskingNode());

        var replay = new AskingNode { Answer = (prompt, _) => $"anew: {prompt}" };
        var report = await ReplayAsync(Prompts("draft", "report <- draft", ("draft", "Write"), ("report", "Sum up: {{ draft }}")), replay, CassetteOf(recorded, MissingCall.Call));

        Assert.Equal(["Sum up: Write (1)"], replay.Asked);
        Assert.Equal("""{"report":"anew: Sum up: Write (1)"}""", Value.Of(report.Outputs).ToJson());
    }

    [Fact]
    public async Task A_replay_of_a_replay_asks_what_the_first_run_asked()
    {
        var workflow = Prompts("a", "", ("a", "In {{ run.id }} at {{ now }}"));
        var first = await RecordAsync(workflow, new AskingNode());
        await ReplayAsync(workflow, new AskingNode(), CassetteOf(workflow));

        var third = await ReplayAsync(workflow, new AskingNode(), CassetteReader.Read(_store, new RunId("replayed"), _ => PlanOf(workflow)), "third");

        Assert.Equal(Value.Of(first.Outputs).ToJson(), Value.Of(third.Outputs).ToJson());
    }

    [Fact]
    public async Task A_failed_replay_does_not_go_on_with_real_calls()
    {
        var recorded = Prompts("a", "", ("a", "one"));
        await RecordAsync(recorded, new AskingNode());
        var changed = Prompts("a", "", ("a", "two"));
        await ReplayAsync(changed, new AskingNode(), CassetteOf(recorded));

        var refused = await Assert.ThrowsAsync<RunRefusedException>(() => EngineOf(_store, changed, new AskingNode()).ResumeAsync(new RunId("replayed"), new RunRequest(), CancellationToken.None));

        Assert.Contains("--replay-run recorded", refused.Message);
    }

    [Fact]
    public async Task A_replay_of_a_fork_gives_what_the_fork_was_answered()
    {
        var workflow = Prompts("draft", "report <- draft\nend <- report", ("draft", "Write"), ("report", "Report: {{ draft }}"), ("end", "End: {{ report }}"));
        var type = new AskingNode();
        await RecordAsync(workflow, type);
        var engine = EngineOf(_store, workflow, type);
        var fork = await engine.ResumeAsync(engine.Fork(Recorded, new ForkRequest { From = ["report"] }), new RunRequest(), CancellationToken.None);

        var cassette = CassetteReader.Read(_store, fork.Run, _ => PlanOf(workflow));
        var replay = await ReplayAsync(workflow, new AskingNode(), cassette);

        Assert.Equal("""{"end":"End: Report: Write (1) (4) (5)"}""", Value.Of(fork.Outputs).ToJson());
        Assert.Equal(Value.Of(fork.Outputs).ToJson(), Value.Of(replay.Outputs).ToJson());
        Assert.Equal((3, 0), (cassette.Calls.Count, cassette.LeftCount));
    }

    [Fact]
    public async Task A_replay_of_a_run_that_failed_and_was_resumed_ends_as_that_did()
    {
        var workflow = Prompts("draft", "report <- draft", ("draft", "Write"), ("report", "Report: {{ draft }}"));
        var failed = await RecordAsync(workflow, new AskingNode { Answer = (prompt, _) => prompt == "Write" ? prompt : throw new CallFailedException(ErrorCode.Network, "cut") });
        var resumed = await EngineOf(_store, workflow, new AskingNode()).ResumeAsync(Recorded, new RunRequest(), CancellationToken.None);
        Assert.Equal((RunStatus.Failed, RunStatus.Completed), (failed.Status, resumed.Status));

        var replay = await ReplayAsync(workflow, new AskingNode(), CassetteOf(workflow));

        Assert.Equal(RunStatus.Completed, replay.Status);
        Assert.Equal(Value.Of(resumed.Outputs).ToJson(), Value.Of(replay.Outputs).ToJson());
    }

    [Theory]
    [InlineData(true, "said")]
    [InlineData(false, "a")]
    public async Task A_replay_takes_what_a_person_said_of_a_call_that_was_cut(bool happened, string output)
    {
        var workflow = Graph("a");
        var type = new CallingNode { Effect = EffectClass.Irreversible, Steps = 2 };
        type.Answer = (attempt, _) => type.Calls.Count == 2 ? throw new StoreException(StoreFault.Other, "the process died here") : new(Value.Of(attempt.Path));
        await Assert.ThrowsAsync<StoreException>(() => EngineOf(new DyingStore(_store, 3), workflow, type).RunAsync(workflow, new RunRequest { Run = Recorded }, CancellationToken.None));
        var cut = await EngineOf(_store, workflow, type).ResumeAsync(Recorded, new RunRequest(), CancellationToken.None);
        var said = new RunRequest { Assumptions = [new Assumption("a", happened, "said", "ann")] };
        var resumed = await EngineOf(_store, workflow, type).ResumeAsync(Recorded, said, CancellationToken.None);
        Assert.Equal((RunStatus.Failed, RunStatus.Completed, output), (cut.Status, resumed.Status, resumed.Outputs["a"].AsText));

        var replaying = new CallingNode { Effect = EffectClass.Irreversible, Steps = 2 };
        var engine = EngineOf(_store, workflow, replaying);
        var cassette = CassetteReader.Read(_store, Recorded, _ => engine.Load(Recorded).State.Plan);
        var replay = await engine.RunAsync(workflow, new RunRequest { Run = new RunId("replayed"), Cassette = cassette }, CancellationToken.None);

        Assert.Equal((RunStatus.Completed, output), (replay.Status, replay.Outputs["a"].AsText));
        Assert.Empty(replaying.Calls);
        Assert.Equal(0, cassette.LeftCount);
    }

    [Fact]
    public async Task What_people_decided_of_a_fork_is_replayed_and_not_what_they_decided_of_its_parent()
    {
        var workflow = TestTypes.Parse("""
            name: s
            nodes:
              - {id: draft, type: set, value: "draft{% if revision %} {{ revision.comment }}{% endif %}"}
              - {id: gate, type: approval_gate, prompt_to_human: "{{ draft }}?", depends_on: [draft], on_reject: {revise: draft}}
              - {id: end, type: set, value: "{{ draft }} by {{ gate.approver }}", depends_on: [gate, draft]}
            """);
        var engine = new Engine(new EngineOptions { Types = TestTypes.All, Store = _store, ReadDefinition = (_, _, _) => workflow });
        async Task<RunReport> SayAsync(RunId run, string target, bool answer, string who)
        {
            Assert.Null(engine.Answer(run, new GivenAnswer(target, WaitKind.Approval, answer, IsText: false, who, IsAuthenticated: false, "shorter", "")));
            return await engine.ResumeAsync(run, new RunRequest(), CancellationToken.None);
        }
        await engine.RunAsync(workflow, new RunRequest { Run = Recorded }, CancellationToken.None);
        await SayAsync(Recorded, "gate", false, "ann");
        Assert.Equal("draft shorter by ann", (await SayAsync(Recorded, "gate#2", true, "ann")).Outputs["end"].AsText);
        var fork = engine.Fork(Recorded, new ForkRequest { From = ["gate"] });
        await engine.ResumeAsync(fork, new RunRequest(), CancellationToken.None);
        Assert.Equal("draft by bo", (await SayAsync(fork, "gate", true, "bo")).Outputs["end"].AsText);

        var cassette = CassetteReader.Read(_store, fork, _ => Planner.Plan(workflow, TestTypes.All));
        var replay = await engine.RunAsync(workflow, new RunRequest { Run = new RunId("again"), Cassette = cassette }, CancellationToken.None);

        Assert.Equal((RunStatus.Completed, "draft by bo"), (replay.Status, replay.Outputs["end"].AsText));
    }

    [Theory]
    [InlineData("", "is empty")]
    [InlineData("name: w\n", "is damaged at line 1")]
    [InlineData("{\"a\":1}\n", "is no cassette")]
    [InlineData("{\"cassette\":2}\n", "newer Hydra")]
    [InlineData("{\"cassette\":1,\"run\":\"../x\",\"workflow\":\"w\",\"definition\":\"\",\"now\":\"\",\"inputs\":{},\"options\":{}}\n", "is no run id")]
    [InlineData("{\"cassette\":1,\"run\":\"r\",\"workflow\":\"w\",\"definition\":\"\",\"now\":\"\",\"inputs\":{},\"options\":{}}\n{\"key\":\"k\"}\n", "is damaged at line 2")]
    public void A_file_that_is_no_cassette_is_refused_by_line(string text, string says)
    {
        var file = Path.Combine(_folder, "bad.cassette");
        File.WriteAllText(file, text);

        Assert.Contains(says, Assert.Throws<CassetteFileException>(() => CassetteFile.Read(file, MissingCall.Fail)).Message);
    }

    [Fact]
    public async Task What_a_secret_node_asked_and_was_answered_is_in_no_cassette_file()
    {
        var workflow = Prompts("a", "", ("a", "the pass phrase"));
        workflow = workflow with { Nodes = [workflow.Nodes[0] with { Policy = new NodePolicy { Labels = Labels.Secret } }] };
        await RecordAsync(workflow, new AskingNode { Answer = (_, _) => "open sesame" });
        var file = Path.Combine(_folder, "secret.cassette");
        CassetteFile.Write(CassetteOf(workflow), file);

        var text = await File.ReadAllTextAsync(file);
        Assert.DoesNotContain("open sesame", text);
        Assert.DoesNotContain("the pass phrase", text);
        var cassette = CassetteFile.Read(file, MissingCall.Fail);
        await ReplayAsync(workflow, new AskingNode(), cassette);
        Assert.Contains("is secret", cassette.Drift!);
        Assert.Equal(RunStatus.Completed, (await ReplayAsync(workflow, new AskingNode(), CassetteOf(workflow), "local")).Status);
    }

    private static WorkflowSpec Prompts(string first, string others, params (string Node, string Prompt)[] prompts) =>
        Graph($"{first}\n{others}", node => node with { Fields = ValueMap.Of(("prompt", prompts.First(prompt => prompt.Node == node.Id.Text).Prompt)) });

    private Task<RunReport> RecordAsync(WorkflowSpec workflow, AskingNode type) =>
        EngineOf(_store, workflow, type).RunAsync(workflow, new RunRequest { Run = Recorded, Inputs = ValueMap.Of(("topic", "tides")) }, CancellationToken.None);

    private Task<RunReport> ReplayAsync(WorkflowSpec workflow, AskingNode type, Cassette cassette, string run = "replayed") =>
        EngineOf(_store, workflow, type).RunAsync(workflow, new RunRequest { Run = new RunId(run), Inputs = cassette.Head.Inputs, Cassette = cassette }, CancellationToken.None);

    private Cassette CassetteOf(WorkflowSpec workflow, MissingCall missing = MissingCall.Fail) => CassetteReader.Read(_store, Recorded, _ => PlanOf(workflow), missing);

    private static Plan PlanOf(WorkflowSpec workflow) => Planner.Plan(workflow, new Dictionary<string, INodeType> { ["call"] = new AskingNode() });

    private IEnumerable<string> OutputsOf(RunId run, WorkflowSpec workflow)
    {
        var state = new RunState(PlanOf(workflow));
        foreach (var frame in _store.Read(run)) state.Apply(frame);
        return Enumerable.Range(0, state.InstanceCount).Select(i => _store.Artifacts.Read(state.OutputOf(i)!).AsText);
    }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
