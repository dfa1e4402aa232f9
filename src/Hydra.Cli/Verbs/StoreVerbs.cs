using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra verify</c>: whether what is stored is what was written.</summary>
internal static class VerifyVerb
{
    public static readonly Verb Verb = new("verify", "[RUN]", "checks hash chains and artifacts")
    {
        PositionalsMax = 1,
        Options = [CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "Changes nothing. With HYDRA_AUDIT_HEAD=FILE, also against what that file notes. Exit code 1: something is wrong; `hydra doctor --runs` says what can be saved.",
        Run = static (arguments, io) =>
        {
            using var store = Wiring.OpenExisting(arguments, io);
            RunId? only = arguments.Positionals.Count == 0 ? null : Wiring.FindRun(store, arguments.Positionals[0]).Run;
            var report = store.Check(only, run => RunReading.WhatIsLeftOf(store, run));
            if (AuditHeadNotes.HeadOf(io) is { } head)
            {
                var missing = head.Check(store.HashAt).Where(finding => only is null || finding.Run is null || finding.Run == only);
                report = report with { Findings = [.. report.Findings, .. missing] };
            }
            return Task.FromResult(StoreText.Write(report, saysMend: false, arguments, io));
        },
    };
}

/// <summary><c>hydra doctor --runs</c>: what can be saved of a damaged store, and how.</summary>
internal static class StoreExamination
{
    private const string Recover = "Copy the folder away first, hydra.db-wal with it. `sqlite3 hydra.db .recover` writes what can be read into a new file; the artifacts beside it need nothing.";

    public static int Examine(ParsedArguments arguments, CliIo io)
    {
        try
        {
            using var store = Wiring.OpenExisting(arguments, io);
            return StoreText.Write(store.Check(null, run => RunReading.WhatIsLeftOf(store, run)), saysMend: true, arguments, io);
        }
        catch (StoreException damaged) when (damaged.Fault is StoreFault.Corrupt or StoreFault.Emptied or StoreFault.Newer)
        {
            var mend = damaged.Fault switch
            {
                StoreFault.Newer => "Nothing is damaged: that version opens it.",
                StoreFault.Emptied => "Copy the folder away before anything else opens the file: SQLite, `sqlite3` too, removes the log of an empty database.",
                _ => Recover,
            };
            var report = new StoreReport(0, 0, 0, [new(null, damaged.Message, mend)]);
            return StoreText.Write(report, saysMend: true, arguments, io);
        }
    }
}

/// <summary><c>hydra gc</c>: removes old runs and artifacts that nothing refers to.</summary>
internal static class GcVerb
{
    private static readonly Option OlderThan = new("--older-than", "AGE", "runs that ended so long ago: 30d, 12h; default 30d");
    private static readonly Option DryRun = Option.Switch("--dry-run", "says what would go; removes nothing");

    public static readonly Verb Verb = new("gc", "", "removes old runs and what no run needs")
    {
        Options = [OlderThan, DryRun, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "Runs that can go on stay, and so does everything that a staying fork begins with. Safe while runs go on.",
        Run = static (arguments, io) => Task.FromResult(Sweep(arguments, io)),
    };

    private static int Sweep(ParsedArguments arguments, CliIo io)
    {
        var age = Age.Parse(arguments.Get(OlderThan) ?? "30d", OlderThan.Name, "an age: 12h, 30d, 8w");
        var isDry = arguments.Has(DryRun);
        using var store = Wiring.OpenExisting(arguments, io);
        var now = io.Clock.GetUtcNow();
        var report = store.Sweep(now - age, now, isDry);
        if (!isDry) AuditHeadNotes.HeadOf(io)?.Note(report.Runs.Select(run => new JournalHead(run.Text, 0, AuditHead.RemovedHash)), now.ToUnixTimeMilliseconds());
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(
                ("dry_run", isDry), ("runs", Value.OfTexts(report.Runs.Select(run => run.Text))), ("artifacts", report.Artifacts), ("bytes", report.ArtifactBytes),
                ("kept", Value.Of(report.Kept.Select(kept => Value.Of(ValueMap.Of(("run_id", kept.Run.Text), ("why", kept.Why))))))), indented: true));
            return ExitCode.Done;
        }
        foreach (var run in report.Runs) io.Out.WriteLine($"{(isDry ? "would remove" : "removed")} run {run}");
        foreach (var (run, why) in report.Kept) io.Out.WriteLine($"kept run {run}: {why}");
        io.Out.WriteLine($"{(isDry ? "would remove" : "removed")} {Amounts.Count(report.Runs.Count, "run", "runs")} and {Amounts.Count(report.Artifacts, "artifact", "artifacts")} ({report.ArtifactBytes:#,0} bytes)");
        return ExitCode.Done;
    }
}

/// <summary>What a look at a store found, in words and as JSON.</summary>
internal static class StoreText
{
    public static int Write(StoreReport report, bool saysMend, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(ToJson(report), indented: true));
        else
        {
            foreach (var finding in report.Findings)
            {
                io.Out.WriteLine($"{(finding.Run is { } run ? $"{run}: " : "")}{TerminalText.Of(finding.Problem)}");
                if (saysMend) io.Out.WriteLine($"  → {TerminalText.Of(finding.Mend)}");
            }
            var what = $"{Amounts.Count(report.Runs, "run", "runs")}, {Amounts.Count(report.Frames, "frame", "frames")}, {Amounts.Count(report.Artifacts, "artifact", "artifacts")}";
            io.Out.WriteLine(report.Findings.Count == 0 ? $"sound: {what}" : $"{Amounts.Count(report.Findings.Count, "problem", "problems")} in {what}");
        }
        return report.Findings.Count == 0 ? ExitCode.Done : ExitCode.Failed;
    }

    private static ValueMap ToJson(StoreReport report) => ValueMap.Of(
        ("runs", report.Runs), ("frames", report.Frames), ("artifacts", report.Artifacts),
        ("findings", Value.Of(report.Findings.Select(finding => Value.Of(ValueMap.Of(
            ("run_id", finding.Run is { } run ? Value.Of(run.Text) : Value.Null), ("problem", finding.Problem), ("mend", finding.Mend),
            ("sound_up_to", finding.SoundUpTo is { } frame ? Value.Of(frame) : Value.Null)))))));
}
