using Hydra.Model;

namespace Hydra.Parsing.Genesis;

/// <summary>
/// The XML door: a genesis.xml to the source tree that every door ends in. Files in one of the common broken dialects are
/// read as they were meant, with a warning at the place; what is projected from a run's journal is not looked at.
/// </summary>
internal sealed class GenesisReader
{
    /// <summary>The tier that answers for agents that name no model.</summary>
    private const string ModelByDefault = "balanced";

    private readonly ProblemList _problems;

    private GenesisReader(ProblemList problems) => _problems = problems;

    /// <summary>Reads a file's bytes; null where errors were added that leave nothing to bind.</summary>
    public static SourceNode? Read(byte[] bytes, ProblemList problems) =>
        GenesisXml.Read(bytes, problems) is { } root ? new GenesisReader(problems).Read(root) : null;

    private SourceNode? Read(GenesisElement root)
    {
        // (1) what it is
        if (root.Name is not ("projectGenesis" or "executionPlan" or "genesis" or "epic") || root.IsExtension)
        {
            _problems.Error(ProblemCodes.BadGenesis, root.At, $"the root is <{ShapeWords.Clip(root.Name)}>, where <projectGenesis> is expected. Write a workflow as YAML or as genesis.xml.");
            return null;
        }
        if (root.Name != "projectGenesis") _problems.Warning(ProblemCodes.GenesisRepaired, root.At, $"the root is <{root.Name}>, not <projectGenesis>: only its plan is read. `hydra graph {Path.GetFileName(_problems.File)} --format genesis` writes a whole file.");
        var plan = root.Name == "executionPlan" ? root : root.Get("executionPlan");
        if (plan is null)
        {
            _problems.Error(ProblemCodes.BadGenesis, root.At, "the file has no <executionPlan>, so there is nothing to run. Add one with <tasks>.");
            return null;
        }
        // (2) the plan
        var workflow = root.GetExtension(GenesisNames.Workflow);
        var fields = workflow?.Children.Where(child => child.IsExtension).ToList() ?? [];
        var tasks = new GenesisPlan(_problems).Read(plan);
        if (tasks.Count == 0)
        {
            _problems.Error(ProblemCodes.BadGenesis, plan.At, "the plan holds no <task>, so there is nothing to run. Add one to <tasks>.");
            return null;
        }
        var reader = new GenesisTasks(tasks, _problems);
        var nodes = new SourceNode(tasks.SelectMany(reader.Read).ToArray(), plan.At);
        // (3) the workflow around it
        var entries = workflow is null ? Described(root) : [];
        foreach (var field in fields) entries.Add(new(field.Attribute("key")?.Value ?? field.Name, field.At, GenesisData.Read(field, _problems)));
        if (reader.NeedsModel && entries.TrueForAll(entry => entry.Key != "defaults" || entry.Value.Get("model") is null))
        {
            Merge(entries, "defaults", "model", ModelByDefault, root.At);
        }
        entries.Add(new("nodes", plan.At, nodes));
        return new SourceNode(entries, root.At);
    }

    private List<SourceEntry> Described(GenesisElement root)
    {
        var metadata = root.Get("metadata");
        var name = metadata?.TextOf("epicName") ?? metadata?.TextOf("projectName");
        if (name is null)
        {
            name = Path.GetFileNameWithoutExtension(_problems.File);
            _problems.Warning(ProblemCodes.GenesisRepaired, metadata?.At ?? root.At, $"the file names no epic, so it is called '{name}'. Add <metadata> with <epicName>.");
        }
        var entries = new List<SourceEntry> { Entry("name", name, metadata?.Get("epicName")?.At ?? root.At) };
        if (root.Get("vision")?.TextOf("problemStatement") is { } what) entries.Add(Entry("description", what, root.Get("vision")!.At));
        if (metadata?.TextOf("version") is { } version) entries.Add(Entry("version", version, metadata.Get("version")!.At));
        return entries;
    }

    private static void Merge(List<SourceEntry> entries, string field, string key, string value, SourcePosition at)
    {
        var index = entries.FindIndex(entry => entry.Key == field);
        var kept = index < 0 ? [] : entries[index].Value.Entries ?? [];
        if (kept.Any(entry => entry.Key == key)) return;
        var merged = new SourceEntry(field, at, new SourceNode([.. kept, Entry(key, value, at)], index < 0 ? at : entries[index].Value.At));
        if (index < 0) entries.Add(merged);
        else entries[index] = merged;
    }

    private static SourceEntry Entry(string key, string value, SourcePosition at) => new(key, at, new SourceNode(Value.Of(value), at) { TextAt = at });
}
