using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;

namespace Hydra.Gateway.Prices;

/// <summary>What an operator says of one model: a price, limits, or that it is another model under its own name.</summary>
internal sealed record PriceOverride(ModelPrice? Price, string? Alias, long? ContextTokensMax, long? OutputTokensMax)
{
    /// <summary>An override that moves a rate by more than this many times needs <c>"confirm": true</c>.</summary>
    public const decimal MoveMax = 100;

    private static readonly string[] Fields = ["in", "out", "cache_read", "cache_write", "cache_write_1h",
        "reasoning_out", "audio_in", "audio_out", "server_tool", "max_in", "max_out", "alias", "confirm", "tiers", "note",
        "as_of"];

    public static Dictionary<string, PriceOverride> ReadFile(string path, Func<string, PriceEntry?> builtIn)
    {
        string text;
        try
        {
            text = File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new PriceFileException($"The price file '{path}' cannot be read: {error.Message} Mend HYDRA_PRICES or unset it.", error);
        }
        return Read(text, path, builtIn);
    }

    public static Dictionary<string, PriceOverride> Read(string text, string path, Func<string, PriceEntry?> builtIn)
    {
        try
        {
            using var document = JsonDocument.Parse(text,
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            if (document.RootElement.Get("models") is not { ValueKind: JsonValueKind.Object } models)
            {
                throw Wrong(path, "has no object 'models'. Write { \"models\": { \"my-model\": { \"in\": 1.5, \"out\": 6 } } }, in US dollars per million tokens.");
            }
            var overrides = new Dictionary<string, PriceOverride>(StringComparer.Ordinal);
            foreach (var model in models.EnumerateObject())
            {
                if (!overrides.TryAdd(model.Name, ReadEntry(model.Name, model.Value, path, builtIn)))
                {
                    throw Wrong(path, $"names '{model.Name}' twice. Keep one of them.");
                }
            }
            return overrides;
        }
        catch (JsonException error)
        {
            throw new PriceFileException($"{path}:{error.LineNumber + 1}:{error.BytePositionInLine + 1}: the price file is not JSON: {error.Message}", error);
        }
    }

    private static PriceOverride ReadEntry(string name, JsonElement entry, string path, Func<string,
        PriceEntry?> builtIn)
    {
        if (entry.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(path, $"has '{name}' as {entry.ValueKind}; it must be an object like {{ \"in\": 1.5, \"out\": 6 }}.");
        }
        foreach (var field in entry.EnumerateObject())
        {
            if (Array.IndexOf(Fields, field.Name) < 0)
            {
                throw Wrong(path, $"has the unknown field '{field.Name}' in '{name}'. Known are: {string.Join(", ", Fields)}.");
            }
            var mustBeRate = field.Name is not ("alias" or "confirm" or "tiers" or "note" or "as_of");
            if (mustBeRate && PriceIndex.Rate(entry, field.Name) is null)
            {
                throw Wrong(path, $"has {field.Value.GetRawText()} as '{field.Name}' of '{name}'; it must be a number of 0 or more.");
            }
        }
        var alias = entry.Text("alias");
        DateOnly? asOf = DateOnly.TryParse(entry.Text("as_of"), out var day) ? day : null;
        if (asOf is null && entry.Get("as_of") is { } unread)
        {
            throw Wrong(path, $"has {unread.GetRawText()} as 'as_of' of '{name}'; it must be a day like \"2026-08-01\".");
        }
        var price = PriceIndex.Rates(entry, $"{Path.GetFileName(path)} (operator)", asOf: asOf);
        if (price is null && (entry.Get("in") is not null || entry.Get("out") is not null))
        {
            throw Wrong(path, $"gives '{name}' only one of 'in' and 'out'. Give both.");
        }
        if (price is not null)
        {
            price = price with { ServerTool = PriceIndex.Rate(entry, "server_tool") };
            price = price with { Tiers = PriceIndex.Tiers(entry, price) };
        }
        var isConfirmed = entry.Get("confirm") is { ValueKind: JsonValueKind.True };
        if (price is not null && !isConfirmed && builtIn(alias ?? name)?.Price is { } old)
        {
            CheckMove("in", old.Input, price.Input);
            CheckMove("out", old.Output, price.Output);
        }
        return new(price, alias, entry.Number("max_in"), entry.Number("max_out"));

        void CheckMove(string field, decimal before, decimal after)
        {
            if (before == after || (before > 0 && after > 0 && after <= before * MoveMax && before <= after * MoveMax))
            {
                return;
            }
            throw Wrong(path, $"moves '{field}' of '{name}' from {before} to {after} US dollars per million tokens, more than {MoveMax} times. If that is meant, add \"confirm\": true.");
        }
    }

    private static PriceFileException Wrong(string path, string what) => new($"The price file {path} {what}");
}
