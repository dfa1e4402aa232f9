using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

/// <summary>The tasks of a plan as data in the workflow format.</summary>
internal static class PlanTasks
{
    /// <summary>What the check of a task is called.</summary>
    public static string CheckOf(string task) => task + "-check";
    public static string GateOf(string task) => task + "-ok";

    public static string IdOf(Value task) => task.IsObject ? task.AsObject.GetOrNull("id").TextOrNull ?? "" : "";

    public static IReadOnlyList<string> ParentsOf(Value task) =>
        task.IsObject && task.AsObject.GetOrNull("depends_on") is { IsList: true } parents ? [.. parents.Items.Select(parent => parent.ToDisplayText())] : [];

    /// <summary>The tasks without edges to what is done: that is bound by name.</summary>
    public static Value WithoutEdgesTo(Value tasks, IReadOnlyCollection<string> done) => tasks.IsList && done.Count > 0
        ? Value.Of(tasks.Items.Select(task => task.IsObject && ParentsOf(task).Any(done.Contains)
            ? Value.Of(task.AsObject.With("depends_on", Value.OfTexts(ParentsOf(task).Where(parent => !done.Contains(parent)).ToList()))) : task))
        : tasks;

    /// <summary>
    /// The tasks with a check behind each: whoever waits for a task waits for its check, which fails where the result does not hold.
    /// </summary>
    /// <param name="check">The expression; or the judge's fields.</param>
    public static Value Watched(Value tasks, Value check)
    {
        var ids = tasks.Items.Select(IdOf).ToHashSet(StringComparer.Ordinal);
        var nodes = new List<Value>();
        foreach (var task in tasks.Items)
        {
            var id = IdOf(task);
            var parents = ParentsOf(task);
            var watched = parents.Count == 0 ? task : Value.Of(task.AsObject.With("depends_on", Value.OfTexts(parents.Concat(parents.Where(ids.Contains).Select(GateOf)).ToList())));
            nodes.Add(watched);
            var names = $"{{% set task = '{id}' %}}{{% set output = nodes['{id}'].output %}}";
            var fits = ValueMap.Of(("const", "ok"));
            if (check.IsObject)
            {
                var judge = check.AsObject.With("id", CheckOf(id)).With("type", "agent").With("depends_on", Value.OfTexts([id])).With("prompt", names + check.AsObject["prompt"].ToDisplayText()).With("output_schema", Verdict.Schema);
                nodes.Add(judge);
                nodes.Add(Gate(id, CheckOf(id), $"{{{{ 'ok' if nodes['{CheckOf(id)}'].output.approved else nodes['{CheckOf(id)}'].output.feedback }}}}"));
            }
            else
            {
                nodes.Add(Gate(id, id, $"{names}{{{{ 'ok' if ({Bare(check.ToDisplayText())}) else 'the check does not hold' }}}}"));
            }

            Value Gate(string of, string parent, string value) => ValueMap.Of(("id", GateOf(of)), ("type", "set"), ("depends_on", Value.OfTexts([parent])), ("value", value), ("output_schema", fits));
        }
        return Value.Of(nodes.ToArray());
    }

    /// <summary>The task, asked of another agent: what stood in its way is told to it.</summary>
    public static Value AskedOf(Value task, string agent)
    {
        var id = IdOf(task);
        var fields = new ValueMap.Builder();
        foreach (var (name, value) in task.AsObject)
        {
            if (name is "id" or "depends_on" or "prompt" or "output_schema" or "when") fields[name] = value;
        }
        fields["type"] = "agent";
        fields["agent"] = agent;
        if (!fields.Contains("prompt")) fields["prompt"] = "Do this task of a plan: {{ planning.tasks['" + id + "'] | tojson }}";
        return Told(fields.Build(), id);
    }

    /// <summary>An agent's task with what was wrong with its last result.</summary>
    public static Value Again(Value task) => task.AsObject.GetOrNull("type").TextOrNull == "agent" && task.AsObject.GetOrNull("prompt").IsText ? Told(task.AsObject, IdOf(task)) : task;

    private static Value Told(ValueMap task, string id)
    {
        var prompt = task["prompt"].ToDisplayText();
        const string Mark = "{# tried before #}";
        return prompt.Contains(Mark, StringComparison.Ordinal) ? task : task.With("prompt", $"{prompt}\n\n{Mark}This was tried before and did not do: {{{{ planning.problems['{id}'] }}}}");
    }

    private static string Bare(string expression)
    {
        var text = expression.Trim();
        return text.StartsWith("{{", StringComparison.Ordinal) && text.EndsWith("}}", StringComparison.Ordinal) ? text[2..^2].Trim('-', ' ') : text;
    }
}
