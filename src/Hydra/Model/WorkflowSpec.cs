using System.Security.Cryptography;
using Hydra.Policies;

namespace Hydra.Model;

/// <summary>A workflow as its author wrote it: checked for shape, nothing resolved. The YAML, XML and C# doors all end here.</summary>
public sealed record WorkflowSpec
{
    public required string Name { get; init; }
    public string? Description { get; init; }
    public string? Version { get; init; }
    /// <summary>Null: free-form inputs (the file has no <c>inputs</c> block).</summary>
    public IReadOnlyDictionary<string, InputSpec>? Inputs { get; init; }
    public BudgetSpec? Budget { get; init; }
    public NodePolicy Defaults { get; init; } = NodePolicy.Empty;
    /// <summary>Type-specific defaults (<c>model</c>, <c>max_output_tokens</c>, <c>temperature</c>), applied where a node declares the field and leaves it out.</summary>
    public ValueMap DefaultFields { get; init; } = ValueMap.Empty;
    public IReadOnlyDictionary<string, ModelAliasSpec> Models { get; init; } = new Dictionary<string, ModelAliasSpec>();
    public IReadOnlyDictionary<string, Value> Agents { get; init; } = new Dictionary<string, Value>();
    public required IReadOnlyList<NodeSpec> Nodes { get; init; }
    /// <summary>File path to the id of the node whose output is written there, in the order written.</summary>
    public IReadOnlyList<OutputFileSpec> Outputs { get; init; } = [];
    public IReadOnlyDictionary<string, string> Tags { get; init; } = new Dictionary<string, string>();
    public IReadOnlyDictionary<string, BreakerSpec> Breakers { get; init; } = new Dictionary<string, BreakerSpec>();
    public IReadOnlyList<string> AllowEnv { get; init; } = [];
    /// <summary>Rules on what its agents and nodes may do; null: none of its own.</summary>
    public PolicySpec? Policy { get; init; }
    /// <summary>The top-level fields that this part of Hydra carries without reading (<c>tools</c>, <c>mcp_servers</c>, <c>policy</c>).</summary>
    public ValueMap Extensions { get; init; } = ValueMap.Empty;
    /// <summary>The workflows that tools of type <c>workflow</c> run, by the tool's name, once linked.</summary>
    public IReadOnlyDictionary<string, WorkflowSpec> LinkedTools { get; init; } = NoTools;
    private static readonly IReadOnlyDictionary<string, WorkflowSpec> NoTools = new Dictionary<string, WorkflowSpec>(StringComparer.Ordinal);

    /// <summary>The file's name as given, for messages; no part of the hash.</summary>
    public string File { get; init; } = "workflow";
    /// <summary>Where the fields of the file stand, by name.</summary>
    public IReadOnlyDictionary<string, SourcePosition> Places { get; init; } = new Dictionary<string, SourcePosition>();
    /// <summary>
    /// The definition as data, in the order written, shorthands written out: what a run is pinned to. Reading it again
    /// gives the same node numbers and the same order of keys in texts.
    /// </summary>
    public Value Written { get; init; }
    /// <summary>The canonical form: JSON with sorted keys, shorthands written out, places and comments gone (UTF-8).</summary>
    /// <remarks>Made when first asked for: checking a file needs no identity.</remarks>
    public ReadOnlyMemory<byte> Canonical
    {
        get => _canonical ??= CanonicalFrom?.Invoke() ?? default;
        init => _canonical = value;
    }

    /// <summary>Makes <see cref="Canonical"/>.</summary>
    public Func<ReadOnlyMemory<byte>>? CanonicalFrom { private get; init; }
    /// <summary>SHA-256 of <see cref="Canonical"/> in hexadecimal: the identity of the definition. Set where a run has recorded it.</summary>
    public string Hash
    {
        get => _hash ??= Convert.ToHexStringLower(SHA256.HashData(Canonical.Span));
        init => _hash = value;
    }

    /// <summary>The keys of an agent of <see cref="Agents"/>; null: there is none of that name.</summary>
    public ValueMap? AgentFieldsOf(string name) => Agents.TryGetValue(name, out var fields) && fields.IsObject ? fields.AsObject : null;

    private ReadOnlyMemory<byte>? _canonical;
    private string? _hash;
}

public enum InputType { String, Integer, Number, Boolean, Array, Object }

public sealed record InputSpec
{
    public InputType Type { get; init; } = InputType.String;
    public bool IsRequired { get; init; } = true;
    public Value? Default { get; init; }
    public string? Description { get; init; }
    public Value? Schema { get; init; }
    public Labels Labels { get; init; }
    public SourcePosition At { get; init; }
}

/// <summary>A model alias: the first model answers, the rest are fallbacks.</summary>
public sealed record ModelAliasSpec(string Model, IReadOnlyList<string> Fallbacks)
{
    public TimeSpan? Timeout { get; init; }
    public double? Temperature { get; init; }
    public long? MaxOutputTokens { get; init; }
    public SourcePosition At { get; init; }
}

public sealed record OutputFileSpec(string Path, NodeId Node, SourcePosition At)
{
    /// <summary>Where the node's id stands.</summary>
    public SourcePosition NodeAt { get; init; }
}

/// <summary>A circuit breaker: opens after so many failures within the window, lets one probe through after the cooldown.</summary>
public sealed record BreakerSpec
{
    /// <value>1 to 1,000. Default: 5.</value>
    public int Failures { get; init; } = 5;
    /// <value>Default: 60 s.</value>
    public TimeSpan Window { get; init; } = TimeSpan.FromSeconds(60);
    /// <value>Default: 30 s.</value>
    public TimeSpan Cooldown { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>A node as its author wrote it; nothing is resolved. Planning turns it into a <see cref="PlannedNode"/>.</summary>
public sealed record NodeSpec
{
    public required NodeId Id { get; init; }
    public required string Type { get; init; }
    public IReadOnlyList<NodeId> DependsOn { get; init; } = [];
    /// <summary>The fields that every node may have; <see cref="NodePolicy.Empty"/> when none is written.</summary>
    public NodePolicy Policy { get; init; } = NodePolicy.Empty;
    /// <summary>The fields of the node's own type, as checked against its declaration, without the nodes written in place.</summary>
    public ValueMap Fields { get; init; } = ValueMap.Empty;
    /// <summary>Nodes written in place, by field (<c>body</c>, <c>generator</c>, <c>evaluator</c>).</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<NodeSpec>> Children { get; init; } = NoChildren;
    /// <summary>Fields of <see cref="Children"/> that hold one node, not a list of one.</summary>
    public IReadOnlyList<string> SingleChildren { get; init; } = [];
    /// <summary>The node that undoes this one.</summary>
    public NodeSpec? Compensation => Policy.Compensate ?? (Children.TryGetValue("compensate", out var written) && written.Count == 1 ? written[0] : null);
    /// <summary>The workflow that a <c>subgraph</c> names, once linked.</summary>
    public WorkflowSpec? Linked { get; init; }
    public SourcePosition At { get; init; }
    /// <summary>Where fields and texts stand, by field path (<c>prompt</c>, <c>depends_on[0]</c>, <c>retry.max_attempts</c>); null for graphs built in code.</summary>
    public IReadOnlyDictionary<string, SourcePosition>? Places { get; init; }

    /// <summary>The written lines of folded texts, by field path; null where there are none.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<TextLine>>? Folds { get; init; }

    /// <summary>The place in the file of a line and column, from 1, within the text of a field.</summary>
    public SourcePosition PlaceIn(string field, string text, int line, int column)
    {
        if (Folds is null || !Folds.TryGetValue(field, out var folds) || folds.Count == 0) return PlaceOf(field).Within(line, column);
        var offset = column - 1;
        for (int at = 0, left = line - 1; left > 0 && (at = text.IndexOf('\n', at) + 1) > 0; left--) offset = at + column - 1;
        var best = folds[0];
        foreach (var fold in folds)
        {
            if (fold.Offset <= offset) best = fold;
        }
        return new(best.At.Line, best.At.Column + Math.Max(0, offset - best.Offset));
    }

    public SourcePosition PlaceOf(string field) => Places is not null && Places.TryGetValue(field, out var at) ? at : At;

    public bool IsSingle(string field) => SingleChildren.Contains(field);

    private static readonly IReadOnlyDictionary<string, IReadOnlyList<NodeSpec>> NoChildren = new Dictionary<string, IReadOnlyList<NodeSpec>>();
}
