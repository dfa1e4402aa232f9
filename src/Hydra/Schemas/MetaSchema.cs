namespace Hydra.Schemas;

/// <summary>
/// What a 2020-12 schema may look like, as one schema: accepts the same documents as the published meta-schema, whose eight
/// vocabulary parts are joined here. Used where a schema refers to the dialect's own URI.
/// </summary>
internal static class MetaSchema
{
    public static Model.Value Value { get; } = Model.Value.ParseJson("""
        {
          "$id": "https://json-schema.org/draft/2020-12/schema",
          "$schema": "https://json-schema.org/draft/2020-12/schema",
          "$dynamicAnchor": "meta",
          "title": "A JSON Schema of the 2020-12 dialect",
          "type": ["object", "boolean"],
          "properties": {
            "$id": { "type": "string", "format": "uri-reference", "pattern": "^[^#]*#?$" },
            "$schema": { "type": "string", "format": "uri" },
            "$ref": { "type": "string", "format": "uri-reference" },
            "$dynamicRef": { "type": "string", "format": "uri-reference" },
            "$anchor": { "$ref": "#/$defs/anchor" },
            "$dynamicAnchor": { "$ref": "#/$defs/anchor" },
            "$vocabulary": {
              "type": "object", "propertyNames": { "type": "string", "format": "uri" }, "additionalProperties": { "type": "boolean" }
            },
            "$comment": { "type": "string" },
            "$defs": { "$ref": "#/$defs/named" },
            "definitions": { "$ref": "#/$defs/named", "deprecated": true },
            "dependencies": {
              "type": "object", "deprecated": true,
              "additionalProperties": { "anyOf": [{ "$dynamicRef": "#meta" }, { "$ref": "#/$defs/names" }] }
            },
            "prefixItems": { "$ref": "#/$defs/many" },
            "items": { "$dynamicRef": "#meta" },
            "contains": { "$dynamicRef": "#meta" },
            "unevaluatedItems": { "$dynamicRef": "#meta" },
            "unevaluatedProperties": { "$dynamicRef": "#meta" },
            "additionalProperties": { "$dynamicRef": "#meta" },
            "properties": { "$ref": "#/$defs/named" },
            "patternProperties": { "$ref": "#/$defs/named", "propertyNames": { "format": "regex" } },
            "dependentSchemas": { "$ref": "#/$defs/named" },
            "propertyNames": { "$dynamicRef": "#meta" },
            "if": { "$dynamicRef": "#meta" },
            "then": { "$dynamicRef": "#meta" },
            "else": { "$dynamicRef": "#meta" },
            "allOf": { "$ref": "#/$defs/many" },
            "anyOf": { "$ref": "#/$defs/many" },
            "oneOf": { "$ref": "#/$defs/many" },
            "not": { "$dynamicRef": "#meta" },
            "type": {
              "anyOf": [
                { "$ref": "#/$defs/type" },
                { "type": "array", "items": { "$ref": "#/$defs/type" }, "minItems": 1, "uniqueItems": true }
              ]
            },
            "const": true,
            "enum": { "type": "array" },
            "multipleOf": { "type": "number", "exclusiveMinimum": 0 },
            "maximum": { "type": "number" },
            "exclusiveMaximum": { "type": "number" },
            "minimum": { "type": "number" },
            "exclusiveMinimum": { "type": "number" },
            "maxLength": { "$ref": "#/$defs/count" },
            "minLength": { "$ref": "#/$defs/count" },
            "pattern": { "type": "string", "format": "regex" },
            "maxItems": { "$ref": "#/$defs/count" },
            "minItems": { "$ref": "#/$defs/count" },
            "uniqueItems": { "type": "boolean" },
            "maxContains": { "$ref": "#/$defs/count" },
            "minContains": { "$ref": "#/$defs/count" },
            "maxProperties": { "$ref": "#/$defs/count" },
            "minProperties": { "$ref": "#/$defs/count" },
            "required": { "$ref": "#/$defs/names" },
            "dependentRequired": { "type": "object", "additionalProperties": { "$ref": "#/$defs/names" } },
            "title": { "type": "string" },
            "description": { "type": "string" },
            "default": true,
            "deprecated": { "type": "boolean" },
            "readOnly": { "type": "boolean" },
            "writeOnly": { "type": "boolean" },
            "examples": { "type": "array" },
            "format": { "type": "string" },
            "contentEncoding": { "type": "string" },
            "contentMediaType": { "type": "string" },
            "contentSchema": { "$dynamicRef": "#meta" }
          },
          "$defs": {
            "anchor": { "type": "string", "pattern": "^[A-Za-z_][-A-Za-z0-9._]*$" },
            "named": { "type": "object", "additionalProperties": { "$dynamicRef": "#meta" } },
            "many": { "type": "array", "minItems": 1, "items": { "$dynamicRef": "#meta" } },
            "names": { "type": "array", "items": { "type": "string" }, "uniqueItems": true },
            "count": { "type": "integer", "minimum": 0 },
            "type": { "enum": ["array", "boolean", "integer", "null", "number", "object", "string"] }
          }
        }
        """);
}
