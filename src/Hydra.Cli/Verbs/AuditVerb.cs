using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra audit</c>: what runs did to the world, what was decided about it and by whom.</summary>
internal static class AuditVerb
{
    public static readonly Verb Verb = new("audit", "[RUN]", "lists tool calls, policy decisions, approvals, changes of the policy and uses of the kill switch")
    {
        PositionalsMax = 1,
        Options = [CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "A view of the journals, whose hash chains `hydra verify` checks. With HYDRA_AUDIT_HEAD=FILE, what is cut off is found too.",
        Run = static (arguments, io) => Task.FromResult(List(arguments, io)),
    };

    private static int List(ParsedArguments arguments, CliIo io)
    {
        using var store = Wiring.OpenExisting(arguments, io);
        var runs = arguments.Positionals.Count > 0 ? [Wiring.FindRun(store, arguments.Positionals[0]).Run] : store.List().Select(info => info.Run).ToList();
        var entries = runs.SelectMany(run => AuditLog.Of(RunReading.PlanOf(store, run).Plan, run.Text, store.Read(run)));
        if (arguments.Positionals.Count == 0)
        {
            entries = entries.Concat(store.Switch.Audit().Select(use =>
                new AuditEntry(use.AtMs, "", 0, "", "control", $"kill switch {(use.TurnsOn ? "on" : "off")} ({WireNames.Of(use.Scope)}) by {use.By}: {use.Reason}")))
                .Concat(store.PolicyChanges().Select(change => new AuditEntry(change.AtMs, "", 0, "", "control", $"policy rule {change.Name} {(change.IsAccepted ? "accepted" : "revoked")} by {change.By}: {change.Reason}")));
        }
        var all = entries.OrderBy(entry => entry.AtMs).ToList();
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(Value.Of(all.Select(entry => entry.ToValue())), indented: true));
            return ExitCode.Done;
        }
        foreach (var entry in all)
            io.Out.WriteLine(TerminalText.Of($"{DateTimeOffset.FromUnixTimeMilliseconds(entry.AtMs):yyyy-MM-dd HH:mm:ss}  {(entry.Run.Length == 0 ? "" : $"{entry.Run}#{entry.Frame} {entry.Path}  ")}{entry.Kind}: {entry.What}"));
        return ExitCode.Done;
    }
}

/// <summary>Notes the ends of journals in the file that HYDRA_AUDIT_HEAD names: at a run's end, and once a minute while it goes on.</summary>
internal sealed class AuditHeadNotes(SqliteRunStore store, RunId run, AuditHead head, TimeProvider clock) : IRunObserver
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private long _notedAt = clock.GetTimestamp();

    public static AuditHead? HeadOf(CliIo io) => io.Environment("HYDRA_AUDIT_HEAD") is { Length: > 0 } path ? new AuditHead(io.PathOf(path)) : null;

    /// <summary>The observer that notes; null where no file is named.</summary>
    public static AuditHeadNotes? For(IRunStore store, RunId run, CliIo io) =>
        store is SqliteRunStore kept && HeadOf(io) is { } head ? new AuditHeadNotes(kept, run, head, io.Clock) : null;

    public void OnFrame(Frame frame, RunState state)
    {
        if (!state.HasEnded && clock.GetElapsedTime(_notedAt) < Interval) return;
        _notedAt = clock.GetTimestamp();
        head.Note(store.JournalHeads(run), clock.GetUtcNow().ToUnixTimeMilliseconds());
    }
}
