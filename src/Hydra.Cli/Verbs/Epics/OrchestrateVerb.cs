using System.Diagnostics;
using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>
/// <c>hydra orchestrate EPIC</c>: an epic's run in the background under a supervisor that takes it up again when its process dies. What it
/// does stands in the journal; the supervisor itself holds a lock while it lives, so that <c>--status</c> cannot be wrong about it.
/// </summary>
internal static class OrchestrateVerb
{
    private static readonly Option Status = Option.Switch("--status", "whether it is supervised, how its run stands, what it waits for");
    private static readonly Option Stop = Option.Switch("--stop", "pauses the run and ends the supervisor; `orchestrate EPIC` goes on");
    private static readonly Option Follow = Option.Switch("--follow", "stays until the run ends, over every restart; begins it where nobody does");
    private static readonly Option Foreground = Option.Switch("--foreground", "supervises in this process");
    private static readonly Option RestartsMax = new("--max-restarts", "N", "how often a run whose process died is taken up again; default 10");
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(200), StartLimit = TimeSpan.FromSeconds(30), StopLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan[] Backoff = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30)];
    private const int RestartsByDefault = 10;

    public static readonly Verb Verb = new("orchestrate", "EPIC", "runs an epic in the background, supervised")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options =
        [
            Status, Stop, Follow, Foreground, RestartsMax, CommonOptions.RunsDir, CommonOptions.Backend, ProgramOptions.Model, RunOptions.Sandbox, CommonOptions.MaxConcurrent, RunOptions.BudgetUsd, RunOptions.BudgetTokens,
            RunOptions.Log, CommonOptions.Json, CommonOptions.Help,
        ],
        Notes = "--status: exit code 0 while it is supervised or completed, 1 when it failed, 3 when it is paused or not begun.",
        Run = RunAsync,
    };

    private static async Task<int> RunAsync(ParsedArguments arguments, CliIo io)
    {
        var epic = Epics.Require(arguments.Positionals[0], Epics.Blueprint, $"hydra plan {arguments.Positionals[0]}", io);
        if (arguments.Has(Status)) return ShowStatus(epic, arguments, io);
        if (arguments.Has(Stop)) return await StopAsync(epic, arguments, io);
        if (arguments.Has(Foreground)) return await SuperviseAsync(epic, arguments, io);
        if (!arguments.Has(Follow)) return await BeginAsync(epic, arguments, io);
        if (!IsSupervised(epic, io) && await BeginAsync(epic, arguments, io) is not ExitCode.Done and var code) return code;
        return await FollowAsync(epic, arguments, io);
    }

    /// <summary>The epic's run as if it were this process's own, whichever process carries it on.</summary>
    private static async Task<int> FollowAsync(string epic, ParsedArguments arguments, CliIo io)
    {
        while (true)
        {
            var isSupervised = IsSupervised(epic, io);   // before looking at the run: what it did last is not missed
            if (Latest(epic, arguments, io) is { } info)
            {
                using var store = Wiring.OpenExisting(arguments, io);
                if (store.IsOwned(info.Run) || !isSupervised)
                {
                    return await FollowVerb.WatchAsync(store, info.Run, arguments, io, () => IsSupervised(epic, io)) is { } report ? RunSession.End(report, store, isKept: true, arguments, io) : ExitCode.Interrupted;
                }
            }
            else if (!isSupervised) return ShowStatus(epic, arguments, io);
            await Task.Delay(LookInterval, io.Clock);
        }
    }

    /// <summary>Starts the supervisor as a process of its own and waits until it holds its lock.</summary>
    private static async Task<int> BeginAsync(string epic, ParsedArguments arguments, CliIo io)
    {
        if (IsSupervised(epic, io)) throw new UsageException($"epic '{epic}' is supervised already. See `hydra orchestrate {epic} --status`, follow it with --follow, end it with --stop.");
        PmViewVerb.ReadBlueprint(epic, io);   // what is wrong with it is said here, and not in a log
        var start = ChildOf([.. arguments.Words, Foreground.Name, RunOptions.Log.Name, LogOf(epic)]);
        start.WorkingDirectory = Path.GetFullPath(io.PathOf("."));
        using var process = Process.Start(start) ?? throw new UsageException("the background process could not be started.");
        process.StandardInput.Close();
        var since = io.Clock.GetTimestamp();
        while (!IsSupervised(epic, io))
        {
            if (process.HasExited)
            {
                if (process.ExitCode == ExitCode.Done) break;
                io.Error.WriteLine(TerminalText.Block((await process.StandardError.ReadToEndAsync()).TrimEnd()));
                return process.ExitCode;
            }
            if (io.Clock.GetElapsedTime(since) > StartLimit) throw new UsageException($"the supervisor (process {process.Id}) has not begun within {StartLimit.TotalSeconds:0} s; it may still.");
            await Task.Delay(LookInterval, io.Clock);
        }
        io.Out.WriteLine($"{epic} is supervised by process {process.Id}");
        io.Error.WriteLine($"log: {LogOf(epic)}   how it stands: hydra orchestrate {epic} --status, hydra pm-view {epic} --follow   end: hydra orchestrate {epic} --stop");
        return ExitCode.Done;
    }

    /// <remarks>(1) Take the lock. (2) Start or go on with the run, as a process. (3) When that died, again after a pause; any other end is the end.</remarks>
    private static async Task<int> SuperviseAsync(string epic, ParsedArguments arguments, CliIo io)
    {
        // (1)
        using var lease = OwnerLock.TryTake(io.PathOf(LockOf(epic))) ?? throw new UsageException($"epic '{epic}' is supervised already. See `hydra orchestrate {epic} --status`.");
        var restartsMax = arguments.Integer(RestartsMax, 0, 1_000) ?? RestartsByDefault;
        using var interrupt = new CancellationTokenSource();
        using var listening = io.OnInterrupt(interrupt.Cancel);
        using var file = LogFile.Open(arguments, ref io);
        var log = TextWriter.Synchronized(io.Error);
        for (var restarts = 0; ; restarts++)
        {
            // (2)
            var open = Latest(epic, arguments, io) is { Status: not (RunStatus.Completed or RunStatus.Cancelled) } latest && !arguments.Has(RunOptions.BudgetUsd) ? latest.Run.Text : null;
            var words = open is null ? new List<string> { "run", epic } : ["resume", open];
            words.AddRange(Passed(arguments, isNew: open is null));
            using var process = Process.Start(ChildOf(words)) ?? throw new UsageException("the run's process could not be started.");
            Say(log, io, $"{(restarts == 0 ? "begins" : $"restart {restarts} of at most {restartsMax}")}: process {process.Id}: hydra {string.Join(' ', words)}");
            process.StandardInput.Close();
            var told = Task.WhenAll(CopyAsync(process.StandardOutput, log), CopyAsync(process.StandardError, log));
            try
            {
                await process.WaitForExitAsync(interrupt.Token);
            }
            catch (OperationCanceledException)
            {
                Pause(epic, arguments, io);
                await process.WaitForExitAsync();
            }
            await told;
            // (3)
            var code = process.ExitCode;
            Say(log, io, $"ended with exit code {code}");
            var stands = Latest(epic, arguments, io);
            var hasDied = stands is { Status: RunStatus.Interrupted } && !interrupt.IsCancellationRequested;
            if (!hasDied) return code;
            if (restarts >= restartsMax)
            {
                Say(log, io, $"given up after {restarts} restarts");
                return ExitCode.Failed;
            }
            await Task.Delay(Backoff[Math.Min(restarts, Backoff.Length - 1)], io.Clock);
        }
    }

    private static async Task<int> StopAsync(string epic, ParsedArguments arguments, CliIo io)
    {
        if (!IsSupervised(epic, io))
        {
            io.Out.WriteLine($"{epic} is not supervised; nothing was stopped");
            return ExitCode.Done;
        }
        Pause(epic, arguments, io);
        var since = io.Clock.GetTimestamp();
        while (IsSupervised(epic, io))
        {
            if (io.Clock.GetElapsedTime(since) > StopLimit) throw new UsageException($"the supervisor of '{epic}' has been asked and has not ended within {StopLimit.TotalMinutes:0} min. A call may be under way; ask again, or see `hydra orchestrate {epic} --status`.");
            await Task.Delay(LookInterval, io.Clock);
        }
        io.Out.WriteLine($"{epic} is stopped: {(Latest(epic, arguments, io) is { } info ? $"run {info.Run} {WireNames.Of(info.Status)}" : "no run had begun")}");
        return ExitCode.Done;
    }

    /// <summary>Asks the owner of the epic's run to pause, through the run's inbox.</summary>
    private static void Pause(string epic, ParsedArguments arguments, CliIo io)
    {
        if (!SqliteRunStore.Exists(Wiring.RunsDirOf(arguments, io))) return;
        using var store = Wiring.OpenExisting(arguments, io);
        if (Epics.RunsOf(epic, store).FirstOrDefault() is { } info && store.IsOwned(info.Run))
            store.Post(info.Run, ControlOptions.RequestOf(ControlRequest.Pause, arguments, io).ToCommand());
    }

    private static int ShowStatus(string epic, ParsedArguments arguments, CliIo io)
    {
        var isSupervised = IsSupervised(epic, io);
        var info = Latest(epic, arguments, io);
        var waits = info is null ? [] : WaitsOf(info, arguments, io);
        if (arguments.Has(CommonOptions.Json))
            io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(("epic", epic), ("supervised", isSupervised), ("run", info is null ? Value.Null : Value.Of(RunRow.ToJson(info))), ("waits", Value.OfTexts(waits))), indented: true));
        else
        {
            io.Out.WriteLine($"{epic}: {(isSupervised ? "supervised" : "not supervised")}, {(info is null ? "not begun" : $"run {info.Run} {WireNames.Of(info.Status)}{(info.Reason.Length > 0 ? $": {TerminalText.Clip(info.Reason, 200)}" : "")} ({Amounts.Tokens(info.Tokens)}, {Amounts.Usd(info.Cost)})")}");
            foreach (var wait in waits) io.Out.WriteLine($"  waits: {TerminalText.Of(wait)}");
        }
        return isSupervised || info?.Status == RunStatus.Completed ? ExitCode.Done : info?.Status is RunStatus.Failed or RunStatus.Cancelled or RunStatus.Stopped ? ExitCode.Failed : ExitCode.Paused;
    }

    private static IReadOnlyList<string> WaitsOf(RunInfo info, ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var state = RunReading.StateOf(RunReading.PlanOf(store, info.Run).Plan, store, info.Run);
        return [.. state.OpenWaits.Select(state.PathOf)];
    }

    private static RunInfo? Latest(string epic, ParsedArguments arguments, CliIo io)
    {
        if (!SqliteRunStore.Exists(Wiring.RunsDirOf(arguments, io))) return null;
        using var store = Wiring.OpenExisting(arguments, io);
        return Epics.RunsOf(epic, store).FirstOrDefault() is { } info ? RunRow.AsItStands(info, store) : null;
    }

    private static IEnumerable<string> Passed(ParsedArguments arguments, bool isNew)
    {
        Option[] always = [CommonOptions.RunsDir, RunOptions.Sandbox, CommonOptions.MaxConcurrent];
        Option[] atFirst = [CommonOptions.Backend, ProgramOptions.Model, RunOptions.BudgetUsd, RunOptions.BudgetTokens];
        foreach (var option in isNew ? [.. always, .. atFirst] : always)
        {
            foreach (var value in arguments.All(option))
            {
                yield return option.Name;
                yield return value;
            }
        }
        yield return RunOptions.Wait.Name;
    }

    private static string LogOf(string epic) => Epics.PathOf(epic, "orchestrate.log");
    private static string LockOf(string epic) => Epics.PathOf(epic, ".orchestrate.lock");

    /// <summary>Somebody holds the lock; the operating system lets go of it when its holder dies.</summary>
    private static bool IsSupervised(string epic, CliIo io) => OwnerLock.IsHeld(io.PathOf(LockOf(epic)));

    private static ProcessStartInfo ChildOf(IEnumerable<string> words)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet") start.ArgumentList.Add(typeof(OrchestrateVerb).Assembly.Location);
        foreach (var word in words.Where(word => word != Follow.Name)) start.ArgumentList.Add(word);
        return start;
    }

    private static async Task CopyAsync(StreamReader from, TextWriter to)
    {
        while (await from.ReadLineAsync() is { } line) to.WriteLine(line);
    }

    private static void Say(TextWriter log, CliIo io, string what) => log.WriteLine($"{io.Clock.GetUtcNow():yyyy-MM-dd HH:mm:ss} supervisor: {what}");
}
