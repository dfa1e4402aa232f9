namespace Hydra.Model;

/// <summary>An entry of a workflow's <c>mcp_servers</c>: a program that is started, or an address that is called.</summary>
public static class McpFields
{
    public static Shape.Record Record { get; } = new(
    [
        new("command", new Shape.Text(), "The program to start; it speaks MCP on its standard input and output."),
        new("args", new Shape.ListOf(new Shape.Text(), 1000), "Its arguments, as they are: no shell reads them."),
        new("env", new Shape.MapOf(new Shape.Text()), "Its environment variables; `{{ env.NAME }}` gives one that `allow_env` lists. Nothing else is inherited but PATH, HOME and the language."),
        new("url", new Shape.Text(), "The address of a server that speaks streamable HTTP, instead of `command`."),
        new("headers", new Shape.MapOf(new Shape.Text()), "`url`: headers of every request; `{{ env.NAME }}` gives a variable that `allow_env` lists."),
        new("timeout_seconds", new Shape.Number(0.001, CommonFields.SecondsMax), "Longest time to start and to list the tools, in seconds. Default: 30."),
        new("trust_hints", new Shape.Boolean(), "Whether the server's word that a tool only reads, or may be repeated, counts. Default: false: a tool is irreversible unless `tools` says otherwise."),
        new("roots", new Shape.ListOf(new Shape.Text(), 100), "Folders, relative to the working directory, that the server is told it may use. Default: none."),
        new("sandbox", new Shape.Choice("inherit", "none", "bubblewrap", "docker"), "`command`: how the program is confined. `inherit` (the default): as `--sandbox` confines the run's other programs; `none`: not at all. In a sandbox it has no network, reads the working directory only, and writes in its `roots` only."),
        new("forms", new Shape.Choice("refuse", "defaults", "ask"), "What a server that asks the user something is answered: nothing (refuse, the default), the form's own default values, or what a person says: the run waits, and the call is made anew with the answer."),
        new("breaker", CommonFields.BreakerRecord, "When a server that keeps failing is left alone. Default: 5 failures in 60 s, for 30 s."),
    ]);
}
