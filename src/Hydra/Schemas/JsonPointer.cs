using System.Globalization;
using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>JSON pointers (RFC 6901).</summary>
internal static class JsonPointer
{
    public static string Append(string pointer, string key) => $"{pointer}/{Escape(key)}";

    public static string Append(string pointer, int index) => string.Create(CultureInfo.InvariantCulture, $"{pointer}/{index}");

    public static string Escape(string key) =>
        key.AsSpan().IndexOfAny('~', '/') < 0 ? key : key.Replace("~", "~0").Replace("/", "~1");

    public static string Unescape(string token) =>
        token.Contains('~', StringComparison.Ordinal) ? token.Replace("~1", "/").Replace("~0", "~") : token;

    /// <summary>One step down from a value; false when there is nothing of that name.</summary>
    public static bool TryStep(Value value, string key, out Value next)
    {
        next = default;
        if (value.IsObject) return value.AsObject.TryGetValue(key, out next);
        if (!value.IsList || !TryIndex(key, out var index) || index >= value.AsList.Length) return false;
        next = value.AsList[index];
        return true;
    }

    private static bool TryIndex(string token, out int index) =>
        int.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out index) && (token.Length == 1 || token[0] != '0');
}
