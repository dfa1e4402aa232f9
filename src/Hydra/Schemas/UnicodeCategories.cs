using System.Collections.Frozen;

namespace Hydra.Schemas;

/// <summary>General categories of Unicode by their short and long names (UAX #44, table 12), as .NET writes them in a class.</summary>
internal static class UnicodeCategories
{
    private static readonly FrozenDictionary<string, string> Classes = Read("""
        L Letter; Lu Uppercase_Letter; Ll Lowercase_Letter; Lt Titlecase_Letter; Lm Modifier_Letter; Lo Other_Letter;
        M Mark Combining_Mark; Mn Nonspacing_Mark; Mc Spacing_Mark; Me Enclosing_Mark;
        N Number; Nd Decimal_Number digit; Nl Letter_Number; No Other_Number;
        P Punctuation punct; Pc Connector_Punctuation; Pd Dash_Punctuation; Ps Open_Punctuation; Pe Close_Punctuation;
        Pi Initial_Punctuation; Pf Final_Punctuation; Po Other_Punctuation;
        S Symbol; Sm Math_Symbol; Sc Currency_Symbol; Sk Modifier_Symbol; So Other_Symbol;
        Z Separator; Zs Space_Separator; Zl Line_Separator; Zp Paragraph_Separator;
        C Other; Cc Control cntrl; Cf Format; Cs Surrogate; Co Private_Use; Cn Unassigned
        """);

    public static string? Find(string name) => Classes.GetValueOrDefault(name);

    private static FrozenDictionary<string, string> Read(string table)
    {
        var classes = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in table.Split(';', StringSplitOptions.TrimEntries))
        {
            var names = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            foreach (var name in names) classes[name] = $@"\p{{{names[0]}}}";
        }
        return classes.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
