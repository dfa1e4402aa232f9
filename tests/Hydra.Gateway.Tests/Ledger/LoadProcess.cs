using System.Diagnostics;

namespace Hydra.Gateway.Tests.Ledger;

/// <summary>A process of its own with callers on a ledger; it says what they see, line by line.</summary>
internal sealed class LoadProcess
{
    private readonly Process _process;

    private LoadProcess(string program, IEnumerable<string> words, string? folder)
    {
        var start = new ProcessStartInfo(program) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = folder ?? "" };
        foreach (var word in words) start.ArgumentList.Add(word);
        _process = Process.Start(start)!;
    }

    public int Id => _process.Id;

    public static LoadProcess Start(string store, string name, int callers, int calls, long bound, bool leavesOneOpen = false) =>
        new("dotnet", [typeof(LedgerLoad.Program).Assembly.Location, store, name, $"{callers}", $"{calls}", $"{bound}", .. leavesOneOpen ? (string[])["open"] : []], null);

    /// <summary>A shell that may mount file systems, which end with it; <c>$LOAD</c> is the program.</summary>
    public static LoadProcess StartMounting(string folder, string script) =>
        new("unshare", ["-Urm", "sh", "-c", $"LOAD='dotnet {typeof(LedgerLoad.Program).Assembly.Location}'\n{script}"], folder);

    public void WaitUntilReady() => Assert.Equal("ready", _process.StandardOutput.ReadLine());
    public void Begin() => _process.StandardInput.WriteLine("go");
    public void Say(string line) => _process.StandardInput.WriteLine(line);

    /// <summary>What is said up to a line, which comes last, or to the end.</summary>
    public async Task<List<string>> ReadToAsync(string last)
    {
        var said = new List<string>();
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            said.Add(line);
            if (line == last) break;
        }
        return said;
    }

    public async Task<List<string>> EndAsync()
    {
        using (_process)
        {
            var said = await _process.StandardOutput.ReadToEndAsync();
            await _process.WaitForExitAsync();
            return [.. said.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        }
    }

    /// <summary>Reads so many lines, and on until a call is in flight for certain; kills, and reads what was said before the end.</summary>
    public async Task<List<string>> KillAfterAsync(int lines)
    {
        var said = new List<string>();
        var isOpen = false;
        while ((said.Count < lines || !isOpen) && await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            said.Add(line);
            isOpen |= line.StartsWith("open ", StringComparison.Ordinal);
        }
        _process.Kill();
        said.AddRange(await EndAsync());
        return said;
    }

    /// <summary>Stops the process as it stands, or lets it go on.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        kill.WaitForExit();
        Assert.Equal(0, kill.ExitCode);
    }
}
