using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>
/// Another workflow as a tool: its inputs are the arguments, the results of its sinks the result. Each call opens the workflow as nodes below
/// the agent's own, so that budgets, gates, retries, resume and traces hold there as everywhere.
/// </summary>
internal sealed class WorkflowTool(ToolFacts facts, WorkflowSpec child) : ITool
{
    public ToolFacts Facts => facts;
    public WorkflowSpec Child => child;

    public static WorkflowTool Of(string name, WorkflowSpec child, ValueMap declared, ToolRegistry registry)
    {
        var acts = new Acts(registry);
        acts.Add(child.Nodes, child);
        var own = ToolKinds.FactsOf("workflow", name);
        return new WorkflowTool(ToolBox.Narrow(own with
        {
            Description = child.Description ?? own.Description,
            Arguments = SchemaOf(child.Inputs),
            Effect = acts.Effect,
            IsOutward = acts.IsOutward,
            Risk = acts.Effect == EffectClass.Irreversible ? ToolRisk.High : own.Risk,
        }, declared), child);
    }

    /// <summary>Never called: <see cref="Loop.WorkflowCall"/> opens the workflow.</summary>
    public ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken) =>
        throw new InvalidOperationException($"'{facts.Name}' runs as nodes of the run, not inside a call.");

    private static Value SchemaOf(IReadOnlyDictionary<string, InputSpec>? inputs)
    {
        if (inputs is null) return ValueMap.Of(("type", "object"));
        var properties = inputs.Select(input => KeyValuePair.Create(input.Key, PropertyOf(input.Value)));
        return ValueMap.Of(("type", "object"), ("additionalProperties", false),
            ("required", Value.OfTexts(inputs.Where(input => input.Value is { IsRequired: true, Default: null }).Select(input => input.Key))), ("properties", ValueMap.Of(properties)));
    }

    private static Value PropertyOf(InputSpec input)
    {
        var schema = input.Schema is { IsObject: true } own ? own.AsObject : ValueMap.Of(("type", InputTypes.NameOf(input.Type)));
        return input.Description is { } said && !schema.ContainsKey("description") ? schema.With("description", said) : schema;
    }

    /// <summary>What the workflow's nodes may do at worst by themselves. What its agents do is asked about call by call.</summary>
    private sealed class Acts(ToolRegistry registry)
    {
        private static readonly string[] ActingTypes = ["http", "bash", "python_exec", "function", "tool"];

        public EffectClass Effect { get; private set; }
        public bool IsOutward { get; private set; }

        public void Add(IReadOnlyList<NodeSpec> nodes, WorkflowSpec workflow)
        {
            foreach (var node in nodes) Add(node, workflow);
        }

        private void Add(NodeSpec node, WorkflowSpec workflow)
        {
            foreach (var children in node.Children.Values) Add(children, workflow);
            if (node.Linked is { } linked) Add(linked.Nodes, linked);
            switch (node.Type)
            {
                case "http": Take(node, HttpTool.EffectOf(node.Fields.GetOrNull("method").TextOrNull ?? "GET"), isOutward: true); break;
                case "bash" or "python_exec" or "function": Take(node, EffectClass.Irreversible, isOutward: true); break;
                case "planner" when node.Fields.GetOrNull("allowed_types") is { IsList: true } types && types.Items.Any(type => ActingTypes.Contains(type.TextOrNull)): Take(node, EffectClass.Irreversible, isOutward: true); break;
                case "tool" when new ToolBox(workflow, registry).Find(node.Fields.GetOrNull("tool").TextOrNull ?? "", out _) is { Facts: var facts }: Take(node, facts.Effect, facts.IsOutward); break;
            }
        }

        private void Take(NodeSpec node, EffectClass effect, bool isOutward)
        {
            effect = node.Policy.Effect ?? effect;
            if (effect > Effect) Effect = effect;
            IsOutward |= isOutward;
        }
    }
}
