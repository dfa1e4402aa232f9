using System.Text;

namespace Hydra.Model;

/// <summary>Names of closed sets as they stand in files, in the journal and on screen: <c>snake_case</c>, whatever the code calls them.</summary>
public static class WireNames
{
    public static string Of<T>(T value) where T : struct, Enum => Table<T>.Names[value];

    public static bool TryParse<T>(string name, out T value) where T : struct, Enum => Table<T>.Values.TryGetValue(name, out value);

    public static IReadOnlyList<string> All<T>() where T : struct, Enum => Table<T>.Ordered;

    private static class Table<T> where T : struct, Enum
    {
        public static readonly Dictionary<T, string> Names = Enum.GetValues<T>().ToDictionary(value => value, value => Snake(value.ToString()));
        public static readonly Dictionary<string, T> Values = Names.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
        public static readonly IReadOnlyList<string> Ordered = [.. Enum.GetValues<T>().Select(value => Names[value])];
    }

    private static string Snake(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0) text.Append('_');
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }
}
