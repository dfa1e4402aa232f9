using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Tests.Schemas;

public sealed class JsonSchemaFuzzTests
{
    private static readonly string[] Oddities =
    [
        "null", "true", "false", "0", "-1", "1.5", "1e300", "\"\"", "\"#\"", "\"#/\"", "\"#/a/b\"", "\"a b\"", "\"[\"", "\"%zz\"", "\"::\"", "[]", "{}", "[[]]", "[1]", "[\"a\"]", "[{}]",
        "[true, false]", """{ "a": 1 }""", """{ "a": {} }""", """{ "a": [] }""", """{ "a": ["b"] }""", """{ "(": true }""", """{ "type": "string" }""", """{ "$ref": "#" }""", """{ "$id": "x" }""",
    ];

    private static readonly string[] Instances = ["null", "1", "\"a\"", "[]", "[1, [2]]", "{}", """{ "a": 1, "b": { "a": "x" } }"""];

    /// <summary>Whatever stands at a keyword: it compiles or is refused in so many words, and what compiles can be used.</summary>
    [Fact]
    public void Any_value_at_any_keyword_compiles_or_is_refused()
    {
        var instances = Instances.Select(Value.ParseJson).ToArray();
        foreach (var keyword in KeywordNames.All)
        {
            foreach (var oddity in Oddities) Use(Value.Of(ValueMap.Of((keyword, Value.ParseJson(oddity)))), instances);
        }
    }

    [Fact]
    public void Random_schemas_compile_or_are_refused()
    {
        var random = new Random(20201200);
        var keywords = KeywordNames.All.Order(StringComparer.Ordinal).ToArray();
        var instances = Instances.Select(Value.ParseJson).ToArray();
        for (var i = 0; i < 3_000; i++) Use(Schema(depth: 3), instances);

        Value Schema(int depth)
        {
            var map = new ValueMap.Builder();
            for (var i = random.Next(4); i >= 0; i--)
            {
                var keyword = keywords[random.Next(keywords.Length)];
                map[keyword] = depth == 0 ? Value.ParseJson(Oddities[random.Next(Oddities.Length)])
                    : KeywordNames.OneSchema.Contains(keyword) ? Schema(depth - 1)
                    : KeywordNames.ManySchemas.Contains(keyword) ? Value.Of(new[] { Schema(depth - 1), Schema(depth - 1) })
                    : KeywordNames.NamedSchemas.Contains(keyword) ? Value.Of(ValueMap.Of(("a", Schema(depth - 1)), ("b", Schema(depth - 1))))
                    : Value.ParseJson(Oddities[random.Next(Oddities.Length)]);
            }
            return Value.Of(map.Build());
        }
    }

    [Fact]
    public void Random_patterns_are_compiled_or_refused()
    {
        const string Letters = @"ab01.^$|()[]{}*+?\-,:=!<>dDwWsSpPukcx🐲_";
        var random = new Random(262);
        for (var i = 0; i < 5_000; i++)
        {
            var pattern = string.Concat(Enumerable.Range(0, random.Next(1, 12)).Select(_ => Letters[random.Next(Letters.Length)]));
            Use(Value.Of(ValueMap.Of(("pattern", pattern), ("type", "string"))), [Value.Of("ab01🐲")]);
        }
    }

    private static void Use(Value schema, Value[] instances)
    {
        JsonSchema compiled;
        try
        {
            compiled = JsonSchema.Compile(schema, new() { AssertFormats = true, StepCountMax = 10_000 });
        }
        catch (JsonSchemaException refused)
        {
            Assert.NotEmpty(refused.Mend);
            return;
        }
        foreach (var instance in instances) Assert.Equal(compiled.IsValid(instance), compiled.Validate(instance).Count == 0);
        var sample = SchemaSample.For(compiled);
        Assert.True(sample.Value is null != sample.Reason is null, schema.ToJson());
    }
}
