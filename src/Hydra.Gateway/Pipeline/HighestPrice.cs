using Hydra.Model;

namespace Hydra.Gateway.Pipeline;

/// <summary>One price that is nowhere below any of several.</summary>
internal static class HighestPrice
{
    /// <returns>Null: there are none.</returns>
    public static ModelPrice? Of(IReadOnlyList<ModelPrice> prices)
    {
        if (prices.Count == 0) return null;
        if (prices.Distinct().Count() == 1) return prices[0];
        var steps = prices.SelectMany(price => price.Tiers).Select(tier => tier.PromptTokensOver).Distinct().Order();
        return Flat(prices) with { Tiers = [.. steps.Select(over => (over, Flat([.. prices.Select(price => At(price, over))])))] };
    }

    private static ModelPrice At(ModelPrice price, long over)
    {
        var rates = price;
        foreach (var (from, tier) in price.Tiers)
        {
            if (over >= from) rates = tier;
        }
        return rates;
    }

    private static ModelPrice Flat(IReadOnlyList<ModelPrice> prices) => new(prices.Max(price => price.Input), prices.Max(price => price.Output), prices.MaxBy(price => price.Input + price.Output)!.Source)
    {
        AsOf = prices.Min(price => price.AsOf),
        CacheRead = prices.Max(price => price.CacheRead ?? price.Input),
        CacheWrite = prices.Max(price => price.CacheWrite ?? price.Input),
        CacheWriteHour = prices.Max(price => price.CacheWriteHour ?? price.CacheWrite ?? price.Input),
        Reasoning = prices.Max(price => price.Reasoning ?? price.Output),
        InputAudio = prices.Max(price => price.InputAudio ?? price.Input),
        OutputAudio = prices.Max(price => price.OutputAudio ?? price.Output),
        ServerTool = prices.Max(price => price.ServerTool),
    };
}
