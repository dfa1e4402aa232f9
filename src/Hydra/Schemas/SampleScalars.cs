using System.Globalization;
using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>Numbers and texts worth trying, smallest first. What does not fit is sorted out by the validator.</summary>
internal static class SampleScalars
{
    private const long TextLengthMax = 100_000;
    /// <summary>Decimal arithmetic is exact below; past it the limits themselves are tried.</summary>
    private const double DecimalLimit = 1e24;

    public static IEnumerable<Value> Numbers(SampleFacts facts, bool isWhole, int seed)
    {
        var lows = Limits(facts, "minimum", "exclusiveMinimum");
        var highs = Limits(facts, "maximum", "exclusiveMaximum");
        decimal? low = lows.Count > 0 ? lows.Max() : null, high = highs.Count > 0 ? highs.Min() : null;
        var steps = Limits(facts, "multipleOf", "multipleOf").Where(step => step > 0).ToList();
        // Of several divisors the product is a multiple of all; of one, itself.
        var step = steps.Count == 0 ? 1 : steps.Distinct().Aggregate(1m, (product, next) => Math.Min(product, 1e9m) * Math.Min(next, 1e9m));
        if (isWhole && decimal.Floor(step) != step) step = WholeStep(step);
        var first = low > 0 ? decimal.Ceiling(low.Value / step) : high < 0 ? decimal.Floor(high.Value / step) : 0;
        for (var i = 0; i <= seed + 2; i++)
        {
            yield return Of((first + i) * step);
            if (i > 0) yield return Of((first - i) * step);
        }
        if (!isWhole && low is not null && high is not null) yield return Of((low.Value + high.Value) / 2);
        if (!isWhole && low is not null) yield return Of(low.Value + 0.5m);
        if (!isWhole && high is not null) yield return Of(high.Value - 0.5m);
        foreach (var limit in facts.All("minimum").Concat(facts.All("maximum"))) yield return limit;
        foreach (var limit in facts.All("exclusiveMinimum")) yield return Value.Of(Math.BitIncrement(limit.AsNumber));
        foreach (var limit in facts.All("exclusiveMaximum")) yield return Value.Of(Math.BitDecrement(limit.AsNumber));
    }

    public static IEnumerable<Value> Texts(SampleFacts facts, int seed)
    {
        var least = facts.LeastOf("minLength");
        if (least > TextLengthMax) yield break;
        foreach (var name in facts.All("format"))
        {
            if (name.TextOrNull is not { } format || Formats.Find(format) is not { } known) continue;
            yield return known.Example;
            for (var i = 1; i <= seed + 1; i++)
            {
                foreach (var variant in Variants(known.Example, i))
                {
                    if (known.IsValid(variant)) yield return variant;
                }
            }
        }
        foreach (var pattern in facts.All("pattern"))
        {
            for (var extra = 0; extra <= least + 1; extra += Math.Max(1, (int)least / 8))
            {
                for (var i = 0; i <= seed; i++)
                {
                    if (PatternSample.For(pattern.AsText, i, extra) is { } text) yield return text;
                }
            }
            if (least > 0 && PatternSample.For(pattern.AsText, seed: 0, extra: 0) is { } shortest && shortest.Length < least)
            {
                if (PatternSample.For(pattern.AsText, seed: 0, (int)least - shortest.Length) is { } exact) yield return exact;
                yield return shortest.PadRight((int)least, 'a');   // where the pattern is not anchored
            }
        }
        for (var i = 0; i <= seed + 1; i++) yield return Plain(i, (int)least);
    }

    /// <summary>The n-th text of at least this length: "", "a", "b", … "aa".</summary>
    public static Value Plain(int number, int length)
    {
        var text = "";
        for (var rest = number; rest > 0; rest = (rest - 1) / 26) text = (char)('a' + (rest - 1) % 26) + text;
        return text.PadLeft(length, 'a');
    }

    private static IEnumerable<string> Variants(string example, int number)
    {
        var digits = number.ToString(CultureInfo.InvariantCulture);
        yield return digits + example;
        yield return example + digits;
        var last = example.AsSpan().LastIndexOfAnyInRange('0', '9');
        if (last >= digits.Length - 1) yield return string.Concat(example.AsSpan(0, last + 1 - digits.Length), digits, example.AsSpan(last + 1));
    }

    private static List<decimal> Limits(SampleFacts facts, string closed, string open) =>
        [.. facts.All(closed).Concat(facts.All(open)).Where(limit => limit.IsNumeric && Math.Abs(limit.AsNumber) is < DecimalLimit and not (> 0 and < 1e-9))
            .Select(limit => limit.Kind == ValueKind.Integer ? limit.AsInteger : (decimal)limit.AsNumber)];

    /// <summary>The least whole multiple of a fraction that is found by adding up.</summary>
    private static decimal WholeStep(decimal step)
    {
        for (var i = 1; i <= 1_000; i++)
        {
            if (decimal.Floor(step * i) == step * i) return step * i;
        }
        return 1;
    }

    private static Value Of(decimal number) =>
        decimal.Floor(number) == number && Math.Abs(number) <= long.MaxValue ? Value.Of((long)number) : Value.Of((double)number);
}
