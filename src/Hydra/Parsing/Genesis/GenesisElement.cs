using Hydra.Model;

namespace Hydra.Parsing.Genesis;

/// <summary>An element of a genesis.xml with its place.</summary>
/// <param name="IsExtension">It stands in <see cref="GenesisNames.Extension"/>; else in no namespace.</param>
internal sealed record GenesisElement(string Name, bool IsExtension, SourcePosition At)
{
    public List<GenesisElement> Children { get; } = [];
    public List<GenesisAttribute> Attributes { get; } = [];
    /// <summary>The text of an element without children, as written; empty for others.</summary>
    public string Text { get; set; } = "";
    public SourcePosition TextAt { get; set; }

    public GenesisElement? Get(string name) => Children.Find(child => !child.IsExtension && child.Name == name);
    public GenesisElement? GetExtension(string name) => Children.Find(child => child.IsExtension && child.Name == name);
    public IEnumerable<GenesisElement> All(string name) => Children.Where(child => !child.IsExtension && child.Name == name);
    public GenesisAttribute? Attribute(string name) => Attributes.Find(attribute => attribute.Name == name);
    /// <summary>The trimmed text of a child; null where it is missing or blank.</summary>
    public string? TextOf(string name) => Get(name)?.Text.Trim() is { Length: > 0 } text ? text : null;
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
