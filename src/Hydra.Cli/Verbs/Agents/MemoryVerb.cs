using Hydra.Agents.Memory;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra memory list|remove</c>: what agents have noted, from where, and how it is forgotten.</summary>
internal static class MemoryVerb
{
    private static readonly string[] Acts = ["list", "remove"];
    private static readonly Option Id = new("--id", "N", "the note with this number");
    private static readonly Option Scope = new("--scope", "SCOPE", "notes of this scope: run, agent, user, project, organisation");
    private static readonly Option Owner = new("--owner", "NAME", "notes of this owner, as `list` shows it");
    private static readonly Option Run = new("--run", "RUN", "notes that this run wrote");
    private static readonly Option Node = new("--node", "PATH", "notes that this node wrote");
    private static readonly Option Agent = new("--agent", "NAME", "notes that this agent wrote");
    private static readonly Option Untrusted = Option.Switch("--untrusted", "notes written after reading what others wrote");
    private static readonly Option Derived = Option.Switch("--derived", "remove: also what runs noted after they had recalled one of these");

    public static readonly Verb Verb = new("memory", "DO", "what agents have noted")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Id, Scope, Owner, Run, Node, Agent, Untrusted, Derived, CommonOptions.RunsDir, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help],
        Notes = "DO is list or remove. What is given together must all hold; remove wants at least one.\nExample: hydra memory remove --run RUN --derived",
        Run = static (arguments, io) => Task.FromResult(Act(arguments, io)),
    };

    private static int Act(ParsedArguments arguments, CliIo io)
    {
        var act = arguments.Positionals[0];
        if (!Acts.Contains(act)) throw new UsageException($"there is no `hydra memory {act}`.{DidYouMean.Hint(act, Acts)} Write list or remove.");
        var selection = SelectionOf(arguments);
        if (act == "remove" && selection == new MemorySelection()) throw new UsageException("say what to forget: --id, --scope, --owner, --run, --node, --agent or --untrusted.");
        if (act == "list" && arguments.Has(Derived)) throw new UsageException("--derived goes with `hydra memory remove`. Leave it out.");
        var memory = AgentMemory.In(Wiring.RunsDirOf(arguments, io));
        var items = act == "list" ? memory.List(selection) : memory.Remove(selection, arguments.Has(Derived));
        if (arguments.Has(CommonOptions.Json)) io.Out.WriteLine(ValueJson.ToText(Value.Of(items.Select(item => Value.Of(ToJson(item)))), indented: true));
        else if (act == "remove") io.Out.WriteLine($"forgot {Amounts.Count(items.Count, "note", "notes")}");
        else io.Out.WriteLine(items.Count == 0 ? "nothing is noted" : TableOf(items).ToString());
        return ExitCode.Done;
    }

    private static MemorySelection SelectionOf(ParsedArguments arguments) => new()
    {
        Id = arguments.Get(Id) is not { } id ? null : long.TryParse(id, out var number) ? number : throw new UsageException($"--id is '{id}', and `hydra memory list` gives numbers."),
        Scope = arguments.Get(Scope) is null ? null : arguments.Choice(Scope, "run", [.. ModelCallFields.MemoryScopes]),
        Owner = arguments.Get(Owner),
        Run = arguments.Get(Run),
        Node = arguments.Get(Node),
        Agent = arguments.Get(Agent),
        IsUntrusted = arguments.Has(Untrusted),
    };

    private static TextTable TableOf(IReadOnlyList<MemoryItem> items)
    {
        var table = new TextTable("id", "scope", "owner", "run", "node", "written (UTC)", "labels", "note") { Right = [0] };
        foreach (var item in items)
            table.Add($"{item.Id}", item.Place.Scope, TerminalText.Clip(item.Place.Owner, 40), item.Run, TerminalText.Clip(item.Node, 30), TimeOf(item.WrittenMs), item.Labels.ToString(), TerminalText.Clip(item.Text, 80));
        return table;
    }

    private static ValueMap ToJson(MemoryItem item) => ValueMap.Of(
        ("id", item.Id), ("scope", item.Place.Scope), ("owner", item.Place.Owner), ("only_run", item.Place.Run.Length > 0 ? Value.Of(item.Place.Run) : Value.Null), ("text", item.Text), ("labels", item.Labels.ToString()),
        ("run", item.Run), ("node", item.Node), ("agent", item.Agent), ("written", TimeOf(item.WrittenMs)), ("expires", item.ExpiresMs is { } ms ? Value.Of(TimeOf(ms)) : Value.Null));

    private static string TimeOf(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm:ss");
}
