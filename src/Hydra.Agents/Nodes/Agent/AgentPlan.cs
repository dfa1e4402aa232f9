using System.Runtime.CompilerServices;
using System.Text.Json;
using Hydra.Agents.Mcp;
using Hydra.Agents.Memory;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Parsing;
using Hydra.Agents.Tools;
using Hydra.Agents.Worktrees;
using Hydra.Templates;

namespace Hydra.Agents.Nodes;

/// <summary>An agent's own settings, from the workflow's <c>agents</c>; null where it says nothing.</summary>
internal sealed record AgentDefinition
{
    public static AgentDefinition None { get; } = new();

    /// <summary>What was made of agents' keys, for as long as these are held: hundreds of nodes may name one agent.</summary>
    private static readonly ConditionalWeakTable<ValueMap, AgentDefinition> Known = [];

    public string Name { get; init; } = "";
    public string? Model { get; init; }
    /// <summary>The system prompt, taken literally.</summary>
    public string? Instructions { get; init; }
    public long? OutputTokensMax { get; init; }
    public double? Temperature { get; init; }
    public IReadOnlyList<string> Tools { get; init; } = [];
    /// <summary>Tools it may not call whatever else lists them, and things it must not do.</summary>
    public IReadOnlyList<string> Forbidden { get; init; } = [];
    public int? ToolIterationsMax { get; init; }
    public Value? Outputs { get; init; }
    /// <summary><see cref="Outputs"/> as models are sent it; null: it states none.</summary>
    public JsonElement? Schema => Outputs is { } outputs ? (JsonElement)(_schema ??= JsonElement.Parse(ValueJson.ToUtf8(outputs))) : null;
    /// <summary>Boxed: many threads may ask at once.</summary>
    private object? _schema;
    public BudgetSpec? Budget { get; init; }
    /// <summary>Labels of what it answers.</summary>
    public Labels Labels { get; init; }
    /// <summary>In a run without a sandbox, tools that need one are withheld; else such a run does not begin.</summary>
    public bool GoesWithoutSandbox { get; init; }

    /// <summary>Name and version: <c>critic sha256:…</c>.</summary>
    public string Identity { get; init; } = "";

    public static AgentDefinition Of(string name, ValueMap fields)
    {
        if (Known.TryGetValue(fields, out var known) && known.Name == name) return known;
        known = Read(name, fields);
        Known.AddOrUpdate(fields, known);
        return known;
    }

    private static AgentDefinition Read(string name, ValueMap fields) => new()
    {
        Name = name,
        Identity = $"{name} sha256:{StepKey.Of(fields)}",
        Model = fields.GetOrNull("model").TextOrNull,
        Instructions = fields.GetOrNull("instructions").TextOrNull,
        OutputTokensMax = fields.GetOrNull("max_output_tokens") is { Kind: ValueKind.Integer } tokens ? tokens.AsInteger : null,
        Temperature = fields.GetOrNull("temperature") is { IsNumeric: true } warmth ? warmth.AsNumber : null,
        Tools = ToolNamesOf(fields),
        Forbidden = TextsOf(fields, "forbidden"),
        ToolIterationsMax = fields.GetOrNull("max_tool_iterations") is { Kind: ValueKind.Integer } rounds ? (int)rounds.AsInteger : null,
        Outputs = fields.TryGetValue("outputs", out var outputs) ? outputs : (Value?)null,
        Budget = PolicyReader.Budget(fields.GetOrNull("budget")),
        Labels = PolicyReader.ReadLabels(fields.GetOrNull("labels")) ?? default,
        GoesWithoutSandbox = fields.GetOrNull("sandbox").TextOrNull == "optional",
    };

    public static AgentDefinition Named(WorkflowSpec workflow, string? name) =>
        name is not null && workflow.Agents.TryGetValue(name, out var fields) && fields.IsObject ? Of(name, fields.AsObject) : None;

    /// <summary>What a node or an agent lists: its <c>tools</c>, and all tools of its <c>mcp_servers</c>.</summary>
    public static IReadOnlyList<string> ToolNamesOf(ValueMap fields) => [.. TextsOf(fields, "tools"), .. TextsOf(fields, "mcp_servers").Select(server => $"{server}/{McpToolName.All}")];

    /// <summary>Whether the agent's own list has the tool, by name or with all others of its server.</summary>
    public bool Lists(string name) => Tools.Any(listed => McpToolName.Covers(listed, name));

    public bool Forbids(string name) => Forbidden.Any(listed => McpToolName.Covers(listed, name));

    private static IReadOnlyList<string> TextsOf(ValueMap fields, string name) =>
        fields.GetOrNull(name) is { IsList: true } list ? [.. list.Items.Select(item => item.AsText)] : [];
}

/// <summary>An agent node, compiled. What the node itself says is apart from what <c>defaults</c> say: an agent's and an alias's settings stand between them.</summary>
internal sealed record AgentPlan
{
    public required Template Prompt { get; init; }
    public Template? System { get; init; }
    public Template? OwnModel { get; init; }
    public string? DefaultModel { get; init; }
    public required AgentDefinition Agent { get; init; }
    public long? OwnOutputTokensMax { get; init; }
    public long? DefaultOutputTokensMax { get; init; }
    public double? OwnTemperature { get; init; }
    public double? DefaultTemperature { get; init; }
    public bool IsStreamed { get; init; } = true;
    /// <summary>The tools that the node itself lists; null: those of its agent.</summary>
    public IReadOnlyList<string>? OwnTools { get; init; }
    public int? OwnToolIterationsMax { get; init; }
    public required ToolBox ToolBox { get; init; }
    public required McpPool Servers { get; init; }
    /// <summary>Ends the tool loop when it holds of a result; null: the model's last word does.</summary>
    public Template? Accept { get; init; }
    /// <summary>What no longer fits the context window is summed up by the model before it is dropped.</summary>
    public bool Summarises { get; init; }
    /// <summary>Null: the node has none.</summary>
    public MemoryPlan? Memory { get; init; }
    public CompiledValue Attachments { get; init; } = CompiledValue.Null;
    public required ToolRegistry Registry { get; init; }
    public required WorkflowSpec Workflow { get; init; }
    /// <summary>Tools that run workflows, each with its place among the node's graphs.</summary>
    public required IReadOnlyDictionary<string, int> Workflows { get; init; }
    public JsonElement? Schema { get; init; }
    /// <summary>Null: it works in the run's own folder.</summary>
    public WorktreePlan? Worktree { get; init; }
    public required IReadOnlyDictionary<string, ModelAliasSpec> Aliases { get; init; }
    public required IReadOnlyDictionary<string, Value> Agents { get; init; }

    public McpConnections ConnectionsOf(NodeAttempt attempt) => new(Servers, McpSurroundings.Of(attempt, Workflow));

    /// <summary>What an agent may call here: what its contract lists, without what it is forbidden; narrowed by the node's own list where it answers the node, as its agent or in that one's place.</summary>
    /// <param name="isAsked">Another agent asks it, as a tool: the node's list is not for it.</param>
    public IReadOnlyList<string> ToolsOf(AgentDefinition agent, bool isAsked = false)
    {
        var listed = ReferenceEquals(agent, AgentDefinition.None) ? OwnTools ?? []
            : !isAsked && OwnTools is not null ? [.. OwnTools.Where(agent.Lists)]
            : agent.Tools;
        return listed.Count == 0 || agent.Forbidden.Count == 0 ? listed : [.. listed.Where(name => !agent.Forbids(name))];
    }
}

/// <summary>Which model answers a node, and how it is asked, once agent, alias and defaults are weighed.</summary>
internal sealed record ModelChoice(string Model, AgentDefinition Agent, long OutputTokensMax, double? Temperature, TimeSpan? Timeout)
{
    private const long OutputTokensMaxDefault = 4096;

    /// <summary>
    /// The node's own word goes first, then its agent's, then the alias's, then the file's defaults. A stand-in replaces
    /// the model or the agent, nothing else.
    /// </summary>
    public static ModelChoice Of(AgentPlan plan, Variant variant, ITemplateScope scope)
    {
        var standIn = variant.Kind is VariantKind.Agent or VariantKind.Escalation;
        var agent = standIn ? AgentNamed(plan, variant.Name) : plan.Agent;
        var own = plan.OwnModel?.Render(scope, TemplateOptions.Default).Trim();
        var named = variant.Kind == VariantKind.Model ? variant.Name
            : standIn ? agent.Model ?? own ?? plan.DefaultModel
            : own ?? agent.Model ?? plan.DefaultModel;
        if (string.IsNullOrEmpty(named)) throw new CallFailedException(ErrorCode.BadRequest, "no model is named: set `model` on the node, on its agent or under `defaults`");

        ModelAliasSpec? alias = null;
        var model = named;
        for (var hops = 0; plan.Aliases.TryGetValue(model, out var next); hops++)
        {
            if (hops > plan.Aliases.Count) throw new CallFailedException(ErrorCode.BadRequest, $"the model alias '{named}' leads round in a circle");
            alias = alias is null ? next : new ModelAliasSpec(next.Model, [])
            {
                Timeout = alias.Timeout ?? next.Timeout,
                Temperature = alias.Temperature ?? next.Temperature,
                MaxOutputTokens = alias.MaxOutputTokens ?? next.MaxOutputTokens,
            };
            if (next.Model == model) break;   // an alias may narrow the model whose name it bears
            model = next.Model;
        }
        return new ModelChoice(model, agent,
            plan.OwnOutputTokensMax ?? agent.OutputTokensMax ?? alias?.MaxOutputTokens ?? plan.DefaultOutputTokensMax ?? OutputTokensMaxDefault,
            plan.OwnTemperature ?? agent.Temperature ?? alias?.Temperature ?? plan.DefaultTemperature,
            alias?.Timeout);
    }

    /// <summary>An agent asked in its own right, as a tool: nothing of the node's own settings holds for it.</summary>
    public static ModelChoice OfAgent(AgentPlan plan, string name, ITemplateScope scope) =>
        Of(plan with { OwnModel = null, Agent = AgentNamed(plan, name), OwnOutputTokensMax = null, OwnTemperature = null }, Variant.AsWritten[0], scope);

    private static AgentDefinition AgentNamed(AgentPlan plan, string name) =>
        plan.Agents.TryGetValue(name, out var fields) && fields.IsObject
            ? AgentDefinition.Of(name, fields.AsObject)
            : throw new CallFailedException(ErrorCode.BadRequest, $"the agent '{name}' is not defined");
}
