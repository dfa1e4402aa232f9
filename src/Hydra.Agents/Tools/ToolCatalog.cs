using Hydra.Agents.Loop;
using Hydra.Agents.Mcp;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Templates;

namespace Hydra.Agents.Tools;

/// <summary>The tools that agents of a workflow may list, for people: what there is, what is doubtful, and one call by hand.</summary>
/// <param name="workingDirectory">Where the pinned tools of MCP servers lie, and paths begin.</param>
/// <param name="environment">Variables by name, for MCP servers; only those of <c>allow_env</c> are read.</param>
public sealed class ToolCatalog(WorkflowSpec? workflow, ToolRegistry registry, string workingDirectory = ".", Func<string, string?>? environment = null)
{
    private static readonly WorkflowSpec Nothing = new() { Name = "none", Nodes = [] };
    private readonly WorkflowSpec _workflow = workflow ?? Nothing;
    private readonly ToolBox _box = new(workflow ?? Nothing, registry);

    /// <summary>The workflow's MCP servers.</summary>
    public IEnumerable<string> Servers => _box.Servers;

    /// <summary>Every tool by name, with what is wrong with it where it cannot be called. MCP servers are not asked: what is pinned is told.</summary>
    public IEnumerable<(string Name, ToolFacts? Facts, string Wrong)> All() => _box.Names.Where(name => !McpToolName.Is(name)).Distinct(StringComparer.Ordinal)
        .Select(name => _box.Find(name, out var wrong) is { } tool ? (name, tool.Facts, "") : (name, null, wrong)).Concat(Servers.SelectMany(OfServer));

    private IEnumerable<(string Name, ToolFacts? Facts, string Wrong)> OfServer(string server)
    {
        if (_box.Find($"{server}/{McpToolName.All}", out var wrong) is not McpToolName all) return [($"{server}/{McpToolName.All}", null, wrong)];
        if (new McpPins(workingDirectory).Find(server) is { } pin) return pin.Tools.Select(tool => ($"{server}/{tool.Name}", (ToolFacts?)tool.FactsFor(all.Server, _box.DeclaredOf($"{server}/{tool.Name}")), ""));
        return [($"{server}/{McpToolName.All}", all.Facts with { Description = $"{all.Facts.Description} They are looked at and pinned at their first use, or by `hydra tools pin {server}`." }, "")];
    }

    /// <summary>Asks an MCP server for its tools and pins them as they are now.</summary>
    /// <returns>The tools by name and description, and how they differ from what was pinned; null: nothing was.</returns>
    /// <exception cref="CallFailedException">The server is not declared, or gives no tools.</exception>
    public async Task<(IReadOnlyList<(string Name, string Description)> Tools, IReadOnlyList<string>? Differences)> PinAsync(string server, CancellationToken cancellationToken)
    {
        await using var connections = new McpConnections(new McpPool(registry.McpAuthorization), Surroundings());
        var asked = connections.To(server);
        var offered = await asked.OfferedAsync(cancellationToken);
        var pins = new McpPins(workingDirectory);
        var was = pins.Find(server);
        pins.Record(server, new McpPin(asked.Spec.Source, offered));
        IReadOnlyList<string>? differences = was is null ? null
            : [.. McpPins.Differences(was, asked.Spec.Source, offered), .. offered.Where(tool => was.Tools.All(old => old.Name != tool.Name)).Select(tool => $"its tool '{tool.Name}' is new")];
        return ([.. offered.Select(tool => (tool.Name, tool.FactsFor(asked.Spec, ValueMap.Empty).Description))], differences);
    }

    private McpSurroundings Surroundings(string? sandbox = null) => new("tools", _workflow, workingDirectory, TimeProvider.System, TemplateScope.Of(("env",
        ValueMap.Of(_workflow.AllowEnv.Select(name => (name, Text: environment?.Invoke(name))).Where(pair => pair.Text is not null).Select(pair => KeyValuePair.Create(pair.name, Value.Of(pair.Text!)))))), sandbox);

    /// <summary>What is doubtful of a tool: that it can do anything, or that a model cannot tell how to use it.</summary>
    /// <param name="name">As agents list it.</param>
    public IEnumerable<string> Doubts(string name, ToolFacts facts)
    {
        if (_box.DeclaredOf(name).GetOrNull("allow_hosts") is { IsList: true } hosts && hosts.Items.Any(host => host.TextOrNull == "*")) yield return "reaches every public host, so what an agent has read can be sent anywhere; list in `allow_hosts` those it needs";
        foreach (var doubt in AnythingTool.Doubts(facts, hasHosts: _box.DeclaredOf(name).ContainsKey("allow_hosts"))) yield return doubt;
        if (facts.NeedsSandbox) yield return "runs any program the model writes; declare a tool that does the one thing instead";
        if (facts.Description.Length < 10) yield return "its description says next to nothing, so a model cannot tell when to use it";
        if (facts.Arguments.AsObject.GetOrNull("properties") is not { IsObject: true } properties) yield return "its schema names no argument, so it takes anything";
        else if (facts.Effect == EffectClass.Irreversible && properties.AsObject.GetOrNull("method").IsObject) yield return "may send with any of several methods; list in `methods` what is needed";
    }

    /// <summary>Calls a tool once, outside any run. Throws <see cref="CallFailedException"/> where it fails or may not be called so.</summary>
    public async Task<Value> TestAsync(string name, Value arguments, string? sandbox, CancellationToken cancellationToken)
    {
        if (_box.Find(name, out var wrong) is not { } tool) throw new CallFailedException(ErrorCode.BadRequest, wrong);
        await using var connections = new McpConnections(new McpPool(registry.McpAuthorization), Surroundings(sandbox));
        var listed = tool as McpToolName;
        if (listed is { Tool: McpToolName.All }) throw new CallFailedException(ErrorCode.BadRequest, $"'{name}' stands for all tools of a server. Name one of them");
        if (tool is AgentTool) throw new CallFailedException(ErrorCode.BadRequest, $"'{name}' asks an agent, which needs a run");
        if (tool is WorkflowTool) throw new CallFailedException(ErrorCode.BadRequest, $"'{name}' runs a workflow. Try it with `hydra run` on its file");
        if (tool.Facts.NeedsSandbox && sandbox is null) throw new CallFailedException(ErrorCode.PolicyDenied, $"'{name}' runs programs on this machine; allow it with --sandbox bubblewrap or docker (isolated), or --sandbox inprocess (no isolation)");
        if (sandbox is not null && Sandboxes.WhyNot(sandbox) is { } whyNot) throw new CallFailedException(ErrorCode.BadRequest, whyNot);
        var held = listed is null ? new HeldTool(tool) : HeldTools.Choose(_box, connections.To(listed.Server.Name), [listed], await connections.To(listed.Server.Name).ToolsAsync(cancellationToken)).Single();
        tool = held.Tool;
        if (!held.Arguments.IsValid(arguments)) throw new CallFailedException(ErrorCode.BadRequest, $"nothing was called: {string.Join("; ", held.Arguments.Validate(arguments).Select(problem => problem.ToString()))}");
        using var limit = new CancellationTokenSource(tool.Facts.Timeout);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        var call = new ToolCall { Arguments = arguments, IdempotencyKey = StepKey.Of(arguments), WorkingDirectory = workingDirectory, Sandbox = sandbox, Scope = Surroundings().Scope, Alive = () => { } };
        try
        {
            return ToolResultCheck.Hold(held, await tool.CallAsync(call, either.Token));
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            throw new CallFailedException(ErrorCode.Timeout, $"'{name}' gave nothing within {tool.Facts.Timeout.TotalSeconds:0.###} s");
        }
    }
}
