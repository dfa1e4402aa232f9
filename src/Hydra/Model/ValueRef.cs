namespace Hydra.Model;

/// <summary>The SHA-256 of an artifact's bytes, as 64 hexadecimal digits.</summary>
public readonly record struct ArtifactId(string Hex)
{
    public override string ToString() => Hex;
}

/// <summary>
/// Where a value is: small ones inside the journal frame, larger ones in an artifact named by its hash. Labels stand on
/// the reference, not on the bytes: equal bytes may come from trusted and untrusted hands.
/// </summary>
public sealed class ValueRef
{
    /// <summary>Values whose UTF-8 form is longer than this become artifacts.</summary>
    public const int InlineBytesMax = 16 * 1024;

    private ValueRef(Value inline, ArtifactId? artifact, long bytes, bool isText, Labels labels)
    {
        Inline = inline;
        Artifact = artifact;
        Bytes = bytes;
        IsText = isText;
        Labels = labels;
    }

    public static ValueRef Of(Value inline, Labels labels = default) => new(inline, null, 0, inline.IsText, labels);
    public static ValueRef Of(ArtifactId artifact, long bytes, bool isText, Labels labels = default) => new(Value.Null, artifact, bytes, isText, labels);
    public static ValueRef EmptyText { get; } = Of(Value.EmptyText);

    /// <summary>The value itself when <see cref="Artifact"/> is null.</summary>
    public Value Inline { get; }
    public ArtifactId? Artifact { get; }
    /// <summary>Size of the artifact in bytes.</summary>
    public long Bytes { get; }
    /// <summary>The artifact is UTF-8 text, not JSON.</summary>
    public bool IsText { get; }
    public Labels Labels { get; }
}
