using Hydra.Model;

namespace Hydra.Gateway.Config;

/// <summary>Reads bound values; what is not there, or was refused, reads as nothing.</summary>
internal static class ConfigValues
{
    public static ValueMap Map(this ValueMap map, string name) => map.GetOrNull(name) is { IsObject: true } value ? value.AsObject : ValueMap.Empty;
    public static IEnumerable<KeyValuePair<string, ValueMap>> Maps(this ValueMap map, string name) =>
        map.Map(name).Where(pair => pair.Value.IsObject).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.AsObject));

    /// <summary>The maps of a list, each with its index.</summary>
    public static IEnumerable<(int At, ValueMap Item)> Items(this ValueMap map, string name) =>
        map.GetOrNull(name) is { IsList: true } list ? list.Items.Index().Where(pair => pair.Item.IsObject).Select(pair => (pair.Index, pair.Item.AsObject)) : [];

    public static IReadOnlyList<string> Texts(this ValueMap map, string name) =>
        map.GetOrNull(name) is { IsList: true } list ? [.. list.Items.Select(item => item.TextOrNull ?? "")] : [];

    public static string? Text(this ValueMap map, string name) => map.GetOrNull(name).TextOrNull;
    public static bool? Flag(this ValueMap map, string name) => map.GetOrNull(name) is { Kind: ValueKind.Boolean } value ? value.AsBoolean : null;
    public static double? Number(this ValueMap map, string name) => map.GetOrNull(name) is { IsNumeric: true } value ? value.AsNumber : null;
    public static long? Integer(this ValueMap map, string name) => map.GetOrNull(name) is { Kind: ValueKind.Integer } value ? value.AsInteger : null;
    public static decimal? Usd(this ValueMap map, string name) => (decimal?)map.Number(name);
    public static TimeSpan? Seconds(this ValueMap map, string name) => map.Number(name) is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}
