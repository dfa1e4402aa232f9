using System.IO.Compression;
using System.Text;

namespace Hydra.Cli.Tests;

/// <summary>Runs and recordings as files: what is wrong with one is said in words, and nothing is left of it or lost to it.</summary>
public sealed class PortableFileTests
{
    private const string Head = "{\"cassette\":1,\"run\":\"r\",\"workflow\":\"w\",\"definition\":\"\",\"now\":\"\",\"inputs\":{},\"options\":{}}\n";

    [Theory]
    [InlineData("name: w\n", "line 1: it is no JSON from byte 2 on; a cassette begins with a line that says what was run.")]
    [InlineData(Head + "{\"key\":\"k\",\"kin", "line 2: it breaks off in the middle; each line behind the first is a call, a decision or a wait, as one JSON object.")]
    [InlineData(Head + "\n{\"key\":\"k\",\0}\n", "line 3: it is no JSON from byte 12 on;")]
    [InlineData(Head + "{\"key\":\"k\"}\n", "line 2: the key 'kind' is not in the map;")]
    [InlineData(Head + "{\"key\":\"k\",\"kind\":\"model\",\"name\":\"m\",\"node\":\"n\",\"tokens\":[1],\"micro_usd\":0,\"ms\":0}\n", "line 2: tokens are counted in 5 or 9 classes, not in 1;")]
    public void A_damaged_cassette_is_named_with_its_line_and_what_belongs_there(string text, string told)
    {
        using var terminal = Exported();
        terminal.Write("bad.cassette", text);
        Assert.Equal(2, terminal.Run("run", "plain.yaml", "--replay", "bad.cassette"));
        Assert.Contains($"bad.cassette' is damaged at {told}", terminal.Error, StringComparison.Ordinal);
        Assert.EndsWith(" Record it again with --record.\n", terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", terminal.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("foreign", "is no exported run. Make one with `hydra export RUN`.")]
    [InlineData("empty", "is no exported run: it is empty. Make one with `hydra export RUN`.")]
    [InlineData("flipped", "is damaged: it cannot be unpacked. Nothing was imported;")]
    [InlineData("no json", "is damaged: at line 2 it is no JSON from byte 1 on. Nothing was imported;")]
    [InlineData("torn line", "is damaged: at line 2 it breaks off in the middle. Nothing was imported;")]
    [InlineData("no end", "is damaged: its end is missing. Nothing was imported;")]
    [InlineData("no hash", "is damaged: at line 2 a hash or the bytes of an artifact are not written as such. Nothing was imported;")]
    public void A_damaged_export_is_named_with_what_is_wrong_and_makes_no_store(string damage, string told)
    {
        using var terminal = Exported();
        File.WriteAllBytes(terminal.PathOf("bad.hydra"), Damaged(File.ReadAllBytes(terminal.PathOf("r1.hydra")), damage));
        Assert.Equal(2, terminal.Run("import", "bad.hydra", "--runs-dir", "new"));
        Assert.Contains($"bad.hydra' {told}", terminal.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("archive entry", terminal.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(terminal.PathOf("new")));
    }

    [Fact]
    public void A_file_that_is_there_is_replaced_by_an_export_only_where_that_is_said()
    {
        using var terminal = Exported();
        terminal.Write("r1.hydra", "mine");
        foreach (var words in (string[])["export r1", "export r1 -o plain.yaml", "export r1 -o .hydra"])
        {
            Assert.Equal(2, terminal.Run(words.Split(' ')));
            Assert.Contains("' is there already. Name another file with --output, or replace it with --force.", terminal.Error, StringComparison.Ordinal);
        }
        Assert.Equal("mine", File.ReadAllText(terminal.PathOf("r1.hydra")));
        Assert.Equal(0, terminal.Run("export", "r1", "--force"));
        Assert.Equal(0, terminal.Run("import", "r1.hydra", "--run-id", "r2"));
    }

    [Fact]
    public void A_recording_replaces_a_recording_and_nothing_else()
    {
        using var terminal = Exported();
        foreach (var there in (string[])["plain.yaml", ".hydra"])
        {
            Assert.Equal(2, terminal.Run("run", "plain.yaml", "--run-id", "r2", "--record", there));
            Assert.Equal($"hydra: '{there}' is there already and is no cassette. Name another file with --record, or remove it.\n", terminal.Error);
        }
        Assert.Equal(2, terminal.Run("inspect", "r2"));   // it was not begun
        terminal.Write("plain.cassette", "");
        foreach (var run in (string[])["r2", "r3"]) Assert.Equal(0, terminal.Run("run", "plain.yaml", "--run-id", run, "--record", "plain.cassette"));
        Assert.Contains("\"run\":\"r3\"", File.ReadAllText(terminal.PathOf("plain.cassette")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("export r1 -o plain.yaml/x")]
    [InlineData("run plain.yaml --run-id r2 --record plain.yaml/x")]
    [InlineData("recap r1 --out plain.yaml/x")]
    [InlineData("run writes.yaml --run-id r3")]
    public void A_file_that_cannot_be_written_is_named(string words)
    {
        using var terminal = Exported();
        terminal.Write("writes.yaml", "name: writes\nnodes:\n  - {id: text, type: set, value: hello}\noutputs: {plain.yaml/x: text}\n");
        Assert.Equal(1, terminal.Run(words.Split(' ')));
        Assert.Contains($"hydra: {terminal.PathOf("plain.yaml/x")}: ", terminal.Error, StringComparison.Ordinal);
        Assert.Equal(2, terminal.Run("inspect", "r2"));   // nothing is begun, and paid for, that cannot be recorded
    }

    private static byte[] Damaged(byte[] file, string damage)
    {
        var lines = Unpacked(file).Split('\n');
        switch (damage)
        {
            case "foreign": return [.. "name: w\n"u8];
            case "empty": return [];
            case "flipped":
                file[^6] ^= 0x55;   // the check sum
                return file;
            case "no json": return Packed($"{lines[0]}\n\0\0\n");
            case "torn line": return Packed($"{lines[0]}\n{lines[1][..40]}");
            case "no end": return Packed($"{lines[0]}\n{lines[1]}\n");
            default: return Packed($"{lines[0]}\n{lines[1].Replace("\"hash\":\"", "\"hash\":\"zz", StringComparison.Ordinal)}\n");
        }
    }

    private static string Unpacked(byte[] file)
    {
        using var reader = new StreamReader(new GZipStream(new MemoryStream(file), CompressionMode.Decompress));
        return reader.ReadToEnd();
    }

    private static byte[] Packed(string text)
    {
        using var to = new MemoryStream();
        using (var packing = new GZipStream(to, CompressionLevel.Fastest)) packing.Write(Encoding.UTF8.GetBytes(text));
        return to.ToArray();
    }

    private static Terminal Exported()
    {
        var terminal = new Terminal();
        terminal.Write("plain.yaml", "name: plain\nnodes:\n  - {id: text, type: set, value: hello}\n");
        Assert.Equal(0, terminal.Run("run", "plain.yaml", "--run-id", "r1"));
        Assert.Equal(0, terminal.Run("export", "r1"));
        return terminal;
    }
}
