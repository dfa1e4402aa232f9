using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Tests.Schemas;

public sealed class JsonSchemaTests
{
    [Theory]
    [InlineData("""{ "properties": { "items": { "items": { "properties": { "price": { "type": "number" } } } } } }""", """{ "items": [{}, {}, { "price": "12 EUR" }] }""",
        "/items/2/price: expected a number, got text \"12 EUR\"")]
    [InlineData("""{ "type": "integer" }""", "1.5", "the value: expected a whole number, got the number 1.5 (it has a fraction)")]
    [InlineData("""{ "type": ["string", "null"] }""", "[1, 2]", "the value: expected text or null, got a list of 2 items")]
    [InlineData("""{ "const": "x" }""", "{}", "the value: must be exactly \"x\", got an empty object")]
    [InlineData("""{ "enum": ["north", "south"] }""", "\"nroth\"", "the value: must be one of \"north\", \"south\", got text \"nroth\". Did you mean \"north\"?")]
    [InlineData("""{ "required": ["summary"] }""", """{ "title": 1 }""", "the value: the required property 'summary' is missing; the object has 'title'")]
    [InlineData("""{ "properties": { "summary": {} }, "additionalProperties": false }""", """{ "sumary": 1 }""", "/sumary: this property is not allowed here. Did you mean 'summary'?")]
    [InlineData("""{ "properties": { "b": {}, "a": {} }, "additionalProperties": false }""", """{ "zzz": 1 }""", "/zzz: this property is not allowed here. Allowed: 'a', 'b'")]
    [InlineData("""{ "maximum": 10 }""", "11", "the value: must be at most 10, got 11")]
    [InlineData("""{ "exclusiveMinimum": 0 }""", "0.0", "the value: must be more than 0, got 0.0")]
    [InlineData("""{ "multipleOf": 0.1 }""", "0.25", "the value: must be a multiple of 0.1, got 0.25")]
    [InlineData("""{ "maxLength": 1 }""", "\"ab\"", "the value: text must have at most 1 character, got 2: \"ab\"")]
    [InlineData("""{ "pattern": "^a" }""", "\"b\"", "the value: text must match the pattern ^a, got \"b\"")]
    [InlineData("""{ "minItems": 2 }""", "[0]", "the value: the list must have at least 2 items, got 1")]
    [InlineData("""{ "uniqueItems": true }""", "[1, 2, 1.0]", "the value: items must differ, but items 0 and 2 are both 1.0")]
    [InlineData("""{ "contains": { "type": "string" } }""", "[1]", "the value: the list must have at least 1 item that fit /contains, got 0")]
    [InlineData("""{ "propertyNames": { "pattern": "^[a-z]+$" } }""", """{ "A/b": 1 }""", "/A~1b: the name of this property is not allowed: text must match the pattern ^[a-z]+$, got \"A/b\"")]
    [InlineData("""{ "dependentRequired": { "card": ["address"] } }""", """{ "card": 1 }""", "the value: the property 'address' is missing; it is required where 'card' is given")]
    [InlineData("""{ "anyOf": [{ "type": "string" }, { "type": "object", "properties": { "n": { "type": "integer" } } }] }""", """{ "n": "x" }""",
        "the value: fits none of the 2 allowed forms; nearest is form 2: /n: expected a whole number, got text \"x\"")]
    [InlineData("""{ "oneOf": [{ "minimum": 1 }, { "minimum": 2 }, { "type": "string" }] }""", "3", "the value: fits both form 1 and form 2 of 3 (/oneOf/0, /oneOf/1), but must fit exactly one")]
    [InlineData("""{ "not": { "type": "null" } }""", "null", "the value: must not be what /not describes, got null")]
    [InlineData("""{ "unevaluatedProperties": false, "allOf": [{ "properties": { "a": {} } }] }""", """{ "a": 1, "b": 2 }""", "/b: this property is not allowed here; no part of the schema that applies knows it. Leave it out")]
    [InlineData("""{ "properties": { "a": false } }""", """{ "a": 1 }""", "/a: this property is not allowed here. Leave it out")]
    public void A_problem_says_where_and_what(string schema, string instance, string message)
    {
        var problem = Assert.Single(JsonSchema.Compile(Value.ParseJson(schema)).Validate(Value.ParseJson(instance)));

        Assert.Equal(message, problem.Message);
    }

    [Fact]
    public void A_problem_carries_both_pointers_and_the_keyword()
    {
        var schema = JsonSchema.Compile(Value.ParseJson("""{ "properties": { "a/b": { "$ref": "#/$defs/n" } }, "$defs": { "n": { "minimum": 3 } } }"""));

        var problem = Assert.Single(schema.Validate(Value.ParseJson("""{ "a/b": 2 }""")));

        Assert.Equal(("/a~1b", "/$defs/n/minimum", "minimum"), (problem.InstancePointer, problem.SchemaPointer, problem.Keyword));
    }

    [Fact]
    public void Every_problem_is_reported_up_to_the_cap()
    {
        var schema = Value.ParseJson("""{ "items": { "type": "string" } }""");
        var instance = Value.Of(Enumerable.Range(0, 1000).Select(i => Value.Of(i)));

        Assert.Equal(50, JsonSchema.Compile(schema).Validate(instance).Count);
        Assert.Equal(3, JsonSchema.Compile(schema, new() { ProblemCountMax = 3 }).Validate(instance).Count);
    }

    [Theory]
    [InlineData("""{ "type": "strng" }""", "/type", "\"strng\" is not a type")]
    [InlineData("""{ "properties": { "a": { "required": true } } }""", "/properties/a/required", "must be a list of property names, got true. Write \"required\": [\"name\"]")]
    [InlineData("""{ "properties": { "a": 3 } }""", "/properties/a", "a schema must be an object, true or false, got the number 3")]
    [InlineData("""{ "$ref": "#/$defs/persn", "$defs": { "person": {} } }""", "/$ref", "'/$defs' has no 'persn'. Did you mean 'person'?")]
    [InlineData("""{ "$ref": "https://example.com/other.json" }""", "/$ref", "leads to the document 'https://example.com/other.json', which is not known. Copy the definition into '$defs'")]
    [InlineData("""{ "$ref": "#nme", "$defs": { "a": { "$anchor": "name" } } }""", "/$ref", "Did you mean '#name'?")]
    [InlineData("""{ "pattern": "(" }""", "/pattern", "'(' is not a regular expression")]
    [InlineData("""{ "patternProperties": { "[": {} } }""", "/patternProperties/[", "is not a regular expression")]
    [InlineData("""{ "items": [{}] }""", "/items", "Write the list as 'prefixItems'")]
    [InlineData("""{ "minimum": "3" }""", "/minimum", "must be a number, got text \"3\". Write it without quotes.")]
    [InlineData("""{ "exclusiveMinimum": true }""", "/exclusiveMinimum", "Draft 4 wrote true")]
    [InlineData("""{ "maxLength": -1 }""", "/maxLength", "must be a whole number from 0 on")]
    [InlineData("""{ "multipleOf": 0 }""", "/multipleOf", "must be more than 0")]
    [InlineData("""{ "anyOf": [] }""", "/anyOf", "must not be empty")]
    [InlineData("""{ "$recursiveRef": "#" }""", "/$recursiveRef", "Write '$dynamicRef'")]
    [InlineData("""{ "$schema": "https://example.com/dialect" }""", "/$schema", "the dialect 'https://example.com/dialect' is not known")]
    [InlineData("""{ "$id": "a#b" }""", "/$id", "Write the fragment as '$anchor'")]
    [InlineData("""{ "$ref": "#" }""", "", "leads back to the root")]
    [InlineData("""{ "$ref": "#/$defs/a", "$defs": { "a": { "anyOf": [{ "type": "null" }, { "$ref": "#/$defs/b" }] }, "b": { "allOf": [{ "$ref": "#/$defs/a" }] } } }""", "/$defs/b/allOf/0", "would never end")]
    [InlineData("3", "", "a schema must be an object, true or false, got the number 3")]
    [InlineData("""{ "title": 3 }""", "/title", "must be text, got the number 3")]
    [InlineData("""{ "$defs": { "a": { "$id": "x" }, "b": { "$id": "x" } } }""", "/$id", "'x' names two schemas")]
    public void A_bad_schema_is_refused_with_place_and_mend(string schema, string pointer, string message)
    {
        var refused = Assert.Throws<JsonSchemaException>(() => JsonSchema.Compile(Value.ParseJson(schema)));

        Assert.EndsWith(pointer, refused.SchemaPointer);
        Assert.Contains(message, refused.Message);
    }

    [Fact]
    public void A_vocabulary_that_is_required_and_not_known_is_refused()
    {
        var meta = Value.ParseJson("""{ "$vocabulary": { "https://example.com/units": true } }""");
        var options = new JsonSchemaOptions { Resolve = _ => meta };

        var refused = Assert.Throws<JsonSchemaException>(() => JsonSchema.Compile(Value.ParseJson("""{ "$schema": "https://example.com/dialect" }"""), options));

        Assert.Contains("needs the vocabulary 'https://example.com/units'", refused.Message);
    }

    [Theory]
    [InlineData("""{ "requried": ["a"] }""", "'requried' is not a keyword and is ignored. Did you mean 'required'?")]
    [InlineData("""{ "propertes": {} }""", "Did you mean 'properties'?")]
    [InlineData("""{ "type": "string", "nullable": true }""", "Add \"null\" to 'type'")]
    [InlineData("""{ "$schema": "http://json-schema.org/draft-07/schema#" }""", "the schema is read as 2020-12")]
    public void What_is_hardly_meant_gives_a_warning(string schema, string message) =>
        Assert.Contains(message, Assert.Single(JsonSchema.Compile(Value.ParseJson(schema)).Warnings).Message);

    [Fact]
    public void A_keyword_of_ones_own_gives_no_warning() =>
        Assert.Empty(JsonSchema.Compile(Value.ParseJson("""{ "x-order": 1, "color": "red", "title": "t", "unit": "m" }""")).Warnings);

    [Fact]
    public void Formats_refuse_only_where_the_option_says_so()
    {
        var schema = Value.ParseJson("""{ "format": "email" }""");

        Assert.True(JsonSchema.Compile(schema).IsValid("nobody"));
        var problem = Assert.Single(JsonSchema.Compile(schema, new() { AssertFormats = true }).Validate("nobody"));
        Assert.Equal("the value: must have the format email, such as \"a@example.com\", got text \"nobody\"", problem.Message);
    }

    [Theory]
    [InlineData("9007199254740993", "9007199254740992.0", false)]
    [InlineData("1.0", "1", true)]
    [InlineData("-0.0", "0", true)]
    public void Numbers_are_equal_by_exact_value(string wanted, string instance, bool isSame) =>
        Assert.Equal(isSame, JsonSchema.Compile(Value.Of(ValueMap.Of(("const", Value.ParseJson(wanted))))).IsValid(Value.ParseJson(instance)));

    [Theory]
    [InlineData("9223372036854775807", "9223372036854775806", true)]
    [InlineData("9223372036854775807", "9223372036854775808.0", false)]
    [InlineData("9223372036854775808.0", "9223372036854775807", true)]
    [InlineData("9007199254740992.0", "9007199254740993", false)]
    [InlineData("-0.5", "-1", true)]
    public void Limits_hold_exactly_beyond_53_bits(string limit, string instance, bool isBelow) =>
        Assert.Equal(isBelow, JsonSchema.Compile(Value.Of(ValueMap.Of(("exclusiveMaximum", Value.ParseJson(limit))))).IsValid(Value.ParseJson(instance)));

    [Theory]
    [InlineData("0.1", "0.3", true)]
    [InlineData("0.01", "19.99", true)]
    [InlineData("0.01", "19.995", false)]
    [InlineData("3", "9223372036854775807", false)]
    [InlineData("7", "9223372036854775807", true)]
    [InlineData("1e-300", "1e300", true)]
    public void Multiples_are_exact(string divisor, string instance, bool isMultiple) =>
        Assert.Equal(isMultiple, JsonSchema.Compile(Value.Of(ValueMap.Of(("multipleOf", Value.ParseJson(divisor))))).IsValid(Value.ParseJson(instance)));

    [Theory]
    [InlineData("^.{1,2}$", "🐲🐉", true)]
    [InlineData("^.$", "🐲🐉", false)]
    [InlineData("^[🐉-🐲]$", "🐰", true)]
    [InlineData("^[^🐲]$", "🐲", false)]
    [InlineData("^[^🐲]$", "🐉", true)]
    [InlineData("^[\\w-]+$", "a-b_1", true)]
    [InlineData("^[\\d\\-]+$", "1-2", true)]
    [InlineData("^[^\\s]+$", "a\u00a0b", false)]
    [InlineData("^\\u{1F432}$", "🐲", true)]
    [InlineData("^(?<q>['\"]).*\\k<q>$", "'x'", true)]
    [InlineData("^(?!no).*$", "nope", false)]
    [InlineData("^\\S+@\\S+\\.\\S+$", "a@b.c", true)]
    [InlineData("a$", "a\n", false)]
    public void Patterns_mean_what_they_mean_in_ECMA_262(string pattern, string text, bool isMatch) =>
        Assert.Equal(isMatch, JsonSchema.Compile(Value.Of(ValueMap.Of(("pattern", pattern)))).IsValid(text));

    [Fact]
    public void One_schema_serves_many_threads()
    {
        var schema = JsonSchema.Compile(Value.ParseJson("""{ "$dynamicAnchor": "n", "properties": { "c": { "items": { "$dynamicRef": "#n" } }, "v": { "pattern": "^[a-z]+$" } }, "unevaluatedProperties": false }"""));
        var good = Value.ParseJson("""{ "c": [{ "v": "a" }, { "c": [{ "v": "b" }] }] }""");
        var bad = Value.ParseJson("""{ "c": [{ "v": "a" }, { "c": [{ "w": "b" }] }] }""");

        Parallel.For(0, 2_000, i => Assert.Equal(i % 2 == 0, schema.Validate(i % 2 == 0 ? good : bad).Count == 0));
    }
}
