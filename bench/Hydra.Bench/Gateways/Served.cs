using System.Diagnostics;
using Hydra.Gateway.Config;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Hydra.Bench.Gateways;

/// <summary>One server in a process of its own, so that what one costs is not another's.</summary>
internal sealed class Served : IAsyncDisposable
{
    private const string Gen0Bytes = "0x8000000";
    private readonly Process _process;

    private Served(Process process, string url, string key) => (_process, Url, Key) = (process, url, key);

    public string Url { get; }
    /// <summary>A virtual key; empty where none is asked for.</summary>
    public string Key { get; }
    /// <summary>Resident memory, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <param name="what"><c>upstream</c>, <c>floor</c> or <c>gateway</c>.</param>
    /// <param name="upstream">Address of the provider behind it.</param>
    /// <param name="store">Where the gateway keeps its ledger: a folder, or the connection string of a PostgreSQL database.</param>
    public static async Task<Served> StartAsync(string what, string upstream = "", string store = "")
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["--serve", what, upstream, store]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true };
        // As ./hydra starts its gateway; alike for all that are compared.
        start.Environment["DOTNET_GCgen0size"] = Gen0Bytes;
        start.Environment["DOTNET_TieredPGO"] = "1";
        var process = Process.Start(start)!;
        var line = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The {what} of the benchmark did not start.");
        var words = line.Split(' ');
        return new Served(process, words[0], words[1]);
    }

    /// <summary>Runs a server until standard input ends.</summary>
    public static async Task RunAsync(string what, string upstream, string store)
    {
        if (what == "gateway")
        {
            await using var service = await OpenAsync(upstream, store);
            var key = await service.Keys.CreateAsync(new NewKey { Name = "bench", Team = "research", UsdMax = 1_000_000 });
            await using var host = await GatewayHost.StartAsync("http://127.0.0.1:0", service, CancellationToken.None);
            await TellAsync(host.Url, key.Secret);
            return;
        }
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(logging => logging.ClearProviders());
        await using var app = builder.Build();
        app.UseRouting();
        if (what == "upstream") Upstream.Map(app);
        else BareProxy.Map(app, upstream);
        await app.StartAsync();
        await TellAsync(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First(), "");
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    /// <summary>Keys, three budgets, a ledger and a collector of spans, as an operator would have them.</summary>
    private static Task<GatewayService> OpenAsync(string upstream, string store)
    {
        var config = new GatewayConfig
        {
            Store = Directory.Exists(store) ? new StoreConfig(Path.Combine(store, "gateway.db")) : new StoreConfig(Sqlite: null, Postgres: "env:LEDGER_DATABASE"),
            Providers = new Dictionary<string, ProviderConfig> { ["upstream"] = new() { Kind = "openai", BaseUrl = upstream + "/v1", ApiKey = "env:UPSTREAM_KEY" } },
            Budgets = [new Budget(BudgetScope.All, BudgetWindow.Day, 1_000_000, null), new Budget(BudgetScope.TryParse("team:research")!.Value, BudgetWindow.Day, 1_000_000, null)],
            Models = new Dictionary<string, ModelGroupConfig>
            {
                ["smart"] = new() { Deployments = [new DeploymentConfig { Provider = "upstream", Model = "gpt-5-mini" }] },
                ["paced"] = new() { Deployments = [new DeploymentConfig { Provider = "upstream", Model = "paced", Price = new PriceConfig(1, 2) }] },
            },
        };
        return GatewayService.OpenAsync(config, new GatewayServiceOptions { Environment = name => name switch { "UPSTREAM_KEY" => "sk-upstream", "LEDGER_DATABASE" => store, "OTEL_EXPORTER_OTLP_ENDPOINT" => upstream, _ => null }, Folder = Path.GetTempPath(), OnDefect = defect => Console.Error.WriteLine(defect) }, CancellationToken.None);
    }

    private static async Task TellAsync(string url, string key)
    {
        Console.WriteLine($"{url} {key}");
        while (await Console.In.ReadLineAsync() is not null) { }
    }
}
