namespace Hydra.Model;

/// <summary>
/// What is known of a value's origin and of who may have it. Labels stand on references to values and flow with the data: what is
/// made of several values carries all their labels, and none is ever dropped by itself.
/// </summary>
/// <remarks>The default has no labels: a value of the run's own making that anybody may have.</remarks>
public readonly struct Labels : IEquatable<Labels>
{
    private const byte TrustedFlag = 1, UntrustedFlag = 2, SecretFlag = 4;
    private readonly byte _flags;
    private readonly IReadOnlyList<string>? _readers;
    private readonly IReadOnlyList<string>? _typed;

    private Labels(int flags, IReadOnlyList<string>? readers, IReadOnlyList<string>? typed = null)
    {
        _flags = (byte)((flags & UntrustedFlag) != 0 ? flags & ~TrustedFlag : flags);
        _readers = readers;
        _typed = typed;
    }

    public static Labels None => default;
    /// <summary>Its author vouches for what the source itself brings in; takes nothing away from what flowed in.</summary>
    public static Labels Trusted => new(TrustedFlag, null);
    /// <summary>Somebody outside wrote some of it: it may hold instructions of theirs.</summary>
    public static Labels Untrusted => new(UntrustedFlag, null);
    /// <summary>Never in a prompt, an event's text or a log.</summary>
    public static Labels Secret => new(SecretFlag, null);
    /// <summary>For nobody outside.</summary>
    public static Labels Private => new(0, []);

    /// <param name="readers">Who may have it; empty: nobody outside.</param>
    public static Labels For(IEnumerable<string> readers) => new(0, [.. readers.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);

    public bool IsNone => _flags == 0 && _readers is null;
    public bool IsTrusted => (_flags & TrustedFlag) != 0;
    public bool IsUntrusted => (_flags & UntrustedFlag) != 0;
    public bool IsSecret => (_flags & SecretFlag) != 0;
    /// <summary>Who may have it; null: anybody.</summary>
    public IReadOnlyList<string>? Readers => _readers;
    /// <summary>Fields of the value, by name, that cannot carry a text of their own: reading nothing but these does not make the reader untrusted.</summary>
    public IReadOnlyList<string> TypedFields => _typed ?? [];

    /// <summary>Labels of what is made of both: untrusted and secret where either is; only for those who may have both.</summary>
    public Labels With(Labels other)
    {
        if (other.IsNone) return IsNone || _typed is null ? this : new(_flags, _readers);
        if (IsNone) return other._typed is null ? other : new(other._flags, other._readers);
        var readers = _readers is null ? other._readers : other._readers is null ? _readers : [.. _readers.Intersect(other._readers, StringComparer.Ordinal)];
        return new(_flags | other._flags, readers);
    }

    /// <summary>The same with these fields known to be typed.</summary>
    public Labels WithTyped(IReadOnlyList<string> fields) => new(_flags, _readers, fields.Count == 0 ? null : fields);

    /// <summary>The same without the integrity label: for a reader of nothing but typed fields.</summary>
    public Labels WithoutUntrusted => new(_flags & ~UntrustedFlag, _readers);

    /// <summary>Whether the value may go to somebody.</summary>
    /// <param name="audience">Who sees what is sent there; empty: anybody might.</param>
    public bool MayGoTo(IReadOnlyList<string> audience) => _readers is null || (audience.Count > 0 && audience.All(_readers.Contains));

    /// <summary>The words of the workflow format, for people: <c>untrusted, readers: finance</c>; empty: none.</summary>
    public override string ToString()
    {
        var words = new List<string>();
        if (IsTrusted) words.Add("trusted");
        if (IsUntrusted) words.Add("untrusted");
        if (IsSecret) words.Add("secret");
        if (_readers is not null) words.Add(_readers.Count == 0 ? "private" : $"readers: {string.Join(" ", _readers)}");
        if (_typed is not null) words.Add($"typed: {string.Join(" ", _typed)}");
        return string.Join(", ", words);
    }

    /// <summary>The integrity and secret labels as the journal has them: 1 trusted, 2 untrusted, 4 secret.</summary>
    internal int Flags => _flags;

    internal static Labels Of(int flags, IReadOnlyList<string>? readers, IReadOnlyList<string>? typed) => new(flags, readers, typed is { Count: > 0 } ? typed : null);

    /// <summary>As data: a number as long as there is nothing but flags.</summary>
    public Value ToValue() => _readers is null && _typed is null ? _flags : ValueMap.Of(
        ("flags", (long)_flags), ("readers", _readers is null ? Value.Null : Value.OfTexts(_readers)), ("typed", Value.OfTexts(TypedFields)));

    /// <summary>Reads what <see cref="ToValue"/> gave; null: none.</summary>
    public static Labels Read(Value written)
    {
        if (written.Kind == ValueKind.Integer) return Of((int)written.AsInteger, null, null);
        if (!written.IsObject) return default;
        var map = written.AsObject;
        return Of((int)map["flags"].AsInteger, map["readers"] is { IsList: true } readers ? [.. readers.Items.Select(reader => reader.AsText)] : null, [.. map["typed"].Items.Select(field => field.AsText)]);
    }

    public bool Equals(Labels other) => _flags == other._flags && SameNames(_readers, other._readers) && SameNames(_typed, other._typed);
    public override bool Equals(object? obj) => obj is Labels other && Equals(other);
    public override int GetHashCode() => HashCode.Combine(_flags, _readers?.Count ?? -1);
    public static bool operator ==(Labels left, Labels right) => left.Equals(right);
    public static bool operator !=(Labels left, Labels right) => !left.Equals(right);

    private static bool SameNames(IReadOnlyList<string>? one, IReadOnlyList<string>? other) =>
        one is null || other is null ? one is null && other is null : one.SequenceEqual(other, StringComparer.Ordinal);
}

/// <summary>The union of the labels of everything that an attempt has read so far. Safe to use from many threads.</summary>
public sealed class LabelContext
{
    private readonly Lock _lock = new();
    private Labels _now;

    public Labels Now
    {
        get
        {
            lock (_lock) return _now;
        }
    }

    public void Add(Labels labels)
    {
        if (labels.IsNone) return;
        lock (_lock) _now = _now.With(labels);
    }

    /// <summary>Fields of the result that cannot carry a text of their own.</summary>
    public IReadOnlyList<string> TypedFields { get; set; } = [];

    /// <summary>What comes out was made by people, not of what they were shown.</summary>
    public void ComesFromPeople()
    {
        lock (_lock) _now = default;
    }

    /// <summary>The labels of the attempt's result.</summary>
    /// <param name="own">What the node says of itself.</param>
    public Labels OfResult(Labels own) => Now.With(own).WithTyped(TypedFields);
}
