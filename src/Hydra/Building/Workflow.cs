using Hydra.Model;
using Hydra.Parsing;

namespace Hydra;

/// <summary>The C# door: builds a workflow in code. It ends in the same binder as the YAML door, so the same graph has the same hash.</summary>
public static class Workflow
{
    public static WorkflowBuilder Create(string name) => new(name);
}

/// <summary>A workflow under construction. Not for sharing between threads.</summary>
public sealed class WorkflowBuilder
{
    private readonly FieldBag _fields = new();
    private readonly FieldBag _inputs = new(), _models = new(), _outputs = new(), _defaults = new(), _tags = new(), _breakers = new(), _agents = new();
    private readonly List<NodeBuilder> _nodes = [];

    internal WorkflowBuilder(string name) => _fields.Set("name", name);

    public WorkflowBuilder Description(string text) => With(() => _fields.Set("description", text));
    public WorkflowBuilder Version(string text) => With(() => _fields.Set("version", text));

    /// <summary>Declares an input; with a default it need not be given.</summary>
    public WorkflowBuilder Input(string name, InputType type = InputType.String, Value? byDefault = null, string? description = null, bool? required = null, Value? schema = null) => With(() =>
    {
        var bag = new FieldBag();
        if (type != InputType.String) bag.Set("type", InputTypes.NameOf(type));
        if (required is { } must) bag.Set("required", must);
        if (byDefault is { } value) bag.Set("default", value);
        if (description is not null) bag.Set("description", description);
        if (schema is { } shape) bag.Set("schema", shape);
        _inputs.Set(name, bag.Build());
    });

    /// <summary>Limits on the whole run.</summary>
    public WorkflowBuilder Budget(long? maxTokens = null, double? maxUsd = null, long? maxModelCalls = null, double? maxSeconds = null, string? onExceeded = null) =>
        With(() => _fields.Set("budget", FieldBag.Budget(maxTokens, maxUsd, maxModelCalls, maxSeconds, onExceeded)));

    /// <summary>An alias: the first model answers, the rest are fallbacks.</summary>
    public WorkflowBuilder Model(string alias, params ReadOnlySpan<string> models)
    {
        _models.Set(alias, Value.OfTexts(models.ToArray()));
        return this;
    }

    /// <summary>The value of a field for all nodes that leave it out.</summary>
    public WorkflowBuilder Default(string field, Value value) => With(() => _defaults.Set(field, value));
    public WorkflowBuilder Tag(string name, string value) => With(() => _tags.Set(name, value));
    public WorkflowBuilder Breaker(string name, int failures = 5, double windowSeconds = 60, double cooldownSeconds = 30) =>
        With(() => _breakers.Set(name, Value.Of(ValueMap.Of(("failures", failures), ("window_seconds", windowSeconds), ("cooldown_seconds", cooldownSeconds)))));
    /// <summary>An agent defined in place.</summary>
    public WorkflowBuilder AgentDefinition(string name, ValueMap definition) => With(() => _agents.Set(name, Value.Of(definition)));
    /// <summary>A file below the working directory that receives a node's output after success.</summary>
    public WorkflowBuilder Output(string path, string node) => With(() => _outputs.Set(path, node));
    /// <summary>Environment variables that templates may read as <c>env.NAME</c>.</summary>
    public WorkflowBuilder AllowEnv(params string[] names) => With(() => _fields.Set("allow_env", Value.OfTexts(names)));

    /// <summary>Adds a node of any type; its fields have the names they have in YAML.</summary>
    public WorkflowBuilder Node(string id, string type, Action<NodeBuilder> configure)
    {
        var node = new NodeBuilder(id, type);
        configure(node);
        _nodes.Add(node);
        return this;
    }

    public WorkflowBuilder Agent(string id, Action<NodeBuilder> configure) => Node(id, "agent", configure);
    public WorkflowBuilder Map(string id, Action<NodeBuilder> configure) => Node(id, "map", configure);
    public WorkflowBuilder EvaluatorLoop(string id, Action<NodeBuilder> configure) => Node(id, "evaluator_loop", configure);
    public WorkflowBuilder Router(string id, Action<NodeBuilder> configure) => Node(id, "router", configure);
    public WorkflowBuilder Planner(string id, Action<NodeBuilder> configure) => Node(id, "planner", configure);
    public WorkflowBuilder Coordinator(string id, Action<NodeBuilder> configure) => Node(id, "coordinator", configure);
    public WorkflowBuilder Supervisor(string id, Action<NodeBuilder> configure) => Node(id, "supervisor", configure);
    public WorkflowBuilder Swarm(string id, Action<NodeBuilder> configure) => Node(id, "swarm", configure);
    public WorkflowBuilder Loop(string id, Action<NodeBuilder> configure) => Node(id, "loop", configure);
    public WorkflowBuilder Subgraph(string id, string path, Action<NodeBuilder>? configure = null) => Node(id, "subgraph", node => { node.Field("path", path); configure?.Invoke(node); });
    public WorkflowBuilder Set(string id, Value value, Action<NodeBuilder>? configure = null) => Node(id, "set", node => { node.Field("value", value); configure?.Invoke(node); });
    public WorkflowBuilder Bash(string id, string command, Action<NodeBuilder>? configure = null) => Node(id, "bash", node => { node.Field("command", command); configure?.Invoke(node); });
    public WorkflowBuilder Python(string id, string code, Action<NodeBuilder>? configure = null) => Node(id, "python_exec", node => { node.Field("code", code); configure?.Invoke(node); });
    public WorkflowBuilder Http(string id, string url, Action<NodeBuilder>? configure = null) => Node(id, "http", node => { node.Field("url", url); configure?.Invoke(node); });
    public WorkflowBuilder Function(string id, string function, Action<NodeBuilder>? configure = null) => Node(id, "function", node => { node.Field("function", function); configure?.Invoke(node); });

    /// <summary>Adds a node and gives its handle, for typed edges. See <see cref="TypedNode{T}"/>.</summary>
    internal TypedNode<T> Add<T>(NodeBuilder node)
    {
        _nodes.Add(node);
        return new TypedNode<T>(this, node.Id);
    }

    /// <summary>The tree that a file with this content would give, without places.</summary>
    public SourceNode ToSource()
    {
        var root = new List<SourceEntry>(_fields.Entries());
        Add(root, "inputs", _inputs);
        Add(root, "models", _models);
        Add(root, "agents", _agents);
        Add(root, "defaults", _defaults);
        Add(root, "breakers", _breakers);
        Add(root, "tags", _tags);
        root.Add(new("nodes", SourcePosition.None, new SourceNode([.. _nodes.Select(node => node.ToSource())], SourcePosition.None)));
        Add(root, "outputs", _outputs);
        return new SourceNode(root.ToArray(), SourcePosition.None);
    }

    /// <summary>Binds the graph. Throws <see cref="ArgumentException"/> with every problem of shape; meaning is checked by the validator.</summary>
    public WorkflowSpec Build(IReadOnlyDictionary<string, INodeType> types)
    {
        var problems = new ProblemList("workflow");
        var spec = SpecBinder.Bind(ToSource(), types, problems);
        if (spec is null || problems.HasErrors)
            throw new ArgumentException($"The workflow cannot be built:\n{string.Join('\n', problems.Problems)}", nameof(types));
        return spec;
    }

    private static void Add(List<SourceEntry> root, string name, FieldBag bag)
    {
        if (bag.Count > 0) root.Add(new(name, SourcePosition.None, SourceNode.From(bag.Build())));
    }

    private WorkflowBuilder With(Action change)
    {
        change();
        return this;
    }
}
