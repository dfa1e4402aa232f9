using System.Runtime.CompilerServices;
using System.Text;
using System.Text.RegularExpressions;

namespace Hydra.Cli.Tests;

/// <summary>A folder of its own with a command line in it: what is typed, what is printed.</summary>
internal sealed partial class Terminal : IDisposable
{
    private readonly Dictionary<string, string> _environment = new(StringComparer.Ordinal);
    private readonly StringBuilder _transcript = new();

    public string Folder { get; } = Directory.CreateTempSubdirectory("hydra-cli-").FullName;
    public string Out { get; private set; } = "";
    public string Error { get; private set; } = "";
    /// <summary>Everything typed and printed, with ids and times made equal.</summary>
    public string Transcript => Plain(_transcript.ToString());
    /// <summary>What Ctrl+C calls while a verb runs.</summary>
    public Action<Action>? OnListen { get; init; }

    /// <summary>What the program takes for the time.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;

    public static string Root { get; } = FindRoot();

    public void Set(string variable, string value) => _environment[variable] = value;

    public void Write(string file, string text)
    {
        var path = Path.Combine(Folder, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    public string PathOf(string file) => Path.Combine(Folder, file);

    public int Run(params string[] words)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var io = new CliIo
        {
            Out = output,
            Error = TextWriter.Synchronized(error),
            Environment = name => _environment.GetValueOrDefault(name),
            WorkingDirectory = Folder,
            Clock = Clock,
            OnInterrupt = interrupted =>
            {
                OnListen?.Invoke(interrupted);
                return new StringReader("");
            },
        };
        var code = CommandLine.Run(words, io);
        Out = output.ToString();
        Error = error.ToString();
        _transcript.Append($"$ hydra {string.Join(' ', words)}\n{Out}{(Error.Length == 0 ? "" : "── standard error\n" + Error)}── exit {code}\n\n");
        return code;
    }

    /// <summary>A run in the background that has ended may still be closing its files: they go when it has left.</summary>
    public void Dispose()
    {
        if (!SpinWait.SpinUntil(IsDeleted, TimeSpan.FromSeconds(20))) throw new IOException($"'{Folder}' cannot be removed: something still writes into it.");
    }

    private bool IsDeleted()
    {
        try
        {
            Directory.Delete(Folder, recursive: true);
            return true;
        }
        catch (IOException)
        {
            return !Directory.Exists(Folder);
        }
    }

    private string Plain(string text)
    {
        text = text.Replace(Folder + "/", "", StringComparison.Ordinal).Replace(Folder, ".", StringComparison.Ordinal);
        text = Ids().Replace(text, "RUN");
        text = Times().Replace(text, "TIME");
        return Durations().Replace(text, "N ms");
    }

    private static string FindRoot([CallerFilePath] string file = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(file)!, "..", ".."));

    [GeneratedRegex(@"\b[0-9a-f]{12}\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Ids();

    [GeneratedRegex(@"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Times();

    [GeneratedRegex(@"\b\d+(\.\d+)? (ms|s)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Durations();
}
