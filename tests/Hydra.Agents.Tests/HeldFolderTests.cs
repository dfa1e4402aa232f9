using Hydra.Artifacts;

namespace Hydra.Agents.Tests;

/// <summary>File tools while somebody puts links in the place of folders.</summary>
public sealed class HeldFolderTests : IDisposable
{
    private static readonly int Rounds = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1" ? 10_000 : 100;
    private readonly string _folder = FileTool.Real(Directory.CreateTempSubdirectory("hydra-held-").FullName);

    public HeldFolderTests()
    {
        foreach (var place in new[] { "root/in", "outside" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, place));
            File.WriteAllText(Path.Combine(_folder, place, "a.txt"), place);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Root => Path.Combine(_folder, "root");

    /// <summary>What was <c>root/in</c> is a link to the folder outside.</summary>
    private void Swap()
    {
        Directory.Move(Path.Combine(Root, "in"), Path.Combine(Root, "was"));
        Directory.CreateSymbolicLink(Path.Combine(Root, "in"), Path.Combine(_folder, "outside"));
    }

    [Fact]
    public void A_folder_that_became_a_link_after_it_was_looked_at_is_not_entered()
    {
        var path = FileTool.Inside(Root, "in/a.txt");   // looked at, and found to lie inside
        Swap();
        Assert.ThrowsAny<Exception>(() => HeldFolder.OpenRead(Root, path).Dispose());
        Assert.ThrowsAny<Exception>(() => HeldFolder.At(Root, ["in", "new"], makes: true).Dispose());
        Assert.False(Directory.Exists(Path.Combine(_folder, "outside", "new")));
    }

    [Fact]
    public void A_folder_that_is_held_stays_the_one_it_was()
    {
        using var held = HeldFolder.At(Root, ["in"]);
        Swap();
        using var reader = new StreamReader(held.OpenRead("a.txt"));
        Assert.Equal("root/in", reader.ReadToEnd());
        File.WriteAllText(Path.Combine(held.Path, "b.txt"), "x");
        Assert.Equal((true, false), (File.Exists(Path.Combine(Root, "was", "b.txt")), File.Exists(Path.Combine(_folder, "outside", "b.txt"))));
    }

    [Fact]
    public void A_folder_that_may_be_entered_and_not_listed_is_held_all_the_same()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess, "who may do everything is refused nothing");
        if (OperatingSystem.IsWindows()) return;
        File.SetUnixFileMode(Root, UnixFileMode.UserExecute);
        try
        {
            using var reader = new StreamReader(HeldFolder.OpenRead(Root, Path.Combine(Root, "in", "a.txt")));
            Assert.Equal("root/in", reader.ReadToEnd());
        }
        finally
        {
            File.SetUnixFileMode(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    [Fact]
    public void A_file_that_became_a_link_after_it_was_looked_at_is_not_opened()
    {
        var path = FileTool.Inside(Root, "in/a.txt");
        File.Delete(path);
        File.CreateSymbolicLink(path, Path.Combine(_folder, "outside", "a.txt"));
        Assert.Equal(ErrorCode.PolicyDenied, Assert.Throws<CallFailedException>(() => HeldFolder.OpenRead(Root, path).Dispose()).Code);
    }

    [Fact]
    public async Task Nothing_outside_is_read_written_or_listed_while_a_folder_is_swapped_for_a_link_again_and_again()
    {
        using var done = new CancellationTokenSource();
        var swapping = Task.Run(() =>
        {
            while (!done.IsCancellationRequested) SwapThereAndBack();
        }, CancellationToken.None);
        try
        {
            var reached = 0;
            for (var round = 0; round < Rounds || (reached == 0 && !swapping.IsCompleted); round++)
            {
                if (await TryAsync("read_file", ("path", "in/a.txt")) is { } read)
                {
                    reached++;
                    Assert.Equal("root/in", read.AsText);
                }
                await TryAsync("write_file", ("path", $"in/new{round % 10}/b.txt"), ("content", "x"));
                if (await TryAsync("list_files", ("path", ".")) is { } listed) Assert.DoesNotContain(listed.AsObject["files"].Items, file => file.AsText.EndsWith("only-outside", StringComparison.Ordinal));
                if (round == 0) File.WriteAllText(Path.Combine(_folder, "outside", "only-outside"), "");
            }
        }
        finally
        {
            await done.CancelAsync();
            await swapping;
        }
        Assert.Equal(["a.txt", "only-outside"], Directory.EnumerateFileSystemEntries(Path.Combine(_folder, "outside"), "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    private void SwapThereAndBack()
    {
        var (real, aside) = (Path.Combine(Root, "in"), Path.Combine(Root, "was"));
        Directory.Move(real, aside);
        try
        {
            Directory.CreateSymbolicLink(real, Path.Combine(_folder, "outside"));
            Directory.Delete(real);
        }
        catch (IOException)
        {
            // A tool has made the folder meanwhile.
        }
        while (true)
        {
            try
            {
                if (Directory.Exists(real)) Directory.Delete(real, recursive: true);
                Directory.Move(aside, real);
                return;
            }
            catch (IOException)
            {
                // Once more: the tool goes on, too.
            }
        }
    }

    /// <summary>Null: it was refused, or was not there at that moment.</summary>
    private async Task<Value?> TryAsync(string type, params (string, Value)[] arguments)
    {
        var tool = new FileTool(new ToolFacts { Name = "t", Description = "d", Arguments = ValueMap.Empty }, type, "root");
        try
        {
            return await tool.CallAsync(new ToolCall { Arguments = ValueMap.Of(arguments), IdempotencyKey = "k", WorkingDirectory = _folder, Alive = () => { } }, CancellationToken.None);
        }
        catch (CallFailedException)
        {
            return null;
        }
    }
}
