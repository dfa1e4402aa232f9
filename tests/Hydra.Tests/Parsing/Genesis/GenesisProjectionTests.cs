using System.Text;
using System.Xml.Linq;
using Hydra.Parsing.Genesis;

namespace Hydra.Tests.Parsing.Genesis;

/// <summary>A run's state written into a file again and again.</summary>
public sealed class GenesisProjectionTests
{
    private const string Head = "<projectGenesis xmlns:x=\"urn:hydra:genesis:1\"><metadata><status>planning</status></metadata><executionPlan>";
    private const string Tail = "</executionPlan></projectGenesis>";

    [Theory]
    [InlineData("<tasks><task id=\"a\"><name>é</name></task><!--between--><task id=\"b\"><x:prompt>p</x:prompt></task></tasks>")]
    [InlineData("<tasks>\n  <task id=\"a\">\n <name>one &amp; two</name></task>\n  <!--between-->\n  <task id=\"b\"/>\n</tasks>")]
    [InlineData("<tasks><task id=\"a\"/><task id=\"b\"/></tasks><!--a-->")]
    public void Writing_after_every_change_ends_in_the_same_file_as_writing_once(string tasks)
    {
        var (often, once) = (Open(tasks), Open(tasks));
        foreach (var status in (string[])["pending", "in-progress", "completed"])
        {
            Apply(often, status, "pending");
            Save(often);
        }
        Apply(often, "completed", "completed");
        Apply(once, "completed", "completed");
        var text = Save(often);
        Assert.Equal(Save(once), text);
        var written = XDocument.Parse(text).Descendants("task").ToList();
        Assert.Equal(["a", "b"], written.Select(task => task.Attribute("id")!.Value));
        Assert.All(written, task => Assert.Equal("completed", task.Element("statusHistory")!.Element("event")!.Element("status")!.Value));
        Assert.All(written, task => Assert.Equal("completed", task.Element(XName.Get("run", GenesisNames.Extension))!.Attribute("status")!.Value));
        Assert.DoesNotContain("hydra-", text);
    }

    [Fact]
    public void A_file_without_changes_is_written_as_the_platform_writes_it()
    {
        const string tasks = "<tasks><task id=\"a\"><name>n</name></task><!--between--><task id=\"b\"/></tasks>";
        var platform = XDocument.Parse("<?xml version=\"1.0\" encoding=\"utf-8\"?>" + Head + tasks + Tail).ToString();
        Assert.Equal("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" + platform.ReplaceLineEndings("\n"), Save(Open(tasks)));
    }

    private static GenesisProjection Open(string tasks) => GenesisProjection.Open(Encoding.UTF8.GetBytes(Head + tasks + Tail))!;

    private static void Apply(GenesisProjection projection, string a, string b)
    {
        TaskProjection[] tasks = [Task("a", a), Task("b", b)];
        foreach (var task in tasks) projection.Apply(task);
        projection.Apply(new RunProjection("r", "in-progress", 1, []), tasks);
    }

    private static TaskProjection Task(string id, string status) => new(id, status, status, 1, 0, 0, null, null, null, [new TaskEvent(0, status, "")]);

    private static string Save(GenesisProjection projection)
    {
        var stream = new MemoryStream();
        projection.Save(stream);
        return Encoding.UTF8.GetString(stream.ToArray());
    }
}
