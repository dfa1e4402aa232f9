using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Hydra.Agents.Memory;
using Hydra.Agents.Tools;
using Hydra.Agents.Worktrees;
using Hydra.Model;

namespace Hydra.Agents.Nodes;

/// <summary>One question to a model, or to an agent by name.</summary>
public sealed partial class AgentNode
{
    public string Name => ModelCallFields.NodeType;
    public string Description => "Asks a model, or an agent by name; the result is its text, or an object when `output_schema` is set.";
    public IReadOnlyList<Field> Fields => field ??= [.. ModelCallFields.All.Select(each => each with { IsRequired = each.Name == "prompt" }), WorktreePlan.Field];
    public NodeTraits Traits { get; } = new() { MaxAttempts = 3 };

    public void Check(NodeSpec node, CheckContext context)
    {
        CheckTools(node, context);
        AttachmentReader.Check(node, context);
        if (AgentNameOf(node, context.Workflow) is { } named && context.Workflow.AgentFieldsOf(named)?.GetOrNull("pool").TextOrNull is { } pool)
            context.Problems.Warning(ProblemCodes.NotSupportedYet, node.PlaceOf("agent"), $"the agent '{named}' of node '{node.Id}' asks for the pool of workers '{pool}', and there is no cluster to have one: the node runs in this process. Leave `pool` out, or ignore this.");
        CheckReader(node, context);
        if (MemoryOf(node, context.Workflow) is { Scope: "agent" } && AgentNameOf(node, context.Workflow) is null)
            context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf(MemoryPlan.FieldName), $"node '{node.Id}' has a memory of scope 'agent' and names no agent whose it would be. Add 'agent: …', or take another scope.");
        var hasModel = node.Fields.ContainsKey("model") || context.Workflow.DefaultFields.ContainsKey("model");
        var hasAgent = node.Fields.ContainsKey("agent") || context.Workflow.DefaultFields.ContainsKey("agent");
        if (!hasModel && hasAgent && !HasModel(node, context.Workflow))
            context.Problems.Error(ProblemCodes.FieldConflict, node.At, $"neither node '{node.Id}' nor its agent names a model. Add 'model: …' to the agent, to the node or under `defaults`.");
        if (!hasModel && !hasAgent)
            context.Problems.Error(ProblemCodes.FieldConflict, node.At, $"node '{node.Id}' names no model. Add 'model: …' to it or under `defaults`, or 'agent: …'.");
    }

    /// <summary>A reader turns others' text into data: it calls nothing, and its fields say what they may hold.</summary>
    private static void CheckReader(NodeSpec node, CheckContext context)
    {
        if (!node.Policy.TrustsTypedFields) return;
        var agent = AgentDefinition.Named(context.Workflow, AgentNameOf(node, context.Workflow));
        var hasTools = (NodeTools(node) is { } own ? own.Any() : agent.Tools.Count > 0) || MemoryOf(node, context.Workflow) is not null;
        if (hasTools) context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("labels"), $"node '{node.Id}' says 'typed_fields: trusted' and has tools: what it reads could act before its answer is checked. Take `tools` out, or the label.");
        else if (TypedFields.Of(node.Policy.OutputSchema ?? agent.Outputs).Count == 0) context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf("labels"), $"node '{node.Id}' says 'typed_fields: trusted', and no field of its `output_schema` is typed: an enum, a boolean, a number between a minimum and a maximum, a date. Type a field so, or remove the label.");
    }

    /// <summary>Every tool that the node's agents list is there and theirs to call.</summary>
    private void CheckTools(NodeSpec node, CheckContext context)
    {
        var workflow = context.Workflow;
        var agent = AgentNameOf(node, workflow);
        if (agent is not null && SaysNoMoreThanItsAgent(node, workflow))
        {
            AddProblems(ReachOf(agent, node, workflow).Problems, node, context);
            return;
        }
        var definition = AgentDefinition.Named(workflow, agent);
        var reach = new ToolReach(workflow, _tools);
        var listed = NodeTools(node);
        foreach (var name in listed ?? [])
        {
            if (agent is not null && definition.Tools.Contains(name)) continue;   // looked at with its agent
            if (agent is null || definition.Lists(name)) reach.Add(name);
            else if (workflow.Agents.ContainsKey(agent)) context.Problems.Error(ProblemCodes.BadTool, node.PlaceOf("tools"), $"node '{node.Id}' gives the agent '{agent}' the tool '{name}', which its own `tools` do not list. Add it there, or leave `tools` out of the node.");
        }
        foreach (var name in AgentsOf(node, workflow)) reach.AddAgent(name, listed);
        AddProblems(reach.Problems, node, context);
    }

    private static void AddProblems(List<string> problems, NodeSpec node, CheckContext context)
    {
        foreach (var wrong in problems) context.Problems.Error(ProblemCodes.BadTool, node.PlaceOf("tools"), $"node '{node.Id}': {wrong}.");
    }

    public NodeTraits TraitsOf(NodeSpec node, WorkflowSpec workflow)
    {
        if (!SaysNoMoreThanItsAgent(node, workflow)) return Reached(node, workflow).Traits;
        if (workflow.Agents.Count == 0) return Traits;
        return AgentNameOf(node, workflow) is { } name ? ReachOf(name, node, workflow).Traits : Reached(node, workflow).Traits;
    }

    /// <summary>What the nodes of a workflow that say nothing more than their agent have in common, by agent.</summary>
    private readonly ConditionalWeakTable<WorkflowSpec, ConcurrentDictionary<string, Reach>> _reaches = [];

    private sealed record Reach(NodeTraits Traits, List<string> Problems);

    /// <summary>Its tools, its memory and those who stand in for it are the agent's or the file's, so that what it reaches is the same for every such node of the agent.</summary>
    private static bool SaysNoMoreThanItsAgent(NodeSpec node, WorkflowSpec workflow) =>
        !HasTools(node) && !HasMemory(node, workflow) && !node.Fields.ContainsKey(WorktreePlan.FieldName) && !node.Fields.ContainsKey(AttachmentReader.FieldName) && node.Policy.OnFailure is null && node.Policy.EscalateTo is null && node.Policy.Fallback is null;

    private Reach ReachOf(string agent, NodeSpec node, WorkflowSpec workflow) =>
        _reaches.GetOrCreateValue(workflow).GetOrAdd(agent, static (_, of) => of.type.Reached(of.node, of.workflow), (type: this, node, workflow));

    private Reach Reached(NodeSpec node, WorkflowSpec workflow)
    {
        var reach = new ToolReach(workflow, _tools);
        var listed = NodeTools(node);
        var agent = AgentDefinition.Named(workflow, AgentNameOf(node, workflow));
        if (ReferenceEquals(agent, AgentDefinition.None)) foreach (var name in listed ?? []) reach.Add(name);
        foreach (var name in AgentsOf(node, workflow)) reach.AddAgent(name, listed);
        return new(TraitsOf(node, workflow, agent, reach), reach.Problems);
    }

    private NodeTraits TraitsOf(NodeSpec node, WorkflowSpec workflow, AgentDefinition agent, ToolReach reach)
    {
        var needsSandbox = reach.NeedsSandbox || WorktreePlan.Of(node) is { Checks.Count: > 0 };
        // What another run noted may come from anywhere.
        var recalls = MemoryOf(node, workflow) is { Persists: true };
        var (files, addresses, tells) = (AttachmentReader.ReadsFiles(node), AttachmentReader.ReadsAddresses(node), AttachmentReader.TellsAddresses(node));
        if (!needsSandbox && !recalls && !files && !addresses && !reach.MayNotRepeat && (reach.Untrusted ?? reach.Private ?? reach.Outward) is null && agent.Budget is null && agent.Outputs is null) return Traits;
        return Traits with
        {
            // A further attempt begins anew: where a tool may not be repeated, only the author can say that this is safe.
            MaxAttempts = reach.MayNotRepeat ? 1 : Traits.MaxAttempts, NeedsSandbox = needsSandbox, Budget = agent.Budget, OutputSchema = agent.Outputs,
            Brings = reach.Untrusted is null && !recalls && !addresses ? default : Labels.Untrusted,
            ReadsPrivate = reach.Private is { } reads ? $"the tool '{reads}'" : files ? "an attachment" : null,
            SendsOut = reach.Outward is { } sends ? $"the tool '{sends}'" : tells ? "the address of an attachment" : null,
        };
    }

    /// <summary>The workflows that its tools run, each a graph below the node.</summary>
    public IReadOnlyList<FragmentSpec> Fragments(NodeSpec node, WorkflowSpec workflow) =>
        [.. WorkflowsOf(node, workflow).Select(name => new FragmentSpec(name, workflow.LinkedTools[name].Nodes) { Workflow = workflow.LinkedTools[name] })];

    /// <summary>The tools within the node's reach that run workflows, in a fixed order.</summary>
    private IEnumerable<string> WorkflowsOf(NodeSpec node, WorkflowSpec workflow)
    {
        if (workflow.LinkedTools.Count == 0) return [];
        var reach = new ToolReach(workflow, _tools);
        var listed = NodeTools(node);
        if (ReferenceEquals(AgentDefinition.Named(workflow, AgentNameOf(node, workflow)), AgentDefinition.None)) foreach (var name in listed ?? []) reach.Add(name);
        foreach (var name in AgentsOf(node, workflow)) reach.AddAgent(name, listed);
        return reach.Workflows;
    }

    private static IReadOnlyList<string>? NodeTools(NodeSpec node) => HasTools(node) ? AgentDefinition.ToolNamesOf(node.Fields) : null;

    private static bool HasTools(NodeSpec node) => node.Fields.ContainsKey("tools") || node.Fields.ContainsKey("mcp_servers");

    private static MemoryPlan? MemoryOf(NodeSpec node, WorkflowSpec workflow) =>
        MemoryPlan.Of(node.Fields.TryGetValue(MemoryPlan.FieldName, out var own) ? own : workflow.DefaultFields.GetOrNull(MemoryPlan.FieldName));

    private static bool HasMemory(NodeSpec node, WorkflowSpec workflow) => node.Fields.ContainsKey(MemoryPlan.FieldName) || workflow.DefaultFields.ContainsKey(MemoryPlan.FieldName);

    /// <summary>The agents that may answer the node: its own, and those that stand in.</summary>
    private static IEnumerable<string> AgentsOf(NodeSpec node, WorkflowSpec workflow)
    {
        var own = AgentNameOf(node, workflow);
        var escalatesTo = node.Policy.EscalateTo ?? workflow.Defaults.EscalateTo;
        var named = new[] { own, (node.Policy.Fallback ?? workflow.Defaults.Fallback)?.Agent, escalatesTo }.OfType<string>();
        var isLeftToAgent = own is not null && escalatesTo is null && (node.Policy.OnFailure ?? workflow.Defaults.OnFailure) == FailurePolicy.Escalate;
        return isLeftToAgent ? named.Concat(EscalationChain.Of(own!, workflow.AgentFieldsOf, out _)) : named;
    }

    private static bool HasModel(NodeSpec node, WorkflowSpec workflow)
    {
        var name = node.Fields.GetOrNull("agent").TextOrNull ?? workflow.DefaultFields.GetOrNull("agent").TextOrNull ?? "";
        return !workflow.Agents.TryGetValue(name, out var agent) || !agent.IsObject || agent.AsObject.GetOrNull("model").IsText;
    }
}
