using System.Collections.Frozen;

namespace Hydra.Schemas;

/// <summary>The vocabularies of the 2020-12 dialect (core §8, §10, §11; validation §6 to §9).</summary>
[Flags]
internal enum Vocabularies
{
    Core = 1, Applicator = 2, Unevaluated = 4, Validation = 8, MetaData = 16, FormatAnnotation = 32, FormatAssertion = 64, Content = 128,
    Standard = Core | Applicator | Unevaluated | Validation | MetaData | FormatAnnotation | Content,
}

/// <summary>Which names are keywords, and what each of them holds.</summary>
internal static class KeywordNames
{
    public const string Dialect = "https://json-schema.org/draft/2020-12/schema";
    private const string VocabularyRoot = "https://json-schema.org/draft/2020-12/vocab/";

    /// <summary>Keywords whose value is one schema.</summary>
    public static readonly FrozenSet<string> OneSchema = Set("additionalProperties items contains not if then else propertyNames unevaluatedItems unevaluatedProperties contentSchema");
    /// <summary>Keywords whose value is a list of schemas.</summary>
    public static readonly FrozenSet<string> ManySchemas = Set("allOf anyOf oneOf prefixItems");
    /// <summary>Keywords whose value maps names to schemas; definitions and dependencies are of older drafts and still allowed.</summary>
    public static readonly FrozenSet<string> NamedSchemas = Set("properties patternProperties dependentSchemas $defs definitions dependencies");

    public static readonly FrozenSet<string> All = Set("""
        $schema $id $ref $anchor $dynamicRef $dynamicAnchor $vocabulary $comment $defs definitions dependencies
        allOf anyOf oneOf not if then else dependentSchemas dependentRequired properties patternProperties additionalProperties propertyNames
        prefixItems items contains minContains maxContains unevaluatedProperties unevaluatedItems
        type enum const multipleOf minimum maximum exclusiveMinimum exclusiveMaximum minLength maxLength pattern format
        minItems maxItems uniqueItems minProperties maxProperties required
        contentEncoding contentMediaType contentSchema title description default examples deprecated readOnly writeOnly
        """);

    /// <summary>Keywords of other drafts that would change what a schema accepts, with what to write instead.</summary>
    public static readonly FrozenDictionary<string, string> Refused = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["$recursiveRef"] = "Write '$dynamicRef', or '$ref' where nothing extends the schema.",
        ["$recursiveAnchor"] = "Write '$dynamicAnchor', or leave it out where nothing extends the schema.",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Names of other dialects that this one ignores, with what to write instead.</summary>
    public static readonly FrozenDictionary<string, string> Foreign = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["additionalItems"] = "'additionalItems' is of an older draft and ignored. Write 'items' beside 'prefixItems'.",
        ["nullable"] = "'nullable' is OpenAPI's and ignored. Add \"null\" to 'type'.",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static Vocabularies? VocabularyOf(string uri) =>
        !uri.StartsWith(VocabularyRoot, StringComparison.Ordinal) ? null : uri[VocabularyRoot.Length..] switch
        {
            "core" => Vocabularies.Core,
            "applicator" => Vocabularies.Applicator,
            "unevaluated" => Vocabularies.Unevaluated,
            "validation" => Vocabularies.Validation,
            "meta-data" => Vocabularies.MetaData,
            "format-annotation" => Vocabularies.FormatAnnotation,
            "format-assertion" => Vocabularies.FormatAssertion,
            "content" => Vocabularies.Content,
            _ => null,
        };

    private static FrozenSet<string> Set(string names) =>
        names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
