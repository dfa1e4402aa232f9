using Hydra.Artifacts;
using Hydra.Model;

namespace Hydra.Tests.Journal;

public sealed class ArtifactTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-artifacts-").FullName;

    [Fact]
    public void A_small_value_stays_inline()
    {
        var kept = Store().Keep("short");

        Assert.Null(kept.Artifact);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void A_large_value_is_a_file_named_by_its_hash_and_stored_once()
    {
        var text = string.Concat(Enumerable.Repeat("größer ", 5000));
        var first = Store().Keep(text);
        var second = Store().Keep(text);

        Assert.Equal(first.Artifact, second.Artifact);
        Assert.Single(Directory.EnumerateFiles(_folder, "*", SearchOption.AllDirectories));
        Assert.Equal(text, Store().Read(first).AsText);
    }

    [Fact]
    public void A_large_object_reads_back_as_it_was()
    {
        var value = Value.Of(Enumerable.Range(0, 5000).Select(i => (Value)ValueMap.Of(("i", i), ("x", i / 2.0))));

        Assert.Equal(value, Store().Read(Store().Keep(value)));
    }

    /// <remarks>Most values are told to be small enough without writing them down.</remarks>
    [Theory]
    [InlineData("a")]
    [InlineData("ü")]
    [InlineData("\u0001")]   // six bytes of JSON
    [InlineData("🌊")]
    [InlineData("\"")]
    public void A_value_is_inline_exactly_when_its_bytes_fit(string letter)
    {
        var store = Store();
        foreach (var count in Enumerable.Range(0, 60).Select(i => i * 41).Concat(Enumerable.Range(0, 60).Select(i => i * 300)))
        {
            var text = string.Concat(Enumerable.Repeat(letter, count));
            foreach (var value in (Value[])[text, Value.Of([text]), ValueMap.Of((text + "k", text), ("b", Value.Of([1, 2.5, true, Value.Null]))), Value.Of(Enumerable.Repeat(Value.Of(-1.2345678901234567e-300), count / 10))])
            {
                var bytes = value.IsText ? System.Text.Encoding.UTF8.GetByteCount(text) : ValueJson.ToUtf8(value).Length;
                Assert.Equal(bytes <= ValueRef.InlineBytesMax, store.Keep(value).Artifact is null);
            }
        }
    }

    [Fact]
    public void An_altered_artifact_is_refused()
    {
        var kept = Store().Keep(new string('a', 20_000));
        var file = Store().PathOf(kept.Artifact!.Value);
        File.WriteAllText(file, new string('b', 20_000));

        Assert.Equal(StoreFault.Corrupt, Assert.Throws<StoreException>(() => Store().Read(kept)).Fault);
    }

    [Fact]
    public void A_damaged_file_that_another_process_left_is_written_anew_before_anything_refers_to_it()
    {
        var text = new string('a', 20_000);
        File.WriteAllText(Store().PathOf(Store().Keep(text).Artifact!.Value), text[..512]);

        Assert.Equal(text, Store().Read(Store().Keep(text)).AsText);
    }

    [Fact]
    public void A_missing_artifact_is_named()
    {
        var kept = Store().Keep(new string('a', 20_000));
        var file = Store().PathOf(kept.Artifact!.Value);
        File.Delete(file);

        Assert.Contains(file, Assert.Throws<StoreException>(() => Store().Read(kept)).Message);
    }

    /// <summary>A store of its own each time, so that nothing comes out of a cache.</summary>
    private FileArtifacts Store() => new(_folder, isDurable: true);

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
