using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>The format as JSON Schema (2020-12), for editors: made from the declarations that the binder checks against.</summary>
public static class FormatSchema
{
    private const string Url = "https://json-schema.org/draft/2020-12/schema";

    public static Value Generate(IReadOnlyDictionary<string, INodeType> types)
    {
        var ordered = types.Values.OrderBy(type => type.Name, StringComparer.Ordinal).ToList();
        var definitions = new ValueMap.Builder
        {
            ["id"] = Value.Of(ValueMap.Of(("type", "string"), ("pattern", "^[A-Za-z_][A-Za-z0-9_-]*$"), ("maxLength", 128))),
            ["schema"] = Value.Of(ValueMap.Of(("type", Value.OfTexts(["object", "boolean"])))),
            ["node"] = Node(ordered, isInPlace: false),
            ["inline_node"] = Node(ordered, isInPlace: true),
        };
        foreach (var type in ordered) definitions[$"node_{type.Name}"] = OneType(type);
        var file = Record(WorkflowFields.All.Where(field => field.NotSupportedYet is null));
        return Value.Of(ValueMap.Of([
            ("$schema", Url),
            ("title", "Hydra workflow"),
            .. file.Select(pair => (pair.Key, pair.Value)),
            ("$defs", Value.Of(definitions.Build())),
        ]));
    }

    /// <summary>A format that is one record, such as a configuration file.</summary>
    public static Value OfRecord(string title, IEnumerable<Field> fields)
    {
        var file = Record(fields.Where(field => field.NotSupportedYet is null));
        return Value.Of(ValueMap.Of([("$schema", Url), ("title", title), .. file.Select(pair => (pair.Key, pair.Value))]));
    }

    /// <summary>A node of any type: the type's own definition decides, by <c>type</c>.</summary>
    private static Value Node(IReadOnlyList<INodeType> types, bool isInPlace)
    {
        var branches = types.Select(type => Value.Of(ValueMap.Of(
            ("if", Value.Of(ValueMap.Of(
                ("properties", Value.Of(ValueMap.Of(("type", Value.Of(ValueMap.Of(("const", type.Name))))))),
                ("required", Value.OfTexts(["type"]))))),
            ("then", Reference($"node_{type.Name}")))));
        return Value.Of(ValueMap.Of(
            ("type", "object"),
            ("required", Value.OfTexts(isInPlace ? ["type"] : ["id", "type"])),
            ("properties", Value.Of(ValueMap.Of(("id", Reference("id")), ("type", Value.Of(ValueMap.Of(("enum", Value.OfTexts(types.Select(type => type.Name))))))))),
            ("allOf", Value.Of(branches))));
    }

    private static Value OneType(INodeType type)
    {
        var own = type.Fields.Select(field => field.Name).ToHashSet(StringComparer.Ordinal);
        var fields = type.Fields.Concat(CommonFields.All.Where(field => !own.Contains(field.Name))).Where(field => field.NotSupportedYet is null);
        var properties = new ValueMap.Builder
        {
            ["id"] = Described(Reference("id"), "The node's name in its scope, and its output's name in templates."),
            ["type"] = Described(Value.Of(ValueMap.Of(("const", type.Name))), type.Description),
            ["depends_on"] = Described(Value.Of(ValueMap.Of(("type", "array"), ("items", Reference("id")))), "Nodes that must be done before this one."),
        };
        foreach (var field in fields) properties[field.Name] = Described(Of(field.Shape), field.Description);
        var required = type.Fields.Where(field => field.IsRequired).Select(field => field.Name).ToList();
        var schema = ValueMap.Of(("description", type.Description), ("properties", Value.Of(properties.Build())), ("additionalProperties", false));
        return Value.Of(required.Count > 0 ? schema.With("required", Value.OfTexts(required)) : schema);
    }

    private static ValueMap Record(IEnumerable<Field> fields)
    {
        var all = fields.ToList();
        var properties = ValueMap.Of(all.Select(field => KeyValuePair.Create(field.Name, Described(Of(field.Shape), field.Description))));
        var schema = ValueMap.Of(("type", "object"), ("properties", Value.Of(properties)), ("additionalProperties", false));
        var required = all.Where(field => field.IsRequired).Select(field => field.Name).ToList();
        return required.Count > 0 ? schema.With("required", Value.OfTexts(required)) : schema;
    }

    private static Value Of(Shape shape) => shape switch
    {
        Shape.Text text => Value.Of(text.Pattern is null ? ValueMap.Of(("type", Scalars)) : ValueMap.Of(("type", "string"), ("pattern", $"^(?:{text.Pattern})$"))),
        Shape.Template or Shape.Expression => Value.Of(ValueMap.Of(("type", Value.OfTexts(["string", "number", "boolean"])))),
        Shape.ModelName => Value.Of(ValueMap.Of(("type", "string"))),
        Shape.Integer integer => Bounded("integer", integer.Min == long.MinValue ? (Value?)null : Value.Of(integer.Min), integer.Max == long.MaxValue ? (Value?)null : Value.Of(integer.Max)),
        Shape.Number number => Bounded("number", double.IsFinite(number.Min) ? Whole(number.Min) : (Value?)null, double.IsFinite(number.Max) ? Whole(number.Max) : (Value?)null),
        Shape.Boolean => Value.Of(ValueMap.Of(("type", "boolean"))),
        Shape.Choice choice => Value.Of(ValueMap.Of(("enum", Value.OfTexts(choice.Names)))),
        Shape.ListOf list => Value.Of(list.CountMax == int.MaxValue
            ? ValueMap.Of(("type", "array"), ("items", Of(list.Item)))
            : ValueMap.Of(("type", "array"), ("items", Of(list.Item)), ("maxItems", list.CountMax))),
        Shape.MapOf map => Value.Of(ValueMap.Of(("type", "object"), ("additionalProperties", Of(map.Item)))),
        Shape.Record record => Value.Of(Record(record.Fields.Where(field => field.NotSupportedYet is null))),
        Shape.OneOf oneOf => Value.Of(ValueMap.Of(("anyOf", Value.Of(oneOf.Alternatives.Select(Of))))),
        Shape.JsonSchema => Reference("schema"),
        Shape.Node { ImpliedType: { } type } => Reference($"node_{type}"),
        Shape.Node { ImpliedId: not null } => Reference("inline_node"),
        Shape.Node => Reference("node"),
        Shape.Nodes => Value.Of(ValueMap.Of(("type", "array"), ("minItems", 1), ("items", Reference("node")))),
        Shape.NodeReference => Reference("id"),
        _ => Value.EmptyObject,
    };

    private static Value Scalars { get; } = Value.OfTexts(["string", "number"]);

    private static Value Whole(double number) => number == Math.Floor(number) && Math.Abs(number) < 1e15 ? Value.Of((long)number) : Value.Of(number);

    private static Value Bounded(string type, Value? min, Value? max)
    {
        var schema = ValueMap.Of(("type", type));
        if (min is { } least) schema = schema.With("minimum", least);
        return Value.Of(max is { } most ? schema.With("maximum", most) : schema);
    }

    private static Value Reference(string definition) => Value.Of(ValueMap.Of(("$ref", $"#/$defs/{definition}")));

    private static Value Described(Value schema, string description) => Value.Of(schema.AsObject.With("description", description));
}
