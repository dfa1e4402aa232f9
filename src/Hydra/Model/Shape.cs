namespace Hydra.Model;

/// <summary>
/// What a field may hold. One declaration serves the parser, the editor's JSON Schema, the search for template
/// variables and the documentation, so they cannot drift apart.
/// </summary>
public abstract record Shape
{
    private Shape() { }

    /// <summary>Text taken literally. <paramref name="Pattern"/>: a regular expression it must match, anchored.</summary>
    public sealed record Text(string? Pattern = null) : Shape;
    /// <summary>A Jinja template: text, or any scalar that stands for itself.</summary>
    public sealed record Template : Shape;
    /// <summary>A Jinja expression, bare or in <c>{{ }}</c>.</summary>
    public sealed record Expression : Shape;
    public sealed record Integer(long Min = long.MinValue, long Max = long.MaxValue) : Shape;
    public sealed record Number(double Min = double.NegativeInfinity, double Max = double.PositiveInfinity) : Shape;
    public sealed record Boolean : Shape;
    public sealed record Choice(params IReadOnlyList<string> Names) : Shape;
    /// <summary>A list; one item alone is not taken for a list.</summary>
    public sealed record ListOf(Shape Item, int CountMax = int.MaxValue) : Shape;
    public sealed record MapOf(Shape Item) : Shape;
    /// <summary>A map with known fields.</summary>
    public sealed record Record(IReadOnlyList<Field> Fields) : Shape;
    /// <summary>The first alternative that fits; the message of a misfit names all of them.</summary>
    public sealed record OneOf(params IReadOnlyList<Shape> Alternatives) : Shape;
    /// <summary>A JSON Schema (2020-12), compiled at validation.</summary>
    public sealed record JsonSchema : Shape;
    /// <summary>Any data, taken literally.</summary>
    public sealed record Anything : Shape;
    /// <summary>Any data in which every text is a Jinja template.</summary>
    public sealed record Templates : Shape;
    /// <summary>One node of any type, written in place. Where the node needs no id of its own, <paramref name="ImpliedId"/> names it.</summary>
    public sealed record Node(string? ImpliedId = null, string? ImpliedType = null) : Shape;
    /// <summary>A list of nodes, written in place.</summary>
    public sealed record Nodes : Shape;
    /// <summary>A node id of the same scope.</summary>
    public sealed record NodeReference : Shape;
    /// <summary>A model id, an alias of <c>models</c>, or a template that gives one.</summary>
    public sealed record ModelName : Shape;
}

/// <summary>One field of a record, a node type or the file.</summary>
/// <param name="Description">For the editor and the documentation: meaning, unit, range, default. One or two sentences.</param>
public sealed record Field(string Name, Shape Shape, string Description)
{
    public bool IsRequired { get; init; }
    /// <summary>Names that templates in this field see besides inputs and ancestors (<c>iteration</c>, <c>candidate</c>, …).</summary>
    public IReadOnlyList<string> ExtraNames { get; init; } = [];
    /// <summary>Where set, using the field is an error that says this: the feature is known but not there yet.</summary>
    public string? NotSupportedYet { get; init; }
}
