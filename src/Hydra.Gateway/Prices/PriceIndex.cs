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
        return new PriceEntry(Price(entry), entry.Number("max_in"), entry.Number("max_out"))
        {
            RetiresOn = DateOnly.TryParse(entry.Text("eol"), out var day) ? day : null,
            IsOfText = entry.Text("mode") is "chat" or "responses" or "completion" or "embedding",
            Dimensions = (int?)entry.Number("dims"),
        };
    }

    private ModelPrice? Price(JsonElement entry)
    {
        if (entry.Get("suspect") is not null || entry.Get("price") is not { } rates) return null;
        var source = $"{_source} {Date}";
        if (Rates(rates, source, asOf: DateOnly.TryParse(Date, out var day) ? day : null) is not { } price) return null;
        // Zero stands for unknown in this table: a price of nothing is for an operator to declare.
        if (price.Input == 0 && price.Output == 0) return null;
        price = price with { ServerTool = DearestSearch(entry) };
        price = price with { Tiers = Tiers(entry, price) };
        var services = new Dictionary<string, ModelPrice>(StringComparer.Ordinal);
        foreach (var service in entry.Get("service") is { ValueKind: JsonValueKind.Object } all ? all.EnumerateObject() : default)
        {
            // What a class of service leaves out is unknown there: the standard rates say nothing about it.
            if (Rates(service.Value, $"{source} ({service.Name})", asOf: price.AsOf) is not { } rate) continue;
            services[service.Name] = rate with { Tiers = Tiers(service.Value, rate), ServerTool = price.ServerTool };
        }
        if (entry.Text("provider") == "anthropic" && !services.ContainsKey("batch")) services["batch"] = Half(price, $"{source} (batch)");
        return price with { Services = services };
    }

    /// <summary>
    /// Anthropic's batches, which the table does not name: half of every rate, caches included
    /// (platform.claude.com/docs/en/about-claude/pricing#batch-processing). Its own tools cost the same.
    /// </summary>
    private static ModelPrice Half(ModelPrice price, string source) => price with
    {
        Input = price.Input / 2, Output = price.Output / 2, Source = source, CacheRead = price.CacheRead / 2, CacheWrite = price.CacheWrite / 2,
        CacheWriteHour = price.CacheWriteHour / 2, Reasoning = price.Reasoning / 2, Tiers = [.. price.Tiers.Select(tier => (tier.PromptTokensOver, Half(tier.Price, source)))],
    };

    /// <summary>What a tier leaves out falls back to the base rate of the same class.</summary>
    public static IReadOnlyList<(long, ModelPrice)> Tiers(JsonElement entry, ModelPrice price)
    {
        var read = new List<(long PromptTokensOver, ModelPrice Price)>();
        foreach (var tier in entry.Get("tiers") is { ValueKind: JsonValueKind.Object } tiers ? tiers.EnumerateObject() : default)
        {
            if (long.TryParse(tier.Name, out var over)) read.Add((over, Rates(tier.Value, price.Source, price)!));
        }
        return [.. read.OrderBy(tier => tier.PromptTokensOver)];
    }

    /// <summary>The rates, or null when the input rate or the output rate is neither given nor to be had from the base.</summary>
    public static ModelPrice? Rates(JsonElement json, string source, ModelPrice? from = null, DateOnly? asOf = null)
    {
        var input = Rate(json, "in") ?? from?.Input;
        var output = Rate(json, "out") ?? from?.Output;
        if (input is null || output is null) return null;
        return new ModelPrice(input.Value, output.Value, source)
        {
            AsOf = asOf ?? from?.AsOf,
            CacheRead = Rate(json, "cache_read") ?? from?.CacheRead,
            CacheWrite = Rate(json, "cache_write") ?? from?.CacheWrite,
            CacheWriteHour = Rate(json, "cache_write_1h") ?? from?.CacheWriteHour,
            Reasoning = Rate(json, "reasoning_out") ?? from?.Reasoning,
            InputAudio = Rate(json, "audio_in") ?? from?.InputAudio,
            OutputAudio = Rate(json, "audio_out") ?? from?.OutputAudio,
            ServerTool = from?.ServerTool,
        };
    }

    /// <summary>Answers do not say how wide a search was, so the dearest rate holds.</summary>
    private static decimal? DearestSearch(JsonElement entry) =>
        entry.Get("search_per_query") is { } search
            ? new[] { Rate(search, "low"), Rate(search, "medium"), Rate(search, "high") }.Max() : null;

    public static decimal? Rate(JsonElement json, string name) =>
        json.Get(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDecimal(out var rate) && rate >= 0
            ? rate : null;
}
