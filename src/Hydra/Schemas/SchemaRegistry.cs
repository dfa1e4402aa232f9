using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>A schema resource: what one $id (or one whole document) names, with the anchors in it (core §4.3.5).</summary>
internal sealed class SchemaResource(string uri, Vocabularies vocabularies)
{
    public string Uri { get; } = uri;
    public UriReference Base { get; } = UriReference.Parse(uri);
    public Vocabularies Vocabularies { get; } = vocabularies;
    public Dictionary<string, SchemaPlace> Anchors { get; } = new(StringComparer.Ordinal);
    public HashSet<string> DynamicAnchors { get; } = new(StringComparer.Ordinal);
    /// <summary>The compiled targets of the dynamic anchors.</summary>
    public Dictionary<string, SchemaNode> DynamicNodes { get; } = new(StringComparer.Ordinal);
}

/// <summary>A text of its own: the schema given, the meta-schema, or what the resolver returned.</summary>
/// <param name="Prefix">Leads every location in it; empty for the schema given.</param>
internal sealed record SchemaDocument(string Prefix)
{
    /// <summary>The resource of every place that is known to be a schema, by pointer.</summary>
    public Dictionary<string, SchemaResource> Resources { get; } = new(StringComparer.Ordinal);
}

/// <summary>Where a schema stands, before it is compiled.</summary>
internal readonly record struct SchemaPlace(SchemaDocument Document, string Pointer, Value Schema, SchemaResource Resource)
{
    public string Location => Document.Prefix + Pointer;
}

/// <summary>Knows every resource and anchor, and follows references between them.</summary>
internal sealed class SchemaRegistry(JsonSchemaOptions options, List<SchemaWarning> warnings)
{
    private const int PlaceCountMax = 100_000, DepthMax = 1_000;

    private readonly Dictionary<string, SchemaPlace> _roots = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Vocabularies> _dialects = new(StringComparer.Ordinal) { [KeywordNames.Dialect] = Vocabularies.Standard };
    private int _places;

    public SchemaPlace AddRoot(Value schema) => Add(schema, uri: "", prefix: "");

    /// <summary>Follows a reference from a place (core §8.2.3).</summary>
    public SchemaPlace Follow(SchemaPlace from, string reference, string keyword)
    {
        var target = UriReference.Parse(reference).ResolveAgainst(from.Resource.Base);
        var root = Root(target.Document, from, keyword, reference);
        var fragment = target.Fragment is null ? "" : Decode(target.Fragment);
        if (fragment.Length == 0) return root;
        if (fragment[0] == '/') return Descend(root, fragment, from, keyword, reference);
        if (root.Resource.Anchors.TryGetValue(fragment, out var place)) return place;
        var meant = Spelling.Nearest(fragment, root.Resource.Anchors.Keys);
        throw Fail(from, keyword, $"'{reference}' names the anchor '{fragment}', which '{Named(target.Document)}' does not have.",
            meant is null ? "Add an $anchor of that name or write a JSON pointer such as '#/$defs/name'." : $"Did you mean '#{meant}'?");
    }

    private SchemaPlace Root(string uri, SchemaPlace from, string keyword, string reference)
    {
        if (_roots.TryGetValue(uri, out var known)) return known;
        if (uri == KeywordNames.Dialect) return Add(MetaSchema.Value, uri, uri + "#");
        if (options.Resolve?.Invoke(uri) is not { } schema)
        {
            throw Fail(from, keyword, $"'{reference}' leads to the document '{uri}', which is not known.",
                "Copy the definition into '$defs' and refer to it as '#/$defs/name', or give a resolver that knows the document.");
        }
        return Add(schema, uri, uri + "#");
    }

    private SchemaPlace Add(Value schema, string uri, string prefix)
    {
        var document = new SchemaDocument(prefix);
        var outer = new SchemaResource(uri, Vocabularies.Standard);
        Index(new(document, "", schema, outer), isRoot: true);
        var root = new SchemaPlace(document, "", schema, document.Resources[""]);
        _roots.TryAdd(uri, root);   // under the address it was found at, beside its own $id
        return root;
    }

    /// <summary>Notes the resources and anchors at a place and in all known subschemas below it.</summary>
    private void Index(SchemaPlace start, bool isRoot)
    {
        var waiting = new Stack<(SchemaPlace Place, int Depth)>();
        waiting.Push((start, 0));
        while (waiting.TryPop(out var next))
        {
            var (place, depth) = next;
            if (place.Document.Resources.ContainsKey(place.Pointer)) continue;
            if (++_places > PlaceCountMax) throw new JsonSchemaException(place.Location, $"the schema has more than {PlaceCountMax} subschemas.", "Split it.");
            if (depth > DepthMax) throw new JsonSchemaException(place.Location, $"the schema is nested deeper than {DepthMax}.", "Move parts of it to '$defs'.");
            place = Enter(place, isRoot && place.Pointer.Length == 0);
            place.Document.Resources[place.Pointer] = place.Resource;
            if (!place.Schema.IsObject) continue;
            NoteAnchors(place);
            foreach (var child in Children(place)) waiting.Push((child, depth + 1));
        }
    }

    /// <summary>The place in the resource that its own $id opens, if it has one.</summary>
    private SchemaPlace Enter(SchemaPlace place, bool isRoot)
    {
        var map = place.Schema.IsObject ? place.Schema.AsObject : ValueMap.Empty;
        var hasId = map.TryGetValue("$id", out var id);
        if (!hasId && !isRoot) return place;
        var uri = place.Resource.Uri;
        if (hasId)
        {
            var reference = UriReference.Parse(id.TextOrNull ?? throw Fail(place, "$id", $"must be text, got {Describe.Value(id)}.", "Write a URI."));
            if (!string.IsNullOrEmpty(reference.Fragment)) throw Fail(place, "$id", $"'{id.AsText}' has a fragment.", "Write the fragment as '$anchor'.");
            uri = reference.ResolveAgainst(place.Resource.Base).Document;
        }
        var entered = place with { Resource = new(uri, map.TryGetValue("$schema", out var dialect) ? DialectOf(place, dialect) : place.Resource.Vocabularies) };
        if (!_roots.TryAdd(uri, entered) && hasId && _roots[uri].Document == place.Document)
        {
            throw Fail(place, "$id", $"'{uri}' names two schemas.", "Give each its own $id.");
        }
        return entered;
    }

    private static void NoteAnchors(SchemaPlace place)
    {
        foreach (var keyword in new[] { "$anchor", "$dynamicAnchor" })
        {
            if (!place.Schema.AsObject.TryGetValue(keyword, out var name)) continue;
            if (name.TextOrNull is not { Length: > 0 } anchor || !IsAnchor(anchor))
            {
                throw Fail(place, keyword, $"must be a name, got {Describe.Value(name)}.", "Begin with a letter or '_', then letters, digits, '-', '.' or '_'.");
            }
            if (!place.Resource.Anchors.TryAdd(anchor, place) && place.Resource.Anchors[anchor].Pointer != place.Pointer)
            {
                throw Fail(place, keyword, $"the anchor '{anchor}' occurs twice.", "Rename one of them.");
            }
            if (keyword == "$dynamicAnchor") place.Resource.DynamicAnchors.Add(anchor);
        }
    }

    private static IEnumerable<SchemaPlace> Children(SchemaPlace place)
    {
        foreach (var (keyword, value) in place.Schema.AsObject)
        {
            var at = JsonPointer.Append(place.Pointer, keyword);
            if (KeywordNames.OneSchema.Contains(keyword)) yield return place with { Pointer = at, Schema = value };
            if (KeywordNames.ManySchemas.Contains(keyword) && value.IsList)
            {
                for (var i = 0; i < value.Items.Count; i++) yield return place with { Pointer = JsonPointer.Append(at, i), Schema = value.Items[i] };
            }
            if (!KeywordNames.NamedSchemas.Contains(keyword) || !value.IsObject) continue;
            foreach (var (name, child) in value.AsObject)
            {
                if (!child.IsList) yield return place with { Pointer = JsonPointer.Append(at, name), Schema = child };
            }
        }
    }

    /// <summary>Walks a JSON pointer from a resource; on the way other resources may be entered.</summary>
    private SchemaPlace Descend(SchemaPlace place, string fragment, SchemaPlace from, string keyword, string reference)
    {
        foreach (var token in fragment[1..].Split('/'))
        {
            var key = JsonPointer.Unescape(token);
            if (!JsonPointer.TryStep(place.Schema, key, out var next))
            {
                var meant = place.Schema.IsObject ? Spelling.Nearest(key, place.Schema.AsObject.Keys) : null;
                throw Fail(from, keyword, $"'{reference}' leads nowhere: {(place.Pointer.Length == 0 ? "the root" : $"'{place.Location}'")} has no '{Describe.Clip(key)}'.",
                    meant is null ? "Define it there or correct the reference." : $"Did you mean '{Describe.Clip(meant)}'?");
            }
            var pointer = JsonPointer.Append(place.Pointer, key);
            place = new(place.Document, pointer, next, place.Document.Resources.GetValueOrDefault(pointer) ?? place.Resource);
        }
        // A place under an unknown keyword becomes a schema by being referred to.
        Index(place, isRoot: false);
        return place with { Resource = place.Document.Resources[place.Pointer] };
    }

    private Vocabularies DialectOf(SchemaPlace place, Value schema)
    {
        var uri = (schema.TextOrNull ?? throw Fail(place, "$schema", $"must be text, got {Describe.Value(schema)}.", $"Write \"{KeywordNames.Dialect}\"."));
        var name = uri.EndsWith('#') ? uri[..^1] : uri;
        if (_dialects.TryGetValue(name, out var known)) return known;
        if (UriReference.Parse(name) is { Authority: "json-schema.org", Path: var path } && (path.StartsWith("/draft", StringComparison.Ordinal) || path == "/schema"))
        {
            warnings.Add(new(place.Location, $"'$schema' says {uri}; the schema is read as 2020-12."));
            return _dialects[name] = Vocabularies.Standard;
        }
        if (options.Resolve?.Invoke(name) is not { IsObject: true } meta)
        {
            throw Fail(place, "$schema", $"the dialect '{uri}' is not known.", $"Write \"{KeywordNames.Dialect}\" or give a resolver that knows its meta-schema.");
        }
        return _dialects[name] = meta.AsObject.TryGetValue("$vocabulary", out var used) ? Read(place, uri, used) : Vocabularies.Standard;
    }

    private Vocabularies Read(SchemaPlace place, string dialect, Value used)
    {
        var vocabularies = Vocabularies.Core;
        foreach (var (uri, isRequired) in used.IsObject ? used.AsObject : ValueMap.Empty)
        {
            if (KeywordNames.VocabularyOf(uri) is { } known) vocabularies |= known;
            else if (isRequired == Value.True) throw Fail(place, "$schema", $"the dialect '{dialect}' needs the vocabulary '{uri}', which is not supported.", "Use a dialect without it.");
            else warnings.Add(new(place.Location, $"the vocabulary '{uri}' of the dialect '{dialect}' is not known and is ignored."));
        }
        return vocabularies;
    }

    private static bool IsAnchor(string text)
    {
        if (!char.IsAsciiLetter(text[0]) && text[0] != '_') return false;
        return text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');
    }

    private static string Decode(string fragment) =>
        fragment.Contains('%', StringComparison.Ordinal) ? Uri.UnescapeDataString(fragment) : fragment;

    private static string Named(string uri) => uri.Length == 0 ? "this schema" : uri;

    private static JsonSchemaException Fail(SchemaPlace place, string keyword, string what, string mend) =>
        new($"{place.Location}/{keyword}", what, mend);
}
