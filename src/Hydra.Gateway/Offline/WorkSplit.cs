using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Offline;

/// <summary>
/// Work that a prompt wants divided among those it lists, without any idea of the work itself: each gets the goal with what the prompt
/// says of them, at the same time, and the last one builds on the others. What is done stays; what went wrong is left to the last.
/// </summary>
internal static partial class WorkSplit
{
    private const int TasksByDefault = 50;

    [GeneratedRegex("""^- (?<name>[A-Za-z_][\w-]*)(?: \([^)\n]*\))?:[ \t]*(?<text>.*)$""", RegexOptions.ExplicitCapture, 2_000)]
    private static partial Regex Entry { get; }

    [GeneratedRegex("""\bat most (?<count>\d{1,4})\b""", RegexOptions.IgnoreCase | RegexOptions.ExplicitCapture, 2_000)]
    private static partial Regex Most { get; }

    private sealed record Member(string Name, string Purpose);

    /// <summary>The answer; null: the schema asks for no division of work, or the prompt lists nobody to do it.</summary>
    public static string? Of(JsonElement schema, string prompt)
    {
        if (schema.Get("properties") is not { ValueKind: JsonValueKind.Object } properties) return null;
        foreach (var property in properties.EnumerateObject())
        {
            var task = property.Value.Get("items");
            var stages = task.Get("properties").Get("steps");
            var item = stages is null ? task : stages.Get("items");
            if (WhoIn(item) is not { } who || Tasks(prompt, item!.Value, who) is not { Count: > 0 } tasks) continue;
            var answer = new JsonObject();
            if (properties.TryGetProperty("reasoning", out _)) answer["reasoning"] = "Divided by what the prompt says of each; the offline model knows nothing of the work itself.";
            answer[property.Name] = stages is null ? new JsonArray([.. tasks]) : new JsonArray([.. Staged(tasks)]);
            return answer.ToJsonString(JsonAnswer.Writing);
        }
        return null;
    }

    /// <summary>The field that says whose a task is; null: these are no tasks.</summary>
    private static string? WhoIn(JsonElement? item)
    {
        if (item.Get("properties") is not { ValueKind: JsonValueKind.Object } fields || !fields.TryGetProperty("id", out _)) return null;
        foreach (var name in (ReadOnlySpan<string>)["worker", "team", "agent"])
        {
            if (fields.TryGetProperty(name, out _)) return name;
        }
        return null;
    }

    private static List<JsonObject> Tasks(string prompt, JsonElement item, string who)
    {
        var lines = prompt.Split('\n');
        var goal = GoalOf(prompt);
        var done = Under(lines, "Done").Select(entry => entry.Name).ToList();
        var bad = Under(lines, "This went wrong").Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        var members = Under(lines, "Workers").Concat(Under(lines, "Teams")).Concat(Under(lines, "Agents")).ToList();
        if (members.Count == 0) return who == "agent" ? [Task(item, "work", null, goal, [])] : [];
        var left = members.Where(member => !done.Contains(IdOf(member)) && !bad.Contains(IdOf(member))).ToList();
        if (left.Count == 0) left = [members[^1]];
        var most = Most.Match(prompt) is { Success: true } match ? Math.Max(1, int.Parse(match.Groups["count"].Value, System.Globalization.CultureInfo.InvariantCulture)) : TasksByDefault;
        left = [.. left.TakeLast(most)];
        var tasks = new List<JsonObject>();
        var ids = new List<string>(done);
        for (var i = 0; i < left.Count; i++)
        {
            var id = IdOf(left[i]);
            for (var n = 2; ids.Contains(id); n++) id = $"{IdOf(left[i])}_{n}";
            var isLast = i == left.Count - 1;
            tasks.Add(Task(item, id, (who, left[i]), goal, isLast ? [.. ids] : []));
            ids.Add(id);
        }
        return tasks;
    }

    private static JsonObject Task(JsonElement item, string id, (string Field, Member Member)? by, string goal, IReadOnlyList<string> needs)
    {
        var fields = item.Get("properties")!.Value;
        var task = new JsonObject { ["id"] = id };
        if (by is { } who) task[who.Field] = who.Member.Name;
        var said = by is { Member: var member } ? $"{goal}\nYour part, as {member.Name}: {(member.Purpose.Length > 0 ? member.Purpose : "do what of it is yours")}" : goal;
        if (fields.TryGetProperty("type", out _)) task["type"] = "agent";
        if (fields.TryGetProperty("task", out _)) task["task"] = said;
        if (fields.TryGetProperty("prompt", out _))
        {
            // A prompt is a template: braces of the goal's own must not be read as one.
            var text = said.Replace("{", "(", StringComparison.Ordinal).Replace("}", ")", StringComparison.Ordinal);
            task["prompt"] = needs.Count == 0 ? text : $"{text}\n\n{string.Join("\n\n", needs.Select(need => $"## {need}\n{{{{ nodes['{need}'].output if nodes['{need}'] is defined else {need} }}}}"))}";
        }
        foreach (var name in (ReadOnlySpan<string>)["depends_on", "needs"])
        {
            if (needs.Count > 0 && fields.TryGetProperty(name, out _)) task[name] = new JsonArray([.. needs.Select(need => JsonValue.Create(need))]);
        }
        return task;
    }

    /// <summary>Whoever builds on others comes after them.</summary>
    private static IEnumerable<JsonObject> Staged(List<JsonObject> tasks)
    {
        foreach (var stage in tasks.GroupBy(task => task.ContainsKey("needs")).OrderBy(stage => stage.Key))
            yield return new JsonObject { ["steps"] = new JsonArray([.. stage]) };
    }

    /// <summary>What stands before the paragraph that says how to answer.</summary>
    private static string GoalOf(string prompt)
    {
        var paragraphs = prompt.Split("\n\n", StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var goal = paragraphs.TakeWhile(text => !text.StartsWith("You ", StringComparison.Ordinal) && !text.StartsWith("Plan this ", StringComparison.Ordinal)).ToList();
        return goal.Count > 0 ? string.Join("\n\n", goal) : paragraphs.FirstOrDefault() ?? "";
    }

    /// <summary>The entries of the list whose heading begins with these words.</summary>
    private static IEnumerable<Member> Under(string[] lines, string heading)
    {
        var isInside = false;
        foreach (var line in lines)
        {
            var entry = Entry.Match(line);
            if (isInside && entry.Success) yield return new Member(entry.Groups["name"].Value, entry.Groups["text"].Value.Trim());
            else isInside = line.StartsWith(heading, StringComparison.Ordinal) && line.TrimEnd().EndsWith(':');
        }
    }

    private static string IdOf(Member member) => member.Name.Replace('-', '_').ToLowerInvariant();
}
