using System.Diagnostics;

namespace Hydra.Cli.Tests;

/// <summary>The launcher <c>./hydra</c>, with a stand-in for <c>dotnet</c> that counts its builds.</summary>
public sealed class LauncherTests
{
    [Fact]
    public async Task Two_that_start_at_once_build_once_and_a_changed_source_builds_again()
    {
        using var terminal = Checkout();
        var both = await Task.WhenAll(LaunchAsync(terminal, "hydra", "one"), LaunchAsync(terminal, "hydra", "two"));
        Assert.Equal(["ran one", "ran two"], both.Select(each => each.Out.Trim()));
        Assert.Equal(1, Builds(terminal));
        Assert.Equal(1, both.Sum(each => each.Error.Split("building Hydra").Length - 1));
        Assert.Equal("", (await LaunchAsync(terminal, "hydra", "three")).Error);
        File.SetLastWriteTimeUtc(terminal.PathOf("src/Hydra.Cli/a.cs"), DateTime.UtcNow.AddMinutes(1));
        Assert.Equal("ran four", (await LaunchAsync(terminal, "hydra", "four")).Out.Trim());
        Assert.Equal(2, Builds(terminal));
    }

    [Fact]
    public async Task It_works_through_a_link_from_another_folder()
    {
        using var terminal = Checkout();
        Directory.CreateDirectory(terminal.PathOf("elsewhere"));
        File.CreateSymbolicLink(terminal.PathOf("elsewhere/h"), "../hydra");
        Assert.Equal("ran x y", (await LaunchAsync(terminal, "elsewhere/h", "x y")).Out.Trim());
    }

    [Fact]
    public async Task A_missing_or_old_dotnet_is_named()
    {
        using var terminal = Checkout();
        var none = await LaunchAsync(terminal, "hydra", "x", path: "/nowhere");
        Assert.Equal(1, none.Code);
        Assert.Contains("Install the .NET 10 SDK", none.Error);
        terminal.Write("bin/dotnet", "#!/bin/sh\necho 8.0.100\n");
        Assert.Contains("needs the .NET 10 SDK; 'dotnet --version' says: 8.0.100", (await LaunchAsync(terminal, "hydra", "x")).Error);
    }

    private static int Builds(Terminal terminal) => File.ReadAllLines(terminal.PathOf("builds")).Length;

    private static Terminal Checkout()
    {
        var terminal = new Terminal();
        File.Copy(Path.Combine(Terminal.Root, "hydra"), terminal.PathOf("hydra"));
        foreach (var file in new[] { "src/Hydra.Cli/a.cs", "Directory.Build.props", "Directory.Packages.props", "global.json" }) terminal.Write(file, "");
        terminal.Write("bin/dotnet", """
            #!/bin/sh
            root=$(dirname "$(dirname "$0")")
            case $1 in
              --version) echo 10.0.100 ;;
              --info) echo ' RID: linux-x64' ;;
              publish) echo build >>"$root/builds"; while [ $# -gt 0 ]; do [ "$1" = -o ] && mkdir -p "$2"; shift; done ;;
              *) shift; echo "ran $*" ;;
            esac
            """.ReplaceLineEndings("\n"));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(terminal.PathOf("bin/dotnet"), UnixFileMode.UserRead | UnixFileMode.UserExecute | UnixFileMode.UserWrite);
        return terminal;
    }

    private static async Task<(int Code, string Out, string Error)> LaunchAsync(Terminal terminal, string launcher, string word, string? path = null)
    {
        var start = new ProcessStartInfo("/bin/bash") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(terminal.PathOf(launcher));
        start.ArgumentList.Add(word);
        start.Environment["PATH"] = path is null ? terminal.PathOf("bin") + ":/usr/bin:/bin" : BareTools(terminal);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, error);
    }

    /// <summary>A path with what the launcher's first lines use, and no dotnet.</summary>
    private static string BareTools(Terminal terminal)
    {
        var folder = Directory.CreateDirectory(terminal.PathOf("tools")).FullName;
        if (!File.Exists(Path.Combine(folder, "dirname"))) File.CreateSymbolicLink(Path.Combine(folder, "dirname"), "/usr/bin/dirname");
        return folder;
    }
}
