using Hydra.Execution;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>Recording a run and replaying one offline.</summary>
internal static class ReplayOptions
{
    public static readonly Option Record = new("--record", "FILE", "writes every call of the run to a cassette file");
    public static readonly Option Replay = new("--replay", "FILE", "answers every call from a cassette file, offline");
    public static readonly Option ReplayRun = new("--replay-run", "ID", "answers every call from the journal of an earlier run, offline");
    public static readonly Option ReplayMissing = new("--replay-missing", "fail|call|offline", "what to do with a call that is not recorded; default fail");

    /// <summary>The recording that the command line asks for; null: calls are made.</summary>
    public static Cassette? CassetteOf(ParsedArguments arguments, CliIo io)
    {
        var file = arguments.Get(Replay);
        var run = arguments.Get(ReplayRun);
        if (file is not null && run is not null) throw new UsageException("--replay and --replay-run name two recordings. Leave one out.");
        if (file is null && run is null)
        {
            if (arguments.Get(CommonOptions.Backend) == "replay") throw new UsageException("--backend replay needs a recording: add --replay FILE or --replay-run ID.");
            return arguments.Has(ReplayMissing) ? throw new UsageException("--replay-missing needs a recording: add --replay FILE or --replay-run ID.") : null;
        }
        var missing = arguments.Choice(ReplayMissing, "fail", "fail", "call", "offline") switch { "call" => MissingCall.Call, "offline" => MissingCall.Offline, _ => MissingCall.Fail };
        if (file is not null) return CassetteFile.Read(io.PathOf(file), missing);
        // The journal's answers are read when they are asked for, so its store stays open as long as the program.
        var store = Wiring.OpenExisting(arguments, io);
        return Read(store, Wiring.FindRun(store, run!).Run, missing);
    }

    /// <summary>After the run: the cassette it was to write, and what it left of the one it was answered by.</summary>
    /// <param name="recorder">Saw the run; of one that was taken up again it saw only the rest, and the journal has it all.</param>
    public static void Closing(RunReport report, Cassette? cassette, CassetteRecorder? recorder, IRunStore store, bool isKept, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Get(Record) is { } file)
        {
            try
            {
                CassetteFile.Write(recorder is { IsWhole: true } ? recorder.ToCassette() : Read(store, report.Run, MissingCall.Fail), io.PathOf(file));
            }
            catch (StoreException full) when (full.Fault == StoreFault.Full)
            {
                throw new StoreException(StoreFault.Full, $"The disk that holds {io.PathOf(file)} is full. Free some space, then {MendOf(report, file, isKept, arguments)}.", full);
            }
            if (!arguments.Has(CommonOptions.Quiet)) io.Error.WriteLine($"recorded {TerminalText.Of(file)}");
        }
        if (cassette is { Drift: null, Missing: MissingCall.Fail, LeftCount: > 0 and var left } && report.Status == RunStatus.Completed && !arguments.Has(CommonOptions.Quiet))
            io.Error.WriteLine($"{Amounts.Count(left, "recorded call was", "recorded calls were")} not asked for again: this run does less than run '{cassette.Head.Run}' did.");
    }

    /// <summary>How to come by the recording of a run whose disk had no room for it.</summary>
    private static string MendOf(RunReport report, string file, bool isKept, ParsedArguments arguments)
    {
        if (!isKept) return "run it anew: it kept nothing that a recording could be made from";
        var again = $"`hydra run {report.Run}{CommonOptions.WhereOf(arguments)} {Record.Name} {TerminalText.Word(file)}`";
        return report.Status == RunStatus.Completed ? $"{again} writes the recording from the journal" : $"{again} goes on and records all of the run";
    }

    /// <summary>How the run left its recording, behind a line that says its reason; null: it did not, or that says it all.</summary>
    public static string? DriftBehind(string reason, string? drift) =>
        drift == reason ? null : drift is not null && drift.StartsWith(reason + "\n", StringComparison.Ordinal) ? drift[(reason.Length + 1)..] : drift;

    /// <summary>Listens to the run for its <c>--record</c>; null: nothing is recorded. Throws <see cref="UsageException"/> where the recording would take the place of something else.</summary>
    public static CassetteRecorder? RecorderOf(ParsedArguments arguments, IRunStore store, CliIo io)
    {
        if (arguments.Get(Record) is not { } file) return null;
        if (!CassetteFile.MayReplace(io.PathOf(file))) throw new UsageException($"'{file}' is there already and is no cassette. Name another file with {Record.Name}, or remove it.");
        WholeFile.Try(io.PathOf(file));   // before anything is paid for
        return new CassetteRecorder(store, id => RunReading.PlanOf(store, id).Plan);
    }

    private static Cassette Read(IRunStore store, RunId run, MissingCall missing) => CassetteReader.Read(store, run, id => RunReading.PlanOf(store, id).Plan, missing);
}
