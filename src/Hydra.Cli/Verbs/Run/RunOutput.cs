using System.Text;
using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary>What a run prints on standard output: its sink's text, an object of several, or one JSON document about all of it.</summary>
internal static class RunOutput
{
    public static void Write(RunReport report, IRunStore store, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            WriteJson(RunTrace.Of(report.Plan, store.Read(report.Run)), RunSession.ExitCodeOf(report), report.Outputs, [], io, WaitText.ToJson(RunReading.StateOf(report.Plan, store, report.Run), store, io));
            return;
        }
        if (report.Status != RunStatus.Completed || report.Outputs.Count == 0) return;
        var sinks = report.Plan.Sinks.Length;
        var text = sinks == 1 ? report.Outputs.Values.First().ToDisplayText() : ValueJson.ToText(report.Outputs, indented: true);
        io.Out.WriteLine(io.IsOutTerminal ? TerminalText.Block(text) : text);
    }

    /// <summary>The document of <c>--json</c>; also for a run that never began.</summary>
    public static void WriteJson(RunTrace? trace, int exitCode, ValueMap outputs, IReadOnlyList<Problem> problems, CliIo io, Value waits = default)
    {
        using var document = new MemoryStream();
        RunReportJson.Write(document, trace, exitCode, outputs, problems, problems.Count == 0 ? "" : "the file or its inputs have problems", waits);
        io.Out.WriteLine(Encoding.UTF8.GetString(document.GetBuffer(), 0, (int)document.Length));
    }
}
