using Hydra.Agents.Nodes;
using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>Everything that may be called from a node, directly or through agents that are called as tools; and what is wrong with it.</summary>
internal sealed class ToolReach(WorkflowSpec workflow, ToolRegistry registry)
{
    private readonly ToolBox _box = new(workflow, registry);
    private readonly HashSet<string> _tools = new(StringComparer.Ordinal);
    private readonly List<string> _chain = [];

    public List<string> Problems { get; } = [];
    public bool NeedsSandbox { get; private set; }
    /// <summary>Tools that run workflows.</summary>
    public SortedSet<string> Workflows { get; } = new(StringComparer.Ordinal);
    /// <summary>A call of one of the tools may be irreversible or only to be undone.</summary>
    public bool MayNotRepeat { get; private set; }

    /// <summary>The first tool that brings in what others wrote; null: none does.</summary>
    public string? Untrusted { get; private set; }
    /// <summary>The first tool that reads what belongs to the project or to people.</summary>
    public string? Private { get; private set; }
    /// <summary>The first tool that sends data out.</summary>
    public string? Outward { get; private set; }

    /// <param name="isWithheld">Who holds it goes without it in a run without a sandbox.</param>
    public void Add(string name, bool isWithheld = false)
    {
        if (!_tools.Add(name)) return;
        if (_box.Find(name, out var wrong) is not { } tool)
        {
            Problems.Add(wrong);
            return;
        }
        NeedsSandbox |= tool.Facts.NeedsSandbox && !isWithheld;
        MayNotRepeat |= tool.Facts.Effect is EffectClass.Compensatable or EffectClass.Irreversible;
        Untrusted ??= tool.Facts.Labels.IsUntrusted ? name : null;
        Private ??= tool is FileTool { Reads: true } || tool.Facts.Labels.Readers is not null || tool.Facts.Categories.Contains("user_data") ? name : null;
        Outward ??= tool.Facts.IsOutward ? name : null;
        if (tool.Facts.Ticket is { } ticket) Add(ticket.Poll, isWithheld);
        if (tool is WorkflowTool) Workflows.Add(name);
        if (tool is AgentTool asked) AddAgent(asked.Agent);
    }

    /// <param name="listed">The tools that the node lists, which narrow the agent's; null: it lists none.</param>
    public void AddAgent(string name, IReadOnlyCollection<string>? listed = null)
    {
        if (_chain.Contains(name))
        {
            Problems.Add($"agents call each other in a circle: {string.Join(" → ", _chain.SkipWhile(agent => agent != name).Append(name))}. Take one of them out of the other's `tools`");
            return;
        }
        _chain.Add(name);
        var agent = AgentDefinition.Named(workflow, name);
        foreach (var tool in agent.Tools.Where(name => !agent.Forbids(name)))
        {
            if (listed is not null && !listed.Contains(tool)) continue;
            if (ToolKinds.OfWorkflow.Contains(tool) && _box.Find(tool, out _) is null) continue;
            // A circle leads through a tool that is known already, so it is looked at before that is said.
            if (_tools.Contains(tool) && _box.Find(tool, out _) is AgentTool again && _chain.Contains(again.Agent)) AddAgent(again.Agent);
            else Add(tool, agent.GoesWithoutSandbox);
        }
        _chain.RemoveAt(_chain.Count - 1);
    }
}
