using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Agents.Files;

/// <summary>What is wrong with an agent file beyond its shape.</summary>
public static class AgentLint
{
    private static readonly string[] Lookers = ["retrieve", "plan", "judge", "route", "review"];

    /// <summary>Adds to the agent's problems: tools that nothing defines are warned of (a workflow may declare them), acting tools of a role that only looks are errors.</summary>
    public static void Check(AgentFile agent, ToolRegistry tools, ProblemList problems)
    {
        var workflow = new WorkflowSpec { Name = "lint", Nodes = [] };
        var box = new ToolBox(workflow, tools);
        var role = agent.Fields.GetOrNull("role").TextOrNull;
        var forbidden = TextsOf(agent, "forbidden");
        foreach (var name in TextsOf(agent, "tools"))
        {
            if (forbidden.Contains(name)) problems.Error(ProblemCodes.BadTool, new(1, 1), $"agent '{agent.Name}' both lists and forbids the tool '{name}'. Remove it from one of them.");
            if (box.Find(name, out var wrong) is not { } tool) problems.Warning(ProblemCodes.BadTool, new(1, 1), $"agent '{agent.Name}': {wrong}. A workflow that uses the agent may declare it under `tools`.");
            else if (tool.Facts.Effect != EffectClass.Pure && Lookers.Contains(role)) problems.Error(ProblemCodes.BadTool, new(1, 1), $"agent '{agent.Name}' has the role '{role}' and holds the tool '{name}', which acts ({WireNames.Of(tool.Facts.Effect)}). Take the tool away, or change the role.");
        }
        foreach (var key in new[] { "inputs", "outputs" })
        {
            if (!agent.Fields.TryGetValue(key, out var schema)) continue;
            try
            {
                JsonSchema.Compile(schema);
            }
            catch (JsonSchemaException bad)
            {
                problems.Error(ProblemCodes.BadSchema, new(1, 1), $"agent '{agent.Name}', `{key}`: {bad.Message}");
            }
        }
    }

    /// <summary>Whether everything that the agent may call is there, without a workflow that declares it.</summary>
    public static bool HasItsTools(AgentFile agent, ToolRegistry tools)
    {
        var box = new ToolBox(new WorkflowSpec { Name = "lint", Nodes = [] }, tools);
        return TextsOf(agent, "tools").All(name => box.Find(name, out _) is not null);
    }

    /// <summary>Why <paramref name="next"/> cannot stand in for <paramref name="old"/>, in words; empty: it can.</summary>
    /// <remarks>It may ask for no input that the old one did not ask for, must promise every output that the old one promised, and may do no more than it did.</remarks>
    public static IReadOnlyList<string> Breaks(AgentFile old, AgentFile next)
    {
        var found = new List<string>();
        foreach (var name in Required(next, "inputs").Except(Required(old, "inputs"))) found.Add($"it requires the input '{name}', which was not required");
        foreach (var name in Properties(old, "inputs").Except(Properties(next, "inputs"))) found.Add($"it no longer takes the input '{name}'");
        foreach (var name in Required(old, "outputs").Except(Required(next, "outputs"))) found.Add($"it no longer promises the output '{name}'");
        foreach (var side in new[] { "inputs", "outputs" })
        {
            foreach (var name in Properties(old, side).Intersect(Properties(next, side)))
            {
                if (PropertyOf(old, side, name) != PropertyOf(next, side, name)) found.Add($"the schema of its {side[..^1]} '{name}' differs");
            }
        }
        foreach (var name in TextsOf(next, "tools").Except(TextsOf(old, "tools"))) found.Add($"it may call '{name}', which was not allowed");
        foreach (var name in TextsOf(old, "forbidden").Except(TextsOf(next, "forbidden"))) found.Add($"it is no longer forbidden '{name}'");
        if (old.Fields.GetOrNull("role").TextOrNull is { } role && next.Fields.GetOrNull("role").TextOrNull != role) found.Add($"its role is no longer '{role}'");
        return found;
    }

    private static IEnumerable<string> TextsOf(AgentFile agent, string key) => agent.Fields.GetOrNull(key) is { IsList: true } list ? list.Items.Select(item => item.AsText) : [];
    private static IEnumerable<string> Required(AgentFile agent, string key) => Part(agent, key, "required") is { IsList: true } list ? list.Items.Where(item => item.IsText).Select(item => item.AsText) : [];
    private static IEnumerable<string> Properties(AgentFile agent, string key) => Part(agent, key, "properties") is { IsObject: true } map ? map.AsObject.Keys : [];
    private static Value PropertyOf(AgentFile agent, string key, string name) => Part(agent, key, "properties").AsObject[name];
    private static Value Part(AgentFile agent, string key, string part) => agent.Fields.GetOrNull(key) is { IsObject: true } schema ? schema.AsObject.GetOrNull(part) : Value.Null;
}
