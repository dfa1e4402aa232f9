using System.Net.Http.Headers;
using System.Text;
using Hydra.Gateway.Config;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Tests.Doors;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Caching;

public sealed class ExactCacheTests
{
    private const string Hello = """{"model":"smart","messages":[{"role":"user","content":"Say hello."}]}""";
    private static readonly string Streamed = Hello.Replace("{\"model\"", "{\"stream\":true,\"model\"");

    [Fact]
    public async Task The_second_of_two_equal_calls_is_served_from_the_cache_and_costs_nothing()
    {
        await using var gateway = await CachingAsync();

        using var first = await gateway.PostAsync("/v1/chat/completions", Hello);
        using var second = await gateway.PostAsync("/v1/chat/completions", Hello);

        Assert.Equal(("miss", "hit"), (Header(first, "x-hydra-cache"), Header(second, "x-hydra-cache")));
        Assert.Equal(await ContentAsync(first), await ContentAsync(second));
        Assert.Equal(("0", "0"), (Header(second, "x-hydra-cost-usd"), Header(second, "x-hydra-attempts")));
        Assert.Single(gateway.Fake.Calls);
    }

    [Fact]
    public async Task A_stream_is_replayed_as_the_pieces_it_came_in()
    {
        await using var gateway = await CachingAsync();

        using var first = await gateway.PostAsync("/v1/chat/completions", Streamed);
        var came = Pieces(await TextAsync(first));
        using var second = await gateway.PostAsync("/v1/chat/completions", Streamed);

        var replayed = await TextAsync(second);
        Assert.Equal("hit", Header(second, "x-hydra-cache"));
        Assert.True(came.Count > 1, "the fake answers in several pieces");
        Assert.Equal(came, Pieces(replayed));
        Assert.EndsWith("data: [DONE]\n\n", replayed);
        Assert.Single(gateway.Fake.Calls);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_was_kept_from_a_stream_serves_a_whole_answer_and_the_other_way_round(bool isStreamFirst)
    {
        await using var gateway = await CachingAsync();
        using var first = await gateway.PostAsync("/v1/chat/completions", isStreamFirst ? Streamed : Hello);
        var before = await TextAsync(first);

        using var second = await gateway.PostAsync("/v1/chat/completions", isStreamFirst ? Hello : Streamed);

        var after = await TextAsync(second);
        var (stream, whole) = isStreamFirst ? (before, after) : (after, before);
        Assert.Equal("hit", Header(second, "x-hydra-cache"));
        Assert.Equal(System.Text.Json.JsonDocument.Parse(whole).RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString(), string.Concat(Pieces(stream)));
        Assert.Single(gateway.Fake.Calls);
    }

    [Theory]
    [InlineData("Say hello.", "Say hello!")]
    [InlineData("{\"model\"", "{\"temperature\":0.5,\"model\"")]
    [InlineData("{\"model\"", "{\"max_tokens\":5,\"model\"")]
    [InlineData("{\"model\"", "{\"logit_bias\":{\"5\":1},\"model\"")]
    [InlineData("\"role\":\"user\"", "\"role\":\"system\"")]
    [InlineData("{\"model\"", "{\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"f\"}}],\"model\"")]
    [InlineData("{\"model\"", "{\"response_format\":{\"type\":\"json_object\"},\"model\"")]
    [InlineData("{\"model\"", "{\"reasoning_effort\":\"high\",\"model\"")]
    public async Task A_call_that_differs_in_what_changes_the_answer_is_another_call(string part, string other)
    {
        await using var gateway = await CachingAsync();

        using var first = await gateway.PostAsync("/v1/chat/completions", Hello);
        using var second = await gateway.PostAsync("/v1/chat/completions", Hello.Replace(part, other));

        Assert.Equal("miss", Header(second, "x-hydra-cache"));
        Assert.Equal(2, gateway.Fake.Calls.Count);
    }

    [Fact]
    public async Task Nobody_is_served_another_tenants_answer_and_keys_of_one_team_share()
    {
        await using var gateway = await CachingAsync();
        var (ada, bob, eve) = (await KeyAsync("ada", "research"), await KeyAsync("bob", "research"), await KeyAsync("eve", null));

        string[] caches = [await AskAsync(null), await AskAsync(ada), await AskAsync(bob), await AskAsync(eve), await AskAsync(eve)];

        Assert.Equal(["miss", "miss", "hit", "miss", "hit"], caches);
        Assert.Equal(3, gateway.Fake.Calls.Count);

        async Task<string> KeyAsync(string name, string? team) => (await gateway.Service.Keys.CreateAsync(new NewKey { Name = name, Team = team })).Secret;

        async Task<string> AskAsync(string? key)
        {
            using var response = await gateway.PostAsync("/v1/chat/completions", Hello, key);
            return Header(response, "x-hydra-cache");
        }
    }

    [Theory]
    [InlineData("no-cache", "bypass", "hit")]
    [InlineData("no-store", "miss", "miss")]
    [InlineData("no-cache, no-store", "bypass", "miss")]
    [InlineData("namespace=blue", "miss", "miss")]
    [InlineData("max-age=0", "miss", "miss")]
    public async Task A_caller_says_what_it_wants_of_the_cache(string control, string own, string next)
    {
        await using var gateway = await CachingAsync();

        using var first = await gateway.Http.SendAsync(Request(control));
        using var second = await gateway.PostAsync("/v1/chat/completions", Hello);

        Assert.Equal((own, next), (Header(first, "x-hydra-cache"), Header(second, "x-hydra-cache")));
    }

    [Theory]
    [InlineData("""{"rules":[{"finish":"length"}]}""")]
    [InlineData("""{"rules":[{"cut_after":2}]}""")]
    public async Task An_answer_that_is_not_complete_is_not_kept(string script)
    {
        await using var gateway = await CachingAsync(FakeScript.Parse(script));

        using var first = await gateway.PostAsync("/v1/chat/completions", Streamed);
        await TextAsync(first);
        using var second = await gateway.PostAsync("/v1/chat/completions", Streamed);

        Assert.Equal("miss", Header(second, "x-hydra-cache"));
    }

    [Fact]
    public async Task Where_no_cache_is_configured_nothing_is_kept()
    {
        await using var gateway = await StartAsync();

        using var first = await gateway.PostAsync("/v1/chat/completions", Hello);
        using var second = await gateway.PostAsync("/v1/chat/completions", Hello);

        Assert.Equal("bypass", Header(second, "x-hydra-cache"));
        Assert.Equal(2, gateway.Fake.Calls.Count);
    }

    [Fact]
    public async Task What_hits_saved_is_counted_apart_from_what_was_charged()
    {
        await using var gateway = await CachingAsync();
        for (var i = 0; i < 3; i++) (await gateway.PostAsync("/v1/chat/completions", Hello)).Dispose();

        using var report = new LedgerReport(((SqliteLedger)gateway.Service.Ledger).File);
        await ((SqliteLedger)gateway.Service.Ledger).WriteAsync((_, _, _) => true);   // what was queued before is written
        var (spend, hits) = (Assert.Single(report.Spend("model", DateTimeOffset.UnixEpoch)), Assert.Single(report.CacheHits(DateTimeOffset.UnixEpoch)));

        Assert.Equal((1, 2, "exact", "smart"), (spend.Calls, hits.Hits, hits.Tier, hits.Model));
        Assert.Equal((2 * spend.CostUsd, 2 * spend.Tokens), (hits.SavedUsd, hits.ServedTokens));
        Assert.True(hits.SavedUsd > 0);
    }

    private static Task<GatewayUnderTest> CachingAsync(params FakeScript[] scripts) =>
        StartAsync(config => config with { Cache = new CacheConfig { Exact = new ExactCacheConfig { Enabled = true } } }, scripts);

    private static HttpRequestMessage Request(string control)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(Hello, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        request.Headers.Add("x-hydra-cache-control", control);
        return request;
    }

    private static Task<string> TextAsync(HttpResponseMessage response) => response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    private static async Task<string?> ContentAsync(HttpResponseMessage response) =>
        (await JsonAsync(response)).GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString();

    private static List<string> Pieces(string events)
    {
        var pieces = new List<string>();
        foreach (var line in events.Split('\n'))
        {
            if (!line.StartsWith("data: {", StringComparison.Ordinal)) continue;
            var choices = System.Text.Json.JsonDocument.Parse(line[6..]).RootElement.GetProperty("choices");
            if (choices.GetArrayLength() > 0 && choices[0].GetProperty("delta").TryGetProperty("content", out var content) && content.GetString() is { Length: > 0 } text) pieces.Add(text);
        }
        return pieces;
    }
}
