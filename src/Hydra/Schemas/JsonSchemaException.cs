namespace Hydra.Schemas;

/// <summary>A schema that cannot be compiled. The message says where, what is wrong and how to mend it.</summary>
public sealed class JsonSchemaException : Exception
{
    public JsonSchemaException(string schemaPointer, string what, string mend, Exception? innerException = null)
        : base($"schema {(schemaPointer.Length == 0 ? "root" : schemaPointer)}: {what} {mend}", innerException)
    {
        SchemaPointer = schemaPointer;
        Mend = mend;
    }

    /// <summary>JSON pointer (RFC 6901) of the place; led by its URI and <c>#</c> when it lies in another document.</summary>
    public string SchemaPointer { get; }

    /// <summary>What to do about it: one sentence.</summary>
    public string Mend { get; }
}
