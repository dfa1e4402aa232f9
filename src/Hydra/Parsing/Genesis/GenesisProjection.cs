using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace Hydra.Parsing.Genesis;

/// <summary>How a task stands in a run, in the words of the format.</summary>
/// <param name="Status">pending, in-progress, completed, failed, cancelled or blocked.</param>
/// <param name="Word">The status in Hydra's own words.</param>
public sealed record TaskProjection(string Node, string Status, string Word, int Attempts, long Tokens, decimal CostUsd, string? Artifact, string? ErrorCode, string? Error, IReadOnlyList<TaskEvent> History);

/// <param name="AtMs">Unix milliseconds.</param>
public sealed record TaskEvent(long AtMs, string Status, string Description);

/// <param name="Status">planning, in-progress, completed, cancelled, failed or on-hold.</param>
public sealed record RunProjection(string Run, string Status, long AtMs, IReadOnlyList<TaskEvent> Log);

/// <summary>
/// The parts of a genesis.xml that follow from a run's journal: status and time of the epic, each task's history and
/// figures, <c>statusTracker</c>, <c>auditLog</c>, <c>metrics</c>. Nothing else of the document is touched.
/// </summary>
public sealed class GenesisProjection
{
    private const string Actor = "hydra";
    private static readonly XNamespace Extension = GenesisNames.Extension;
    private readonly XDocument _document;
    private static readonly XmlWriterSettings Settings = new() { Indent = true, NewLineChars = "\n", NewLineHandling = NewLineHandling.Entitize, Encoding = new System.Text.UTF8Encoding(encoderShouldEmitUTF8Identifier: false) };
    private readonly Dictionary<string, XElement> _tasks = new(StringComparer.Ordinal);
    /// <summary>Whose figures stand in the document already.</summary>
    private readonly Dictionary<string, (string Run, TaskProjection Task)> _figured = new(StringComparer.Ordinal);
    private readonly GenesisTaskTexts? _texts;

    private GenesisProjection(XDocument document)
    {
        _document = document;
        var holder = Plan!.Element("tasks")!;
        foreach (var task in holder.Elements("task"))
        {
            if (task.Attribute("id") is { } id) _tasks.TryAdd(GenesisNames.NodeIdOf(id.Value), task);
        }
        _texts = GenesisTaskTexts.Take(holder);
    }

    private XElement? Plan => _document.Root!.Element("executionPlan");

    /// <summary>Opens a document; null where it is no whole genesis.xml, or no XML at this moment.</summary>
    public static GenesisProjection? Open(byte[] bytes)
    {
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(bytes, writable: false), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            var document = XDocument.Load(reader);
            return document.Root is { } root && root.Name == "projectGenesis" && root.Element("executionPlan")?.Element("tasks") is not null ? new GenesisProjection(document) : null;
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>Puts tasks in their places; tasks that the document does not hold are left out.</summary>
    public void Apply(TaskProjection task)
    {
        if (!_tasks.TryGetValue(task.Node, out var element)) return;
        element.Element("statusHistory")?.Remove();
        var history = new XElement("statusHistory", task.History.Select(happened => new XElement("event",
            new XElement("timestamp", Time(happened.AtMs)), new XElement("status", happened.Status), new XElement("description", XmlText.Plain(happened.Description)), new XElement("actor", Actor))));
        if (element.Elements().FirstOrDefault(child => child.Name.Namespace == Extension) is { } first) first.AddBeforeSelf(history);
        else element.Add(history);
        _texts?.Changed(element);
    }

    /// <summary>Puts the run's own figures and every task's in their places.</summary>
    public void Apply(RunProjection run, IEnumerable<TaskProjection> all)
    {
        var tasks = all.Where(task => _tasks.ContainsKey(task.Node)).ToList();
        var root = _document.Root!;
        if (root.Attribute(XNamespace.Xmlns + "h") is null && root.GetPrefixOfNamespace(Extension) is null) root.Add(new XAttribute(XNamespace.Xmlns + "h", GenesisNames.Extension));
        root.Element("metadata")?.Element("status")?.SetValue(run.Status);
        root.Element("metadata")?.Element("lastUpdatedAt")?.SetValue(Time(run.AtMs));
        foreach (var task in tasks)
        {
            if (_figured.TryGetValue(task.Node, out var stands) && stands.Run == run.Run && ReferenceEquals(stands.Task, task)) continue;
            _figured[task.Node] = (run.Run, task);
            var element = _tasks[task.Node];
            element.Element(Extension + GenesisNames.Run)?.Remove();
            element.Add(Figures(run.Run, task));
            _texts?.Changed(element);
        }
        Replace(Plan!, "statusTracker", new XElement("statusTracker",
            Bucket("pending", tasks, "pending", "blocked"), Bucket("inProgress", tasks, "in-progress"), Bucket("completed", tasks, "completed"), Bucket("failed", tasks, "failed", "cancelled")), []);
        if (run.Log.Count > 0)
        {
            Replace(root, "auditLog", new XElement("auditLog", new XElement("events", run.Log.Select(entry => new XElement("event",
                new XElement("timestamp", Time(entry.AtMs)), new XElement("type", entry.Status), new XElement("description", XmlText.Plain(entry.Description)), new XElement("actor", Actor))))), ["metrics"]);
        }
        var done = tasks.Count(task => task.Status == "completed");
        Replace(root, "metrics", new XElement("metrics", new XElement("progress",
            new XElement("totalTasks", tasks.Count), new XElement("completedTasks", done), new XElement("inProgressTasks", tasks.Count(task => task.Status == "in-progress")),
            new XElement("failedTasks", tasks.Count(task => task.Status == "failed")), new XElement("percentageComplete", tasks.Count == 0 ? 0m : Math.Round(done * 100m / tasks.Count, 1)))), []);
    }

    public void Save(Stream to)
    {
        if (_texts is not null)
        {
            _texts.Save(_document, Settings, to);
            return;
        }
        using var writer = XmlWriter.Create(to, Settings);
        _document.Save(writer);
    }

    private static XElement Figures(string run, TaskProjection task) => new(Extension + GenesisNames.Run,
        new XAttribute("id", run), new XAttribute("status", task.Word),
        new XElement(Extension + "attempts", task.Attempts), new XElement(Extension + "tokens", task.Tokens), new XElement(Extension + "cost_usd", task.CostUsd.ToString(CultureInfo.InvariantCulture)),
        task.Artifact is null ? null : new XElement(Extension + "artifact", task.Artifact),
        task.ErrorCode is null ? null : new XElement(Extension + "error", new XAttribute("code", task.ErrorCode), XmlText.Plain(task.Error ?? "")));

    private XElement Bucket(string name, IReadOnlyCollection<TaskProjection> tasks, params string[] states) =>
        new(name, tasks.Where(task => states.Contains(task.Status, StringComparer.Ordinal)).Select(task => new XElement("taskRef", new XAttribute("id", _tasks[task.Node].Attribute("id")!.Value))));

    /// <summary>In the place of the element of that name; else before the first of <paramref name="later"/> or of the extension, else at the end.</summary>
    private static void Replace(XElement parent, string name, XElement with, IReadOnlyList<string> later)
    {
        if (parent.Element(name) is { } old) old.ReplaceWith(with);
        else if (parent.Elements().FirstOrDefault(child => child.Name.Namespace == Extension || later.Contains(child.Name.LocalName, StringComparer.Ordinal)) is { } next) next.AddBeforeSelf(with);
        else parent.Add(with);
    }

    private static string Time(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
}
