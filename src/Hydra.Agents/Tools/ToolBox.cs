using System.Text.Json;
using Hydra.Agents.Mcp;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Schemas;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Tools;

/// <summary>A tool as one agent holds it: found, and its schemas compiled.</summary>
internal sealed class HeldTool(ITool tool)
{
    public ITool Tool { get; } = tool;
    public ToolFacts Facts => Tool.Facts;
    public JsonSchema Arguments { get; } = JsonSchema.Compile(tool.Facts.Arguments);
    public JsonSchema? Output { get; } = tool.Facts.Output is { } schema ? JsonSchema.Compile(schema) : null;

    /// <summary>A tool from outside, whose schemas may be anything.</summary>
    /// <exception cref="CallFailedException">A schema of it cannot be compiled.</exception>
    public static HeldTool Of(ITool tool, string server)
    {
        try
        {
            return new HeldTool(tool);
        }
        catch (JsonSchemaException wrong)
        {
            throw new CallFailedException(ErrorCode.InvalidOutput, $"the MCP server '{server}' gives '{tool.Facts.Name}' a schema that cannot be compiled: {wrong.Message}", wrong);
        }
    }

    /// <summary>What the model is told.</summary>
    public AIFunctionDeclaration Declaration => field ??= AIFunctionFactory.CreateDeclaration(Facts.Name, Facts.Description, JsonElement.Parse(ValueJson.ToUtf8(Facts.Arguments)));
}

/// <summary>Finds tools by the names that agents list: the workflow's own, the program's, those that need no declaration.</summary>
internal sealed class ToolBox(WorkflowSpec workflow, ToolRegistry registry)
{
    private ValueMap Declared => workflow.Extensions.GetOrNull("tools") is { IsObject: true } tools ? tools.AsObject : ValueMap.Empty;

    public IEnumerable<string> Names => Declared.Keys.Concat(registry.Names).Concat(ToolKinds.Undeclared);

    /// <summary>The tool; null with what is wrong in words.</summary>
    public ITool? Find(string listed, out string wrong)
    {
        wrong = "";
        if (McpToolName.Is(listed)) return OfServer(listed, out wrong);
        var name = Declared.ContainsKey(listed) || registry.Find(listed) is not null ? listed : ToolKinds.Synonyms.GetValueOrDefault(listed, listed);
        if (Declared.TryGetValue(name, out var declaration)) return Make(name, declaration.AsObject, out wrong);
        if (registry.Find(name) is { } registered) return registered;
        if (ToolKinds.Undeclared.Contains(name)) return ToolKinds.Of(name, ToolKinds.FactsOf(name, name), ValueMap.Empty);
        wrong = name == "web_search" && SearchEngine.Of(name, ValueMap.Empty, out var missing) is null ? missing : $"the tool '{listed}' is not defined.{DidYouMean.Hint(listed, Names)} Define it under `tools`, or remove it; without a definition there are {string.Join(", ", ToolKinds.Undeclared)}";
        return null;
    }

    /// <summary>The entry of <c>tools</c> under a name; empty: none.</summary>
    public ValueMap DeclaredOf(string name) => Declared.TryGetValue(name, out var declared) ? declared.AsObject : ValueMap.Empty;

    /// <summary>Names of MCP servers of the workflow.</summary>
    public IEnumerable<string> Servers => McpServerSpec.Declared(workflow).Keys;

    private McpToolName? OfServer(string listed, out string wrong)
    {
        var server = McpServerSpec.Find(workflow, listed[..listed.IndexOf('/')], out wrong);
        var tool = listed[(listed.IndexOf('/') + 1)..];
        if (server is null) return null;
        if (tool.Length == 0) wrong = $"the tool '{listed}' names no tool. Write {listed}NAME, or {listed}* for all";
        else if (Declared.TryGetValue(listed, out var declared) && declared.AsObject["type"].AsText != "mcp") wrong = $"the tool '{listed}' is one of an MCP server, and `tools` declares it with another type. Write 'type: mcp'";
        else wrong = WrongLimits(listed, DeclaredOf(listed)) ?? "";
        return wrong.Length > 0 ? null : new McpToolName(server, tool, DeclaredOf(listed));
    }

    /// <summary>A tool as the workflow declares it; null with what is wrong.</summary>
    public ITool? Make(string name, ValueMap declared, out string wrong)
    {
        var type = declared["type"].AsText;
        wrong = WrongIn(name, type, declared) ?? "";
        if (wrong.Length > 0) return null;
        if (type == "function") return new Limited(registry.Find(declared.GetOrNull("function").TextOrNull ?? name)!, name, declared);
        if (type == "workflow") return WorkflowTool.Of(name, workflow.LinkedTools[name], declared, registry);
        var facts = Narrow(ToolKinds.FactsOf(type, name), declared);
        if (type == "http") facts = OfMethods(facts, declared);
        if (type == "agent" && AgentOf(declared) is { IsObject: true } agent)
        {
            if (agent.AsObject.GetOrNull("inputs") is { IsObject: true } inputs) facts = facts with { Arguments = inputs };
            if (!declared.ContainsKey("description") && agent.AsObject.GetOrNull("description").TextOrNull is { } purpose) facts = facts with { Description = purpose };
        }
        return ToolKinds.Of(type, facts, declared);
    }

    /// <summary>What the allowed methods may do at worst, and no other method in the schema.</summary>
    private static ToolFacts OfMethods(ToolFacts facts, ValueMap declared)
    {
        IReadOnlyList<string> methods = declared.GetOrNull("methods") is { IsList: true } written ? [.. written.Items.Select(method => method.AsText)] : ["GET"];
        return facts with
        {
            Arguments = HttpTool.Schema(methods),
            Effect = declared.ContainsKey("effect") ? facts.Effect : methods.Max(HttpTool.EffectOf),
            Risk = declared.ContainsKey("risk") || methods.Max(HttpTool.EffectOf) != EffectClass.Pure ? facts.Risk : ToolRisk.Medium,
        };
    }

    private Value AgentOf(ValueMap declared) => workflow.Agents.GetValueOrDefault(declared["agent"].AsText);

    private string? WrongIn(string name, string type, ValueMap declared)
    {
        if (type == "mcp") return $"the tool '{name}' has the type mcp, and is no tool of a server. Name it as agents list it: server/tool";
        if (!ToolRegistry.IsName(name)) return $"the tool '{name}' has a name that models cannot be told. Write 1 to 64 letters, digits, '_' and '-'";
        if (type == "workflow" && !declared.ContainsKey("path")) return $"the tool '{name}' names no workflow. Add 'path: FILE', relative to this file's folder";
        if (type == "workflow" && !workflow.LinkedTools.ContainsKey(name)) return $"the tool '{name}' runs '{declared["path"].ToDisplayText()}', which could not be brought in";
        if (WrongLimits(name, declared) is { } limits) return limits;
        if (type is "http" or "fetch" && declared.GetOrNull("allow_hosts") is not { IsList: true, Items.Count: > 0 }) return $"the tool '{name}' may call no host. List those it may in `allow_hosts`";
        if (type == "web_search" && SearchEngine.Of(name, declared, out var engineless) is null) return engineless;
        if (type == "sql" && declared.ContainsKey("source") == declared.ContainsKey("connection")) return $"the tool '{name}' reads no database, or two. Give it either `source` (a SQLite or CSV file) or `connection` (PostgreSQL)";
        if (type == "http" && declared.GetOrNull("methods") is { IsList: true, Items.Count: 0 }) return $"the tool '{name}' may use no method. Leave `methods` out for GET";
        if (type == "agent" && declared.GetOrNull("agent").TextOrNull is not { } agent) return $"the tool '{name}' names no agent. Add 'agent: …'";
        else if (type == "agent" && !workflow.Agents.ContainsKey(declared["agent"].AsText)) return $"the tool '{name}' asks the agent '{declared["agent"].AsText}', which is not defined.{DidYouMean.Hint(declared["agent"].AsText, workflow.Agents.Keys)} Define it under `agents`, or in a file";
        var function = declared.GetOrNull("function").TextOrNull ?? name;
        return type == "function" && registry.Find(function) is null ? $"the tool '{name}' calls the function '{function}', which this program does not register.{DidYouMean.Hint(function, registry.Names)} Register it with ToolRegistry.Add" : null;
    }

    private static readonly string[] LeafOnly = ["cache", "breaker", "timeout_seconds"];

    private string? WrongLimits(string name, ValueMap declared)
    {
        if (declared.GetOrNull("breaker").TextOrNull is { } breaker && !workflow.Breakers.ContainsKey(breaker))
            return $"the tool '{name}' names the breaker '{breaker}', which `breakers` does not define.{DidYouMean.Hint(breaker, workflow.Breakers.Keys)} Define it, or write its settings in place";
        if (declared.GetOrNull("type").TextOrNull == "agent" && (declared.ContainsKey("cache") || declared.ContainsKey("breaker")))
            return $"the tool '{name}' asks an agent, whose calls are steps of their own. Take `cache` and `breaker` out, and give them to the agent's tools";
        if (declared.GetOrNull("type").TextOrNull == "workflow" && LeafOnly.FirstOrDefault(declared.ContainsKey) is { } idle)
            return $"the tool '{name}' runs a workflow, whose nodes have limits of their own. Take `{idle}` out, and give it to those nodes";
        if (WrongTicket(name, declared) is { } ticket) return ticket;
        if (ToolCacheSpec.Of(declared.GetOrNull("cache")) is { TimeToLive: null, Tags.Count: 0 }) return $"the tool '{name}' has a `cache` that keeps nothing and empties nothing. Give it `ttl_seconds` (a tool that only looks) or `tags` (one that acts)";
        return null;
    }

    private string? WrongTicket(string name, ValueMap declared)
    {
        if (ToolTicketSpec.Of(declared.GetOrNull("ticket")) is not { } ticket) return null;
        if (declared.ContainsKey("cache")) return $"the tool '{name}' has a `cache` and a `ticket`; a ticket is good for one call. Take one of them out";
        if (declared.GetOrNull("type").TextOrNull is "agent" or "workflow") return $"the tool '{name}' has a `ticket`, and what it runs is awaited as it is. Take `ticket` out";
        if (ticket.Misfit() is { } misfit) return $"the `ticket` of the tool '{name}' cannot be read: {misfit}";
        if (DeclaredOf(ticket.Poll) is var poll && (poll.ContainsKey("ticket") || poll.ContainsKey("cache") || poll.GetOrNull("type").TextOrNull is "agent" or "workflow"))
            return $"the tool '{name}' gives tickets that '{ticket.Poll}' is to redeem, which itself has a ticket or a cache, or runs agents. Name a tool that looks each time it is asked";
        return Find(ticket.Poll, out var wrong) is { } found ? found is McpToolName { Tool: McpToolName.All } ? $"the tool '{name}' gives tickets that all tools of a server are to redeem. Name one of them" : null : $"the tool '{name}' gives tickets that '{ticket.Poll}' is to redeem: {wrong}";
    }

    public static ToolFacts Narrow(ToolFacts facts, ValueMap declared) => facts with
    {
        Description = declared.GetOrNull("description").TextOrNull ?? facts.Description,
        Effect = declared.GetOrNull("effect").TextOrNull is { } effect ? Enum.Parse<EffectClass>(effect, ignoreCase: true) : facts.Effect,
        Risk = declared.GetOrNull("risk").TextOrNull is { } risk ? Enum.Parse<ToolRisk>(risk, ignoreCase: true) : facts.Risk,
        Timeout = declared.GetOrNull("timeout_seconds") is { IsNumeric: true } seconds ? TimeSpan.FromSeconds(seconds.AsNumber) : facts.Timeout,
        ResultBytesMax = declared.GetOrNull("max_result_bytes") is { Kind: ValueKind.Integer } bytes ? (int)bytes.AsInteger : facts.ResultBytesMax,
        Output = declared.TryGetValue("output_schema", out var schema) ? schema : facts.Output,
        Labels = PolicyReader.ReadLabels(declared.GetOrNull("labels")) is { } labels ? labels.IsTrusted ? labels : facts.Labels.With(labels) : facts.Labels,
        IsOutward = declared.GetOrNull("outward") is { Kind: ValueKind.Boolean } outward ? outward.AsBoolean : facts.IsOutward,
        Categories = declared.GetOrNull("category") switch { { IsText: true } one => [one.AsText], { IsList: true } list => [.. list.Items.Select(item => item.AsText)], _ => facts.Categories },
        Ticket = ToolTicketSpec.Of(declared.GetOrNull("ticket")) ?? facts.Ticket,
        Cache = ToolCacheSpec.Of(declared.GetOrNull("cache")) ?? facts.Cache,
        Breaker = declared.GetOrNull("breaker") is { IsObject: true } breaker ? PolicyReader.Breaker(breaker.AsObject) : facts.Breaker,
        BreakerName = declared.GetOrNull("breaker").TextOrNull ?? facts.BreakerName,
        Audience = declared.GetOrNull("readers") is { IsList: true } readers ? [.. readers.Items.Select(reader => reader.AsText)] : facts.Audience,
    };

    /// <summary>A registered tool under the limits of the workflow.</summary>
    private sealed class Limited(ITool inner, string name, ValueMap declared) : ITool
    {
        public ToolFacts Facts { get; } = Narrow(inner.Facts with { Name = name }, declared);
        public Labels LabelsOf(ToolCall call) => Facts.Labels.IsTrusted ? Facts.Labels : inner.LabelsOf(call).With(Facts.Labels);
        public EffectClass EffectOf(Value arguments) => declared.ContainsKey("effect") ? Facts.Effect : inner.EffectOf(arguments);
        public ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken) => inner.CallAsync(call, cancellationToken);
    }
}
