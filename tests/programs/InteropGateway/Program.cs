using Hydra.Gateway.Config;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;

// A gateway in front of a fake provider, for clients in other languages: prints its address and two keys, one of them without money, and
// serves until standard input ends.
var script = FakeScript.Parse("""
    {
      "rules": [
        {"when": {"prompt": "weather"}, "tool_calls": [{"name": "weather", "arguments": {"city": "Paris"}}]},
        {"when": {"prompt": "as JSON"}, "answer": "{\"city\": \"Paris\", \"degrees\": 21}"},
        {"when": {"prompt": "too long"}, "status": 400, "error_type": "invalid_request_error", "error_code": "context_length_exceeded", "error_message": "This model's maximum context length is 8192 tokens."},
        {"when": {"prompt": "cut"}, "chunks": 6, "cut_after": 3}
      ],
      "answer": "Hello from the gateway."
    }
    """);
await using var fake = await FakeProvider.StartAsync(script);
var config = new GatewayConfig
{
    Store = new StoreConfig(Sqlite: null),
    Providers = new Dictionary<string, ProviderConfig> { ["fake"] = new() { Kind = "openai", BaseUrl = fake.Url + "/v1", ApiKey = "env:KEY" } },
    Models = new Dictionary<string, ModelGroupConfig> { ["smart"] = new() { Deployments = [new() { Provider = "fake", Model = "gpt-5-mini" }] } },
};
await using var service = await GatewayService.OpenAsync(config, new GatewayServiceOptions { Environment = _ => "sk-upstream", Folder = Path.GetTempPath() }, CancellationToken.None);
var rich = await service.Keys.CreateAsync(new NewKey { Name = "rich" });
var poor = await service.Keys.CreateAsync(new NewKey { Name = "poor", UsdMax = 0.000000001m });
await using var host = await GatewayHost.StartAsync("http://127.0.0.1:0", service, CancellationToken.None);
Console.WriteLine($"{host.Url} {rich.Secret} {poor.Secret} {fake.Url}");
while (await Console.In.ReadLineAsync() is not null) { }
