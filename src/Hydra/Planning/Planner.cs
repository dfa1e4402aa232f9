using Hydra.Model;

namespace Hydra.Planning;

/// <summary>Compiles a checked workflow into a <see cref="Plan"/>. Pure; the workflow must have passed validation.</summary>
public static class Planner
{
    /// <param name="types">The node types by name.</param>
    /// <param name="history">Expected seconds of a node from earlier runs, where known; an author's estimate wins.</param>
    /// <param name="proposals">Compiles fragments that come up during a run; null: the plan is only looked at.</param>
    public static Plan Plan(WorkflowSpec workflow, IReadOnlyDictionary<string, INodeType> types, Func<NodeId, float?>? history = null, IProposedGraphs? proposals = null) =>
        new Compilation(workflow, types, history) { Proposals = proposals }.Graph(workflow.Name, "", workflow.Nodes, []);

    /// <summary>Compiles a graph that came up during a run, with the definitions of the workflow around it.</summary>
    public static Plan PlanFragment(WorkflowSpec around, FragmentSpec fragment, IReadOnlyDictionary<string, INodeType> types) =>
        new Compilation(around, types, null).Graph(around.Name, fragment.Name, fragment.Nodes, fragment.Names, fragment);

    private sealed class Compilation(WorkflowSpec workflow, IReadOnlyDictionary<string, INodeType> types, Func<NodeId, float?>? history)
    {
        private readonly PlanContext _context = new(workflow);
        private readonly SettingsTable _settings = new(workflow);
        public IProposedGraphs? Proposals { get; init; }

        public Plan Graph(string name, string fragment, IReadOnlyList<NodeSpec> specs, IReadOnlyList<string> names, FragmentSpec? from = null)
        {
            var standIns = specs.Select(spec => spec.Policy.Fallback?.Node?.Text).OfType<string>().ToHashSet(StringComparer.Ordinal);
            if (standIns.Count > 0) specs = [.. specs.OrderBy(spec => standIns.Contains(spec.Id.Text))];
            var count = specs.Count - standIns.Count;
            var index = new Dictionary<string, int>(specs.Count, StringComparer.Ordinal);
            for (var i = 0; i < specs.Count; i++) index[specs[i].Id.Text] = i;

            // Stand-ins come last in `specs` and are no nodes of the graph: they run only in the place of another.
            var named = NamesInConflict(specs);
            var nodes = new PlannedNode[count];
            for (var i = count - 1; i >= 0; i--) nodes[i] = Node(i, specs[i], id => Node(-1, specs[index[id]], _ => throw new InvalidOperationException("A stand-in has no stand-in."), named), named);

            var parentStart = new int[count + 1];
            for (var i = 0; i < count; i++) parentStart[i + 1] = parentStart[i] + specs[i].DependsOn.Count;
            var parents = new int[parentStart[count]];
            var dependantStart = new int[count + 1];
            for (var i = 0; i < count; i++)
            {
                var at = parentStart[i];
                foreach (var parent in specs[i].DependsOn)
                {
                    var p = index[parent.Text];
                    parents[at++] = p;
                    dependantStart[p + 1]++;
                }
            }
            for (var i = 0; i < count; i++) dependantStart[i + 1] += dependantStart[i];
            var dependants = new int[parents.Length];
            var fill = dependantStart.AsSpan(0, count).ToArray();
            for (var i = 0; i < count; i++)
            {
                for (var at = parentStart[i]; at < parentStart[i + 1]; at++) dependants[fill[parents[at]]++] = i;
            }

            var (order, wave) = TopologicalOrder(count, parentStart, dependantStart, dependants);
            var rank = new float[count];
            for (var at = count - 1; at >= 0; at--)
            {
                var i = order[at];
                var longest = 0f;
                for (var d = dependantStart[i]; d < dependantStart[i + 1]; d++) longest = Math.Max(longest, rank[dependants[d]]);
                rank[i] = longest + Seconds(nodes[i]);
            }
            return new Plan
            {
                Name = name,
                Fragment = fragment,
                Workflow = from?.Workflow ?? workflow,
                Nodes = nodes,
                ParentStart = parentStart,
                Parents = parents,
                DependantStart = dependantStart,
                Dependants = dependants,
                Rank = rank,
                Wave = wave,
                Roots = [.. Enumerable.Range(0, count).Where(i => parentStart[i] == parentStart[i + 1])],
                Sinks = [.. Enumerable.Range(0, count).Where(i => dependantStart[i] == dependantStart[i + 1])],
                Names = names,
                Aliases = from is { Aliases.Count: > 0 } ? from.Aliases : null,
                IsInline = from?.IsInline ?? false,
                IsIsolated = from?.Workflow is not null,
                Proposals = from is null ? Proposals : null,
            };
        }

        private float Seconds(PlannedNode node)
        {
            if (node.Spec.Policy.Estimate is null && history?.Invoke(node.Id) is { } seen) return seen;
            return node.Settings.EstimateSeconds;
        }

        private PlannedNode Node(int index, NodeSpec spec, Func<string, PlannedNode> standIn, HashSet<string>? named)
        {
            var type = types[spec.Type];
            var fragments = type.Fragments(spec, workflow);
            return new PlannedNode
            {
                Index = index,
                Spec = spec,
                Type = type,
                Settings = _settings.For(spec, type, _context),
                Fields = type.Plan(spec, _context),
                Texts = _context,
                Fragments = fragments.Count == 0 ? [] : [.. fragments.Select(Fragment)],
                Undo = spec.Compensation is { } undo ? Fragment(new FragmentSpec("compensate", [undo]) { Names = [spec.Id.Text], IsInline = true }) : null,
                Variants = Variants(spec, standIn),
                Resources = Resources(spec, named),
            };
        }

        private Plan Fragment(FragmentSpec fragment)
        {
            if (fragment.Workflow is not { } inner) return Graph(workflow.Name, fragment.Name, fragment.Nodes, fragment.Names, fragment);
            return new Compilation(inner, types, null).Graph(inner.Name, fragment.Name, inner.Nodes, fragment.Names, fragment);
        }

        private Variant[] Variants(NodeSpec spec, Func<string, PlannedNode> standIn)
        {
            var policy = spec.Policy;
            var alias = ModelOf(spec) is { } model && workflow.Models.TryGetValue(model, out var found) ? found : null;
            var fallback = policy.Fallback ?? workflow.Defaults.Fallback;
            var escalation = EscalationOf(spec);
            if (alias is not { Fallbacks.Count: > 0 } && fallback is null && escalation.Count == 0) return Variant.AsWritten;

            var variants = new List<Variant>(Variant.AsWritten);
            foreach (var name in alias?.Fallbacks ?? []) variants.Add(new(VariantKind.Model, name));
            foreach (var name in fallback?.Models ?? []) variants.Add(new(VariantKind.Model, name));
            if (fallback?.Agent is { } agent) variants.Add(new(VariantKind.Agent, agent));
            if (fallback is { Value: null, Node: { } node }) variants.Add(new(VariantKind.Node, node.Text, standIn(node.Text)));
            if (fallback?.Value is null) variants.AddRange(escalation.Select(agent => new Variant(VariantKind.Escalation, agent)));
            return [.. variants];
        }

        /// <summary>Whom the node names itself, else those to whom its agent escalates.</summary>
        private IReadOnlyList<string> EscalationOf(NodeSpec spec)
        {
            if ((spec.Policy.EscalateTo ?? workflow.Defaults.EscalateTo) is { } named) return [named];
            if ((spec.Policy.OnFailure ?? workflow.Defaults.OnFailure) != FailurePolicy.Escalate || AgentOf(spec) is not { } agent) return [];
            return EscalationChain.Of(agent, workflow.AgentFieldsOf, out _);
        }

        private string? AgentOf(NodeSpec spec) =>
            types[spec.Type].Fields.Any(field => field.Name == "agent") ? _context.FieldOf(spec, "agent").TextOrNull : null;

        private string? ModelOf(NodeSpec spec) =>
            types[spec.Type].Fields.Any(field => field.Name == "model") ? _context.FieldOf(spec, "model").TextOrNull : null;

        private static HashSet<string>? NamesInConflict(IReadOnlyList<NodeSpec> specs)
        {
            HashSet<string>? names = null;
            foreach (var spec in specs)
            {
                foreach (var name in spec.Policy.ConflictsWith ?? []) (names ??= new(StringComparer.Ordinal)).Add(name);
            }
            return names;
        }

        private static string[]? Resources(NodeSpec spec, HashSet<string>? named)
        {
            if (named is null) return null;
            var held = new HashSet<string>(spec.Policy.ConflictsWith ?? [], StringComparer.Ordinal);
            if (named.Contains(spec.Id.Text)) held.Add(spec.Id.Text);
            return held.Count == 0 ? null : [.. held.Order(StringComparer.Ordinal)];
        }
    }

    /// <summary>Kahn's algorithm; the wave is the longest distance from a root.</summary>
    private static (int[] Order, int[] Wave) TopologicalOrder(int count, int[] parentStart, int[] dependantStart, int[] dependants)
    {
        var left = new int[count];
        var wave = new int[count];
        var order = new int[count];
        var tail = 0;
        for (var i = 0; i < count; i++)
        {
            left[i] = parentStart[i + 1] - parentStart[i];
            if (left[i] == 0) order[tail++] = i;
        }
        for (var head = 0; head < tail; head++)
        {
            var i = order[head];
            for (var at = dependantStart[i]; at < dependantStart[i + 1]; at++)
            {
                var d = dependants[at];
                wave[d] = Math.Max(wave[d], wave[i] + 1);
                if (--left[d] == 0) order[tail++] = d;
            }
        }
        if (tail != count) throw new ArgumentException("The graph has a cycle; validation should have refused it.", nameof(dependants));
        return (order, wave);
    }
}
