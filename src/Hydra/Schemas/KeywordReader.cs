using System.Collections.Frozen;
using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>Reads the keywords of one subschema in the order in which they are evaluated.</summary>
internal sealed class KeywordReader(SchemaCompiler compiler, SchemaNode node, SchemaPlace place)
{
    private static readonly string[] Bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
    private static readonly string[] Lengths = ["minLength", "maxLength"];
    private static readonly string[] Counts = ["minItems", "maxItems", "minProperties", "maxProperties"];

    private readonly ValueMap _map = place.Schema.AsObject;
    private readonly List<Keyword> _keywords = [];

    public Keyword[] Read()
    {
        CheckNames();
        var used = place.Resource.Vocabularies;
        if (used.HasFlag(Vocabularies.Validation)) ReadValidation();
        if (used.HasFlag(Vocabularies.FormatAssertion) || compiler.Options.AssertFormats) ReadFormat();
        if (used.HasFlag(Vocabularies.Applicator)) ReadStructure(used.HasFlag(Vocabularies.Validation));
        ReadReferences();
        if (used.HasFlag(Vocabularies.Applicator)) ReadLogic();
        if (used.HasFlag(Vocabularies.Unevaluated)) ReadUnevaluated();
        return [.. _keywords];
    }

    private void CheckNames()
    {
        foreach (var (name, value) in _map.Pairs)
        {
            if (KeywordNames.Refused.TryGetValue(name, out var mend)) throw Fail(name, $"'{name}' is of another draft and not supported.", mend);
            if (KeywordNames.Foreign.TryGetValue(name, out var message)) compiler.Warn(node.Location, message);
            else if (!KeywordNames.All.Contains(name) && Spelling.Nearest(name, KeywordNames.All) is { } meant)
            {
                compiler.Warn(node.Location, $"'{name}' is not a keyword and is ignored. Did you mean '{meant}'?");
            }
            if (name is "$comment" or "title" or "description" or "pattern" or "format" or "$schema" && !value.IsText) throw WrongType(name, value, "text", "Put it in quotes.");
        }
        foreach (var name in new[] { "$defs", "definitions" }) ReadNamed(name);
    }

    private void ReadValidation()
    {
        if (_map.TryGetValue("type", out var type)) _keywords.Add(new TypeKeyword(node, ReadTypes(type)));
        if (_map.TryGetValue("const", out var wanted)) _keywords.Add(new ConstKeyword(node, wanted));
        if (_map.TryGetValue("enum", out var allowed))
        {
            if (!allowed.IsList) throw WrongType("enum", allowed, "a list of values", "Write [\"a\", \"b\"].");
            _keywords.Add(new EnumKeyword(node, allowed.AsList.ToArray()));
        }
        foreach (var name in Bounds)
        {
            if (ReadNumber(name) is { } limit) _keywords.Add(new BoundKeyword(node, name, limit));
        }
        if (ReadNumber("multipleOf") is { } divisor)
        {
            if (divisor.AsNumber <= 0) throw Fail("multipleOf", $"must be more than 0, got {divisor.ToJson()}.", "Write a positive number.");
            _keywords.Add(new MultipleOfKeyword(node, divisor));
        }
        foreach (var name in Lengths)
        {
            if (ReadCount(name) is { } limit) _keywords.Add(new LengthKeyword(node, name, limit));
        }
        if (_map.TryGetValue("pattern", out var pattern)) _keywords.Add(new PatternKeyword(node, compiler.Regex(pattern.AsText, At("pattern"))));
        foreach (var name in Counts)
        {
            if (ReadCount(name) is { } limit) _keywords.Add(new CountKeyword(node, name, limit));
        }
        if (_map.TryGetValue("required", out var required)) _keywords.Add(new RequiredKeyword(node, ReadTexts("required", required)));
        ReadDependentRequired();
        if (_map.TryGetValue("uniqueItems", out var unique))
        {
            if (unique.Kind != ValueKind.Boolean) throw WrongType("uniqueItems", unique, "true or false", "Write true.");
            if (unique.AsBoolean) _keywords.Add(new UniqueItemsKeyword(node));
        }
    }

    private void ReadFormat()
    {
        if (!_map.TryGetValue("format", out var format)) return;
        if (Formats.Find(format.AsText) is { } known) _keywords.Add(new FormatKeyword(node, format.AsText, known.IsValid, known.Example));
        else compiler.Warn(node.Location, $"the format '{Describe.Clip(format.AsText)}' is not checked.");
    }

    private void ReadStructure(bool hasValidation)
    {
        var named = ReadNamed("properties");
        var patterns = ReadNamed("patternProperties") ?? [];
        var additional = ReadOne("additionalProperties");
        if (named is not null || patterns.Count > 0 || additional is not null)
        {
            _keywords.Add(new PropertiesKeyword(node, named is { Count: > 0 } ? named.ToFrozenDictionary(StringComparer.Ordinal) : null,
                [.. patterns.Select(pair => (compiler.Regex(pair.Key, JsonPointer.Append(At("patternProperties"), pair.Key)), pair.Value))], additional));
        }
        if (ReadOne("propertyNames") is { } names) _keywords.Add(new PropertyNamesKeyword(node, names));
        var prefix = ReadMany("prefixItems");
        if (_map.GetOrNull("items").IsList) throw Fail("items", "must be one schema; a list of schemas is of older drafts.", "Write the list as 'prefixItems'.");
        var items = ReadOne("items");
        if (prefix is not null || items is not null) _keywords.Add(new ItemsKeyword(node, prefix ?? [], items));
        var min = hasValidation ? ReadCount("minContains") : null;
        var max = hasValidation ? ReadCount("maxContains") : null;
        if (ReadOne("contains") is { } contained) _keywords.Add(new ContainsKeyword(node, contained, min ?? 1, max));
    }

    private void ReadReferences()
    {
        if (_map.TryGetValue("$ref", out var reference))
        {
            node.Reference = compiler.Follow(place, reference.TextOrNull ?? throw WrongType("$ref", reference, "text", "Write '#/$defs/name'."));
            _keywords.Add(new RefKeyword(node, "$ref", node.Reference));
        }
        if (!_map.TryGetValue("$dynamicRef", out var dynamic)) return;
        var (known, anchor) = compiler.FollowDynamic(place, dynamic.TextOrNull ?? throw WrongType("$dynamicRef", dynamic, "text", "Write '#name'."));
        node.Reference ??= known;
        _keywords.Add(anchor is null ? new RefKeyword(node, "$dynamicRef", known) : new DynamicRefKeyword(node, anchor, known));
    }

    private void ReadLogic()
    {
        if (ReadMany("allOf") is { } all) _keywords.Add(new AllOfKeyword(node, all));
        if (ReadMany("anyOf") is { } any) _keywords.Add(new ChoiceKeyword(node, "anyOf", any));
        if (ReadMany("oneOf") is { } one) _keywords.Add(new ChoiceKeyword(node, "oneOf", one));
        if (ReadOne("not") is { } not) _keywords.Add(new NotKeyword(node, not));
        var (then, otherwise) = (ReadOne("then"), ReadOne("else"));
        if (ReadOne("if") is { } condition) _keywords.Add(new IfKeyword(node, condition, then, otherwise));
        if (ReadNamed("dependentSchemas") is { } dependent) _keywords.Add(new DependentSchemasKeyword(node, "dependentSchemas", Rules(dependent)));
        ReadDependencies();
    }

    private void ReadUnevaluated()
    {
        var (properties, items) = (ReadOne("unevaluatedProperties"), ReadOne("unevaluatedItems"));
        node.KeepsMarks = properties is not null || items is not null;
        if (properties is not null) _keywords.Add(new UnevaluatedPropertiesKeyword(node, properties));
        if (items is not null) _keywords.Add(new UnevaluatedItemsKeyword(node, items));
    }

    private SchemaTypes ReadTypes(Value type)
    {
        if (!type.IsText && !type.IsList) throw WrongType("type", type, "text or a list of texts", "Write \"string\" or [\"string\", \"null\"].");
        if (type.IsText) return ReadType(type);
        var types = SchemaTypes.None;
        foreach (var item in type.AsList) types |= ReadType(item);
        return types;
    }

    private SchemaTypes ReadType(Value type) => type.TextOrNull switch
    {
        "null" => SchemaTypes.Null,
        "boolean" => SchemaTypes.Boolean,
        "integer" => SchemaTypes.Integer,
        "number" => SchemaTypes.Number,
        "string" => SchemaTypes.String,
        "array" => SchemaTypes.Array,
        "object" => SchemaTypes.Object,
        _ => throw Fail("type", $"{Describe.Literal(type)} is not a type.", "Write one of null, boolean, integer, number, string, array, object."),
    };

    private void ReadDependentRequired()
    {
        if (!_map.TryGetValue("dependentRequired", out var rules)) return;
        if (!rules.IsObject) throw WrongType("dependentRequired", rules, "an object of lists", "Write { \"name\": [\"other\"] }.");
        _keywords.Add(new DependentRequiredKeyword(node, "dependentRequired",
            [.. rules.AsObject.Select(rule => (rule.Key, ReadTexts($"dependentRequired/{JsonPointer.Escape(rule.Key)}", rule.Value)))]));
    }

    /// <summary>dependencies of draft 7: dependentRequired and dependentSchemas in one (core appendix on changes).</summary>
    private void ReadDependencies()
    {
        if (!_map.TryGetValue("dependencies", out var rules)) return;
        if (!rules.IsObject) throw WrongType("dependencies", rules, "an object", "Write 'dependentRequired' or 'dependentSchemas'.");
        _keywords.Add(new DependentRequiredKeyword(node, "dependencies", [.. rules.AsObject.Where(rule => rule.Value.IsList)
            .Select(rule => (rule.Key, ReadTexts($"dependencies/{JsonPointer.Escape(rule.Key)}", rule.Value)))]));
        _keywords.Add(new DependentSchemasKeyword(node, "dependencies", [.. rules.AsObject.Where(rule => !rule.Value.IsList)
            .Select(rule => (rule.Key, compiler.Child(place, JsonPointer.Append(place.Pointer + "/dependencies", rule.Key), rule.Value)))]));
    }

    private SchemaNode? ReadOne(string name) =>
        _map.TryGetValue(name, out var schema) ? compiler.Child(place, $"{place.Pointer}/{name}", schema) : null;

    private SchemaNode[]? ReadMany(string name)
    {
        if (!_map.TryGetValue(name, out var schemas)) return null;
        if (!schemas.IsList) throw WrongType(name, schemas, "a list of schemas", "Put the schema in brackets.");
        if (schemas.AsList.Length == 0) throw Fail(name, "must not be empty.", "Write at least one schema or leave it out.");
        return [.. schemas.Items.Select((schema, i) => compiler.Child(place, JsonPointer.Append($"{place.Pointer}/{name}", i), schema))];
    }

    private Dictionary<string, SchemaNode>? ReadNamed(string name)
    {
        if (!_map.TryGetValue(name, out var schemas)) return null;
        if (!schemas.IsObject) throw WrongType(name, schemas, "an object of schemas", "Write { \"name\": { … } }.");
        return schemas.AsObject.ToDictionary(pair => pair.Key,
            pair => compiler.Child(place, JsonPointer.Append($"{place.Pointer}/{name}", pair.Key), pair.Value), StringComparer.Ordinal);
    }

    private Value? ReadNumber(string name)
    {
        if (!_map.TryGetValue(name, out var number)) return null;
        if (number.IsNumeric && double.IsFinite(number.AsNumber)) return number;
        throw WrongType(name, number, "a number", number.Kind == ValueKind.Boolean ? $"Draft 4 wrote true beside a limit; write the limit itself as '{name}'." : "Write it without quotes.");
    }

    private long? ReadCount(string name)
    {
        if (!_map.TryGetValue(name, out var count)) return null;
        if (!count.IsNumeric || !ExactNumber.IsWhole(count) || count.AsNumber < 0) throw WrongType(name, count, "a whole number from 0 on", "Write it without quotes and fraction.");
        return count.Kind == ValueKind.Integer ? count.AsInteger : (long)Math.Min(count.AsNumber, 1e18);
    }

    private string[] ReadTexts(string name, Value texts)
    {
        if (texts.IsList && texts.Items.All(item => item.IsText)) return [.. texts.Items.Select(item => item.AsText).Distinct(StringComparer.Ordinal)];
        throw WrongType(name, texts, "a list of property names", name == "required" ? "Write \"required\": [\"name\"] beside 'properties'." : "Write [\"name\"].");
    }

    private static (string, SchemaNode)[] Rules(Dictionary<string, SchemaNode> rules) => [.. rules.Select(rule => (rule.Key, rule.Value))];

    private string At(string name) => $"{node.Location}/{name}";
    private JsonSchemaException WrongType(string name, Value value, string wanted, string mend) => Fail(name, $"must be {wanted}, got {Describe.Value(value)}.", mend);
    private JsonSchemaException Fail(string name, string what, string mend) => new(At(name), what, mend);
}
