using Hydra.Agents.Calls;
using Hydra.Agents.Loop;
using Hydra.Agents.Mcp;
using Hydra.Agents.Tools;
using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Nodes;

/// <summary>Calls one tool with arguments that the author writes: the same tools, checks and limits as an agent's calls, without a model.</summary>
/// <param name="tools">What the program offers besides the tools that come with Hydra; null: nothing.</param>
public sealed class ToolNode(ToolRegistry? tools = null) : ILeafNodeType
{
    private readonly ToolRegistry _tools = tools ?? new ToolRegistry();
    private readonly McpPool _servers = new(tools?.McpAuthorization);

    private sealed record ToolPlan(string Tool, CompiledValue Arguments, ToolBox Box, WorkflowSpec Workflow);

    public string Name => "tool";
    public string Description => "Calls one tool, with the arguments given; the result is the tool's.";

    public IReadOnlyList<Field> Fields => field ??=
    [
        new("tool", new Shape.Text(), "The tool's name: one of `tools`, `server/tool` of an MCP server, one of the program, or read_file, list_files, write_file, bash, python_exec.") { IsRequired = true },
        new("arguments", new Shape.Templates(), "What it is given: an object in which texts are templates. Checked against the tool's schema before it runs."),
    ];

    public NodeTraits Traits { get; } = new() { Effect = EffectClass.Irreversible };

    public NodeTraits TraitsOf(NodeSpec node, WorkflowSpec workflow) =>
        new ToolBox(workflow, _tools).Find(node.Fields.GetOrNull("tool").TextOrNull ?? "", out _) is { Facts: var facts } ? Traits with { Effect = facts.Effect, NeedsSandbox = facts.NeedsSandbox } : Traits;

    public void Check(NodeSpec node, CheckContext context)
    {
        if (node.Fields.GetOrNull("tool").TextOrNull is not { } name) return;
        var tool = new ToolBox(context.Workflow, _tools).Find(name, out var wrong);
        if (tool is AgentTool agent) wrong = $"the tool '{name}' asks the agent '{agent.Agent}'. Write a node of type agent";
        else if (tool is WorkflowTool) wrong = $"the tool '{name}' runs a workflow. Write a node of type subgraph with its path";
        else if (tool is McpToolName { Tool: McpToolName.All }) wrong = $"'{name}' stands for all tools of a server. Name one of them";
        if (wrong.Length > 0) context.Problems.Error(ProblemCodes.BadTool, node.PlaceOf("tool"), $"node '{node.Id}': {wrong}.");
    }

    public object Plan(NodeSpec node, PlanContext context) => new ToolPlan(
        node.Fields["tool"].AsText, CompiledValue.Of(node.Fields.GetOrNull("arguments"), context), new ToolBox(context.Workflow, _tools), context.Workflow);

    /// <summary>What files, hosts, programs and servers say may have changed.</summary>
    public ValueMap? ReuseParts(NodeAttempt attempt) => null;

    public async ValueTask<AttemptOutcome> RunAsync(NodeAttempt attempt, ILine line, CancellationToken cancellationToken)
    {
        var plan = (ToolPlan)attempt.Node.Fields!;
        var given = plan.Arguments.Evaluate(attempt.Scope);
        if (!given.IsNull && !given.IsObject) return new AttemptOutcome.Failed(ErrorCode.BadRequest, $"`arguments` is {Excerpt.Describe(given)}, and a tool takes an object");
        await using var servers = new McpConnections(_servers, McpSurroundings.Of(attempt, plan.Workflow));
        var (held, polls) = await new HeldTools(plan.Box, servers, line).OpenWithPollsAsync([plan.Tool], "", cancellationToken);
        var call = new ModelToolCall("", held[0].Facts.Name, given.IsNull ? ValueMap.Empty : given.AsObject, ValueMap.Empty);
        var reply = await new ToolCaller(attempt, line, held, plan.Workflow, "", "") { IsNode = !attempt.IsProposed, Polls = polls }.CallAsync(call, 0, attempt.Labels.Now, cancellationToken);
        if (reply.Pauses is { } pause) return pause;
        attempt.Labels.Add(reply.Labels);
        return LeafContract.Hold(attempt.Node.Settings, reply.Error is { } error ? new AttemptOutcome.Failed(error.Code, error.Message) : new AttemptOutcome.Completed(reply.Result!.Value));
    }
}
