using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;

namespace Hydra.Gateway.Prices;

/// <summary>The table as bytes and where each entry lies in them: half a megabyte is skimmed once, and only what is asked for is parsed.</summary>
internal sealed class PriceIndex
{
    private readonly byte[] _table;
    private readonly Dictionary<string, Range> _entries;
    private readonly string _source;

    private PriceIndex(byte[] table, Dictionary<string, Range> entries, string date, string source)
    {
        (_table, _entries, Date, _source) = (table, entries, date, source);
    }

    public string Date { get; }
    public IEnumerable<string> Names => _entries.Keys;

    public static PriceIndex Of(byte[] table)
    {
        var entries = new Dictionary<string, Range>(3_000, StringComparer.Ordinal);
        string date = "", source = "";
        var reader = new Utf8JsonReader(table);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var property = reader.GetString();
            reader.Read();
            switch (property)
            {
                case "snapshot": date = reader.GetString()!; break;
                case "source": source = reader.GetString()!; break;
                case "models":
                    while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                    {
                        var name = reader.GetString()!;
                        reader.Read();
                        var start = (int)reader.TokenStartIndex;
                        reader.Skip();
                        entries[name] = start..(int)reader.BytesConsumed;
                    }
                    break;
                default: reader.Skip(); break;
            }
        }
        return new PriceIndex(table, entries, date, source);
    }

    public PriceEntry? Read(string name)
    {
        if (!_entries.TryGetValue(name, out var range)) return null;
        using var document = JsonDocument.Parse(_table.AsMemory(range));
        var entry = document.RootElement;
        return new PriceEntry(Price(entry), entry.Number("max_in"), entry.Number("max_out"));
    }

    private ModelPrice? Price(JsonElement entry)
    {
        if (entry.Get("suspect") is not null || entry.Get("price") is not { } rates) return null;
        var source = $"{_source} {Date}";
        if (Rates(rates, source) is not { } price) return null;
        // Zero stands for unknown in this table: a price of nothing is for an operator to declare.
        if (price.Input == 0 && price.Output == 0) return null;
        if (entry.Get("tiers") is not { } tiers) return price;
        var read = new List<(long PromptTokensOver, ModelPrice Price)>();
        foreach (var tier in tiers.EnumerateObject())
        {
            // What a tier leaves out falls back to the base rate of the same class.
            if (long.TryParse(tier.Name, out var over)) read.Add((over, Rates(tier.Value, source, price)!));
        }
        return price with { Tiers = [.. read.OrderBy(tier => tier.PromptTokensOver)] };
    }

    /// <summary>The rates, or null when the input rate or the output rate is neither given nor to be had from the base.</summary>
    public static ModelPrice? Rates(JsonElement json, string source, ModelPrice? from = null)
    {
        var input = Rate(json, "in") ?? from?.Input;
        var output = Rate(json, "out") ?? from?.Output;
        if (input is null || output is null) return null;
        return new ModelPrice(input.Value, output.Value, source)
        {
            CacheRead = Rate(json, "cache_read") ?? from?.CacheRead,
            CacheWrite = Rate(json, "cache_write") ?? from?.CacheWrite,
            Reasoning = Rate(json, "reasoning_out") ?? from?.Reasoning,
        };
    }

    public static decimal? Rate(JsonElement json, string name) =>
        json.Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDecimal(out var rate) && rate >= 0
            ? rate : null;
}
