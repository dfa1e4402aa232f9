namespace Hydra.Model;

/// <summary>
/// A piece of a file as its author wrote it: a scalar, a list or a map, with its place. The YAML, XML and C# doors all
/// produce this tree; one binder turns it into a <see cref="WorkflowSpec"/>, so the doors cannot disagree.
/// </summary>
public sealed class SourceNode
{
    public SourceNode(Value scalar, SourcePosition at) { Scalar = scalar; At = at; }
    public SourceNode(IReadOnlyList<SourceNode> items, SourcePosition at) { Items = items; At = at; }
    public SourceNode(IReadOnlyList<SourceEntry> entries, SourcePosition at) { Entries = entries; At = at; }

    public SourcePosition At { get; }
    /// <summary>The scalar; null value when this is a list or a map.</summary>
    public Value Scalar { get; }
    public IReadOnlyList<SourceNode>? Items { get; }
    public IReadOnlyList<SourceEntry>? Entries { get; }
    /// <summary>The place of a text's first character (after the quote, below the <c>|</c>), so that errors inside templates point right.</summary>
    public SourcePosition TextAt { get; init; }
    /// <summary>For text that YAML folds (<c>&gt;</c>, several lines in quotes): where each written line begins. Null: the text stands as it reads.</summary>
    public IReadOnlyList<TextLine>? Folds { get; init; }
    /// <summary>A number or word as written (<c>1.10</c>, <c>0x1F</c>); null where the scalar says it all.</summary>
    public string? Written { get; init; }

    public bool IsScalar => Items is null && Entries is null;

    public SourceNode? Get(string key)
    {
        if (Entries is null) return null;
        foreach (var entry in Entries)
        {
            if (entry.Key == key) return entry.Value;
        }
        return null;
    }

    /// <summary>The data without places.</summary>
    public Value ToValue()
    {
        if (Items is not null) return Value.Of(Items.Select(item => item.ToValue()));
        if (Entries is not null) return Value.Of(ValueMap.Of(Entries.Select(entry => KeyValuePair.Create(entry.Key, entry.Value.ToValue()))));
        return Scalar;
    }

    /// <summary>A tree without places, from plain data.</summary>
    public static SourceNode From(Value value) => value.Kind switch
    {
        ValueKind.List => new SourceNode(value.Items.Select(From).ToArray(), SourcePosition.None),
        ValueKind.Object => new SourceNode(value.AsObject.Select(pair => new SourceEntry(pair.Key, SourcePosition.None, From(pair.Value))).ToArray(), SourcePosition.None),
        _ => new SourceNode(value, SourcePosition.None),
    };
}

public sealed record SourceEntry(string Key, SourcePosition KeyAt, SourceNode Value);

/// <summary>One written line of a folded text.</summary>
/// <param name="Offset">Its first character within the text.</param>
public readonly record struct TextLine(int Offset, SourcePosition At);
