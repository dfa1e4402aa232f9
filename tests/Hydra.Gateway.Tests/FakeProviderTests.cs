using System.Net.Http.Json;
using System.Text.Json;
using Hydra.Gateway.Fake;

namespace Hydra.Gateway.Tests;

public sealed class FakeProviderTests
{
    [Fact]
    public async Task The_first_rule_that_matches_answers_as_often_as_it_may()
    {
        var script = FakeScript.Parse("""
            { "answer": "default {call}",
              "rules": [
                { "when": { "prompt": "Hi", "call": 1 }, "answer": "first" },
                { "when": { "model": "gpt-*" }, "times": 1, "answer": "once" } ] }
            """);
        await using var fake = await FakeProvider.StartAsync(script);
        Assert.Equal(["first", "once", "default 3"],
            [(await fake.AskAsync("gpt-4o")).Text, (await fake.AskAsync("gpt-4o")).Text,
            (await fake.AskAsync("gpt-4o")).Text]);
    }

    [Fact]
    public async Task Calls_and_counts_can_be_read_over_http()
    {
        await using var fake = await FakeProvider.StartAsync();
        await fake.AskAsync("gpt-4o", prompt: "Say hi");
        using var http = new HttpClient { BaseAddress = new Uri(fake.Url) };
        var token = TestContext.Current.CancellationToken;
        var calls = await http.GetFromJsonAsync<JsonElement>("/_fake/calls", token);
        Assert.Equal("Say hi", calls[0].GetProperty("prompt").GetString());
        Assert.DoesNotContain(Calls.Key, calls.GetRawText());
        var stats = await http.GetFromJsonAsync<JsonElement>("/_fake/stats", token);
        Assert.Equal((1, 0), (stats.GetProperty("calls").GetInt32(), stats.GetProperty("cancelled").GetInt32()));
        var models = await http.GetFromJsonAsync<JsonElement>("/v1/models", token);
        Assert.Equal("fake-model", models.GetProperty("data")[0].GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("{", "script:1")]
    [InlineData("""{ "rules": [ { "anser": "x" } ] }""", "anser")]
    public void A_wrong_script_is_refused_with_its_line(string json, string said) =>
        Assert.Contains(said, Assert.Throws<FormatException>(() => FakeScript.Parse(json)).Message);

    [Fact]
    public async Task Serving_until_cancelled_ends_cleanly()
    {
        using var cancel = new CancellationTokenSource();
        var run = FakeProvider.RunAsync("http://127.0.0.1:0", null, cancel.Token);
        await cancel.CancelAsync();
        await run;
    }
}
