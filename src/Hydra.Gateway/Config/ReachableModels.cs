using Hydra.Gateway.Prices;

namespace Hydra.Gateway.Config;

/// <summary>What a gateway that passes names on can list: the models that the price table knows at its accounts. Others can be asked all the same.</summary>
internal static class ReachableModels
{
    /// <returns>Names as callers write them, <c>PROVIDER/MODEL</c>; none where groups alone are served. Who names models at will (Azure, Ollama, programs) has none.</returns>
    public static IReadOnlyList<string> Of(GatewayConfig config, DateOnly today)
    {
        if (!config.Passthrough) return [];
        var accounts = config.Providers.Where(provider => provider.Value.Kind is not ("azure" or "ollama" or "command" or "offline")).ToLookup(provider => provider.Value.Kind, provider => provider.Key, StringComparer.Ordinal);
        var names = new SortedSet<string>(StringComparer.Ordinal);
        if (config.Providers.Values.Any(provider => provider.Kind == "offline")) names.Add("offline");
        var table = PriceTable.Load();
        foreach (var name in table.Names)
        {
            var (maker, id) = ModelName.Parse(name);
            if (maker is null || id.Length == 0 || !accounts.Contains(maker) || id.StartsWith("ft:", StringComparison.Ordinal)) continue;
            if (table.Find(name) is not { IsOfText: true } entry || entry.RetiresOn < today) continue;
            foreach (var account in accounts[maker]) names.Add($"{account}/{id}");
        }
        return [.. names];
    }
}
