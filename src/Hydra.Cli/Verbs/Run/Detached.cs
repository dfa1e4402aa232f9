using System.Diagnostics;
using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>The same command as a process of its own, which outlives this one.</summary>
internal static class Detached
{
    /// <summary>Names the run to the background process that is to say when it has begun it. Programs that one starts inherit it, and none of them runs this run.</summary>
    private const string Variable = "HYDRA_DETACHED";
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    /// <param name="run">A run that exists is gone on with. Throws <see cref="StoreException"/> where a living process owns it.</param>
    public static async Task<int> StartAsync(RunId run, ParsedArguments arguments, CliIo io)
    {
        var folder = Wiring.RunsDirOf(arguments, io);
        var log = arguments.Get(RunOptions.Log) is { } named ? io.PathOf(named) : Path.Combine(folder, "logs", run.Text + ".log");
        var isKnown = Find(folder, run, io, refusesOwned: true) is not null;
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // `dotnet hydra.dll …` and a program of its own are started alike: by what this process was started by.
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(Detached).Assembly.Location);
        start.ArgumentList.Add(arguments.Words[0]);
        if (!isKnown && !arguments.Has(RunOptions.RunId)) AddOption(start, RunOptions.RunId.Name, run.Text);
        if (!arguments.Has(RunOptions.Log)) AddOption(start, RunOptions.Log.Name, Path.GetFullPath(log));
        foreach (var word in arguments.Words.Skip(1).Where(word => word != RunOptions.Detach.Name)) start.ArgumentList.Add(word);
        start.Environment[Variable] = run.Text;
        using var process = Process.Start(start) ?? throw new UsageException("the background process could not be started.");
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var first = await FirstLineAsync(process, run, io);
        if (first != run.Text)
        {
            var said = first is null ? "" : $"{first}\n{await process.StandardOutput.ReadToEndAsync()}";
            await process.WaitForExitAsync();
            if (process.ExitCode != ExitCode.Done)   // else it has found the run completed
            {
                io.Error.WriteLine(TerminalText.Block((await error).TrimEnd()));
                io.Out.Write(said);
                return process.ExitCode;
            }
        }
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(DocumentOf(run, process, folder, log, io), indented: true));
        else io.Out.WriteLine(run.Text);
        io.Error.WriteLine($"log: {log}   watch it: hydra inspect {run} --follow{CommonOptions.WhereOf(arguments)}");
        return ExitCode.Done;
    }

    /// <summary>What a process that was started in the background says to whoever waits for it; null: this one was not.</summary>
    public static IRunObserver? StarterOf(RunId run, CliIo io) => io.Environment(Variable) == run.Text ? new Starter(run, io.Out) : null;

    /// <summary>The run's id once its first frame is durable: it is this process's then, and the next command finds it. Null or something else: it ended without that.</summary>
    private static async Task<string?> FirstLineAsync(Process process, RunId run, CliIo io)
    {
        try
        {
            return await process.StandardOutput.ReadLineAsync().WaitAsync(StartLimit, io.Clock);
        }
        catch (TimeoutException)
        {
            throw new UsageException($"the background process {process.Id} has not begun run '{run}' within {StartLimit.TotalSeconds:0} s; it may still.");
        }
    }

    private static ValueMap DocumentOf(RunId run, Process process, string folder, string log, CliIo io) => ValueMap.Of(
        ("run_id", run.Text), ("status", Find(folder, run, io) is { } info ? WireNames.Of(info.Status) : Value.Null), ("exit_code", ExitCode.Done),
        ("process", process.HasExited ? Value.Null : Value.Of(process.Id)), ("log", Path.GetFullPath(log)));

    private static RunInfo? Find(string folder, RunId run, CliIo io, bool refusesOwned = false)
    {
        if (!SqliteRunStore.Exists(folder)) return null;
        using var store = Wiring.OpenStore(folder, Durability.Full, io);
        if (refusesOwned) store.RefuseOwned(run);
        return store.Find(run);
    }

    private static void AddOption(ProcessStartInfo start, string name, string value)
    {
        start.ArgumentList.Add(name);
        start.ArgumentList.Add(value);
    }

    private sealed class Starter(RunId run, TextWriter to) : IRunObserver
    {
        private bool _hasTold;

        public bool NeedsStateOfFrame => false;

        public void OnFrame(Frame frame, RunState state)
        {
            if (_hasTold) return;
            _hasTold = true;
            try
            {
                to.WriteLine(run.Text);
                to.Flush();
            }
            catch (IOException)
            {
                // Nobody waits for it any more.
            }
        }
    }
}
