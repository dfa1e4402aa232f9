using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>One compiled subschema. Filled in once by the compiler; read-only afterwards.</summary>
/// <param name="location">JSON pointer in its document; other documents lead with their URI and <c>#</c>.</param>
internal sealed class SchemaNode(string location, Value source, SchemaResource resource)
{
    public string Location { get; } = location;
    /// <summary>The schema as written.</summary>
    public Value Source { get; } = source;
    public SchemaResource Resource { get; } = resource;
    /// <summary>For a boolean schema what it answers.</summary>
    public bool? Always { get; } = source.Kind == ValueKind.Boolean ? source.AsBoolean : null;
    /// <summary>In the order of evaluation: cheap ones first, unevaluated… last.</summary>
    public Keyword[] Keywords { get; set; } = [];
    /// <summary>Whether unevaluatedProperties or unevaluatedItems stands here, so that this node keeps its own marks.</summary>
    public bool KeepsMarks { get; set; }
    /// <summary>Where $ref leads, for the sampler.</summary>
    public SchemaNode? Reference { get; set; }
}

/// <summary>One keyword, or a few that only make sense together, ready to be evaluated.</summary>
internal abstract class Keyword(SchemaNode node, string name)
{
    public string Name { get; } = name;
    protected SchemaNode Node { get; } = node;
    public string SchemaPointer => PointerOf(Name);

    /// <summary>Subschemas that are always applied to the very same value; a circle of these never ends.</summary>
    public virtual IEnumerable<SchemaNode> InPlace => [];

    /// <summary>Whether the value passes. Reports problems to the run, and marks the properties and items it has seen.</summary>
    public abstract bool Check(Evaluation run, Value value, Marks? marks);

    protected string PointerOf(string keyword) => $"{Node.Location}/{keyword}";
}

/// <summary>Which properties or items of one value have been evaluated (core §11); properties by their index in the map.</summary>
internal sealed class Marks(int count)
{
    private readonly bool[] _seen = new bool[count];

    public bool this[int index] => _seen[index];

    /// <summary>A fresh set for this value; null where there is nothing to mark.</summary>
    public static Marks? For(Value value) =>
        value.IsObject ? new(value.AsObject.Count) : value.IsList ? new(value.AsList.Length) : null;

    public Marks Fresh() => new(_seen.Length);
    public void Add(int index) => _seen[index] = true;
    public void AddAll() => Array.Fill(_seen, value: true);

    public void Add(Marks other)
    {
        for (var i = 0; i < _seen.Length; i++) _seen[i] |= other._seen[i];
    }
}
