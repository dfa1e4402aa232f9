using System.Collections.Frozen;
using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>Turns a schema into nodes. Used once.</summary>
/// <remarks>(1) index identifiers; (2) make every subschema a node, references too; (3) bind dynamic anchors; (4) refuse circles.</remarks>
internal sealed class SchemaCompiler
{
    private readonly JsonSchemaOptions _options;
    private readonly List<SchemaWarning> _warnings = [];
    private readonly SchemaRegistry _registry;
    private readonly Dictionary<string, SchemaNode> _nodes = new(StringComparer.Ordinal);
    private readonly Queue<(SchemaNode Node, SchemaPlace Place)> _waiting = new();
    private readonly HashSet<SchemaResource> _resources = [];
    private readonly Dictionary<string, EcmaRegex> _regexes = new(StringComparer.Ordinal);
    private bool _isDynamic;

    public SchemaCompiler(JsonSchemaOptions options)
    {
        options.Check();
        _options = options;
        _registry = new(options, _warnings);
    }

    public JsonSchemaOptions Options => _options;

    public JsonSchema Compile(Value schema)
    {
        var root = NodeAt(_registry.AddRoot(schema));                                     // (1)
        do
        {
            while (_waiting.TryDequeue(out var next))                                     // (2)
            {
                next.Node.Keywords = next.Node.Always is null ? new KeywordReader(this, next.Node, next.Place).Read() : [];
            }
            BindDynamicAnchors();                                                         // (3): may find further subschemas
        }
        while (_waiting.Count > 0);
        RefuseCircles();                                                                  // (4)
        return new(root, _nodes.ToFrozenDictionary(StringComparer.Ordinal), _isDynamic, _warnings.ToArray(), _options);
    }

    public SchemaNode NodeAt(SchemaPlace place)
    {
        if (_nodes.TryGetValue(place.Location, out var known)) return known;
        if (place.Schema.Kind is not (ValueKind.Object or ValueKind.Boolean))
        {
            throw new JsonSchemaException(place.Location, $"a schema must be an object, true or false, got {Describe.Value(place.Schema)}.",
                "Write a schema here, such as { \"type\": \"string\" }.");
        }
        var node = new SchemaNode(place.Location, place.Schema, place.Resource);
        _nodes[place.Location] = node;
        _resources.Add(place.Resource);
        _waiting.Enqueue((node, place));
        return node;
    }

    /// <summary>The subschema below a place; the resource is that of its own $id, if it has one.</summary>
    public SchemaNode Child(SchemaPlace parent, string pointer, Value schema) =>
        NodeAt(new(parent.Document, pointer, schema, parent.Document.Resources.GetValueOrDefault(pointer) ?? parent.Resource));

    public SchemaNode Follow(SchemaPlace from, string reference) => NodeAt(_registry.Follow(from, reference, "$ref"));

    /// <summary>The node a $dynamicRef leads to at first, and its anchor where the dynamic scope decides (core §8.2.3.2).</summary>
    public (SchemaNode Known, string? Anchor) FollowDynamic(SchemaPlace from, string reference)
    {
        var place = _registry.Follow(from, reference, "$dynamicRef");
        var anchor = UriReference.Parse(reference).Fragment;
        var isDynamic = !string.IsNullOrEmpty(anchor) && place.Resource.DynamicAnchors.Contains(anchor);
        _isDynamic |= isDynamic;
        return (NodeAt(place), isDynamic ? anchor : null);
    }

    public void Warn(string location, string message) => _warnings.Add(new(location, message));

    public EcmaRegex Regex(string pattern, string location)
    {
        if (_regexes.TryGetValue(pattern, out var known)) return known;
        try
        {
            return _regexes[pattern] = EcmaRegex.Parse(pattern, _options.RegexTimeout);
        }
        catch (ArgumentException wrong)   // the parser of .NET tells what it does not like
        {
            throw new JsonSchemaException(location, $"'{Describe.Clip(pattern)}' is not a regular expression: {wrong.Message}.", "Write it as ECMA-262 has it.", wrong);
        }
    }

    private void BindDynamicAnchors()
    {
        foreach (var resource in _resources.ToArray())
        {
            foreach (var anchor in resource.DynamicAnchors) resource.DynamicNodes[anchor] = NodeAt(resource.Anchors[anchor]);
        }
    }

    /// <summary>A schema that applies itself to the same value, however indirectly, would never end (core §9.4.1).</summary>
    private void RefuseCircles()
    {
        var isDone = new Dictionary<SchemaNode, bool>();
        var open = new Stack<(SchemaNode Node, IEnumerator<SchemaNode> Next)>();
        foreach (var start in _nodes.Values)
        {
            if (!isDone.TryAdd(start, value: false)) continue;
            open.Push((start, InPlace(start)));
            while (open.TryPeek(out var top))
            {
                if (!top.Next.MoveNext())
                {
                    isDone[top.Node] = true;
                    open.Pop();
                    continue;
                }
                var next = top.Next.Current;
                if (isDone.TryAdd(next, value: false)) open.Push((next, InPlace(next)));
                else if (!isDone[next])
                {
                    throw new JsonSchemaException(top.Node.Location, $"leads back to {(next.Location.Length == 0 ? "the root" : next.Location)} without going down into the value, so it would never end.",
                        "Put the reference below 'properties' or 'items', or remove it.");
                }
            }
        }
    }

    private static IEnumerator<SchemaNode> InPlace(SchemaNode node) => node.Keywords.SelectMany(keyword => keyword.InPlace).GetEnumerator();
}
