namespace Hydra.Model;

/// <summary>The keys of an agent: the front matter of an agent file and an entry of a workflow's <c>agents</c> take the same ones.</summary>
public static class AgentFields
{
    public static IReadOnlyList<string> Roles { get; } = ["retrieve", "execute", "plan", "judge", "write", "route", "review"];

    /// <summary>How a model may be named by what the work needs instead of by id; a program resolves tiers to models.</summary>
    public static IReadOnlyList<string> Tiers { get; } = ["fast", "balanced", "strong"];

    public static Shape.Record Record { get; } = new(
    [
        new("name", new Shape.Text("[A-Za-z_][A-Za-z0-9_-]{0,127}"), "The agent's name; in a file it is the file's own name."),
        new("description", new Shape.Text(), "What the agent is for; shown to whoever may choose it."),
        new("model", new Shape.ModelName(), "A model id, an alias of the workflow, or a tier: fast, balanced, strong."),
        new("instructions", new Shape.Text(), "The system prompt, taken literally; in a file it is the text below the front matter."),
        new("tools", new Shape.ListOf(new Shape.Text(), 200), "The tools that the agent may call; nothing else can be called."),
        new("mcp_servers", new Shape.ListOf(new Shape.Text(), 100), "MCP servers of the workflow, all of whose tools the agent may call."),
        new("max_tool_iterations", new Shape.Integer(1, 1000), "Most rounds of tool calls. Default: 10."),
        new("inputs", new Shape.JsonSchema(), "JSON Schema of what the agent is given when it is called as a tool."),
        new("outputs", new Shape.JsonSchema(), "JSON Schema of the agent's answer: the node's output_schema where it has none."),
        new("forbidden", new Shape.ListOf(new Shape.Text(), 200), "Tools that it may not call, whatever else lists them, and things it must not do, told to the model."),
        new("role", new Shape.Choice(Roles), "What the agent does; those that retrieve, plan, judge, route or review hold no tools that act."),
        new("skills", new Shape.ListOf(new Shape.Text(), 200), "What the agent is good at, for choosing by capability."),
        new("autonomy", new Shape.Choice("fixed", "bounded", "free"), "How freely the agent may go about its task; for people and lint."),
        new("max_output_tokens", new Shape.Integer(1, 10_000_000), "Longest answer in tokens."),
        new("temperature", new Shape.Number(0, 2), "Sampling temperature, 0 to 2."),
        new("budget", CommonFields.BudgetRecord, "Limits on each node that the agent answers, where the node sets none."),
        new("labels", CommonFields.LabelsShape, "Labels of what the agent answers."),
        new("max_concurrency", new Shape.Integer(1, 10_000), "Model calls of the agent at once, over the whole run."),
        new("rpm", new Shape.Integer(1, 1_000_000), "Model calls of the agent in any 60 s, over the whole run."),
        new("pool", new Shape.Text(), "The pool of workers that is to run it; a run without a cluster runs it here, and says so."),
        new("escalates_to", new Shape.Text(), "The agent that takes over when this one's attempts are used up, on nodes with `on_failure: escalate` and no `escalate_to`."),
        new("sandbox", new Shape.Choice("required", "optional"), "What a run without --sandbox does about tools that need one: refuses to begin (required, the default), or withholds them from the agent (optional)."),
    ]);
}
