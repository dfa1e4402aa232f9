using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Hydra.Gateway.Doors;

/// <summary>The gateway as a server of its own.</summary>
public sealed class GatewayHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private GatewayHost(WebApplication app, string url) => (_app, Url) = (app, url);

    /// <summary>The first address it listens on, with its real port.</summary>
    public string Url { get; }

    /// <summary>Listens until disposed.</summary>
    /// <param name="urls">Addresses, separated by semicolons; port 0 takes a free one.</param>
    public static async Task<GatewayHost> StartAsync(string urls, GatewayService service, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        // What a socket has brought is worked on where it was read, and what is written is sent at once: a call waits for nothing but its
        // provider, so it blocks no thread, and each way through a queue would cost it more than the work that it waits for.
        // A connection keeps its buffer while it waits, rather than being asked first whether something has come.
        builder.WebHost.UseKestrelCore().UseSockets(sockets => (sockets.UnsafePreferInlineScheduling, sockets.WaitForDataBeforeAllocatingBuffer) = (true, false)).ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MaxRequestBodySize = RequestBody.BytesMax + RequestBody.LingerBytesMax;
            kestrel.Limits.MaxRequestLineSize = 8 * 1024;
            kestrel.AddServerHeader = false;
        }).UseUrls(urls);
        builder.Services.AddRoutingCore();
        builder.Services.AddLogging(logging => logging.ClearProviders());
        var app = builder.Build();
        var guard = new HostGuard(urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        app.Use(guard.InvokeAsync);
        app.UseRouting();
        app.MapHydraGateway(service);
        await app.StartAsync(cancellationToken);
        return new GatewayHost(app, app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    /// <summary>Takes no new requests, and waits for those under way, 30 s at most.</summary>
    public async ValueTask DisposeAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await _app.StopAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Streams that have not ended by then are cut.
        }
        await _app.DisposeAsync();
    }
}
