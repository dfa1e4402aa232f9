namespace Hydra.Model;

/// <summary>The fields of one call to a model: those of <c>agent</c>, and of every node type that calls an agent in its own name (<c>map</c>, <c>evaluator_loop</c>).</summary>
public static class ModelCallFields
{
    public const string NodeType = "agent";

    /// <summary>Who may share what an agent notes, from the narrowest on.</summary>
    public static IReadOnlyList<string> MemoryScopes { get; } = ["run", "agent", "user", "project", "organisation"];

    public static IReadOnlyList<Field> All { get; } =
    [
        new("prompt", new Shape.Template(), "What the model is asked: a Jinja template over inputs and the outputs of ancestors."),
        new("model", new Shape.ModelName(), "A model id (claude-haiku-4-5, openai/gpt-5, offline/extract) or an alias of `models`."),
        new("agent", new Shape.Text(), "The name of an agent that answers, instead of a bare model."),
        new("system", new Shape.Template(), "The system prompt."),
        new("max_output_tokens", new Shape.Integer(1, 10_000_000), "Longest answer in tokens; always sent. Default: 4096."),
        new("temperature", new Shape.Number(0, 2), "Sampling temperature, 0 to 2. Default: the provider's own."),
        new("tools", new Shape.ListOf(new Shape.Text()), "Tools the model may call, by name: those of `tools`, of the program, and read_file, list_files, write_file, bash, python_exec. Nothing else can be called."),
        new("mcp_servers", new Shape.ListOf(new Shape.Text()), "MCP servers, by name, all of whose tools the model may call; `server/tool` in `tools` gives one of them."),
        new("max_tool_iterations", new Shape.Integer(1, 1000), "Most rounds of tool calls. Default: 10."),
        new("accept", new Shape.Expression(), "Ends the tool loop as soon as it is true of a tool's result, which then is the answer: sees `tool` (its name), `result` and `calls` (how many were made).") { ExtraNames = ["tool", "result", "calls"] },
        new("context", new Shape.Choice("trim", "summarise"), "What happens when the conversation outgrows the context window: the oldest tool results are dropped (trim, the default), or a call to the model sums them up first (summarise)."),
        new("stream", new Shape.Boolean(), "Whether the answer is streamed, which gives live progress and idle timeouts. Default: true."),
        new("memory", new Shape.OneOf(new Shape.Record(
        [
            new Field("scope", new Shape.Choice(MemoryScopes), "Who shares it.") { IsRequired = true },
            new Field("persist", new Shape.Boolean(), "Whether later runs find what this one noted. Default: true, except for run."),
            new Field("ttl_seconds", new Shape.Number(1, 315_360_000), "How long a note is found, in seconds. Default: until it is removed."),
            new Field("max_items", new Shape.Integer(1, 10_000), "Most notes of the scope; the oldest makes room. Default: 200."),
        ]), new Shape.Choice(MemoryScopes)), "Gives the agent the tools `remember` and `recall`: notes that agents of the same run, agent, user, project or organisation share."),
        new("attachments", new Shape.ListOf(new Shape.Record(
        [
            new Field("path", new Shape.Template(), "A file in the working directory."),
            new Field("artifact", new Shape.Template(), "What a node gave: {{ report }}."),
            new Field("url", new Shape.Template(), "The http or https address of a picture, which the provider fetches."),
            new Field("media_type", new Shape.Text("[a-z]+/[a-z0-9.+-]+"), "The media type, such as image/png. Default: from the ending of the path or the url; an artifact is text/plain or application/json."),
        ]), 100), "Files, outputs and pictures sent with the prompt, each with one of path, artifact and url; at most 20 MiB together."),
    ];
}
