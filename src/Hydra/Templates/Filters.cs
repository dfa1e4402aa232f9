using System.Diagnostics.CodeAnalysis;
using Hydra.Model;

namespace Hydra.Templates;

/// <summary>The filters by name. Those that take filters or tests themselves are in <see cref="ItemFilters"/>; <c>default</c> is part of the language.</summary>
internal static class Filters
{
    private static readonly Dictionary<string, Filter> All = Collect();

    public static IEnumerable<string> Names => All.Keys.Concat(ItemFilters.Names).Append("default");

    public static bool TryFind(string name, [MaybeNullWhen(false)] out Filter filter) => All.TryGetValue(name, out filter);

    private static Dictionary<string, Filter> Collect()
    {
        var all = new Dictionary<string, Filter>(StringComparer.Ordinal);
        foreach (var filter in TextFilters.All.Concat(ListFilters.All).Concat(NumberFilters.All).Concat(DataFilters.All)) all[filter.Name] = filter;
        foreach (var (alias, name) in (ReadOnlySpan<(string, string)>)[("count", "length"), ("e", "escape"), ("forceescape", "escape")]) all[alias] = all[name];
        return all;
    }

    public static string TextOf(Evaluation evaluation, Value value) => ValueText.Of(evaluation, value);

    public static int Whole(Evaluation evaluation, Value value, string what)
    {
        if (!Operators.TryInteger(value, out var number)) throw evaluation.WrongType($"{what} must be a whole number, and is {Operators.NameOf(value)}.");
        return (int)Math.Clamp(number, int.MinValue / 2, int.MaxValue / 2);
    }

    public static string Text(Evaluation evaluation, Value value, string what) =>
        value.TextOrNull ?? throw evaluation.WrongType($"{what} must be text, and is {Operators.NameOf(value)}.");
}
