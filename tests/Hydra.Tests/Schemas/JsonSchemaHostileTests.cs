using System.Diagnostics;
using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Tests.Schemas;

public sealed class JsonSchemaHostileTests
{
    /// <summary>Far above what any of these should need, far below a hang.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(2);

    [Fact]
    public void A_catastrophic_pattern_runs_in_linear_time() => Within(() =>
    {
        var schema = Schema(("pattern", "^(a+)+$"));
        Assert.False(schema.IsValid(new string('a', 100_000) + "!"));
    });

    [Fact]
    public void A_catastrophic_pattern_that_needs_backtracking_is_given_up() => Within(() =>
    {
        var schema = Schema(("pattern", "^(?=(a+)+$)b"));
        var problem = Assert.Single(schema.Validate(new string('a', 100) + "!"));
        Assert.Equal("limit", problem.Keyword);
        Assert.Contains("took longer than its limit", problem.Message);
    });

    [Theory]
    [InlineData("(((((a{1000}){1000}){1000}){1000}){1000})")]
    [InlineData("(a?){1000}(b?){1000}")]
    public void A_pattern_that_would_grow_huge_costs_no_memory(string pattern) => Within(() =>
    {
        var schema = Schema(("pattern", pattern));
        _ = schema.Validate(new string('a', 200));
    });

    [Fact]
    public void A_pattern_of_many_parentheses_is_compiled_or_refused() => Within(() =>
    {
        try
        {
            Schema(("pattern", new string('(', 1_990) + "a" + new string(')', 1_990))).IsValid("a");
        }
        catch (JsonSchemaException)
        {
            // Either is fine.
        }
    });

    [Fact]
    public void Alternatives_that_double_at_each_level_end_at_the_step_limit() => Within(() =>
    {
        var defs = new List<KeyValuePair<string, Value>> { new("d0", Value.ParseJson("""{ "type": "string" }""")) };
        for (var i = 1; i <= 40; i++) defs.Add(new($"d{i}", Value.ParseJson($$"""{ "anyOf": [{ "$ref": "#/$defs/d{{i - 1}}" }, { "$ref": "#/$defs/d{{i - 1}}" }] }""")));
        var schema = Schema(("$ref", "#/$defs/d40"), ("$defs", Value.Of(ValueMap.Of(defs))));

        Assert.False(schema.IsValid(1));
        Assert.Equal("limit", Assert.Single(schema.Validate(1)).Keyword);
    });

    [Fact]
    public void A_limit_is_never_turned_round_by_not() => Within(() =>
    {
        var schema = JsonSchema.Compile(Value.ParseJson("""{ "not": { "items": { "type": "null" } } }"""), new() { StepCountMax = 10 });
        Assert.False(schema.IsValid(Value.Of(Enumerable.Repeat(Value.Null, 100))));
    });

    [Fact]
    public void A_circle_that_only_the_instance_closes_ends_at_the_depth_limit() => Within(() =>
    {
        var schema = JsonSchema.Compile(Value.ParseJson("""{ "if": { "type": "object" }, "then": { "$ref": "#" } }"""));
        Assert.True(schema.IsValid(1));
        Assert.Equal("limit", Assert.Single(schema.Validate(Value.EmptyObject)).Keyword);
    });

    [Fact]
    public void A_circle_through_a_dynamic_reference_ends_too() => Within(() =>
    {
        var schema = JsonSchema.Compile(Value.ParseJson("""{ "$dynamicAnchor": "n", "$dynamicRef": "#n" }"""));
        Assert.Equal("limit", Assert.Single(schema.Validate(1)).Keyword);
    });

    [Fact]
    public void An_instance_nested_100000_deep_is_refused_without_a_crash() => Within(() =>
    {
        var deep = Nested(100_000);
        Assert.False(JsonSchema.Compile(Value.ParseJson("""{ "items": { "$ref": "#" } }""")).IsValid(deep));
        Assert.False(Schema(("uniqueItems", true)).IsValid(Value.Of(new[] { deep, Nested(100_000) })));
        Assert.False(Schema(("const", deep)).IsValid(Nested(100_000)));
    });

    [Fact]
    public void A_schema_nested_100000_deep_is_refused() => Within(() =>
    {
        var deep = Value.True;
        for (var i = 0; i < 100_000; i++) deep = Value.Of(ValueMap.Of(("not", deep)));
        Assert.Contains("nested deeper", Assert.Throws<JsonSchemaException>(() => JsonSchema.Compile(deep)).Message);
    });

    [Fact]
    public void A_schema_as_deep_as_JSON_may_be_works() => Within(() =>
    {
        var deep = Value.ParseJson("""{ "type": "string" }""");
        for (var i = 0; i < ValueJson.DepthMax; i++) deep = Value.Of(ValueMap.Of(("anyOf", Value.Of(new[] { deep }))));
        var schema = JsonSchema.Compile(deep);
        Assert.True(schema.IsValid("a"));
        Assert.NotEmpty(schema.Validate(1));
    });

    [Fact]
    public void Many_unlike_items_are_compared_by_their_hash() => Within(() =>
    {
        var items = Enumerable.Range(0, 200_000).Select(i => Value.Of(ValueMap.Of(("id", i), ("name", "same"))));
        Assert.True(Schema(("uniqueItems", true)).IsValid(Value.Of(items)));
    });

    [Fact]
    public void A_huge_value_makes_a_short_message()
    {
        var problem = Assert.Single(Schema(("const", 1)).Validate(new string('x', 1_000_000)));
        Assert.InRange(problem.Message.Length, 1, 200);
        Assert.InRange(Assert.Single(Schema(("enum", Value.OfTexts(Enumerable.Range(0, 10_000).Select(i => $"value {i}")))).Validate("y")).Message.Length, 1, 400);
    }

    [Fact]
    public void An_invalid_tree_of_nested_alternatives_is_explained_without_exploding() => Within(() =>
    {
        var schema = JsonSchema.Compile(Value.ParseJson("""{ "anyOf": [{ "type": "integer" }, { "type": "array", "items": { "$ref": "#" } }] }"""));
        var tree = Value.Of("wrong");
        for (var i = 0; i < 100; i++) tree = Value.Of(new[] { tree });

        var problem = Assert.Single(schema.Validate(tree));

        Assert.Equal("anyOf", problem.Keyword);
        Assert.InRange(problem.Message.Length, 1, 1_000);
    });

    [Fact]
    public void A_schema_of_too_many_parts_is_refused() => Within(() =>
    {
        var parts = Enumerable.Range(0, 100_001).Select(i => KeyValuePair.Create($"p{i}", Value.True));
        Assert.Throws<JsonSchemaException>(() => Schema(("properties", Value.Of(ValueMap.Of(parts)))));
    });

    [Fact]
    public void A_small_object_takes_a_few_microseconds()
    {
        var schema = JsonSchema.Compile(Value.ParseJson("""
            { "type": "object", "additionalProperties": false, "required": ["a", "b", "c"], "properties": {
              "a": { "type": "string", "maxLength": 20 }, "b": { "type": "integer", "minimum": 0 }, "c": { "enum": ["x", "y"] }, "d": { "type": "boolean" },
              "e": { "type": "array", "items": { "type": "string" } }, "f": { "type": "number" }, "g": { "type": "string" }, "h": { "type": "string" },
              "i": { "type": ["string", "null"] }, "j": { "type": "object", "properties": { "k": { "type": "integer" } } } } }
            """));
        var instance = Value.ParseJson("""{ "a": "text", "b": 3, "c": "y", "d": true, "e": ["p", "q"], "f": 1.5, "g": "g", "h": "h", "i": null, "j": { "k": 1 } }""");
        for (var i = 0; i < 20_000; i++) Assert.True(schema.IsValid(instance));
        const int Rounds = 20_000;

        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < Rounds; i++) schema.IsValid(instance);
        var microseconds = watch.Elapsed.TotalMicroseconds / Rounds;
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / Rounds;

        TestContext.Current.TestOutputHelper?.WriteLine($"{microseconds:F2} µs, {bytes} bytes");
        Assert.InRange(bytes, 0, 256);
    }

    private static Value Nested(int depth)
    {
        var value = Value.EmptyList;
        for (var i = 0; i < depth; i++) value = Value.Of(new[] { value });
        return value;
    }

    private static JsonSchema Schema(params (string Key, Value Value)[] pairs) => JsonSchema.Compile(Value.Of(ValueMap.Of(pairs)));

    private static void Within(Action act)
    {
        var watch = Stopwatch.StartNew();
        act();
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeLimit);
    }
}
