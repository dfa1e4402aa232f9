using Hydra.Policies;

namespace Hydra.Model;

/// <summary>The fields of the file itself.</summary>
public static class WorkflowFields
{
    public static IReadOnlyList<string> InputTypes { get; } = ["string", "integer", "number", "boolean", "array", "object"];

    public static Shape.Record InputRecord { get; } = new(
    [
        new("type", new Shape.Choice(InputTypes), "Type of the input. Default: string."),
        new("required", new Shape.Boolean(), "Whether the run must give it. Default: true, unless there is a default."),
        new("default", new Shape.Anything(), "The value where the run gives none."),
        new("description", new Shape.Text(), "What it is for."),
        new("schema", new Shape.JsonSchema(), "JSON Schema (2020-12) that the value must fit."),
        new("labels", CommonFields.LabelsShape, "Labels of the value, which flow with the data."),
    ]);

    public static Shape.Record AliasRecord { get; } = new(
    [
        new("model", new Shape.ModelName(), "The model that answers.") { IsRequired = true },
        new("fallbacks", new Shape.ListOf(new Shape.ModelName(), 20), "Models tried in this order when it does not."),
        new("timeout_seconds", new Shape.Number(0.001, CommonFields.SecondsMax), "Longest time of one call in seconds."),
        new("temperature", new Shape.Number(0, 2), "Sampling temperature, 0 to 2."),
        new("max_output_tokens", new Shape.Integer(1, 10_000_000), "Longest answer in tokens."),
    ]);

    /// <summary>Fields of <c>defaults</c> besides those of every node.</summary>
    public static IReadOnlyList<Field> ModelDefaults { get; } =
        [.. ModelCallFields.All.Where(field => field.Name is "model" or "max_output_tokens" or "temperature" or "stream" or "agent" or "system")];

    private const string HooksMend = "hooks are not supported yet: leave `hooks` out and follow the run's events instead";

    public static IReadOnlyList<Field> All { get; } =
    [
        new("name", new Shape.Text(), "Name of the workflow, shown everywhere; snake_case advised.") { IsRequired = true },
        new("description", new Shape.Text(), "What the workflow does."),
        new("version", new Shape.Text(), "Version of the workflow, for people."),
        new("inputs", new Shape.MapOf(InputRecord), "Inputs by name. Without this block, inputs are free-form."),
        new("budget", CommonFields.BudgetRecord, "Limits on the whole run."),
        new("defaults", new Shape.Record([.. CommonFields.All, .. ModelDefaults]), "Values of node fields where a node leaves them out."),
        new("models", new Shape.MapOf(new Shape.OneOf(new Shape.ModelName(), new Shape.ListOf(new Shape.ModelName(), 20), AliasRecord)),
            "Aliases of models: a model, a list (the first answers, the rest are fallbacks), or an object."),
        new("agents", new Shape.MapOf(AgentFields.Record), "Agents defined in place, used as `agent: <name>`."),
        new("nodes", new Shape.Nodes(), "The nodes; their order means nothing, edges come from `depends_on`.") { IsRequired = true },
        new("outputs", new Shape.MapOf(new Shape.NodeReference()), "Files written after success: path, relative to the working directory, to node id."),
        new("tags", CommonFields.TagMap, "Names and values for slicing runs, spans and costs."),
        new("breakers", new Shape.MapOf(CommonFields.BreakerRecord), "Circuit breakers by name."),
        new("allow_env", new Shape.ListOf(new Shape.Text("[A-Za-z_][A-Za-z0-9_]*"), 1000), "Environment variables that templates may read as `env.NAME`."),
        new("mcp_servers", new Shape.MapOf(McpFields.Record), "MCP servers by name; each agent still lists those it may use."),
        new("tools", new Shape.MapOf(ToolFields.Record), "Tools by name, with their limits; each agent still lists those it may call."),
        new("policy", PolicyFields.Record, "Rules on what agents and nodes may do: allow, deny, ask, simulate."),
        new("hooks", new Shape.MapOf(new Shape.Anything()), "Webhooks and commands on events.") { NotSupportedYet = HooksMend },
    ];

    /// <summary>Node types that the format defines and this version does not run yet.</summary>
    public static IReadOnlyList<string> PlannedNodeTypes { get; } =
        ["knowledge"];
}
