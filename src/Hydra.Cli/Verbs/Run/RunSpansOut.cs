using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary>A run's spans once a process lets go of it: kept beside the run as <c>runs/RUN/trace.jsonl</c>, and sent by OTLP where the standard variables ask for it.</summary>
internal static class RunSpansOut
{
    /// <summary>Never fails a run: what could not be written or sent is one warning.</summary>
    public static async Task WriteAsync(RunReport report, IRunStore store, bool isKept, ParsedArguments arguments, CliIo io)
    {
        var (settings, problem) = OtlpSettings.From(io.Environment);
        if (problem is not null) io.Error.WriteLine(TerminalText.Of(problem));
        if (!isKept && settings is null) return;
        var trace = isKept ? RunReading.TraceOf(store, report.Run) : RunTrace.Of(report.Plan, store.Read(report.Run));
        var options = SpanOptions.From(io.Environment, store.Artifacts.Read);
        if (isKept) Keep(trace, options, arguments, io);
        if (settings is null) return;
        using var sender = new OtlpSender(settings);
        // What an earlier process sent is not sent again.
        var spans = RunSpans.Of(trace, options with { EndedAfterMs = trace.EarlierEndMs ?? -1 });
        if (await sender.SendAsync(spans, CancellationToken.None) is { } warning) io.Error.WriteLine(TerminalText.Of(warning));
    }

    public static string PathOf(string runsDir, RunId run) => Path.Combine(runsDir, "runs", run.Text, "trace.jsonl");

    private static void Keep(RunTrace trace, SpanOptions options, ParsedArguments arguments, CliIo io)
    {
        var path = PathOf(Wiring.RunsDirOf(arguments, io), new RunId(trace.Run));
        var beside = path + ".part";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using (var file = File.Create(beside)) TraceFile.Write(file, RunSpans.Of(trace, options));
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            io.Error.WriteLine($"The trace was not kept: {TerminalText.Of(failed.Message)} `hydra inspect {trace.Run} --trace` reads it from the journal.");
        }
    }
}
