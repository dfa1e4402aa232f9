using System.Collections.Concurrent;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Planning;
using Hydra.Validation;

namespace Hydra;

/// <summary>
/// Fragments that come up during a run take the way of a file: bound, validated, compiled, each of these outside the loop. The
/// definition that was accepted lies in the journal; who reads the run compiles it again.
/// </summary>
/// <remarks>Safe for many threads; each fragment is compiled once.</remarks>
public sealed class ProposedGraphs(IReadOnlyDictionary<string, INodeType> types, IArtifactStore artifacts) : IProposedGraphs
{
    private const int ProblemsMax = 10;

    private readonly ConcurrentDictionary<(PlannedNode Composite, string Hash), Plan> _plans = new();

    public ProposedGraph Check(PlannedNode composite, WorkflowSpec around, Proposal proposal, ProposalRules? rules, IEnumerable<string> visible, Func<Value, ValueRef> keep)
    {
        if (!proposal.Nodes.IsList) return new ProposedGraph(null, ["`nodes` is no list. Write a list of nodes, each with `id` and `type`."]);
        var problems = new ProblemList("plan");
        var spec = Bind(around, proposal, problems);
        var found = new List<string>();
        if (spec is not null && rules is not null) ProposalLimits.Check(spec, rules, AllowedModels(composite, around), found);
        if (spec is not null && !problems.HasErrors && found.Count == 0)
        {
            var known = visible.Concat(proposal.Names).ToHashSet(StringComparer.Ordinal);
            foreach (var problem in WorkflowValidator.Check(spec, types, new ValidationOptions { KnownInputs = known }).Problems) problems.Add(Readable(problem, known));
        }
        found.AddRange(problems.Problems.Where(problem => problem.Severity == ProblemSeverity.Error).Select(problem => $"{problem.Code}: {problem.Message}"));
        if (found.Count > ProblemsMax) found = [.. found.Take(ProblemsMax), $"and {found.Count - ProblemsMax} more"];
        if (found.Count > 0) return new ProposedGraph(null, found);
        var kept = keep(proposal.ToValue());
        _plans[(composite, HashOf(kept))] = Compile(spec!, proposal);
        return new ProposedGraph(kept, []);
    }

    public Plan PlanOf(PlannedNode composite, WorkflowSpec around, ValueRef fragment) =>
        _plans.GetOrAdd((composite, HashOf(fragment)), static (_, from) => from.Self.Read(from.Around, from.Fragment), (Self: this, Around: around, Fragment: fragment));

    private Plan Read(WorkflowSpec around, ValueRef fragment)
    {
        var proposal = Proposal.Read(artifacts.Read(fragment));
        var problems = new ProblemList("plan");
        var spec = Bind(around, proposal, problems);
        if (spec is not null && !problems.HasErrors) return Compile(spec, proposal);
        throw new RunRefusedException($"A graph that this run proposed was accepted by a version of Hydra that reads it otherwise: {problems.Problems.First(problem => problem.Severity == ProblemSeverity.Error)}");
    }

    private Plan Compile(WorkflowSpec spec, Proposal proposal) =>
        Planner.PlanFragment(spec, new FragmentSpec(proposal.Name, spec.Nodes) { Names = proposal.Names }, types);

    /// <summary>The nodes with everything that the file around them defines; what it lets templates read of the environment is not theirs.</summary>
    private WorkflowSpec? Bind(WorkflowSpec around, Proposal proposal, ProblemList problems)
    {
        var written = ValueMap.Of(("name", around.Name), ("nodes", proposal.Nodes));
        if (proposal.Agents.Count > 0) written = written.With("agents", proposal.Agents);
        if (SpecBinder.Bind(SourceNode.From(written), types, problems) is not { } bound) return null;
        var agents = around.Agents.ToDictionary(pair => pair.Key, pair => pair.Value, StringComparer.Ordinal);
        foreach (var (name, agent) in bound.Agents) agents[name] = agent;
        return around with { Nodes = bound.Nodes, Agents = agents, Inputs = null, Outputs = [], AllowEnv = [], Budget = null, File = "plan", Places = bound.Places };
    }

    private static HashSet<string> AllowedModels(PlannedNode composite, WorkflowSpec around) =>
        [.. around.Models.Keys, .. new[] { composite.Spec.Fields.GetOrNull("model").TextOrNull, around.DefaultFields.GetOrNull("model").TextOrNull }.OfType<string>()];

    /// <summary>A proposal has no inputs of its own to give.</summary>
    private static Problem Readable(Problem problem, HashSet<string> known)
    {
        const string Before = "the input '";
        if (problem.Code != ProblemCodes.MissingInput || !problem.Message.StartsWith(Before, StringComparison.Ordinal)) return problem;
        var name = problem.Message[Before.Length..problem.Message.IndexOf('\'', Before.Length)];
        return problem with { Message = $"a template reads '{name}', which no node gives.{DidYouMean.Hint(name, known)} Readable here: {string.Join(", ", known.Except(ReservedNames.Builtin).Order(StringComparer.Ordinal).Take(20))}, and the nodes before it." };
    }

    private static string HashOf(ValueRef kept) => kept.Artifact?.Hex ?? StepKey.Of(kept.Inline.AsObject);
}

/// <summary>The rules of a proposal against its nodes, at any depth.</summary>
internal static class ProposalLimits
{
    public static void Check(WorkflowSpec spec, ProposalRules rules, IReadOnlySet<string> models, List<string> problems)
    {
        if (spec.Nodes.Count == 0) problems.Add("the plan has no nodes. Propose at least one.");
        var count = 0;
        foreach (var node in spec.Nodes) Check(node, 1);
        if (count > rules.NodesMax) problems.Add($"the plan has {count} nodes, and max_nodes is {rules.NodesMax}. Do with fewer, or put several steps into one.");

        void Check(NodeSpec node, int depth)
        {
            count++;
            if (depth == rules.DepthMax + 1) problems.Add($"node '{node.Id}' lies {depth} deep, and max_depth is {rules.DepthMax}. Put it beside the others.");
            if (!rules.AllowedTypes.Contains(node.Type)) problems.Add($"node '{node.Id}' has the type '{node.Type}', which this planner may not use. Use one of {string.Join(", ", rules.AllowedTypes)}.");
            foreach (var agent in AgentNames.Of(node)) Allow(node, "agent", agent, rules.AllowedAgents);
            foreach (var tool in ToolsOf(node)) Allow(node, "tool", tool, rules.AllowedTools);
            foreach (var model in ModelsOf(node).Where(model => !models.Contains(model)))
                problems.Add($"node '{node.Id}' names the model '{model}', and a plan may use {(models.Count == 0 ? "none of its own choice: leave `model` out and name an agent" : string.Join(", ", models))}.");
            if (node.Policy.Effect is not null) problems.Add($"node '{node.Id}' sets `effect`, which only the author of a file may do. Leave it out.");
            if (node.Policy.TrustsTypedFields) problems.Add($"node '{node.Id}' sets `labels: {{typed_fields: trusted}}`, which only the author of a file may do. Leave it out.");
            foreach (var field in AuthorsOnly.Where(node.Fields.ContainsKey)) problems.Add($"node '{node.Id}' sets `{field}`, which only the author of a file may do. Leave it out.");
            foreach (var type in Texts(node, "allowed_types").Where(type => !rules.AllowedTypes.Contains(type))) problems.Add($"node '{node.Id}' allows its own plans the type '{type}', which this planner may not use. Use some of {string.Join(", ", rules.AllowedTypes)}.");
            foreach (var tool in Texts(node, "allowed_tools")) Allow(node, "tool", tool, rules.AllowedTools);
            if (node.Policy.Compensate is { } undo) Check(undo, depth + 1);
            if (node.Fields.ContainsKey("allow_hosts")) problems.Add($"node '{node.Id}' sets `allow_hosts`, which only the author of a file may do. Leave it out.");
            foreach (var child in node.Children.Values.SelectMany(children => children)) Check(child, depth + 1);
        }

        void Allow(NodeSpec node, string what, string name, IReadOnlyList<string> allowed)
        {
            if (!allowed.Contains(name)) problems.Add($"node '{node.Id}' names the {what} '{name}', which this planner may not use.{DidYouMean.Hint(name, allowed)} {(allowed.Count == 0 ? $"It may use no {what}s." : $"Use one of {string.Join(", ", allowed)}.")}");
        }
    }

    /// <summary>What reaches beyond the run, or runs programs besides what is asked: files changed apart with checks, notes of other runs, files and addresses sent to a model.</summary>
    private static readonly string[] AuthorsOnly = ["worktree", "memory", "attachments"];

    private static IEnumerable<string> Texts(NodeSpec node, string field) => node.Fields.GetOrNull(field) is { IsList: true } list ? list.Items.Select(item => item.ToDisplayText()) : [];

    private static IEnumerable<string> ToolsOf(NodeSpec node)
    {
        if (node.Fields.GetOrNull("tools") is { IsList: true } tools)
        {
            foreach (var tool in tools.Items) yield return tool.AsText;
        }
        if (node.Type == "tool" && node.Fields.GetOrNull("tool").TextOrNull is { } called) yield return called;
        if (node.Fields.GetOrNull("mcp_servers") is { IsList: true } servers)
        {
            foreach (var server in servers.Items) yield return server.ToDisplayText();
        }
    }

    private static IEnumerable<string> ModelsOf(NodeSpec node) =>
        [.. node.Fields.GetOrNull("model").TextOrNull is { } own ? [own] : Array.Empty<string>(), .. node.Policy.Fallback?.Models ?? []];
}
