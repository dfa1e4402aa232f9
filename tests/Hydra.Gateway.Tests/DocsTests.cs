using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Prices;
using Hydra.Gateway.Providers;

namespace Hydra.Gateway.Tests;

/// <summary>The examples of docs/models.md are accepted by what they are examples of.</summary>
public sealed class DocsTests
{
    [Fact]
    public void The_examples_of_the_models_page_are_accepted()
    {
        var examples = Regex.Matches(File.ReadAllText(Page()), "```json\n(?<json>.*?)```", RegexOptions.Singleline, TimeSpan.FromSeconds(10))
            .Select(match => match.Groups["json"].Value).ToArray();
        Assert.Equal(2, examples.Length);
        Assert.Equal(3, PriceOverride.Read(examples[0], "docs/models.md", PriceTable.Load().Find).Count);
        Assert.Equal(3, FakeScript.Parse(examples[1], "docs/models.md").Rules.Count);
    }

    [Fact]
    public void Every_variable_that_is_read_is_on_the_models_page()
    {
        var read = new List<string>();
        GatewayOptions.FromEnvironment(name =>
        {
            read.Add(name);
            return null;
        });
        var page = File.ReadAllText(Page());
        var presets = ProviderCatalog.All.SelectMany(preset => preset.Variables).ToHashSet(StringComparer.Ordinal);
        Assert.All(read.Where(name => !presets.Contains(name)), name => Assert.Contains(name, page));
    }

    [Fact]
    public void The_page_of_providers_shows_the_catalogue()
    {
        var page = File.ReadAllText(Path.Combine(Path.GetDirectoryName(Page())!, "providers.md"));
        var rows = ProviderCatalog.All.Select(preset => $"| [{preset.Name}]({preset.Source}) | {preset.Kind} | `{preset.BaseUrl}` | "
            + (preset.Key is null ? "" : $"`{preset.Key}`{(preset.SharedKey ? " †" : "")}") + " |").ToArray();
        Assert.All(rows, row => Assert.Contains(row, page));
        Assert.Equal(rows.Length + 1, page.Split("\n| ").Length - 1);   // and no others
    }

    private static string Page([CallerFilePath] string file = "") => Path.Combine(Path.GetDirectoryName(file)!, "../../docs/models.md");
}
