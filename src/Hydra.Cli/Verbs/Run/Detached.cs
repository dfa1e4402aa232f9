using System.Diagnostics;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>The same command as a process of its own, which outlives this one.</summary>
internal static class Detached
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    public static async Task<int> StartAsync(RunId run, ParsedArguments arguments, CliIo io)
    {
        var folder = Wiring.RunsDirOf(arguments, io);
        var log = Path.Combine(folder, "logs", run.Text + ".log");
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // `dotnet hydra.dll …` and a program of its own are started alike: by what this process was started by.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(Detached).Assembly.Location);
        foreach (var word in arguments.Words.Where(word => word != RunOptions.Detach.Name)) start.ArgumentList.Add(word);
        if (!arguments.Has(RunOptions.RunId)) AddOption(start, RunOptions.RunId.Name, run.Text);
        if (!arguments.Has(RunOptions.Log)) AddOption(start, RunOptions.Log.Name, Path.GetFullPath(log));
        using var process = Process.Start(start) ?? throw new UsageException("the background process could not be started.");
        process.StandardInput.Close();
        if (!await HasBegunAsync(process, folder, run, io))
        {
            io.Error.WriteLine(TerminalText.Block((await process.StandardError.ReadToEndAsync()).TrimEnd()));
            return process.ExitCode;
        }
        io.Out.WriteLine(run.Text);
        io.Error.WriteLine($"log: {arguments.Get(RunOptions.Log) ?? log}   watch it: hydra inspect {run} --follow{CommonOptions.WhereOf(arguments)}");
        return ExitCode.Done;
    }

    /// <summary>Waits until the run stands in the store, so that the next command finds it; false when the process ended without one.</summary>
    private static async Task<bool> HasBegunAsync(Process process, string folder, RunId run, CliIo io)
    {
        var since = io.Clock.GetTimestamp();
        while (io.Clock.GetElapsedTime(since) < StartLimit)
        {
            var hasEnded = process.HasExited;
            if (SqliteRunStore.Exists(folder))
            {
                using var store = SqliteRunStore.Open(folder, Durability.Full);
                if (store.Find(run) is not null) return true;
            }
            if (hasEnded) return false;
            await Task.Delay(LookInterval, io.Clock);
        }
        throw new UsageException($"the background process {process.Id} has not begun run '{run}' within {StartLimit.TotalSeconds:0} s; it may still.");
    }

    private static void AddOption(ProcessStartInfo start, string name, string value)
    {
        start.ArgumentList.Add(name);
        start.ArgumentList.Add(value);
    }
}
