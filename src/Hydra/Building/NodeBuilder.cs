using Hydra.Model;

namespace Hydra;

/// <summary>One node under construction; every field of the format can be set, the common ones by name.</summary>
public sealed class NodeBuilder
{
    private readonly string? _type;
    private readonly FieldBag _fields = new();
    private readonly List<string> _parents = [];
    private readonly Dictionary<string, SourceNode> _children = new(StringComparer.Ordinal);

    internal NodeBuilder(string id, string? type)
    {
        Id = id;
        _type = type;
    }

    internal string Id { get; }

    /// <summary>Sets any field by its name in YAML; the value is checked when the workflow is built.</summary>
    public NodeBuilder Field(string name, Value value)
    {
        _fields.Set(name, value);
        return this;
    }

    public NodeBuilder DependsOn(params ReadOnlySpan<string> ids)
    {
        foreach (var id in ids) _parents.Add(id);
        return this;
    }

    public NodeBuilder Prompt(string template) => Field("prompt", template);
    public NodeBuilder Model(string model) => Field("model", model);
    public NodeBuilder UseAgent(string name) => Field("agent", name);
    public NodeBuilder System(string template) => Field("system", template);
    public NodeBuilder MaxOutputTokens(long tokens) => Field("max_output_tokens", tokens);
    public NodeBuilder Temperature(double temperature) => Field("temperature", temperature);
    public NodeBuilder OutputSchema(Value schema) => Field("output_schema", schema);
    public NodeBuilder When(string expression) => Field("when", expression);
    public NodeBuilder Timeout(TimeSpan limit) => Field("timeout_seconds", limit.TotalSeconds);
    public NodeBuilder Priority(int priority) => Field("priority", priority);
    public NodeBuilder OnFailure(string policy) => Field("on_failure", policy);
    public NodeBuilder Join(string kind) => Field("join", kind);
    public NodeBuilder JoinAtLeast(int count) => Field("join", Value.Of(ValueMap.Of(("at_least", count))));
    public NodeBuilder Retry(int maxAttempts, double? backoffSeconds = null, string? backoff = null, params string[] retryOn)
    {
        var bag = new FieldBag();
        bag.Set("max_attempts", maxAttempts);
        if (backoffSeconds is { } seconds) bag.Set("backoff_seconds", seconds);
        if (backoff is not null) bag.Set("backoff", backoff);
        if (retryOn.Length > 0) bag.Set("retry_on", Value.OfTexts(retryOn));
        return Field("retry", bag.Build());
    }

    public NodeBuilder Budget(long? maxTokens = null, double? maxUsd = null, long? maxModelCalls = null, double? maxSeconds = null, string? onExceeded = null) =>
        Field("budget", FieldBag.Budget(maxTokens, maxUsd, maxModelCalls, maxSeconds, onExceeded));

    /// <summary>For <c>coordinator</c>, <c>supervisor</c> and <c>swarm</c>: what is to be achieved.</summary>
    public NodeBuilder Goal(string template) => Field("goal", template);
    /// <summary>For <c>coordinator</c>: the agents that may be given tasks.</summary>
    public NodeBuilder Workers(params string[] agents) => Field("workers", Value.OfTexts(agents));
    /// <summary>For <c>swarm</c>: the peers.</summary>
    public NodeBuilder Agents(params string[] agents) => Field("agents", Value.OfTexts(agents));
    /// <summary>For <c>planner</c>: the agents that its plans may name.</summary>
    public NodeBuilder AllowedAgents(params string[] agents) => Field("allowed_agents", Value.OfTexts(agents));
    /// <summary>For <c>router</c>: the routes by name, each with <c>description</c>, <c>when</c>, <c>keywords</c>, <c>agent</c>.</summary>
    public NodeBuilder Routes(params ReadOnlySpan<(string Name, Value Route)> routes) => Field("routes", ValueMap.Of(routes));

    /// <summary>For <c>map</c>: the list and the name of the current item.</summary>
    public NodeBuilder Over(string expression, string item) => Field("over", expression).Field("as", item);

    /// <summary>One node written in place (<c>generator</c>, <c>evaluator</c>, <c>body</c>), whose id or type the field implies.</summary>
    public NodeBuilder Inline(string field, Action<NodeBuilder> configure, string? type = null)
    {
        var node = new NodeBuilder("", type);
        configure(node);
        _children[field] = node.ToSource();
        return this;
    }

    /// <summary>A list of nodes written in place (<c>body</c>).</summary>
    public NodeBuilder Body(params ReadOnlySpan<(string Id, string Type, Action<NodeBuilder> Configure)> nodes) => InPlace("body", nodes);

    /// <summary>For <c>supervisor</c>: who carries the work out; each sees its work as <c>task</c>.</summary>
    public NodeBuilder Teams(params ReadOnlySpan<(string Id, string Type, Action<NodeBuilder> Configure)> nodes) => InPlace("teams", nodes);

    private NodeBuilder InPlace(string field, ReadOnlySpan<(string Id, string Type, Action<NodeBuilder> Configure)> nodes)
    {
        var items = new List<SourceNode>();
        foreach (var (id, type, configure) in nodes)
        {
            var node = new NodeBuilder(id, type);
            configure(node);
            items.Add(node.ToSource());
        }
        _children[field] = new SourceNode(items.ToArray(), SourcePosition.None);
        return this;
    }

    internal SourceNode ToSource()
    {
        var entries = new List<SourceEntry>();
        if (Id.Length > 0) entries.Add(new("id", SourcePosition.None, new SourceNode(Value.Of(Id), SourcePosition.None)));
        if (_type is not null) entries.Add(new("type", SourcePosition.None, new SourceNode(Value.Of(_type), SourcePosition.None)));
        if (_parents.Count > 0) entries.Add(new("depends_on", SourcePosition.None, SourceNode.From(Value.OfTexts(_parents))));
        entries.AddRange(_fields.Entries());
        entries.AddRange(_children.Select(child => new SourceEntry(child.Key, SourcePosition.None, child.Value)));
        return new SourceNode(entries.ToArray(), SourcePosition.None);
    }
}
