using Hydra.Agents.Mcp;
using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Agents.Tools;

/// <summary>The tools that one agent may call, from the names that it lists.</summary>
/// <param name="servers">The MCP servers of the attempt.</param>
internal sealed class HeldTools(ToolBox box, McpConnections servers, ILine line)
{
    /// <summary>The name of the step that keeps what a server's tools were for this attempt: a resumed run tells the model the same.</summary>
    public const string StepName = "mcp.tools";

    /// <summary>The tools, and apart from them those that redeem their tickets and are not listed themselves.</summary>
    public async ValueTask<(IReadOnlyList<HeldTool> Held, IReadOnlyList<HeldTool> Polls)> OpenWithPollsAsync(IReadOnlyList<string> names, string asker, CancellationToken cancellationToken)
    {
        if (names.Count == 0) return ([], []);
        var held = await OpenAsync(names, asker, cancellationToken);
        List<string> polls = [.. held.Select(tool => tool.Facts.Ticket?.Poll).OfType<string>().Distinct(StringComparer.Ordinal).Where(poll => held.All(tool => tool.Tool.ListedName != poll))];
        return (held, polls.Count == 0 ? [] : await OpenAsync(polls, $"{asker}tickets", cancellationToken));
    }

    /// <param name="names">As listed: of tools, <c>server/tool</c>, or <c>server/*</c>.</param>
    /// <param name="asker">Sets the listing of an agent apart that was itself called as a tool.</param>
    /// <exception cref="CallFailedException">A tool is not there, a server cannot be used, or one tool would shadow another.</exception>
    public async ValueTask<IReadOnlyList<HeldTool>> OpenAsync(IReadOnlyList<string> names, string asker, CancellationToken cancellationToken)
    {
        var held = new List<HeldTool>(names.Count);
        var ofServers = new Dictionary<string, List<McpToolName>>(StringComparer.Ordinal);
        foreach (var name in names)
        {
            var tool = box.Find(name, out var wrong) ?? throw new CallFailedException(ErrorCode.BadRequest, wrong);
            if (tool is not McpToolName listed) held.Add(new HeldTool(tool));
            else if (ofServers.TryGetValue(listed.Server.Name, out var others)) others.Add(listed);
            else ofServers[listed.Server.Name] = [listed];
        }
        foreach (var (server, listed) in ofServers) held.AddRange(await OfServerAsync(servers.To(server), listed, asker, cancellationToken));
        if (held.GroupBy(tool => tool.Facts.Name, StringComparer.Ordinal).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new CallFailedException(ErrorCode.PolicyDenied, $"two tools would be '{twice.Key}' to the model, and one would shadow the other: {string.Join("; ", twice.Select(tool => $"'{tool.Facts.Description}'"))}. List only one of them, or rename the MCP server");
        return held;
    }

    private async ValueTask<IEnumerable<HeldTool>> OfServerAsync(McpServer server, IReadOnlyList<McpToolName> listed, string asker, CancellationToken cancellationToken)
    {
        return Choose(box, server, listed, await DefinitionsAsync(server, asker, cancellationToken));
    }

    /// <summary>Those of a server's tools that are listed.</summary>
    public static IReadOnlyList<HeldTool> Choose(ToolBox box, McpServer server, IReadOnlyList<McpToolName> listed, IReadOnlyList<McpDefinition> offered)
    {
        var chosen = new List<HeldTool>();
        foreach (var definition in offered)
        {
            var name = $"{server.Spec.Name}/{definition.Name}";
            if (listed.Any(each => McpToolName.Covers($"{each.Server.Name}/{each.Tool}", name))) chosen.Add(HeldTool.Of(new McpTool(server, definition, box.DeclaredOf(name)), server.Spec.Name));
        }
        if (listed.FirstOrDefault(each => each.Tool != McpToolName.All && !offered.Any(definition => definition.Name == each.Tool)) is { } missing)
            throw new CallFailedException(ErrorCode.BadRequest, $"the MCP server '{server.Spec.Name}' has no tool '{missing.Tool}'.{DidYouMean.Hint(missing.Tool, offered.Select(tool => tool.Name))} If it came new, pin it with `hydra tools pin {server.Spec.Name} --workflow FILE`");
        return chosen;
    }

    /// <summary>What the server's tools are, as a step of the attempt.</summary>
    private async ValueTask<IReadOnlyList<McpDefinition>> DefinitionsAsync(McpServer server, string asker, CancellationToken cancellationToken)
    {
        var asked = Value.Of(ValueMap.Of(("server", server.Spec.Name), ("source", server.Spec.Source)));
        var key = StepKey.Of(ValueMap.Of((StepName, asker), ("of", asked)));
        var grant = await line.IntendAsync(new StepCall(StepKind.Tool, StepName, key, 0, 0, MicroUsd.Zero, line.Keep(asked)), cancellationToken);
        if (grant.Known is { } known)
        {
            if (known.Error is { } was) throw new CallFailedException(was.Code, was.Message);
            return [.. line.Read(known.Response!).Items.Select(tool => new McpDefinition(tool))];
        }
        try
        {
            var found = await server.ToolsAsync(cancellationToken);
            line.Report(grant, new StepResult(line.Keep(Value.Of(found.Select(tool => tool.Value))), default, MicroUsd.Zero, null, 0));
            return found;
        }
        catch (CallFailedException failed)
        {
            line.Report(grant, new StepResult(null, default, MicroUsd.Zero, new NodeError(failed.Code, failed.Message), 0));
            throw;
        }
    }
}
