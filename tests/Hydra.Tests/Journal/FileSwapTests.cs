using Hydra.Artifacts;

namespace Hydra.Tests.Journal;

public sealed class FileSwapTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hydra-swap").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string PathOf(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    [Fact]
    public void A_file_that_is_as_expected_is_replaced()
    {
        var (beside, path) = (PathOf("new", "new"), PathOf("file", "old"));
        Assert.True(FileSwap.TryReplace(beside, path, replaced => File.ReadAllText(replaced) == "old"));
        Assert.Equal(("new", false), (File.ReadAllText(path), File.Exists(beside)));
    }

    [Fact]
    public void What_somebody_wrote_meanwhile_is_put_back()
    {
        var (beside, path) = (PathOf("new", "new"), PathOf("file", "somebody else's"));
        Assert.False(FileSwap.TryReplace(beside, path, replaced => File.ReadAllText(replaced) == "old"));
        Assert.Equal(("somebody else's", false), (File.ReadAllText(path), File.Exists(beside)));
    }

    [Fact]
    public void What_somebody_saves_while_an_earlier_save_is_put_back_stays()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere nothing is replaced before it is looked at");
        var (beside, path) = (PathOf("new", "new"), PathOf("file", "first save"));
        Assert.False(FileSwap.TryReplace(beside, path, _ =>
        {
            File.Move(PathOf("edit", "second save"), path, overwrite: true);
            return false;
        }));
        Assert.Equal(("second save", false), (File.ReadAllText(path), File.Exists(beside)));
    }

    [Fact]
    public void A_file_that_somebody_has_open_and_is_about_to_write_is_put_back()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "elsewhere nobody can tell");
        var (beside, path) = (PathOf("new", "new"), PathOf("file", "old"));
        using (var writer = new StreamWriter(new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.Read)))
        {
            Assert.False(FileSwap.TryReplace(beside, path, _ => true));
            writer.Write("edited");
        }
        Assert.Equal(("edited", false), (File.ReadAllText(path), File.Exists(beside)));
    }

    [Fact]
    public void Whoever_only_reads_the_file_keeps_it_from_nothing()
    {
        var (beside, path) = (PathOf("new", "new"), PathOf("file", "old"));
        using var reader = new StreamReader(path);
        Assert.True(FileSwap.TryReplace(beside, path, _ => true));
        Assert.Equal(("new", "old"), (File.ReadAllText(path), reader.ReadToEnd()));
    }
}
