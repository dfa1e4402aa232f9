using System.Globalization;
using Hydra.Model;

namespace Hydra.Parsing.Genesis;

/// <summary>One task with what the three places of the file say it depends on.</summary>
internal sealed record GenesisTask(string? Id, GenesisElement Element)
{
    public List<(string Id, SourcePosition At)> DependsOn { get; } = [];
}

/// <summary>
/// Reads the tasks of a plan and makes one truth of their dependencies, which the model stores three times: lists in tasks
/// and pairs are united, with a warning where only one has it; parallel sets must agree with both.
/// </summary>
internal sealed class GenesisPlan(ProblemList problems)
{
    private readonly Dictionary<string, GenesisTask> _byId = new(StringComparer.Ordinal);

    public IReadOnlyList<GenesisTask> Read(GenesisElement plan)
    {
        var dag = plan.Get("executionDag") ?? plan.Get("dag");
        if (plan.Get("dag") is { } old) problems.Warning(ProblemCodes.GenesisRepaired, old.At, "<dag> is read as <executionDag>, with the tasks in it.");
        var holder = plan.Get("tasks") ?? dag?.Get("tasks") ?? dag?.Get("nodes") ?? dag;
        var tasks = holder?.Children.Where(child => !child.IsExtension && child.Name is "task" or "node").Select(TaskOf).ToList() ?? [];
        foreach (var task in tasks) ReadList(task);
        if (dag is null) return tasks;
        ReadPairs(dag);
        foreach (var group in dag.Get("parallelSets")?.All("parallelGroup") ?? []) ReadLevel(group);
        CheckLevels(tasks);
        return tasks;
    }

    private readonly Dictionary<string, (int Level, SourcePosition At)> _levels = new(StringComparer.Ordinal);

    private GenesisTask TaskOf(GenesisElement element)
    {
        var task = new GenesisTask(element.Attribute("id")?.Value, element);
        if (task.Id is not null) _byId.TryAdd(task.Id, task);
        return task;
    }

    private static void ReadList(GenesisTask task)
    {
        if (task.Element.Get("dependencies") is not { } list) return;
        var written = list.Children.Count > 0
            ? list.Children.Select(child => (Id: child.Attribute("id")?.Value ?? child.Text, child.At))
            : list.Text.Split([',', ';'], StringSplitOptions.RemoveEmptyEntries).Select(id => (Id: id, list.At));
        foreach (var (id, at) in written)
        {
            if (id.Trim() is { Length: > 0 } name && !name.Equals("none", StringComparison.OrdinalIgnoreCase)) task.DependsOn.Add((name, at));
        }
    }

    private void ReadPairs(GenesisElement dag)
    {
        var pairs = dag.Get("dependencies")?.All("dependency").Concat(dag.Get("edges")?.All("edge") ?? []) ?? dag.Get("edges")?.All("edge") ?? [];
        // Each edge of the lists, and whether a pair has said it too.
        var listed = new Dictionary<(string From, string To), bool>(_byId.Count);
        foreach (var task in _byId.Values)
        {
            foreach (var (parent, _) in task.DependsOn) listed[(parent, task.Id!)] = false;
        }
        var hasPairs = false;
        foreach (var pair in pairs)
        {
            var from = pair.Attribute("from")?.Value ?? pair.TextOf("from");
            var to = pair.Attribute("to")?.Value ?? pair.TextOf("to");
            if (from is null || to is null)
            {
                problems.Error(ProblemCodes.BadGenesis, pair.At, "a dependency needs <from> and <to>. Name both tasks, or remove it.");
                continue;
            }
            hasPairs = true;
            if (listed.ContainsKey((from, to)))
            {
                listed[(from, to)] = true;
                continue;
            }
            if (listed.ContainsKey((to, from)))
            {
                problems.Warning(ProblemCodes.GenesisRepaired, pair.At, $"the pair '{from}' to '{to}' stands the other way round than the list of task '{from}', which holds: '{from}' waits for '{to}'. Swap <from> and <to>.");
                listed[(to, from)] = true;
                continue;
            }
            if (!_byId.TryGetValue(to, out var task))
            {
                problems.Error(ProblemCodes.UnknownDependency, pair.At, $"a dependency leads to the task '{to}', which the plan does not define.{DidYouMean.Hint(to, _byId.Keys)} Correct the id, or add the task.");
                continue;
            }
            task.DependsOn.Add((from, pair.At));
            problems.Warning(ProblemCodes.GenesisRepaired, pair.At, $"the pair says that '{to}' waits for '{from}', and the list of task '{to}' does not; both hold. Add '{from}' to its <dependencies>.");
        }
        if (!hasPairs) return;
        foreach (var (from, to) in listed.Where(edge => !edge.Value).Select(edge => edge.Key).Order())
            problems.Warning(ProblemCodes.GenesisRepaired, _byId[to].Element.Get("dependencies")!.At, $"the list of task '{to}' names '{from}', and no pair does; both hold. Add the pair, or remove it here.");
    }

    private void ReadLevel(GenesisElement group)
    {
        if (!int.TryParse(group.Attribute("level")?.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var level))
        {
            problems.Error(ProblemCodes.BadGenesis, group.At, "a <parallelGroup> needs level=\"…\", a whole number. Count from 0.");
            return;
        }
        foreach (var reference in group.All("taskRef"))
        {
            var id = reference.Attribute("id")?.Value ?? reference.Text.Trim();
            if (!_byId.ContainsKey(id))
                problems.Error(ProblemCodes.UnknownDependency, reference.At, $"level {level} names the task '{id}', which the plan does not define.{DidYouMean.Hint(id, _byId.Keys)} Correct the id, or add the task.");
            else if (!_levels.TryAdd(id, (level, reference.At)) && _levels[id].Level != level)
                problems.Error(ProblemCodes.LevelContradiction, reference.At, $"the task '{id}' stands on level {level} and, at {_levels[id].At}, on level {_levels[id].Level}. Remove one of them.");
        }
    }

    private void CheckLevels(List<GenesisTask> tasks)
    {
        foreach (var task in tasks)
        {
            if (task.Id is null || !_levels.TryGetValue(task.Id, out var own)) continue;
            foreach (var (parent, _) in task.DependsOn)
            {
                if (_levels.TryGetValue(parent, out var before) && before.Level >= own.Level)
                    problems.Error(ProblemCodes.LevelContradiction, own.At, $"the task '{task.Id}' stands on level {own.Level} and waits for '{parent}', which stands on level {before.Level}. Put it on a later level, or leave <parallelSets> to Hydra.");
            }
        }
    }
}
