namespace Hydra.Schemas;

/// <summary>One way in which an instance does not conform to its schema.</summary>
/// <param name="InstancePointer">JSON pointer (RFC 6901) of the value in the instance; empty: the whole of it.</param>
/// <param name="SchemaPointer">JSON pointer of the keyword in the schema; led by a URI and <c>#</c> in another document.</param>
/// <param name="Keyword">The keyword that refused; <c>limit</c> when the validation was given up.</param>
/// <param name="Message">One line that a person or a model can act on; it begins with the place in the instance.</param>
public sealed record SchemaProblem(string InstancePointer, string SchemaPointer, string Keyword, string Message)
{
    public override string ToString() => Message;
}

/// <summary>Something in a schema that is legal but hardly meant.</summary>
/// <param name="SchemaPointer">JSON pointer of the place in the schema.</param>
public sealed record SchemaWarning(string SchemaPointer, string Message)
{
    public override string ToString() => $"schema {(SchemaPointer.Length == 0 ? "root" : SchemaPointer)}: {Message}";
}
