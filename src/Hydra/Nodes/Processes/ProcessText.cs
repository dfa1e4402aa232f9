using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>Values on their way into a program's arguments and environment.</summary>
internal static class ProcessText
{
    /// <summary>An object of templates, evaluated, as environment variables.</summary>
    public static SortedDictionary<string, string> Map(Value given)
    {
        var map = new SortedDictionary<string, string>(StringComparer.Ordinal);
        if (!given.IsObject) return map;
        foreach (var (name, value) in given.AsObject)
        {
            var text = value.ToDisplayText();
            if (name.Length == 0 || name.Contains('=') || name.Contains('\0')) throw new CallFailedException(ErrorCode.BadRequest, $"'{name}' is no name of an environment variable");
            RefuseNul($"env.{name}", text);
            map[name] = text;
        }
        return map;
    }

    public static Value ToValue(SortedDictionary<string, string> map) => ValueMap.Of(map.Select(pair => KeyValuePair.Create(pair.Key, Value.Of(pair.Value))));

    /// <summary>The same for the log.</summary>
    public static Value Shown(SortedDictionary<string, string> map) => ValueMap.Of(map.Select(pair => KeyValuePair.Create(pair.Key, SecretNames.Shown(pair.Key, pair.Value))));

    /// <summary>The system ends a text at its first NUL: what stands behind it would be lost without a word.</summary>
    public static void RefuseNul(string field, string text)
    {
        if (text.Contains('\0')) throw new CallFailedException(ErrorCode.BadRequest, $"`{field}` holds a NUL character, which a program's arguments and environment cannot carry. Pass it through `stdin`");
    }
}
