using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>All that is asked of a value at one place, with the choice between alternatives made.</summary>
internal sealed class SampleFacts
{
    private static readonly (string Name, SchemaTypes Type)[] Names =
    [
        ("string", SchemaTypes.String), ("integer", SchemaTypes.Integer), ("number", SchemaTypes.Number), ("boolean", SchemaTypes.Boolean),
        ("null", SchemaTypes.Null), ("object", SchemaTypes.Object), ("array", SchemaTypes.Array),
    ];

    /// <summary>Keywords that speak of one type, for schemas that do not name it.</summary>
    private static readonly (string Keyword, SchemaTypes Type)[] Hints =
    [
        ("properties", SchemaTypes.Object), ("required", SchemaTypes.Object), ("minProperties", SchemaTypes.Object), ("additionalProperties", SchemaTypes.Object),
        ("patternProperties", SchemaTypes.Object), ("items", SchemaTypes.Array), ("prefixItems", SchemaTypes.Array), ("contains", SchemaTypes.Array),
        ("minItems", SchemaTypes.Array), ("uniqueItems", SchemaTypes.Array), ("minLength", SchemaTypes.String), ("maxLength", SchemaTypes.String),
        ("pattern", SchemaTypes.String), ("format", SchemaTypes.String), ("minimum", SchemaTypes.Number), ("maximum", SchemaTypes.Number),
        ("exclusiveMinimum", SchemaTypes.Number), ("exclusiveMaximum", SchemaTypes.Number), ("multipleOf", SchemaTypes.Number),
    ];

    private readonly JsonSchema _schema;

    private SampleFacts(JsonSchema schema) => _schema = schema;

    /// <summary>Every schema that applies here; none of them boolean, but for one <c>true</c> standing alone.</summary>
    public List<SchemaNode> Nodes { get; } = [];
    public HashSet<string> Required { get; } = new(StringComparer.Ordinal);
    public List<string> Declared { get; } = [];
    /// <summary>The types to try, in order.</summary>
    public List<SchemaTypes> Types { get; private set; } = [];

    /// <summary>What const or enum leave.</summary>
    public IEnumerable<Value>? Fixed
    {
        get
        {
            foreach (var node in Nodes)
            {
                if (node.Source.AsObject.TryGetValue("const", out var only)) return [only];
            }
            return Nodes.Find(node => node.Source.AsObject.GetOrNull("enum").IsList)?.Source.AsObject["enum"].Items;
        }
    }

    /// <summary>What default and examples offer.</summary>
    public IEnumerable<Value> Suggested => Nodes.SelectMany(node => node.Source.AsObject.TryGetValue("default", out var usual) ? [usual] : Array.Empty<Value>())
        .Concat(Nodes.SelectMany(node => node.Source.AsObject.GetOrNull("examples") is { IsList: true } examples ? examples.Items : []));

    public string? Description => Nodes.Select(node => node.Source.AsObject.GetOrNull("description").TextOrNull).FirstOrDefault(text => text is not null);

    /// <summary>Gathers the facts, or null where a <c>false</c> forbids every value.</summary>
    /// <param name="choices">Which alternative to take at the n-th choice; the first where the list is too short.</param>
    /// <param name="alternatives">How many alternatives each choice met has.</param>
    public static SampleFacts? Read(JsonSchema schema, List<SchemaNode> start, List<int> choices, out List<int> alternatives)
    {
        var facts = new SampleFacts(schema);
        alternatives = [];
        var waiting = new Queue<SchemaNode>(start);
        var seen = new HashSet<SchemaNode>();
        while (true)
        {
            while (waiting.TryDequeue(out var node))
            {
                if (!seen.Add(node) || node.Always == true) continue;
                if (node.Always == false) return null;
                facts.Add(node, waiting, choices, alternatives);
            }
            facts.AddDependents(waiting);
            if (waiting.All(seen.Contains)) break;
        }
        facts.Types = facts.ReadTypes();
        return facts;
    }

    public SchemaNode? Child(SchemaNode node, string path) => _schema.Nodes.GetValueOrDefault($"{node.Location}/{path}");

    public IEnumerable<SchemaNode> Children(string keyword) => Nodes.Select(node => Child(node, keyword)).OfType<SchemaNode>();

    public IEnumerable<Value> All(string keyword) =>
        Nodes.Where(node => node.Source.AsObject.ContainsKey(keyword)).Select(node => node.Source.AsObject[keyword]);

    /// <summary>The greatest of the lower limits.</summary>
    public long LeastOf(string keyword) => Nodes.Select(node => CountOf(node, keyword) ?? 0).DefaultIfEmpty(0).Max();

    public static long? CountOf(SchemaNode node, string keyword) =>
        node.Source.AsObject.GetOrNull(keyword) is { IsNumeric: true } count ? (long)Math.Min(count.AsNumber, 1e18) : null;

    public static ValueMap MapOf(SchemaNode node, string keyword) =>
        node.Source.AsObject.GetOrNull(keyword) is { IsObject: true } map ? map.AsObject : ValueMap.Empty;

    private void Add(SchemaNode node, Queue<SchemaNode> waiting, List<int> choices, List<int> alternatives)
    {
        Nodes.Add(node);
        var map = node.Source.AsObject;
        if (map.GetOrNull("required") is { IsList: true } required) Required.UnionWith(required.Items.Select(name => name.TextOrNull).OfType<string>());
        Declared.AddRange(MapOf(node, "properties").Keys.Except(Declared, StringComparer.Ordinal).ToArray());
        if (node.Reference is not null) waiting.Enqueue(node.Reference);
        for (var i = 0; Child(node, $"allOf/{i}") is { } part; i++) waiting.Enqueue(part);
        foreach (var keyword in new[] { "anyOf", "oneOf" })
        {
            if (map.GetOrNull(keyword) is { IsList: true } forms) waiting.Enqueue(Child(node, $"{keyword}/{Choose(forms.AsList.Length)}")!);
        }
        if (Child(node, "if") is not { } condition || (!map.ContainsKey("then") && !map.ContainsKey("else"))) return;
        var holds = Choose(2) == 0;
        if (holds) waiting.Enqueue(condition);
        if (Child(node, holds ? "then" : "else") is { } branch) waiting.Enqueue(branch);

        int Choose(int count)
        {
            var taken = alternatives.Count < choices.Count ? Math.Min(choices[alternatives.Count], count - 1) : 0;
            alternatives.Add(count);
            return taken;
        }
    }

    /// <summary>What the required properties bring with them.</summary>
    private void AddDependents(Queue<SchemaNode> waiting)
    {
        for (var before = -1; before != Required.Count;)
        {
            before = Required.Count;
            foreach (var node in Nodes)
            {
                foreach (var keyword in new[] { "dependentRequired", "dependencies" })
                {
                    foreach (var (name, needs) in MapOf(node, keyword))
                    {
                        if (needs.IsList && Required.Contains(name)) Required.UnionWith(needs.Items.Select(need => need.TextOrNull).OfType<string>());
                    }
                }
            }
        }
        foreach (var node in Nodes)
        {
            foreach (var name in Required)
            {
                if (Child(node, "dependentSchemas/" + JsonPointer.Escape(name)) is { } child) waiting.Enqueue(child);
                if (Child(node, "dependencies/" + JsonPointer.Escape(name)) is { } old) waiting.Enqueue(old);
            }
        }
    }

    private List<SchemaTypes> ReadTypes()
    {
        List<SchemaTypes>? types = null;
        foreach (var type in All("type"))
        {
            var named = (type.IsList ? type.Items : [type]).Select(item => Array.Find(Names, pair => pair.Name == item.TextOrNull).Type).ToList();
            // Where one schema says number and another integer, integer fits both.
            types = types is null ? named : [.. types.Select(known => Common(known, named)).Where(known => known != SchemaTypes.None)];
        }
        if (types is not null) return types;
        return [.. Hints.Where(hint => Nodes.Exists(node => node.Source.AsObject.ContainsKey(hint.Keyword))).Select(hint => hint.Type)
            .Concat(Names.Select(pair => pair.Type)).Distinct()];
    }

    private static SchemaTypes Common(SchemaTypes type, List<SchemaTypes> others)
    {
        if (others.Contains(type) || (type == SchemaTypes.Integer && others.Contains(SchemaTypes.Number))) return type;
        return type == SchemaTypes.Number && others.Contains(SchemaTypes.Integer) ? SchemaTypes.Integer : SchemaTypes.None;
    }
}
