using System.Text.Json;
using Hydra.Agents.Loop;
using Hydra.Agents.Mcp;
using Hydra.Agents.Memory;
using Hydra.Agents.Tools;
using Hydra.Agents.Worktrees;
using Hydra.Model;
using Hydra.Nodes;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Nodes;

public sealed partial class AgentNode : ILeafNodeType
{
    private readonly IModelCatalog? _models;
    private readonly ClientSource? _clients;
    private readonly ToolRegistry _tools;
    private readonly McpPool _servers;

    /// <summary>Without models: nodes can be checked and planned, not run. Loads no part of the AI abstractions.</summary>
    /// <param name="tools">What the program offers besides the tools that come with Hydra; null: nothing.</param>
    public AgentNode(ToolRegistry? tools = null) => (_tools, _servers) = (tools ?? new ToolRegistry(), new McpPool(tools?.McpAuthorization));

    /// <param name="models">Knows models by name.</param>
    /// <param name="clients">The client of a model, by the name that <paramref name="models"/> resolves. Must be safe to call from any thread.</param>
    /// <param name="tools">What the program offers besides the tools that come with Hydra; null: nothing.</param>
    public AgentNode(IModelCatalog models, Func<string, IChatClient> clients, ToolRegistry? tools = null) : this(tools)
    {
        _models = models;
        _clients = new ClientSource(clients);
    }

    /// <summary>Keeps the client's type out of this type's layout, so that checking a file does not load it.</summary>
    private sealed class ClientSource(Func<string, IChatClient> clients)
    {
        public Func<string, IChatClient> Clients { get; } = clients;
    }

    public bool AsksBeforeItActs => true;

    public object Plan(NodeSpec node, PlanContext context)
    {
        var workflow = context.Workflow;
        var agent = AgentDefinition.Named(workflow, AgentNameOf(node, workflow));
        var ownSchema = node.Policy.OutputSchema ?? (agent.Outputs is null ? workflow.Defaults.OutputSchema : null);
        return new AgentPlan
        {
            Prompt = context.Template(node.Fields["prompt"].ToDisplayText()),
            System = context.FieldOf(node, "system") is { IsNull: false } system ? context.Template(system.ToDisplayText()) : null,
            OwnModel = node.Fields.GetOrNull("model").TextOrNull is { } model ? context.Template(model) : null,
            DefaultModel = workflow.DefaultFields.GetOrNull("model").TextOrNull,
            Agent = agent,
            OwnOutputTokensMax = IntegerOf(node.Fields, "max_output_tokens"),
            DefaultOutputTokensMax = IntegerOf(workflow.DefaultFields, "max_output_tokens"),
            OwnTemperature = NumberOf(node.Fields, "temperature"),
            DefaultTemperature = NumberOf(workflow.DefaultFields, "temperature"),
            IsStreamed = context.FieldOf(node, "stream") is not { Kind: ValueKind.Boolean } stream || stream.AsBoolean,
            Schema = ownSchema is { } source ? JsonElement.Parse(ValueJson.ToUtf8(source)) : agent.Schema,
            OwnTools = NodeTools(node),
            OwnToolIterationsMax = (int?)IntegerOf(node.Fields, "max_tool_iterations"),
            ToolBox = new ToolBox(workflow, _tools),
            Servers = _servers,
            Accept = node.Fields.GetOrNull("accept") is { IsNull: false } accept ? context.Expression(accept.ToDisplayText()) : null,
            Summarises = context.FieldOf(node, "context").TextOrNull == "summarise",
            Memory = MemoryPlan.Of(context.FieldOf(node, MemoryPlan.FieldName)),
            Attachments = CompiledValue.Of(node.Fields.GetOrNull(AttachmentReader.FieldName), context),
            Registry = _tools,
            Workflow = workflow,
            Workflows = WorkflowsOf(node, workflow).Select((name, at) => (name, at)).ToDictionary(pair => pair.name, pair => pair.at, StringComparer.Ordinal),
            Aliases = workflow.Models,
            Agents = workflow.Agents,
            Worktree = WorktreePlan.Of(node),
        };
    }

    private static string? AgentNameOf(NodeSpec node, WorkflowSpec workflow) =>
        node.Fields.GetOrNull("agent").TextOrNull ?? (node.Fields.ContainsKey("model") ? null : workflow.DefaultFields.GetOrNull("agent").TextOrNull);

    private static long? IntegerOf(ValueMap fields, string name) => fields.GetOrNull(name) is { Kind: ValueKind.Integer } number ? number.AsInteger : null;
    private static double? NumberOf(ValueMap fields, string name) => fields.GetOrNull(name) is { IsNumeric: true } number ? number.AsNumber : null;

    /// <summary>Alias, agent and defaults weighed: who is asked, and how.</summary>
    public ValueMap? ReuseParts(NodeAttempt attempt)
    {
        var plan = (AgentPlan)attempt.Node.Fields!;
        var choice = ModelChoice.Of(plan, attempt.Variant, attempt.Scope);
        if (plan.Worktree is not null || plan.Memory is not null || plan.ToolsOf(choice.Agent).Count > 0) return null;   // what files, hosts, programs and notes say may have changed
        var attached = AttachmentReader.Read(plan.Attachments, attempt);
        if (attached.Any(each => each.IsAddress)) return null;
        var facts = _models!.Resolve(choice.Model);
        var parts = ValueMap.Of(
            ("model", ValueMap.Of(("provider", facts.Provider), ("id", facts.Id))),
            ("agent", ValueMap.Of(("instructions", choice.Agent.Instructions is { } text ? Value.Of(text) : Value.Null), ("max_output_tokens", choice.OutputTokensMax),
                ("temperature", choice.Temperature is { } warmth ? Value.Of(warmth) : Value.Null))));
        return attached.Count == 0 ? parts : parts.With(AttachmentReader.FieldName, Value.Of(attached.Select(each => Value.Of(each.Described))));
    }

    public async ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        if (_models is null || _clients is null) throw new InvalidOperationException("This agent node type was made without models: it can check and plan, not run.");
        var (models, clients) = (_models, _clients.Clients);
        try
        {
            if (((AgentPlan)attempt.Node.Fields!).Worktree is not { } worktree) return await new AgentTurns(attempt, line, models, clients).AnswerAsync(cancellationToken);
            return await new WorktreeTask(attempt, line, worktree).RunAsync((inTree, check, token) => new AgentTurns(inTree, line, models, clients) { Project = attempt.Services.WorkingDirectory, Check = check, ChecksMax = worktree.RepairsMax }.AnswerAsync(token), cancellationToken);
        }
        catch (AttemptPausedException paused)
        {
            return paused.Outcome;
        }
    }
}
