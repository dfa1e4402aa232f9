using Hydra.Gateway.Config;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;

namespace Hydra.Interop.Tests;

/// <summary>A gateway over real HTTP in front of a fake provider, with a key that has money and one that has none.</summary>
public sealed class ServedGateway : IAsyncLifetime
{
    public const string Model = "smart", Hello = "Hello from the gateway.", Place = """{"city": "Paris", "degrees": 21}""";

    private static readonly FakeScript Script = FakeScript.Parse("""
        {
          "rules": [
            {"when": {"prompt": "Rain in Paris"}, "answer": "It rains."},
            {"when": {"prompt": "weather"}, "tool_calls": [{"name": "weather", "arguments": {"city": "Paris"}}]},
            {"when": {"prompt": "as JSON"}, "answer": "{\"city\": \"Paris\", \"degrees\": 21}"},
            {"when": {"prompt": "too long"}, "status": 400, "error_type": "invalid_request_error", "error_code": "context_length_exceeded", "error_message": "This model's maximum context length is 8192 tokens."},
            {"when": {"prompt": "cut"}, "chunks": 6, "cut_after": 3},
            {"when": {"prompt": "once busy, OpenAI"}, "times": 1, "status": 503, "error_message": "Try again."},
            {"when": {"prompt": "once busy, Anthropic"}, "times": 1, "status": 503, "error_message": "Try again."}
          ],
          "answer": "Hello from the gateway."
        }
        """);

    private FakeProvider _fake = null!;
    private GatewayService _service = null!;
    private GatewayHost _host = null!;

    public string Url => _host.Url;
    /// <summary>A key with money.</summary>
    public string Rich { get; private set; } = "";
    /// <summary>A key whose budget holds no call.</summary>
    public string Poor { get; private set; } = "";
    /// <summary>Calls that reached the provider with a text in their prompt.</summary>
    public int CallsWith(string prompt) => _fake.Calls.Count(call => call.Prompt.Contains(prompt, StringComparison.Ordinal));

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeProvider.StartAsync(Script, CancellationToken.None);
        var config = new GatewayConfig
        {
            Store = new StoreConfig(Sqlite: null),
            // The gateway does not repeat, so that the clients' own repeating is seen.
            Retries = InProcessModels.WithoutRepeats(new()),
            Providers = new Dictionary<string, ProviderConfig> { ["fake"] = new() { Kind = "openai", BaseUrl = _fake.Url + "/v1", ApiKey = "env:KEY" } },
            Models = new Dictionary<string, ModelGroupConfig> { [Model] = new() { Deployments = [new() { Provider = "fake", Model = "gpt-5-mini" }] } },
        };
        _service = await GatewayService.OpenAsync(config, new GatewayServiceOptions { Environment = _ => "sk-upstream", Folder = Path.GetTempPath() }, CancellationToken.None);
        Rich = (await _service.Keys.CreateAsync(new NewKey { Name = "rich" })).Secret;
        Poor = (await _service.Keys.CreateAsync(new NewKey { Name = "poor", UsdMax = 0.000000001m })).Secret;
        _host = await GatewayHost.StartAsync("http://127.0.0.1:0", _service, CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _service.DisposeAsync();
        await _fake.DisposeAsync();
    }
}

/// <summary>Counts what a client sends.</summary>
internal sealed class CountingHandler() : DelegatingHandler(new SocketsHttpHandler())
{
    private int _count;

    public int Count => _count;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _count);
        return base.SendAsync(request, cancellationToken);
    }
}
