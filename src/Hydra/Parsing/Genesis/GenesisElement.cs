using Hydra.Model;

namespace Hydra.Parsing.Genesis;

/// <summary>An element of a genesis.xml with its place.</summary>
/// <param name="IsExtension">It stands in <see cref="GenesisNames.Extension"/>; else in no namespace.</param>
internal sealed record GenesisElement(string Name, bool IsExtension, SourcePosition At)
{
    private static readonly List<GenesisElement> NoChildren = [];
    private static readonly List<GenesisAttribute> NoAttributes = [];
    private List<GenesisElement>? _children;
    private List<GenesisAttribute>? _attributes;

    /// <summary>To be read; most elements are leaves and share the empty one.</summary>
    public List<GenesisElement> Children => _children ?? NoChildren;
    /// <inheritdoc cref="Children"/>
    public List<GenesisAttribute> Attributes => _attributes ?? NoAttributes;
    /// <summary>The text of an element without children, as written; empty for others.</summary>
    public string Text { get; set; } = "";
    public SourcePosition TextAt { get; set; }

    public void Add(GenesisElement child) => (_children ??= []).Add(child);
    public void Add(GenesisAttribute attribute) => (_attributes ??= new(1)).Add(attribute);

    public GenesisElement? Get(string name) => Find(name, isExtension: false);
    public GenesisElement? GetExtension(string name) => Find(name, isExtension: true);
    public IEnumerable<GenesisElement> All(string name) => Children.Where(child => !child.IsExtension && child.Name == name);

    public GenesisAttribute? Attribute(string name)
    {
        foreach (var attribute in Attributes)
        {
            if (attribute.Name == name) return attribute;
        }
        return null;
    }

    /// <summary>The trimmed text of a child; null where it is missing or blank.</summary>
    public string? TextOf(string name) => Get(name)?.Text.Trim() is { Length: > 0 } text ? text : null;

    private GenesisElement? Find(string name, bool isExtension)
    {
        foreach (var child in Children)
        {
            if (child.IsExtension == isExtension && child.Name == name) return child;
        }
        return null;
    }
}

internal sealed record GenesisAttribute(string Name, string Value, SourcePosition At);

/// <summary>The words of the format that more than one file needs.</summary>
public static class GenesisNames
{
    /// <summary>The namespace of everything that the original model lacks.</summary>
    public const string Extension = "urn:hydra:genesis:1";
    /// <summary>Child of the root: the fields of the workflow besides its nodes.</summary>
    public const string Workflow = "workflow";
    /// <summary>Child of a task, written while a run goes on; never part of the definition.</summary>
    public const string Run = "run";

    /// <summary>The id of the node that a task becomes: the task's own where the format of workflows allows it.</summary>
    public static string NodeIdOf(string taskId)
    {
        if (NodeId.IsValid(taskId) && !ReservedNames.Contains(taskId)) return taskId;
        var text = string.Concat("t_", string.Concat(taskId.Select(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' ? c : '_')));
        return text.Length <= 128 ? text : text[..128];
    }
}
