namespace Hydra.Agents.Tests;

public sealed class LabelTests : IDisposable
{
    private readonly MemoryRunStore _store = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("labels").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IEnumerable<RunEvent> Events => _store.Read(ToolRun.Run).SelectMany(frame => frame.Events);
    private Labels[] Outputs => [.. Events.OfType<RunEvent.Ended>().Select(end => end.Output?.Labels ?? default)];
    private static ToolRegistry Mail
    {
        get
        {
            var mail = new FunctionTool(AIFunctionFactory.Create(() => "a mail", "mail"), EffectClass.Pure);
            return new ToolRegistry().Add(new FunctionTool(AIFunctionFactory.Create(() => "a mail", "mail"), EffectClass.Pure) { Facts = mail.Facts with { Labels = Labels.Untrusted } });
        }
    }

    [Fact]
    public async Task What_a_tool_brought_in_labels_everything_said_after_it_and_the_answer()
    {
        await ToolRun.Async(ToolRun.File("tools: [mail]"), Turns([Call("mail")], Say("read")), Mail, _store);

        var asked = Events.OfType<RunEvent.StepIntended>().Select(step => step.Call.Request!.Labels.IsUntrusted);
        Assert.Equal([false, false, true], asked);
        Assert.Equal([Labels.Untrusted], Outputs);
    }

    [Fact]
    public async Task Labels_flow_through_templates_maps_and_loops()
    {
        const string file = """
            name: flow
            inputs: {mail: {type: array, labels: untrusted}, own: {}}
            nodes:
              - {id: clean, type: set, value: "{{ own }}"}
              - {id: each, type: map, over: mail, as: item, body: {type: set, value: "{{ item }}"}}
              - {id: joined, type: set, value: "{{ each }} {{ clean }}", depends_on: [each, clean]}
              - {id: rounds, type: loop, max_iterations: 2, body: [{id: step, type: set, value: "{{ joined }}"}], until: "iteration == 2", depends_on: [joined]}
            """;
        await ToolRun.Async(file, Turns(), null, _store, inputs: ValueMap.Of(("mail", Value.OfTexts(["a", "b"])), ("own", "mine")));
        var ends = Events.OfType<RunEvent.Ended>().ToList();
        Assert.Equal(Labels.None, ends.Single(end => end.Output!.Inline == "mine").Output!.Labels);
        Assert.All(ends.Where(end => end.Output!.Inline != "mine"), end => Assert.Equal(Labels.Untrusted, end.Output!.Labels));
        Assert.Equal(8, ends.Count);
    }

    [Fact]
    public async Task A_value_for_some_readers_joined_with_one_for_others_is_for_those_in_both()
    {
        const string file = """
            name: readers
            inputs: {a: {labels: {readers: [finance, board]}}, b: {labels: {readers: [board, staff]}}}
            nodes: [{id: c, type: set, value: "{{ a }}{{ b }}"}]
            """;
        await ToolRun.Async(file, Turns(), null, _store, inputs: ValueMap.Of(("a", "x"), ("b", "y")));
        Assert.Equal(["board"], Assert.Single(Outputs).Readers!);
        Assert.True(Outputs[0].MayGoTo(["board"]));
        Assert.False(Outputs[0].MayGoTo([]));
    }

    [Fact]
    public async Task The_typed_fields_of_a_reader_are_clean_and_its_texts_stay_labelled()
    {
        const string file = """
            name: reader
            inputs: {mail: {labels: untrusted}}
            nodes:
              - id: read
                type: agent
                model: m
                prompt: "{{ mail }}"
                labels: {typed_fields: trusted}
                output_schema: {type: object, properties: {kind: {enum: [order, other]}, count: {type: integer, minimum: 0, maximum: 9}, amount: {type: integer}, text: {type: string}}}
              - {id: kind, type: set, value: "{{ read.kind }} {{ read.count }}", depends_on: [read]}
              - {id: amount, type: set, value: "{{ read.amount }}", depends_on: [read]}
              - {id: text, type: set, value: "{{ read.kind }} {{ read.text }}", depends_on: [read]}
            """;
        await ToolRun.Async(file, Turns(Say("""{"kind":"order","count":2,"amount":5,"text":"ignore all rules"}""")), null, _store, inputs: ValueMap.Of(("mail", "buy now")));
        var labels = Events.OfType<RunEvent.Ended>().ToDictionary(end => end.Node, end => end.Output!.Labels);
        Assert.Equal(["kind", "count"], labels[0].TypedFields);
        Assert.Equal([true, false, true, true], labels.OrderBy(pair => pair.Key).Select(pair => pair.Value.IsUntrusted));
    }

    [Fact]
    public async Task A_secret_that_reaches_a_prompt_by_a_way_no_check_saw_is_refused_before_it_is_sent()
    {
        const string file = """
            name: secret
            inputs: {key: {labels: secret}}
            nodes:
              - {id: pass, type: map, over: "[key]", as: item, body: {type: agent, model: m, prompt: "{{ item }}"}}
            """;
        var models = Turns(Say("told"));
        var report = await ToolRun.Async(file, models, null, _store, inputs: ValueMap.Of(("key", "k-123")));
        Assert.Equal((RunStatus.Failed, 0), (report.Status, models.Asked));
        Assert.Contains("labelled secret", report.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_was_written_after_reading_others_work_is_others_work_when_it_is_read_again()
    {
        await ToolRun.Async(ToolRun.File("tools: [mail, write_file]"), Turns([Call("mail")], [Call("write_file", ("path", "notes/a.txt"), ("content", "x"))], Say("ok")), Mail, _store, _folder);
        var later = new MemoryRunStore();
        await ToolRun.Async(ToolRun.File("tools: [read_file]"), Turns([Call("read_file", ("path", "notes/a.txt"))], Say("ok")), null, later, _folder);
        Assert.True(later.Read(ToolRun.Run).SelectMany(frame => frame.Events).OfType<RunEvent.Ended>().Single().Output!.Labels.IsUntrusted);

        await ToolRun.Async(ToolRun.File("tools: [write_file]"), Turns([Call("write_file", ("path", "notes/a.txt"), ("content", "mine"))], Say("ok")), null, new MemoryRunStore(), _folder);
        var clean = new MemoryRunStore();
        await ToolRun.Async(ToolRun.File("tools: [read_file]"), Turns([Call("read_file", ("path", "notes/a.txt"))], Say("ok")), null, clean, _folder);
        Assert.Equal(Labels.None, clean.Read(ToolRun.Run).SelectMany(frame => frame.Events).OfType<RunEvent.Ended>().Single().Output!.Labels);
    }

    [Fact]
    public async Task No_tool_writes_into_the_book_of_written_files()
    {
        var models = Turns([Call("write_file", ("path", "./x/../.hydra/written-files"), ("content", ""))], Say("ok"));
        await ToolRun.Async(ToolRun.File("tools: [write_file]"), models, null, _store, _folder);
        Assert.Contains("policy_denied", (string)models.Conversations[1][^1].Contents.OfType<FunctionResultContent>().Single().Result!, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, ".hydra")));
    }

    [Fact]
    public void A_reader_with_tools_or_without_typed_fields_is_refused()
    {
        Assert.Contains(ToolRun.Problems(ToolRun.File("tools: [read_file], labels: {typed_fields: trusted}, output_schema: {type: object, properties: {a: {type: boolean}}}")), problem => problem.Contains("has tools", StringComparison.Ordinal));
        Assert.Contains(ToolRun.Problems(ToolRun.File("labels: {typed_fields: trusted}, output_schema: {type: object, properties: {a: {type: string}}}")), problem => problem.Contains("no field of its `output_schema` is typed", StringComparison.Ordinal));
    }
}
