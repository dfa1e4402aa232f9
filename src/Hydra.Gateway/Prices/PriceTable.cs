using System.Collections.Concurrent;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;

namespace Hydra.Gateway.Prices;

/// <summary>What the table says of one model.</summary>
/// <param name="Price">Null when the table has none, has only zeros, or has a figure that is surely wrong.</param>
/// <param name="ContextTokensMax">Longest prompt in tokens.</param>
/// <param name="OutputTokensMax">Longest answer in tokens.</param>
public sealed record PriceEntry(ModelPrice? Price, long? ContextTokensMax, long? OutputTokensMax)
{
    /// <summary>The day from which the provider no longer serves the model; null when none is known.</summary>
    public DateOnly? RetiresOn { get; init; }
    /// <summary>Whether it answers in words or with vectors, not with rankings or judgements.</summary>
    public bool IsOfText { get; init; }
    /// <summary>Length of an embedding; null when unknown or no embedding model.</summary>
    public int? Dimensions { get; init; }
}

/// <summary>
/// Prices and limits by exact model name. The built-in table is indexed on first use and an entry is read when it is asked for;
/// an operator's own entries win. Safe to share between threads.
/// </summary>
public sealed class PriceTable
{
    private const string Resource = "model-prices.json";
    private static readonly Lazy<PriceIndex> BuiltInIndex = new(ReadBuiltIn);

    private readonly ConcurrentDictionary<string, PriceEntry?> _known = new(StringComparer.Ordinal);
    private readonly IReadOnlyDictionary<string, PriceOverride> _overrides;

    private PriceTable(IReadOnlyDictionary<string, PriceOverride> overrides) => _overrides = overrides;

    /// <summary>The built-in table, with an operator's file over it when one is named.</summary>
    /// <exception cref="PriceFileException">The file cannot be read, has the wrong shape, or moves a price by more than 100 times unconfirmed.</exception>
    public static PriceTable Load(string? overridesFile = null)
    {
        if (overridesFile is null) return new PriceTable(new Dictionary<string, PriceOverride>(StringComparer.Ordinal));
        return new PriceTable(PriceOverride.ReadFile(overridesFile, name => BuiltInIndex.Value.Read(name)));
    }

    /// <summary>Every name of the built-in table and of the overrides, sorted.</summary>
    public IReadOnlyList<string> Names =>
        [.. BuiltInIndex.Value.Names.Union(_overrides.Keys).Order(StringComparer.Ordinal)];

    /// <summary>The day of the built-in table, as <c>yyyy-MM-dd</c>.</summary>
    public static string BuiltInDate => BuiltInIndex.Value.Date;

    /// <summary>The entry of exactly this name, or of the name that an override declares it to be; null when there is none.</summary>
    public PriceEntry? Find(string name)
    {
        if (_known.TryGetValue(name, out var known)) return known;
        var entry = Read(name);
        if (entry is not null) _known[name] = entry;   // only hits are kept, so foreign names cannot fill it
        return entry;
    }

    private PriceEntry? Read(string name)
    {
        if (!_overrides.TryGetValue(name, out var over)) return BuiltInIndex.Value.Read(name);
        var aliased = over.Alias is { } alias ? (alias == name ? null : Find(alias)) : BuiltInIndex.Value.Read(name);
        return new PriceEntry(over.Price ?? aliased?.Price, over.ContextTokensMax ?? aliased?.ContextTokensMax,
            over.OutputTokensMax ?? aliased?.OutputTokensMax)
        {
            RetiresOn = aliased?.RetiresOn,
            IsOfText = aliased?.IsOfText ?? true,
            Dimensions = aliased?.Dimensions,
        };
    }

    private static PriceIndex ReadBuiltIn()
    {
        using var stream = typeof(PriceTable).Assembly.GetManifestResourceStream(Resource)!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return PriceIndex.Of(bytes);
    }
}

/// <summary>An operator's price file is wrong; the message says where and how to mend it.</summary>
public sealed class PriceFileException(string message, Exception? innerException = null)
    : Exception(message, innerException);
