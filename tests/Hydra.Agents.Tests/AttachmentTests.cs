using Hydra.Agents.Nodes;

namespace Hydra.Agents.Tests;

public sealed class AttachmentTests : IDisposable
{
    private static readonly byte[] Picture = [0x89, 0x50, 0x4E, 0x47, 0, 0xFF, 1, 2, 3];
    private readonly string _folder = Directory.CreateTempSubdirectory("attachments").FullName;
    private readonly MemoryRunStore _store = new();

    public AttachmentTests() => File.WriteAllBytes(At("owl.png"), Picture);

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private string At(string name) => Path.Combine(_folder, name);
    private static string Flow(string attachments, string more = "") => ToolRun.File($"attachments: [{attachments}]", more);
    private IEnumerable<StepCall> Steps => _store.Read(ToolRun.Run).SelectMany(frame => frame.Events).OfType<RunEvent.StepIntended>().Select(step => step.Call);
    private Task<RunReport> RunAsync(string file, ToolModels models, ValueMap? inputs = null) => ToolRun.Async(file, models, null, _store, _folder, inputs: inputs);

    [Fact]
    public async Task The_model_is_sent_the_prompt_and_then_files_as_bytes_text_as_text_and_pictures_by_address()
    {
        File.WriteAllText(At("notes.md"), "# Owls");
        var models = Turns(Say("seen"));
        await RunAsync("""
            name: test
            inputs: {bird: {}}
            nodes:
              - {id: facts, type: set, value: {legs: 2}}
              - id: a
                type: agent
                model: m
                prompt: go
                depends_on: [facts]
                attachments:
                  - {path: "{{ bird }}.png"}
                  - {path: notes.md}
                  - {artifact: "{{ facts }}"}
                  - {url: "https://birds.example/{{ bird }}", media_type: image/jpeg}
            """, models, ValueMap.Of(("bird", "owl")));

        var contents = models.Conversations[0][0].Contents;
        Assert.Equal("go", ((TextContent)contents[0]).Text);
        var picture = Assert.IsType<DataContent>(contents[1]);
        Assert.Equal(("image/png", "owl.png"), (picture.MediaType, picture.Name));
        Assert.Equal(Picture, picture.Data.ToArray());
        Assert.Equal("\n\n[attachment notes.md, text/markdown]\n# Owls", ((TextContent)contents[2]).Text);
        Assert.Equal("\n\n[attachment artifact, application/json]\n{\"legs\":2}", ((TextContent)contents[3]).Text);
        Assert.Equal("https://birds.example/owl", Assert.IsType<UriContent>(contents[4]).Uri.OriginalString);
    }

    [Theory]
    [InlineData("path: gone.png", "there is no attachment 'gone.png'")]
    [InlineData("path: sub, media_type: image/png", "'sub' is a folder")]
    [InlineData("path: empty.png", "'empty.png' is empty")]
    [InlineData("path: ../other.png", "leads outside the working directory")]
    [InlineData("path: /etc/hostname, media_type: text/plain", "leads outside the working directory")]
    [InlineData("path: link.png", "leads outside the working directory")]
    [InlineData("path: large.png", "at most")]
    [InlineData("path: owl.png, media_type: text/plain", "is not UTF-8 text")]
    [InlineData("path: '{{ \"a.unknown\" }}'", "Set its `media_type`")]
    [InlineData("url: '{{ \"file:///etc/passwd.png\" }}'", "no http or https address")]
    [InlineData("artifact: '{{ \"x\" }}', media_type: image/png", "attach that by its `path`")]
    public async Task What_cannot_be_sent_fails_the_node_before_a_model_is_asked(string attachment, string says)
    {
        Directory.CreateDirectory(At("sub"));
        File.WriteAllBytes(At("empty.png"), []);
        File.CreateSymbolicLink(At("link.png"), "/etc/hostname");
        using (var large = File.Create(At("large.png"))) large.SetLength(AttachmentReader.BytesMax + 1L);
        var models = Turns(Say("seen"));
        var report = await RunAsync(Flow($"{{{attachment}}}"), models);

        Assert.Equal(RunStatus.Failed, report.Status);
        Assert.Contains(says == "at most" ? $"{AttachmentReader.BytesMax + 1} bytes" : says, report.Reason, StringComparison.Ordinal);
        Assert.Equal(0, models.Asked);
    }

    [Theory]
    [InlineData("{media_type: image/png}", "has neither `path`, `artifact` nor `url`")]
    [InlineData("{path: a.png, url: 'https://a.example/a.png'}", "has more than one of")]
    [InlineData("{path: a.unknown}", "does not say what it is")]
    [InlineData("{url: 'https://a.example/a.pdf'}", "only pictures are sent by address")]
    [InlineData("{url: 'ftp://a.example/a.png'}", "no http or https address")]
    [InlineData("{artifact: report}", "is no output of a node")]
    public void What_can_never_be_sent_is_found_before_the_run(string attachment, string says)
    {
        var problem = Assert.Single(ToolRun.Problems(Flow(attachment)));
        Assert.StartsWith("HYD280", problem, StringComparison.Ordinal);
        Assert.Contains(says, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_beside_an_address_made_of_data_is_warned_of() =>
        Assert.Contains(ToolRun.Warnings(Flow("{path: owl.png}, {url: 'https://a.example/{{ x }}.png'}", "inputs: {x: {}}")), problem => problem.StartsWith("HYD282", StringComparison.Ordinal));

    [Fact]
    public async Task The_journal_names_content_by_its_hash_and_refers_to_the_bytes_once()
    {
        await RunAsync(Flow("{path: owl.png}"), Turns(Say("seen")));

        var steps = Steps.ToList();
        Assert.Equal(["attachment", "m"], steps.Select(step => step.Name));
        Assert.Equal(Picture, Convert.FromBase64String(_store.Artifacts.Read(steps[0].Request!).AsText));
        var asked = _store.Artifacts.Read(steps[1].Request!).ToJson();
        Assert.Contains(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Picture)), asked, StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String(Picture), asked, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_run_that_died_anywhere_resumes_with_the_file_and_asks_again_only_what_was_not_answered()
    {
        var deaths = 0;
        foreach (var dying in DyingStore.AtEveryCommit())
        {
            var (store, models) = (dying.Kept, Turns(Say("seen")));
            if (await dying.OutlivesAsync(() => ToolRun.Async(Flow("{path: owl.png}"), models, null, dying, _folder))) break;
            deaths++;
            var isAnswered = store.Read(ToolRun.Run).SelectMany(frame => frame.Events).OfType<RunEvent.StepEnded>().Any(step => step.Result.Response is not null);
            var asked = models.Asked;
            var report = await ToolRun.Engine(Flow("{path: owl.png}"), models, null, store, out _).ResumeAsync(ToolRun.Run, new RunRequest { WorkingDirectory = _folder }, CancellationToken.None);
            Assert.Equal("seen", report.Outputs["a"].AsText);
            Assert.Equal(isAnswered ? asked : asked + 1, models.Asked);
            Assert.All(models.Conversations, messages => Assert.Equal(Picture, messages[0].Contents.OfType<DataContent>().Single().Data.ToArray()));
        }
        Assert.NotEqual(0, deaths);
    }

    [Fact]
    public async Task The_answer_bears_the_labels_of_files_and_addresses()
    {
        WrittenFiles.Note(FileTool.Real(_folder), FileTool.Real(At("owl.png")), Labels.Untrusted);
        File.WriteAllBytes(At("mine.png"), Picture);
        await RunAsync("""
            name: test
            nodes:
              - {id: others, type: agent, model: m, prompt: go, attachments: [{path: owl.png}]}
              - {id: mine, type: agent, model: m, prompt: go, attachments: [{path: mine.png}]}
              - {id: web, type: agent, model: m, prompt: go, attachments: [{url: "https://a.example/a.png"}]}
            """, Turns(Say("seen")));

        var events = _store.Read(ToolRun.Run).SelectMany(frame => frame.Events).OfType<RunEvent.Ended>().ToDictionary(end => end.Node, end => end.Output!.Labels);
        Assert.Equal([Labels.Untrusted, Labels.None, Labels.Untrusted], events.OrderBy(pair => pair.Key).Select(pair => pair.Value));
    }
}
