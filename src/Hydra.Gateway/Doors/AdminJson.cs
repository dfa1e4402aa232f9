using System.Globalization;
using System.Text.Json;
using Hydra.Gateway.Ledger;

namespace Hydra.Gateway.Doors;

/// <summary>Keys and budgets as the administration reads and writes them. Pure.</summary>
internal static class AdminJson
{
    /// <summary>What a new key may do, strictly read.</summary>
    public static NewKey ReadWish(JsonElement json, DateTimeOffset now) => new()
    {
        Name = json.RequiredText("name", ""),
        Team = json.TextMember("team", ""),
        User = json.TextMember("user", ""),
        Tags = Texts(json, "tags"),
        Models = Texts(json, "models"),
        RequestsPerMinute = (int?)json.WholeMember("rpm", "", 1, int.MaxValue),
        TokensPerMinute = json.WholeMember("tpm", "", 1, long.MaxValue),
        ParallelMax = (int?)json.WholeMember("max_parallel", "", 1, int.MaxValue),
        UsdMax = (decimal?)json.NumberMember("budget_usd", "", 0, 9_000_000),
        TokensMax = json.WholeMember("budget_tokens", "", 0, long.MaxValue),
        Window = json.TextMember("window", "") is { } window ? BudgetWindows.TryParse(window) ?? throw DoorJson.Bad($"'window' is '{Wire.Excerpt.Of(window)}'; it must be minute, hour, day, week, month or total.", "window") : BudgetWindow.Total,
        ExpiresAt = json.WholeMember("expires_in_seconds", "", 1, 3_155_760_000) is { } seconds ? now.AddSeconds(seconds) : null,
    };

    public static double Seconds(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and <= 31_536_000 ? seconds
            : throw DoorJson.Bad($"'grace_seconds' is '{Wire.Excerpt.Of(text)}'; it must be a number from 0 to 31536000.", "grace_seconds");

    public static void Write(Utf8JsonWriter json, VirtualKey key)
    {
        json.WriteStartObject();
        json.WriteString("id", key.Id);
        json.WriteString("name", key.Name);
        json.WriteString("prefix", key.Prefix);
        json.WriteString("team", key.Team);
        json.WriteString("user", key.User);
        Write(json, "tags", key.Tags);
        Write(json, "models", key.Models);
        if (key.RequestsPerMinute is { } rpm) json.WriteNumber("rpm", rpm);
        if (key.TokensPerMinute is { } tpm) json.WriteNumber("tpm", tpm);
        if (key.ParallelMax is { } parallel) json.WriteNumber("max_parallel", parallel);
        if (key.Budget?.UsdMax is { } usd) json.WriteNumber("budget_usd", usd);
        if (key.Budget?.TokensMax is { } tokens) json.WriteNumber("budget_tokens", tokens);
        if (key.Budget is { } budget) json.WriteString("window", BudgetWindows.NameOf(budget.Window));
        json.WriteBoolean("blocked", key.IsBlocked);
        json.WriteString("created_at", key.CreatedAt);
        if (key.ExpiresAt is { } expires) json.WriteString("expires_at", expires);
        if (key.LastUsedAt is { } used) json.WriteString("last_used_at", used);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, IReadOnlyList<BudgetState> budgets)
    {
        json.WriteStartArray("budgets");
        foreach (var state in budgets)
        {
            json.WriteStartObject();
            json.WriteString("scope", state.Budget.Scope.ToString());
            json.WriteString("window", BudgetWindows.NameOf(state.Budget.Window));
            if (state.Budget.UsdMax is { } usd) json.WriteNumber("max_usd", usd);
            if (state.Budget.TokensMax is { } tokens) json.WriteNumber("max_tokens", tokens);
            json.WriteNumber("spent_usd", state.SpentUsd);
            json.WriteNumber("reserved_usd", state.ReservedUsd);
            json.WriteNumber("spent_tokens", state.SpentTokens);
            json.WriteNumber("reserved_tokens", state.ReservedTokens);
            if (state.ResetsAt is { } resets) json.WriteString("resets_at", resets);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, string name, IReadOnlyList<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts) json.WriteStringValue(text);
        json.WriteEndArray();
    }

    private static List<string> Texts(JsonElement json, string name)
    {
        var texts = new List<string>();
        foreach (var item in json.ListMember(name, "")?.EnumerateArray() ?? default)
        {
            if (item.ValueKind != JsonValueKind.String) throw DoorJson.Wrong(item, $"{name}[{texts.Count}]", "a string");
            texts.Add(DoorJson.TextOf(item, $"{name}[{texts.Count}]"));
        }
        return texts;
    }
}
