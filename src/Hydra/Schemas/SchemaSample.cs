using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>Asks a caller for a value of one text or number field of a sample.</summary>
/// <param name="Pointer">JSON pointer of the field in the sample.</param>
/// <param name="PropertyName">The property's name, for an item of a list that of the list; null at the root.</param>
/// <param name="Description">What the schema says about the field, if anything.</param>
/// <param name="Kind">Text, Integer or Number: what is wanted.</param>
/// <param name="Schema">The subschema of the field as written.</param>
public sealed record SampleRequest(string Pointer, string? PropertyName, string? Description, ValueKind Kind, Value Schema);

/// <summary>
/// An instance that conforms to a schema: the same one for the same schema, as small as is easily found. Optional
/// properties are left out.
/// </summary>
public sealed record SchemaSample
{
    private SchemaSample() { }

    /// <summary>The instance; null when none was found.</summary>
    public Value? Value { get; private init; }

    /// <summary>Why none was found: the place and what stood in the way. Null when there is one.</summary>
    public string? Reason { get; private init; }

    /// <summary>
    /// Looks for an instance, and validates it before it is returned. Throws <see cref="JsonSchemaException"/> where
    /// <see cref="JsonSchema.Compile"/> does.
    /// </summary>
    /// <param name="propose">
    /// Asked for each text and number that neither <c>const</c> nor <c>enum</c> fixes; its answer is used where it conforms.
    /// </param>
    public static SchemaSample For(Value schema, Func<SampleRequest, Value?>? propose = null, JsonSchemaOptions? options = null) =>
        For(JsonSchema.Compile(schema, options), propose);

    /// <summary>As the other, for a schema that is compiled already.</summary>
    public static SchemaSample For(JsonSchema schema, Func<SampleRequest, Value?>? propose = null)
    {
        var builder = new SampleBuilder(schema, propose);
        var sample = builder.Build();
        if (sample is not { } found) return new() { Reason = builder.Reason };
        var problems = schema.Validate(found);
        return problems.Count == 0 ? new() { Value = found } : new() { Reason = $"the best sample does not conform: {problems[0].Message}" };
    }
}
