using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Hydra.Gateway.Config;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;

namespace Hydra.Gateway.Tests.Doors;

/// <summary>A gateway served over real HTTP in front of fake providers, with a ledger of its own.</summary>
internal sealed class GatewayUnderTest : IAsyncDisposable
{
    private readonly GatewayHost _host;
    private readonly List<FakeProvider> _fakes;

    private GatewayUnderTest(GatewayService service, GatewayHost host, List<FakeProvider> fakes)
    {
        (Service, _host, _fakes) = (service, host, fakes);
        Http = new HttpClient { BaseAddress = new Uri(host.Url) };
    }

    public GatewayService Service { get; }
    public string Url => _host.Url;
    public HttpClient Http { get; }
    /// <summary>The fake provider behind <c>first</c>.</summary>
    public FakeProvider Fake => _fakes[0];
    public IReadOnlyList<FakeProvider> Fakes => _fakes;

    /// <summary>One fake provider behind the model <c>smart</c>; further scripts make further providers, in order of priority.</summary>
    public static Task<GatewayUnderTest> StartAsync(params FakeScript[] scripts) => StartAsync(config => config, scripts);

    public static async Task<GatewayUnderTest> StartAsync(Func<GatewayConfig, GatewayConfig> change, params FakeScript[] scripts)
    {
        var cancelled = TestContext.Current.CancellationToken;
        var fakes = new List<FakeProvider>();
        foreach (var script in scripts.Length == 0 ? [new FakeScript()] : scripts) fakes.Add(await FakeProvider.StartAsync(script, cancelled));
        var config = change(ConfigOf(fakes));
        var options = new GatewayServiceOptions { Environment = name => name == "FAKE_KEY" ? "sk-upstream" : null, Folder = Path.GetTempPath(), Seed = 1 };
        var service = await GatewayService.OpenAsync(config, options, cancelled);
        var host = await GatewayHost.StartAsync("http://127.0.0.1:0", service, cancelled);
        return new GatewayUnderTest(service, host, fakes);
    }

    public static GatewayConfig ConfigOf(IReadOnlyList<FakeProvider> fakes)
    {
        string[] names = ["first", "second", "third"];
        return new GatewayConfig
        {
            AuthRequired = false,
            Store = new StoreConfig(Sqlite: null),
            Providers = fakes.Select((fake, at) => (names[at], fake)).ToDictionary(pair => pair.Item1, pair => new ProviderConfig { Kind = "openai", BaseUrl = pair.fake.Url + "/v1", ApiKey = "env:FAKE_KEY" }),
            Models = new Dictionary<string, ModelGroupConfig>
            {
                ["smart"] = new()
                {
                    Policy = new() { Strategy = Gateway.Routing.RouteStrategy.Priority },
                    Deployments = [.. fakes.Select((_, at) => new DeploymentConfig { Provider = names[at], Model = "gpt-5-mini", Priority = at + 1 })],
                },
            },
        };
    }

    public Task<HttpResponseMessage> PostAsync(string path, string json, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(json, Encoding.UTF8, "application/json") };
        if (key is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        return Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _host.DisposeAsync();
        await Service.DisposeAsync();
        foreach (var fake in _fakes) await fake.DisposeAsync();
    }

    public static async Task<JsonElement> JsonAsync(HttpResponseMessage response) =>
        JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;

    /// <summary>The request as one that asks for a stream.</summary>
    public static string Streamed(string json) => "{\"stream\":true," + json[1..];

    /// <summary>The events of a streamed answer; one whose data is no JSON, as <c>[DONE]</c>, is left out.</summary>
    public async Task<List<(string Name, JsonElement Json)>> EventsAsync(string path, string json)
    {
        using var response = await PostAsync(path, json);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        var events = new List<(string, JsonElement)>();
        foreach (var frame in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
        {
            var lines = frame.Split('\n');
            var name = Array.Find(lines, line => line.StartsWith("event: ", StringComparison.Ordinal))?[7..] ?? "";
            var data = Array.Find(lines, line => line.StartsWith("data: ", StringComparison.Ordinal))![6..];
            if (data != "[DONE]") events.Add((name, JsonDocument.Parse(data).RootElement));
        }
        return events;
    }

    /// <summary>Points every deployment to the fake provider in another of its formats.</summary>
    public static Func<GatewayConfig, GatewayConfig> To(string kind, string model) => config => config with
    {
        Providers = config.Providers.ToDictionary(pair => pair.Key, pair => pair.Value with { Kind = kind, BaseUrl = kind == "openai" ? pair.Value.BaseUrl : pair.Value.BaseUrl![..^3] }),
        Models = config.Models.ToDictionary(pair => pair.Key, pair => pair.Value with { Deployments = [.. pair.Value.Deployments.Select(one => one with { Model = model })] }),
    };

    public static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
    public static long Number(JsonElement json, string name) => json.GetProperty(name).GetInt64();

    public static string Header(HttpResponseMessage response, string name) => response.Headers.TryGetValues(name, out var values) ? string.Join(',', values) : "";
}
