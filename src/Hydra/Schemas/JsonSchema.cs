using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>
/// A compiled JSON Schema, dialect 2020-12 (draft-bhutton-json-schema-01 and draft-bhutton-json-schema-validation-01).
/// Immutable and safe to share between threads; compile once, validate often.
/// </summary>
public sealed class JsonSchema
{
    internal JsonSchema(SchemaNode root, IReadOnlyDictionary<string, SchemaNode> nodes, bool isDynamic,
        IReadOnlyList<SchemaWarning> warnings, JsonSchemaOptions options)
    {
        Root = root;
        Nodes = nodes;
        IsDynamic = isDynamic;
        Warnings = warnings;
        Options = options;
    }

    /// <summary>What is legal in the schema but hardly meant: a misspelt keyword, another dialect, a format that is not checked.</summary>
    public IReadOnlyList<SchemaWarning> Warnings { get; }

    internal SchemaNode Root { get; }
    /// <summary>Every compiled subschema by its location.</summary>
    internal IReadOnlyDictionary<string, SchemaNode> Nodes { get; }
    /// <summary>Whether a $dynamicRef occurs, so that the dynamic scope must be kept.</summary>
    internal bool IsDynamic { get; }
    internal JsonSchemaOptions Options { get; }

    /// <summary>
    /// Compiles a schema: an object, or <c>true</c> or <c>false</c>. Throws <see cref="JsonSchemaException"/> for a keyword
    /// of the wrong type, a reference that leads nowhere or round in a circle, a bad regex, or an unsupported vocabulary.
    /// </summary>
    public static JsonSchema Compile(Value schema, JsonSchemaOptions? options = null) =>
        new SchemaCompiler(options ?? new()).Compile(schema);

    /// <summary>
    /// Every problem of the instance, in the order of the schema's keywords; empty when it conforms. An instance that needs
    /// more steps or depth than the options allow does not conform, and the problem with keyword <c>limit</c> says so.
    /// </summary>
    public IReadOnlyList<SchemaProblem> Validate(Value instance)
    {
        var limit = new Evaluation(this, problems: null).Run(instance, out var isValid);
        if (limit is not null) return [limit];
        if (isValid) return [];
        var problems = new List<SchemaProblem>();
        limit = new Evaluation(this, problems).Run(instance, out _);
        if (limit is not null && problems.Count < Options.ProblemCountMax) problems.Add(limit);
        return problems;
    }

    /// <summary>Whether the instance conforms; stops at the first problem and says nothing about it.</summary>
    public bool IsValid(Value instance) =>
        new Evaluation(this, problems: null).Run(instance, out var isValid) is null && isValid;

    /// <summary>Whether the instance conforms to one subschema.</summary>
    internal bool IsValidAt(SchemaNode node, Value instance) =>
        new Evaluation(this, problems: null).Run(node, instance, out var isValid) is null && isValid;
}
