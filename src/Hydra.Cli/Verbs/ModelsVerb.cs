using System.Runtime.CompilerServices;
using Hydra.Gateway;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Prices;
using Hydra.Gateway.Providers;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary><c>hydra models list|fake</c>: the models with a known price, and a provider for rehearsals.</summary>
internal static class ModelsVerb
{
    private static readonly Option Urls = new("--urls", "URLS", "fake: where to listen; default http://127.0.0.1:8089");
    private static readonly Option Script = new("--script", "FILE.json", "fake: what to answer");

    private static readonly Option Scenario = new("--scenario", "S01..S16", "fake: a named fault of the public fail-over bench instead of a script");

    private static readonly Option Providers = Option.Switch("--providers", "list: the well-known providers instead, and which can be asked here");

    public static readonly Verb Verb = new("models", "list|fake", "lists known models, or serves a scripted one")
    {
        PositionalsMin = 1,
        PositionalsMax = 1,
        Options = [Urls, Script, Scenario, Providers, CommonOptions.Backend, CommonOptions.Json, CommonOptions.NoColor, CommonOptions.Help],
        Run = static (arguments, io) => arguments.Positionals[0] switch
        {
            "list" => Task.FromResult(arguments.Has(Providers) ? ListProviders(arguments, io) : List(arguments, io)),
            "fake" => FakeAsync(arguments, io),
            var other => throw new UsageException($"there is no `hydra models {other}`.{DidYouMean.Hint(other, ["list", "fake"])} Write list or fake."),
        },
    };

    private static int List(ParsedArguments arguments, CliIo io)
    {
        using var gateway = Wiring.OpenGateway(arguments.Get(CommonOptions.Backend), io);
        var known = PriceTable.Load(io.Environment("HYDRA_PRICES"));
        var table = new TextTable("model", "input $/M", "output $/M", "context", "answers here") { Right = [1, 2, 3] };
        var json = new List<Value>();
        foreach (var name in known.Names)
        {
            var entry = known.Find(name)!;
            var provider = ProviderOf(gateway, name);
            table.Add(TerminalText.Of(name), $"{entry.Price?.Input:0.####}", $"{entry.Price?.Output:0.####}", $"{entry.ContextTokensMax:#,0}", provider ?? "no");
            json.Add(ValueMap.Of(("model", name), ("input", Rate(entry.Price?.Input)), ("output", Rate(entry.Price?.Output)), ("provider", provider is null ? Value.Null : Value.Of(provider))));
        }
        io.Out.WriteLine(arguments.Has(CommonOptions.Json) ? ValueJson.ToText(Value.Of(json), indented: true) : table.ToString());
        return ExitCode.Done;
    }

    private static int ListProviders(ParsedArguments arguments, CliIo io)
    {
        var set = GatewayOptions.FromEnvironment(io.Environment).PresetVariables;
        var table = new TextTable("provider", "format", "address", "key", "asked here");
        var json = new List<Value>();
        foreach (var preset in ProviderCatalog.All)
        {
            var missing = preset.Missing(set);
            var address = set.GetValueOrDefault(preset.BaseUrlVariable) ?? preset.BaseUrl;
            table.Add(preset.Name, preset.Kind, TerminalText.Of(address), preset.Key ?? "", missing.Count == 0 ? "yes" : $"set {string.Join(" and ", missing)}");
            json.Add(ValueMap.Of(("provider", preset.Name), ("format", preset.Kind), ("base_url", address),
                ("key", preset.Key is { } key ? Value.Of(key) : Value.Null), ("missing", Value.OfTexts(missing)), ("source", preset.Source)));
        }
        io.Out.WriteLine(arguments.Has(CommonOptions.Json) ? ValueJson.ToText(Value.Of(json), indented: true) : table.ToString());
        return ExitCode.Done;
    }

    private static Value Rate(decimal? rate) => rate is { } known ? Value.Of((double)known) : Value.Null;

    private static string? ProviderOf(IModelCatalog models, string name)
    {
        try
        {
            return models.Resolve(name).Provider;
        }
        catch (ModelUnavailableException)
        {
            return null;
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]   // so that no other verb loads ASP.NET
    private static async Task<int> FakeAsync(ParsedArguments arguments, CliIo io)
    {
        using var stop = new CancellationTokenSource();
        using var interrupts = io.OnInterrupt(stop.Cancel);
        try
        {
            if (arguments.Has(Script) && arguments.Has(Scenario)) throw new UsageException("--script and --scenario exclude each other.");
            var script = arguments.Get(Scenario) is { } scenario ? FakeScenarios.Find(scenario).Script()
                : arguments.Get(Script) is { } file ? FakeScript.Parse(await File.ReadAllTextAsync(io.PathOf(file), stop.Token), file) : new FakeScript();
            await using var fake = await FakeProvider.StartAsync(arguments.Get(Urls) ?? "http://127.0.0.1:8089", script, stop.Token);
            io.Out.WriteLine($"fake provider at {fake.Url}: OPENAI_BASE_URL={fake.Url}/v1 OPENAI_API_KEY=fake ANTHROPIC_BASE_URL={fake.Url} ANTHROPIC_API_KEY=fake");
            await io.Out.FlushAsync(stop.Token);
            await Task.Delay(Timeout.Infinite, stop.Token);
        }
        catch (OperationCanceledException)
        {
            // Ctrl+C is how it ends.
        }
        catch (Exception wrong) when (wrong is IOException or FormatException or UnauthorizedAccessException)
        {
            throw new UsageException($"the fake provider cannot start: {wrong.Message}");
        }
        return ExitCode.Done;
    }
}
