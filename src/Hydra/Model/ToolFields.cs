using Hydra.Policies;

namespace Hydra.Model;

/// <summary>An entry of a workflow's <c>tools</c>: what a tool is, and its limits.</summary>
public static class ToolFields
{
    public static IReadOnlyList<string> Types { get; } = ["http", "fetch", "web_search", "sql", "read_file", "list_files", "write_file", "bash", "python_exec", "agent", "function", "workflow", "mcp"];

    public static Shape.Record Record { get; } = new(
    [
        new("type", new Shape.Choice(Types), "What the tool is; `mcp` for the tool `server/tool` of an MCP server, whose limits and effect the entry gives.") { IsRequired = true },
        new("description", new Shape.Text(), "What it is for, told to the model. Default: that of its type."),
        new("allow_hosts", new Shape.ListOf(new Shape.Text(), 1000), "`http`, `fetch`: hosts that may be called, `*.example.org` for all below one; for `fetch` also `*` for every public one. Required there."),
        new("url", new Shape.Text(), "`web_search`: the engine's address, with {query} where the words go."),
        new("engine", new Shape.Choice("searxng", "brave"), "`web_search`: the shape of the engine's answer. Default: searxng's."),
        new("headers", new Shape.MapOf(new Shape.Text()), "`web_search`: headers such as a key; `{{ env.NAME }}` gives a variable that `allow_env` lists."),
        new("results", new Shape.Text(), "`web_search`: where in the engine's JSON the list of results stands, such as web.results."),
        new("fields", new Shape.Record(
        [
            new Field("title", new Shape.Text(), "The field of a result that holds its title. Default: title."),
            new Field("url", new Shape.Text(), "The field of its address. Default: url."),
            new Field("snippet", new Shape.Text(), "The field of its excerpt. Default: content, or description for brave."),
        ]), "`web_search`: the names of a result's fields."),
        new("source", new Shape.Text(), "`sql`: a SQLite file, a CSV file or a folder of CSV files, relative to the working directory."),
        new("connection", new Shape.Text(), "`sql`: a connection string of PostgreSQL; `{{ env.NAME }}` gives a variable that `allow_env` lists."),
        new("max_rows", new Shape.Integer(1, 100_000), "`sql`: most rows of a result. Default: 200."),
        new("methods", new Shape.ListOf(new Shape.Choice("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"), 10), "`http`: methods that may be used. Default: GET."),
        new("root", new Shape.Text(), "Files: the folder they lie under, relative to the working directory. Default: the working directory."),
        new("agent", new Shape.Text(), "`agent`: the agent that answers."),
        new("path", new Shape.Text(), "`workflow`: the file of the workflow that a call runs, relative to this file's folder."),
        new("function", new Shape.Text(), "`function`: the name under which the program registered it. Default: the tool's name."),
        new("effect", new Shape.Choice("pure", "idempotent", "compensatable", "irreversible"), "What calling it once more would mean. Default: by type."),
        new("risk", new Shape.Choice("low", "medium", "high"), "How much harm a wrong call may do. Default: by type."),
        new("labels", CommonFields.LabelsShape, "Labels of its results; `trusted` says that you vouch for what they bring in. Default: untrusted for what comes from outside."),
        new("outward", new Shape.Boolean(), "Whether what it is given leaves this machine. Default: by type."),
        new("readers", new Shape.ListOf(new Shape.Text(), 100), "Who sees what is sent through it. Default: anybody might."),
        new("category", new Shape.OneOf(new Shape.ListOf(new Shape.Choice(PolicyFields.CategoryNames), 4), new Shape.Choice(PolicyFields.CategoryNames)), "What it concerns; each category asks people unless a rule of `policy` decides. Default: external for what changes something outside."),
        new("timeout_seconds", new Shape.Number(0.001, CommonFields.SecondsMax), "Longest time of one call in seconds. Default: 60."),
        new("rpm", new Shape.Integer(1, 1_000_000), "Most calls of the tool in any 60 s, over the whole run; further ones wait."),
        new("max_calls", new Shape.Integer(0, 1_000_000), "Most calls of the tool in one run; further ones are refused, and the model is told."),
        new("breaker", new Shape.OneOf(new Shape.Text(), CommonFields.BreakerRecord), "When a tool that keeps failing is left alone: the name of one under `breakers`, or its own settings. Default: never."),
        new("cache", new Shape.Record(
        [
            new Field("ttl_seconds", new Shape.Number(0, CommonFields.SecondsMax), "A tool that only looks (pure): how long its answer stands in place of the same call in this run; 0: not at all, and a repeated call is made again."),
            new Field("vary_by", new Shape.ListOf(new Shape.Text(), 100), "Arguments by which answers differ. Default: all of them."),
            new Field("tags", new Shape.ListOf(new Shape.Text(), 100), "Names for what the answers are about; a call of a tool that acts and has one of them ends their time."),
        ]), "Answers that stand in place of calls. Default: none."),
        new("ticket", new Shape.Record(
        [
            new Field("poll", new Shape.Text(), "The tool that is asked for the result; agents need not list it.") { IsRequired = true },
            new Field("pending", new Shape.Text(), "An expression over `result`, an answer of either tool: true while it is no result. Default: it is an object with a `ticket`."),
            new Field("arguments", new Shape.MapOf(new Shape.Anything()), "What `poll` is given: templates over `result`, the first answer. Default: ticket: \"{{ result.ticket }}\"."),
            new Field("every_seconds", new Shape.Number(1, 86_400), "Time between two looks in seconds. Default: 30."),
            new Field("within_seconds", new Shape.Number(1, 2_592_000), "How long the result may take in seconds; then the call has failed. Default: 86,400."),
        ]), "A slow tool answers with a ticket, and another tool gives the result later: the agent waits durably, holding no slot. Default: its answer is the result."),
        new("max_result_bytes", new Shape.Integer(1, 16_000_000), "Longest result in bytes of UTF-8; text beyond is cut and says so. Default: 50,000."),
        new("output_schema", new Shape.JsonSchema(), "JSON Schema that results must fit."),
    ]);
}
