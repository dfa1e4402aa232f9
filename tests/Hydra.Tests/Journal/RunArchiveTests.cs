using System.IO.Compression;
using System.Text;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Tests.Execution;
using Hydra.Tests.Parsing;
using static Hydra.Tests.Execution.EngineHarness;

namespace Hydra.Tests.Journal;

public sealed class RunArchiveTests : IDisposable
{
    private static readonly RunId Run = new("run-1");
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-archive-").FullName;
    private readonly WorkflowSpec _workflow = Graph("a\nb <- a");

    [Fact]
    public async Task A_run_comes_back_frame_by_frame_with_its_artifacts()
    {
        var file = await ExportAsync();
        using var from = Open("from");
        using var to = Open("to");

        var info = RunArchive.Import(to, RunArchive.Read(file), null);

        Assert.Equal(RunStatus.Completed, info.Status);
        Assert.Equal(from.ReadRaw(Run).Select(frame => Convert.ToHexString(frame.Hash)), to.ReadRaw(Run).Select(frame => Convert.ToHexString(frame.Hash)));
        var again = new CallingNode();
        var report = await EngineOf(to, _workflow, again).ResumeAsync(Run, new RunRequest(), CancellationToken.None);
        Assert.Equal(new string('x', 50_000), report.Outputs["b"].AsText);
        Assert.Empty(again.Calls);
    }

    [Fact]
    public async Task A_failed_run_is_taken_up_where_it_was_imported()
    {
        var file = await ExportAsync(fails: true);
        using var to = Open("to");
        RunArchive.Import(to, RunArchive.Read(file), new RunId("elsewhere"));

        var again = new CallingNode();
        var report = await EngineOf(to, _workflow, again).ResumeAsync(new RunId("elsewhere"), new RunRequest(), CancellationToken.None);

        Assert.Equal(RunStatus.Completed, report.Status);
        Assert.Equal(["b/0"], again.Calls);
    }

    [Fact]
    public async Task A_file_that_unpacks_to_more_than_the_limit_is_refused()
    {
        var file = await ExportAsync();
        using var to = Open("to");

        Assert.Contains("unpacks to more than 1,000 bytes", Assert.Throws<ArchiveException>(() => RunArchive.Import(to, RunArchive.Read(file, unpackedBytesMax: 1_000), null)).Message);
        Assert.Empty(to.List());
    }

    [Fact]
    public async Task What_people_were_shown_comes_along()
    {
        var workflow = TestTypes.Parse($$"""
            name: s
            nodes:
              - {id: gate, type: approval_gate, prompt_to_human: "{{new string('x', 40_000)}}"}
            """);
        var file = Path.Combine(_folder, "waits.hydra");
        using (var from = Open("from"))
        {
            await new Engine(new EngineOptions { Types = TestTypes.All, Store = from, ReadDefinition = (_, _, _) => workflow }).RunAsync(workflow, new RunRequest { Run = Run }, CancellationToken.None);
            RunArchive.Write(from, from.Find(Run)!, file, "Hydra test");
        }
        using var to = Open("to");
        RunArchive.Import(to, RunArchive.Read(file), null);

        var wait = to.Read(Run).SelectMany(frame => frame.Events).OfType<RunEvent.WaitOpened>().Single();
        Assert.Contains(new string('x', 40_000), to.Artifacts.Read(wait.Request.Payload).ToJson());
    }

    [Fact]
    public async Task A_run_that_exists_is_not_overwritten()
    {
        var file = await ExportAsync();
        using var from = Open("from");

        Assert.Contains("--run-id", Assert.Throws<ArchiveException>(() => RunArchive.Import(from, RunArchive.Read(file), null)).Message);
    }

    [Fact]
    public async Task Any_changed_missing_or_added_line_is_found_and_nothing_is_imported()
    {
        var lines = Unpack(await ExportAsync());
        for (var i = 0; i < lines.Count; i++)
        {
            var without = lines.ToList();
            without.RemoveAt(i);
            var swapped = lines.ToList();
            swapped[i] = lines[i].Replace("1", "2", StringComparison.Ordinal);
            foreach (var damaged in (List<string>[])[without, swapped, [.. lines, lines[i]]])
            {
                var file = Pack(damaged);
                using var to = Open("damaged");
                Assert.Throws<ArchiveException>(() => RunArchive.Import(to, RunArchive.Read(file), new RunId("fresh")));
                Assert.Empty(to.List());
            }
        }
    }

    [Fact]
    public async Task A_cut_or_foreign_file_is_refused()
    {
        var bytes = await File.ReadAllBytesAsync(await ExportAsync());
        using var to = Open("to");
        foreach (var content in (byte[][])[[], [.. "name: w\n"u8], bytes[..(bytes.Length / 2)], bytes[..^40]])
        {
            var file = Path.Combine(_folder, "cut.hydra");
            await File.WriteAllBytesAsync(file, content);
            Assert.Throws<ArchiveException>(() => RunArchive.Import(to, RunArchive.Read(file), null));
        }
        Assert.Empty(to.List());
    }

    private async Task<string> ExportAsync(bool fails = false)
    {
        using var store = Open("from");
        var type = new CallingNode
        {
            Answer = (attempt, _) => fails && attempt.Path == "b" ? throw new CallFailedException(ErrorCode.BadRequest, "no") : new(Value.Of(new string('x', 50_000))),
        };
        await EngineOf(store, _workflow, type).RunAsync(_workflow, new RunRequest { Run = Run }, CancellationToken.None);
        var file = Path.Combine(_folder, "run.hydra");
        RunArchive.Write(store, store.Find(Run)!, file, "test");
        return file;
    }

    private static List<string> Unpack(string file)
    {
        using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries)];
    }

    private string Pack(IEnumerable<string> lines)
    {
        var file = Path.Combine(_folder, "packed.hydra");
        using var writer = new StreamWriter(new GZipStream(File.Create(file), CompressionLevel.Fastest), new UTF8Encoding(false)) { NewLine = "\n" };
        foreach (var line in lines) writer.WriteLine(line);
        return file;
    }

    private SqliteRunStore Open(string name) => SqliteRunStore.Open(Path.Combine(_folder, name), Durability.Normal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
