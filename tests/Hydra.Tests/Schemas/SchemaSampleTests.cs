using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Tests.Schemas;

public sealed class SchemaSampleTests
{
    [Theory]
    [InlineData("""{ "const": [1, "a"] }""", """[1,"a"]""")]
    [InlineData("""{ "enum": ["red", "green"], "not": { "const": "red" } }""", "\"green\"")]
    [InlineData("""{ "type": "string" }""", "\"\"")]
    [InlineData("""{ "type": "string", "minLength": 3 }""", "\"aaa\"")]
    [InlineData("""{ "type": "string", "default": "usual" }""", "\"usual\"")]
    [InlineData("""{ "type": "string", "minLength": 4, "default": "bad", "examples": ["short", "longer"] }""", "\"short\"")]
    [InlineData("""{ "type": "string", "format": "date" }""", "\"2000-01-31\"")]
    [InlineData("""{ "type": "string", "pattern": "^[A-Z]{3}-\\d+$" }""", "\"AAA-0\"")]
    [InlineData("""{ "type": "string", "pattern": "^(cat|dog)s?$", "minLength": 4 }""", "\"cats\"")]
    [InlineData("""{ "type": "string", "pattern": "x", "minLength": 3 }""", "\"xaa\"")]
    [InlineData("""{ "type": "integer", "minimum": 7, "multipleOf": 5 }""", "10")]
    [InlineData("""{ "type": "integer", "exclusiveMinimum": 1, "maximum": 2 }""", "2")]
    [InlineData("""{ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }""", "0.5")]
    [InlineData("""{ "type": "number", "maximum": -0.25, "multipleOf": 0.1 }""", "-0.3")]
    [InlineData("""{ "type": ["integer", "null"], "minimum": 3 }""", "3")]
    [InlineData("""{ "type": "boolean" }""", "false")]
    [InlineData("""{ "type": "array", "items": { "type": "integer" }, "minItems": 2 }""", "[0,0]")]
    [InlineData("""{ "type": "array", "items": { "type": "integer" }, "minItems": 3, "uniqueItems": true }""", "[0,1,-1]")]
    [InlineData("""{ "type": "array", "items": { "enum": ["a", "b"] }, "minItems": 2, "uniqueItems": true }""", """["a","b"]""")]
    [InlineData("""{ "prefixItems": [{ "const": 1 }, { "type": "string" }], "minItems": 2 }""", """[1,""]""")]
    [InlineData("""{ "type": "array", "contains": { "const": "x" }, "minContains": 2 }""", """["x","x"]""")]
    [InlineData("""{ "type": "object", "properties": { "b": { "type": "string" }, "a": { "type": "integer" }, "c": {} }, "required": ["a", "b"] }""", """{"b":"","a":0}""")]
    [InlineData("""{ "type": "object", "minProperties": 2, "properties": { "a": { "const": 1 } } }""", """{"a":1,"property1":""}""")]
    [InlineData("""{ "required": ["a"], "dependentRequired": { "a": ["b"] }, "additionalProperties": { "type": "null" } }""", """{"a":null,"b":null}""")]
    [InlineData("""{ "$ref": "#/$defs/p", "$defs": { "p": { "type": "object", "required": ["x"], "properties": { "x": { "$ref": "#/$defs/q" } } }, "q": { "const": 5 } } }""", """{"x":5}""")]
    [InlineData("""{ "allOf": [{ "required": ["a"] }, { "properties": { "a": { "minimum": 2 } } }], "properties": { "a": { "type": "integer" } } }""", """{"a":2}""")]
    [InlineData("""{ "anyOf": [{ "type": "string", "minLength": 1 }, { "type": "null" }] }""", "\"a\"")]
    [InlineData("""{ "anyOf": [{ "$ref": "#/$defs/never" }, { "type": "null" }], "$defs": { "never": false } }""", "null")]
    [InlineData("""{ "oneOf": [{ "type": "integer" }, { "minimum": 2 }], "type": "number" }""", "0")]
    [InlineData("""{ "properties": { "k": { "enum": ["a", "b"] } }, "required": ["k"], "if": { "properties": { "k": { "const": "a" } } }, "then": { "required": ["x"] } }""", """{"k":"a","x":""}""")]
    [InlineData("""{ "type": "object", "properties": { "next": { "anyOf": [{ "$ref": "#" }, { "type": "null" }] } }, "required": ["next"] }""", """{"next":null}""")]
    [InlineData("true", "\"\"")]
    public void The_sample_is_the_smallest_that_conforms(string schema, string expected)
    {
        var sample = SchemaSample.For(Value.ParseJson(schema));

        Assert.Null(sample.Reason);
        Assert.Equal(expected, sample.Value!.Value.ToJson());
    }

    [Theory]
    [InlineData("false", "the value: found no value")]
    [InlineData("""{ "type": "integer", "minimum": 3, "maximum": 2 }""", "the value: found no value")]
    [InlineData("""{ "properties": { "a": { "$ref": "#" } }, "required": ["a"], "type": "object" }""", "/a: the schema needs itself without end")]
    [InlineData("""{ "type": "array", "minItems": 1000000000 }""", "1000000000 items are too many")]
    [InlineData("""{ "type": "object", "properties": { "a": { "not": {} } }, "required": ["a"] }""", "/a: found no value")]
    public void Where_there_is_none_the_reason_is_told(string schema, string reason)
    {
        var sample = SchemaSample.For(Value.ParseJson(schema));

        Assert.Null(sample.Value);
        Assert.Contains(reason, sample.Reason);
    }

    [Fact]
    public void A_proposal_is_used_where_it_conforms_and_else_passed_over()
    {
        var schema = Value.ParseJson("""
            { "type": "object", "required": ["title", "count", "tag", "tags"], "properties": {
              "title": { "type": "string", "description": "A headline." }, "count": { "type": "integer", "maximum": 5 },
              "tag": { "const": "fixed" }, "tags": { "type": "array", "items": { "type": "string" }, "minItems": 1 } } }
            """);
        var asked = new List<string>();

        var sample = SchemaSample.For(schema, request =>
        {
            asked.Add($"{request.Pointer} {request.PropertyName} {request.Kind} {request.Description}".TrimEnd());
            return request.Kind == ValueKind.Text ? Value.Of("for " + request.PropertyName) : Value.Of(9);
        });

        Assert.Equal("""{"title":"for title","count":0,"tag":"fixed","tags":["for tags"]}""", sample.Value!.Value.ToJson());
        Assert.Equal(["/title title Text A headline.", "/count count Integer", "/tags/0 tags Text"], asked);
    }

    [Fact]
    public void For_nearly_every_schema_of_the_suite_that_can_be_met_a_sample_is_found()
    {
        int found = 0;
        var missed = new List<string>();
        foreach (var (name, schema, isSatisfiable) in JsonSchemaSuite.Schemas())
        {
            var sample = SchemaSample.For(schema);
            if (sample.Value is { } value) { Assert.True(schema.IsValid(value), name); found++; }
            else if (isSatisfiable) missed.Add($"{name}: {sample.Reason}");
        }

        Assert.True(missed.Count <= found / 50, $"{found} found, {missed.Count} missed:\n{string.Join('\n', missed)}");
    }

    [Fact]
    public void A_schema_that_branches_without_end_is_given_up_with_a_reason()
    {
        var part = Value.ParseJson("""{ "anyOf": [{ "minimum": 5 }, { "minimum": 6 }, { "minimum": 7 }] }""");
        var schema = Value.Of(ValueMap.Of(("type", "integer"), ("maximum", 1), ("allOf", Value.Of(Enumerable.Repeat(part, 30)))));

        Assert.NotNull(SchemaSample.For(schema).Reason);
    }
}
