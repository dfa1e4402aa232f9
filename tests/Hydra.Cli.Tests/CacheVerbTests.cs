using System.Text;
using System.Text.Json;
using Hydra.Gateway.Config;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Pipeline;

namespace Hydra.Cli.Tests;

/// <summary><c>hydra cache</c>, and what <c>hydra gateway stats</c> says of hits.</summary>
public sealed class CacheVerbTests
{
    [Fact]
    public async Task Answers_are_counted_and_forgotten_by_tag_model_and_age()
    {
        using var terminal = new Terminal();
        await ServeAsync(terminal, ("one", "app=shop"), ("one", "app=shop"), ("two", "app=blog"));

        Assert.Equal(0, terminal.Run("cache", "stats", "--json"));
        Assert.Equal(2, JsonDocument.Parse(terminal.Out).RootElement.GetProperty("answers").GetInt32());
        Assert.Equal(0, terminal.Run("gateway", "stats"));
        Assert.Contains("cache (exact) of smart: 1 hit, ", terminal.Out, StringComparison.Ordinal);
        Assert.Equal(0, terminal.Run("gateway", "stats", "--json"));
        Assert.Equal(1, JsonDocument.Parse(terminal.Out).RootElement.GetProperty("cache")[0].GetProperty("hits").GetInt32());
        Assert.Equal(0, terminal.Run("cache", "clear", "--model", "smart", "--older-than", "1h"));
        Assert.Equal("forgot 0 answers", terminal.Out.TrimEnd());
        Assert.Equal(0, terminal.Run("cache", "clear", "--tag", "app=shop"));
        Assert.Equal("forgot 1 answer", terminal.Out.TrimEnd());
        Assert.Equal(0, terminal.Run("cache", "clear", "--all"));
        Assert.Equal("forgot 1 answer", terminal.Out.TrimEnd());
    }

    [Theory]
    [InlineData("say what to forget", "cache", "clear")]
    [InlineData("--all goes with no other choice", "cache", "clear", "--all", "--model", "smart")]
    [InlineData("Did you mean 'stats'", "cache", "stat")]
    [InlineData("there is no cache", "cache", "stats")]
    [InlineData("NAME=VALUE", "cache", "clear", "--tag", "shop")]
    [InlineData("no address of a Redis server", "cache", "stats", "--redis", "http://x")]
    public void Wrong_words_say_what_to_write(string said, params string[] words)
    {
        using var terminal = new Terminal();

        Assert.Equal(2, terminal.Run(words));

        Assert.Contains(said, terminal.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(terminal.PathOf(".hydra")));
    }

    private static async Task ServeAsync(Terminal terminal, params (string Question, string Tag)[] calls)
    {
        var config = new GatewayConfig
        {
            AuthRequired = false,
            Store = new StoreConfig(terminal.PathOf(".hydra/gateway.db")),
            Cache = new CacheConfig { Exact = new ExactCacheConfig { Enabled = true, Store = "sqlite" } },
            Providers = new Dictionary<string, ProviderConfig> { ["local"] = new() { Kind = "offline" } },
            Models = new Dictionary<string, ModelGroupConfig> { ["smart"] = new() { Deployments = [new DeploymentConfig { Provider = "local", Model = "sim" }] } },
        };
        var cancelled = TestContext.Current.CancellationToken;
        await using var service = await GatewayService.OpenAsync(config, new GatewayServiceOptions { Environment = _ => null, Folder = terminal.PathOf("") }, cancelled);
        await using var host = await GatewayHost.StartAsync("http://127.0.0.1:0", service, cancelled);
        using var http = new HttpClient { BaseAddress = new Uri(host.Url) };
        foreach (var (question, tag) in calls)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
            {
                Content = new StringContent($$"""{"model":"smart","messages":[{"role":"user","content":"{{question}}"}]}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.Add("x-hydra-tags", tag);
            using var response = await http.SendAsync(request, cancelled);
            Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync(cancelled));
        }
    }
}
