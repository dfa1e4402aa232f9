using Hydra.Agents.Tools;
using Hydra.Model;

namespace Hydra.Agents.Mcp;

/// <summary>A tool of an MCP server, by the name that agents list: <c>server/tool</c>, or <c>server/*</c> for all of them.</summary>
/// <param name="Declared">The entry of <c>tools</c> under that name; empty: none.</param>
internal sealed record McpToolName(McpServerSpec Server, string Tool, ValueMap Declared) : ITool
{
    public const string All = "*";

    public static bool Is(string listed) => listed.Contains('/', StringComparison.Ordinal);

    /// <summary>What may be listed with this name covers that one: itself, or all of its server.</summary>
    public static bool Covers(string listed, string name) =>
        listed == name || listed.EndsWith("/" + All, StringComparison.Ordinal) && Is(name) && name.StartsWith(listed[..^1], StringComparison.Ordinal);

    /// <summary>What can be told of it before its server was asked.</summary>
    public ToolFacts Facts => field ??= ToolBox.Narrow(new ToolFacts
    {
        Name = McpDefinition.ToldName(Server.Name, Tool),
        Description = $"{(Tool == All ? "All tools" : $"The tool '{Tool}'")} of the MCP server '{Server.Name}'.",
        Arguments = ValueMap.Of(("type", "object")),
        Risk = ToolRisk.High,
    }, Declared);

    public ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken) => throw new InvalidOperationException($"'{Server.Name}/{Tool}' is called before its server was asked what it is.");
}

/// <summary>A tool of an MCP server, as its definition says.</summary>
internal sealed class McpTool(McpServer server, McpDefinition definition, ValueMap declared) : ITool
{
    public ToolFacts Facts { get; } = definition.FactsFor(server.Spec, declared);
    public string ListedName => $"{server.Spec.Name}/{definition.Name}";
    public string Server => server.Spec.Name;
    /// <summary>Its server's questions to the user are put to people.</summary>
    public bool AsksPeople => server.Spec.Forms == McpFormRule.Ask;

    public ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken) => server.CallAsync(definition.Name, call.Arguments.AsObject, Facts.Effect, call.Forms, call.Alive, cancellationToken);
}
