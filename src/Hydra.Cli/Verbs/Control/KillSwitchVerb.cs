using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra kill-switch on|off|status</c>: stops tools, models or both in every process that shares a runs directory.</summary>
internal static class KillSwitchVerb
{
    private static readonly Option Scope = new("--scope", "tools|models|all", "what is stopped or let go again; default tools for on, all for off");

    public static readonly Verb Verb = new("kill-switch", "on|off|status", "stops tools or models everywhere at once")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Scope, ControlOptions.Reason, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.Help],
        Notes = "While it is on, no such call begins and those under way are stopped: their runs end paused (exit 5) and go on with `resume` once it is off.",
        Run = static (arguments, io) => Task.FromResult(Run(arguments, io)),
    };

    private static int Run(ParsedArguments arguments, CliIo io)
    {
        var verb = arguments.Positionals[0];
        if (verb is not ("on" or "off" or "status")) throw new UsageException($"'{verb}' is not on, off or status.{DidYouMean.Hint(verb, ["on", "off", "status"])}");
        var folder = Wiring.RunsDirOf(arguments, io);
        if (verb == "status" && !SqliteRunStore.Exists(folder)) return Print(KillSwitch.Off, [], [], arguments, io);
        using var store = Wiring.OpenStore(folder, Durability.Full, io);
        if (verb != "status") store.Switch.Use(new SwitchUse(verb == "on", ScopeOf(arguments, verb), ControlOptions.CallerOf(io), arguments.Get(ControlOptions.Reason) ?? "no reason was given", io.Clock.GetUtcNow().ToUnixTimeMilliseconds()));
        if (verb != "status") AuditHeadNotes.HeadOf(io)?.Note(store.JournalHeads(), io.Clock.GetUtcNow().ToUnixTimeMilliseconds());
        var running = store.List().Where(info => info.Status == RunStatus.Running && store.IsOwned(info.Run)).Select(info => info.Run.Text).ToList();
        return Print(store.Switch.Read(), store.Switch.Audit(), running, arguments, io);
    }

    private static SwitchScope ScopeOf(ParsedArguments arguments, string verb) =>
        arguments.Choice(Scope, verb == "on" ? "tools" : "all", "tools", "models", "all") switch { "tools" => SwitchScope.Tools, "models" => SwitchScope.Models, _ => SwitchScope.All };

    private static int Print(KillSwitch now, IReadOnlyList<SwitchUse> uses, List<string> running, ParsedArguments arguments, CliIo io)
    {
        if (arguments.Has(CommonOptions.Json))
        {
            io.Out.WriteLine(ValueJson.ToText(ValueMap.Of(
                ("on", now.IsOn), ("scope", now.IsOn ? ScopeName(now.Scope) : "none"), ("by", now.By), ("reason", now.Reason), ("at", TimeOf(now.AtMs)),
                ("running", Value.OfTexts(running)), ("uses", Value.Of(uses.Select(use => Value.Of(ToJson(use)))))), indented: true));
            return ExitCode.Done;
        }
        io.Out.WriteLine(TerminalText.Of(now.IsOn ? now.Because : "the kill switch is off"));
        if (running.Count > 0) io.Out.WriteLine($"running: {string.Join(", ", running)}");
        if (uses.Count == 0) return ExitCode.Done;
        var table = new TextTable("when (UTC)", "use", "scope", "by", "why");
        foreach (var use in uses) table.Add(TimeOf(use.AtMs), use.TurnsOn ? "on" : "off", ScopeName(use.Scope), TerminalText.Clip(use.By, 40), TerminalText.Clip(use.Reason, 80));
        io.Out.WriteLine(table.ToString());
        return ExitCode.Done;
    }

    private static ValueMap ToJson(SwitchUse use) => ValueMap.Of(("use", use.TurnsOn ? "on" : "off"), ("scope", ScopeName(use.Scope)), ("by", use.By), ("reason", use.Reason), ("at", TimeOf(use.AtMs)));
    private static string ScopeName(SwitchScope scope) => WireNames.Of(scope);
    private static string TimeOf(long ms) => ms == 0 ? "" : DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm:ss");
}
