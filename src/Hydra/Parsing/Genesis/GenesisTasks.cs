using System.Globalization;
using System.Text;
using Hydra.Model;

namespace Hydra.Parsing.Genesis;

/// <summary>A task to the node it stands for: extension elements are the node's fields; a task of the original model becomes an agent with the documented prompt.</summary>
/// <param name="tasks">All tasks of the plan.</param>
internal sealed class GenesisTasks(IReadOnlyList<GenesisTask> tasks, ProblemList problems)
{
    /// <summary>Takes a task that names nobody.</summary>
    private const string General = "rapid-prototyper";

    /// <summary>Nodes whose dependants wait for an approval as well.</summary>
    private readonly HashSet<string> _approved = tasks.Where(task => task.Id is not null && task.Element.GetExtension("approval") is not null).Select(task => GenesisNames.NodeIdOf(task.Id!)).ToHashSet(StringComparer.Ordinal);

    private readonly HashSet<string> _known = tasks.Where(task => task.Id is not null).Select(task => GenesisNames.NodeIdOf(task.Id!)).ToHashSet(StringComparer.Ordinal);

    /// <summary>Some task leaves its model to its agent, who may name none.</summary>
    public bool NeedsModel { get; private set; }

    /// <summary>The node, and the gate behind it where the task wants an approval.</summary>
    public IEnumerable<SourceNode> Read(GenesisTask task)
    {
        var element = task.Element;
        var id = task.Id is null ? null : GenesisNames.NodeIdOf(task.Id);
        if (id is not null && id != task.Id) Repaired(element, $"the task '{ShapeWords.Clip(task.Id!)}' runs as '{id}': ids have letters, digits, '_' and '-' and begin with a letter.");
        if (element.Attribute("status") is { } status) problems.Warning(ProblemCodes.GenesisRepaired, status.At, $"the task '{ShapeWords.Clip(task.Id ?? "")}' has status=\"{ShapeWords.Clip(status.Value)}\", which the journal knows better: it is left out.");
        var entries = new List<SourceEntry>(6);
        if (id is not null) entries.Add(Text("id", id, element.Attribute("id")!.At));
        var type = element.Attribute("type");
        entries.Add(Text("type", type?.Value ?? ModelCallFields.NodeType, type?.At ?? element.At));
        var fields = element.Children.Where(child => child.IsExtension && !IsContract(child.Name, type is null)).ToList();
        foreach (var field in fields) entries.Add(new(field.Attribute("key")?.Value ?? field.Name, field.At, GenesisData.Read(field, problems)));
        var names = NamesOf(task);
        if (type is null && fields.TrueForAll(field => field.Name != "prompt")) Ask(task, names, fields, entries);
        if (fields.TrueForAll(field => field.Name != "estimate_seconds")) Estimate(element, entries);
        var parents = ParentsOf(names);
        if (parents.Count > 0) entries.Add(new("depends_on", parents[0].At, new SourceNode(parents, parents[0].At)));
        yield return new SourceNode(entries, element.At);
        if (id is not null && element.GetExtension("approval") is { } approval) yield return Gate(id, approval);
    }

    /// <summary>Each once, with the gate behind it where it wants an approval.</summary>
    private List<SourceNode> ParentsOf(List<(string Id, SourcePosition At)> names)
    {
        var parents = new List<SourceNode>(names.Count);
        foreach (var (parent, at) in names)
        {
            parents.Add(Leaf(parent, at));
            if (_approved.Contains(parent)) parents.Add(Leaf(GateOf(parent), at));
        }
        return parents;
    }

    /// <summary>The nodes that the task waits for, each once.</summary>
    private static List<(string Id, SourcePosition At)> NamesOf(GenesisTask task)
    {
        var names = task.DependsOn.ConvertAll(parent => (Id: GenesisNames.NodeIdOf(parent.Id), parent.At));
        return names.Count < 2 ? names : [.. names.DistinctBy(name => name.Id, StringComparer.Ordinal)];
    }

    /// <summary>Whether an extension element describes the task and is no field of its node; a node of a stated type may have inputs of its own.</summary>
    private static bool IsContract(string name, bool isPlainTask) => name is "acceptance" or "approval" or GenesisNames.Run || (isPlainTask && name is ("inputs" or "outputs"));

    private static string GateOf(string id) => id + "_approval";

    private static SourceNode Gate(string id, GenesisElement approval)
    {
        var gate = GateOf(id);
        var asked = approval.Text.Trim() is { Length: > 0 } text ? Literal(text) : $"Is the result of '{id}' good enough to go on?";
        return new SourceNode(
        [
            Text("id", gate, approval.At), Text("type", "approval_gate", approval.At), Text("prompt_to_human", asked, approval.At),
            new("show", approval.At, new SourceNode([Leaf(id, approval.At)], approval.At)), new("depends_on", approval.At, new SourceNode([Leaf(id, approval.At)], approval.At)),
        ], approval.At);
    }

    /// <summary>Writes the prompt of a task of the original model, and who answers it.</summary>
    private void Ask(GenesisTask task, List<(string Id, SourcePosition At)> parents, List<GenesisElement> fields, List<SourceEntry> entries)
    {
        var element = task.Element;
        var missing = new List<string>();
        string Field(string name, string otherwise)
        {
            if (element.TextOf(name) is { } text) return text;
            missing.Add(name);
            return otherwise;
        }
        var title = Field("name", task.Id ?? "task");
        var what = Field("description", title);
        var agent = Field("assignedAgent", General);
        if (missing.Count > 0) Repaired(element, $"the task '{ShapeWords.Clip(task.Id ?? "")}' has no {string.Join(", no ", missing)}: {(missing.Contains("assignedAgent") ? $"'{General}' takes it" : "its id or name stands for it")}. Add <{missing[0]}>.");
        var at = element.Get("assignedAgent")?.At ?? element.At;
        if (fields.TrueForAll(field => field.Name is not "agent")) entries.Add(Text("agent", agent, at));
        NeedsModel = true;
        entries.Add(Text("prompt", Prompt(task, parents, title, what), element.Get("description")?.At ?? element.At));
    }

    private readonly StringBuilder _prompt = new();

    /// <summary>The one template of prompts; see docs/genesis.md.</summary>
    private string Prompt(GenesisTask task, List<(string Id, SourcePosition At)> parents, string title, string what)
    {
        var prompt = _prompt.Clear().Append("# ").Append(Literal(title)).Append("\n\n").Append(Literal(what));
        List(task.Element.GetExtension("inputs"), "What you are given:", prompt);
        List(task.Element.GetExtension("outputs"), "What you must deliver:", prompt);
        List(task.Element.GetExtension("acceptance"), "It is accepted when:", prompt);
        foreach (var (parent, _) in parents)
        {
            if (_known.Contains(parent)) prompt.Append("\n\n## Result of ").Append(parent).Append("\n\n{{ nodes['").Append(parent).Append("'].output }}");
        }
        return prompt.ToString();
    }

    private static void List(GenesisElement? element, string heading, StringBuilder prompt)
    {
        if (element is null) return;
        prompt.Append("\n\n").Append(heading);
        if (element.Children.Count == 0) prompt.Append('\n').Append(Literal(element.Text.Trim()));
        foreach (var child in element.Children) prompt.Append("\n- ").Append(Literal(child.Text.Trim()));
    }

    /// <summary>Text of the file is text in the prompt, whatever it looks like to a template.</summary>
    private static string Literal(string text) =>
        text.Contains("{{", StringComparison.Ordinal) || text.Contains("{%", StringComparison.Ordinal) || text.Contains("{#", StringComparison.Ordinal)
            ? "{% raw %}" + text.Replace("{%", "{ %", StringComparison.Ordinal) + "{% endraw %}"
            : text;

    private void Estimate(GenesisElement task, List<SourceEntry> entries)
    {
        if (task.Get("estimatedDuration") is not { } written || written.Text.Trim() is not { Length: > 0 } text || text is "unknown") return;
        if (GenesisDuration.Seconds(text) is { } seconds) entries.Add(new("estimate_seconds", written.At, new SourceNode(seconds, written.At)));
        else problems.Warning(ProblemCodes.GenesisRepaired, written.At, $"the estimate '{ShapeWords.Clip(text)}' is no duration and is left out. Write it as 45s, 30min, 2h or 1d.");
    }

    private void Repaired(GenesisElement element, string message) => problems.Warning(ProblemCodes.GenesisRepaired, element.At, message);
    private static SourceNode Leaf(string text, SourcePosition at) => new(Value.Of(text), at) { TextAt = at };
    private static SourceEntry Text(string key, string text, SourcePosition at) => new(key, at, Leaf(text, at));
}

/// <summary>Durations as people write them in plans.</summary>
internal static class GenesisDuration
{
    private static readonly (string[] Words, long Seconds)[] Units =
        [(["s", "sec", "secs", "second", "seconds"], 1), (["m", "min", "mins", "minute", "minutes"], 60), (["h", "hr", "hrs", "hour", "hours"], 3600), (["d", "day", "days"], 86_400), (["w", "week", "weeks"], 604_800)];

    /// <summary>Seconds, whole where they are whole; null where the text is no duration.</summary>
    public static Value? Seconds(string text)
    {
        var digits = text.AsSpan().IndexOfAnyExcept("0123456789.");
        if (digits <= 0 || !double.TryParse(text.AsSpan(0, digits), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count)) return null;
        var word = text[digits..].Trim().ToLowerInvariant();
        foreach (var (words, seconds) in Units)
        {
            if (!words.Contains(word, StringComparer.Ordinal)) continue;
            var total = count * seconds;
            if (total > CommonFields.SecondsMax) return null;
            return total == Math.Floor(total) ? Value.Of((long)total) : Value.Of(total);
        }
        return null;
    }
}
