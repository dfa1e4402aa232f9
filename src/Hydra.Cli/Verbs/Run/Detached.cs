using System.Diagnostics;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>The same command as a process of its own, which outlives this one.</summary>
internal static class Detached
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    /// <param name="run">A run that exists is gone on with. Throws <see cref="StoreException"/> where a living process owns it.</param>
    public static async Task<int> StartAsync(RunId run, ParsedArguments arguments, CliIo io)
    {
        var folder = Wiring.RunsDirOf(arguments, io);
        var log = Path.Combine(folder, "logs", run.Text + ".log");
        var known = Find(folder, run, store => store.RefuseOwned(run));
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // `dotnet hydra.dll …` and a program of its own are started alike: by what this process was started by.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(Detached).Assembly.Location);
        start.ArgumentList.Add(arguments.Words[0]);
        if (known is null && !arguments.Has(RunOptions.RunId)) AddOption(start, RunOptions.RunId.Name, run.Text);
        if (!arguments.Has(RunOptions.Log)) AddOption(start, RunOptions.Log.Name, Path.GetFullPath(log));
        foreach (var word in arguments.Words.Skip(1).Where(word => word != RunOptions.Detach.Name)) start.ArgumentList.Add(word);
        using var process = Process.Start(start) ?? throw new UsageException("the background process could not be started.");
        process.StandardInput.Close();
        // One that ends well before it writes anything has found the run completed.
        if (!await HasBegunAsync(process, folder, run, known?.UpdatedAt, io) && process.ExitCode != ExitCode.Done)
        {
            io.Error.WriteLine(TerminalText.Block((await process.StandardError.ReadToEndAsync()).TrimEnd()));
            return process.ExitCode;
        }
        io.Out.WriteLine(run.Text);
        io.Error.WriteLine($"log: {arguments.Get(RunOptions.Log) ?? log}   watch it: hydra inspect {run} --follow{CommonOptions.WhereOf(arguments)}");
        return ExitCode.Done;
    }

    /// <summary>Waits until the process has written to the run, so that the next command finds it there; false when the process ended without that.</summary>
    /// <param name="before">When the run was last written before; null: it was not.</param>
    private static async Task<bool> HasBegunAsync(Process process, string folder, RunId run, DateTimeOffset? before, CliIo io)
    {
        var since = io.Clock.GetTimestamp();
        while (io.Clock.GetElapsedTime(since) < StartLimit)
        {
            var hasEnded = process.HasExited;
            if (Find(folder, run) is { } now && now.UpdatedAt != before) return true;
            if (hasEnded) return false;
            await Task.Delay(LookInterval, io.Clock);
        }
        throw new UsageException($"the background process {process.Id} has not begun run '{run}' within {StartLimit.TotalSeconds:0} s; it may still.");
    }

    private static RunInfo? Find(string folder, RunId run, Action<SqliteRunStore>? first = null)
    {
        if (!SqliteRunStore.Exists(folder)) return null;
        using var store = SqliteRunStore.Open(folder, Durability.Full);
        first?.Invoke(store);
        return store.Find(run);
    }

    private static void AddOption(ProcessStartInfo start, string name, string value)
    {
        start.ArgumentList.Add(name);
        start.ArgumentList.Add(value);
    }
}
