using System.Net;
using Hydra.Gateway.Config;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Tests.Doors;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Filters;

public sealed class FilterStageTests
{
    private const string Secret = "sk-proj-q7Zx2Lm9Rt4Vb8Nc1Ks6Jd3Hf5Gp0WyTeUiOa2Sx";
    private const string Ask = "{\"model\":\"smart\",\"messages\":[{\"role\":\"user\",\"content\":\"My key is " + Secret + " of ada@example.com.\"}]}";
    private const string Hello = """{"model":"smart","messages":[{"role":"user","content":"Say hello."}]}""";
    private static readonly string Streamed = Hello.Replace("{\"model\"", "{\"stream\":true,\"model\"");
    private static readonly FakeScript Leaking = FakeScript.Of(new FakeRule { Answer = $"The key is {Secret} and that is all there is.", Chunks = 20 });

    [Fact]
    public async Task A_secret_in_a_question_never_reaches_the_provider()
    {
        await using var gateway = await FilteringAsync([new FilterConfig("secrets", "redact")]);

        using var response = await gateway.PostAsync("/v1/chat/completions", Ask);

        var sent = Assert.Single(gateway.Fake.Calls).Body;
        Assert.Equal("secrets.openai_key", Header(response, "x-hydra-labels"));
        Assert.Contains("[redacted:secrets.openai_key] of ada@example.com", $"{sent}");
        Assert.DoesNotContain(Secret, $"{sent}");
    }

    [Theory]
    [InlineData("block", HttpStatusCode.BadRequest, "content_policy_violation")]
    [InlineData("ask", HttpStatusCode.Forbidden, "approval_required")]
    public async Task A_blocked_question_costs_nothing_and_asks_nobody(string action, HttpStatusCode status, string code)
    {
        await using var gateway = await FilteringAsync([new FilterConfig("secrets", action)]);

        using var response = await gateway.PostAsync("/v1/chat/completions", Ask);

        var error = (await JsonAsync(response)).GetProperty("error");
        Assert.Equal((status, code), (response.StatusCode, error.GetProperty("code").GetString()));
        Assert.DoesNotContain(Secret, error.GetRawText());
        Assert.Empty(gateway.Fake.Calls);
    }

    [Fact]
    public async Task A_label_changes_nothing_and_is_told()
    {
        await using var gateway = await FilteringAsync([new FilterConfig("personal_data", "label")]);

        using var response = await gateway.PostAsync("/v1/chat/completions", Ask);

        Assert.Equal("personal_data.email", Header(response, "x-hydra-labels"));
        Assert.Contains("ada@example.com", $"{Assert.Single(gateway.Fake.Calls).Body}");
    }

    [Fact]
    public async Task A_secret_that_comes_in_pieces_is_redacted_in_a_stream()
    {
        await using var gateway = await FilteringAsync([new FilterConfig("secrets", "redact") { On = "output" }], Leaking);

        using var response = await gateway.PostAsync("/v1/chat/completions", Streamed);

        var text = await TextAsync(response);
        Assert.Contains("[redacted:secrets.openai_key]", text);
        Assert.DoesNotContain("q7Zx", text);
        Assert.Contains("that is all there is.", text);
        Assert.EndsWith("data: [DONE]\n\n", text);
    }

    [Fact]
    public async Task A_stream_that_is_blocked_in_the_middle_ends_in_an_error()
    {
        var script = FakeScript.Of(new FakeRule { Answer = string.Concat(Enumerable.Repeat("A long and harmless beginning. ", 40)) + Secret, Chunks = 30 });
        await using var gateway = await FilteringAsync([new FilterConfig("secrets", "block") { On = "output" }], script);

        using var response = await gateway.PostAsync("/v1/chat/completions", Streamed);

        var text = await TextAsync(response);
        Assert.Contains("harmless beginning", text);
        Assert.Contains("content_policy_violation", text);
        Assert.DoesNotContain("q7Zx", text);
        Assert.DoesNotContain("[DONE]", text);
    }

    [Fact]
    public async Task A_blocked_whole_answer_stands_in_the_ledger_as_the_provider_counted_it()
    {
        await using var gateway = await FilteringAsync([new FilterConfig("secrets", "block") { On = "output" }], FakeScript.Of(new FakeRule { Answer = Secret, Usage = new FakeUsage(11, 7) }));

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello);

        using var report = new Gateway.Ledger.LedgerReport(((Gateway.Ledger.SqliteLedger)gateway.Service.Ledger).File);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal(18, Assert.Single(report.Spend("model", DateTimeOffset.UnixEpoch)).Tokens);
    }

    [Fact]
    public async Task Arguments_of_tool_calls_are_filtered_and_stay_json()
    {
        var call = new FakeToolCall { Name = "send", Arguments = System.Text.Json.JsonSerializer.SerializeToElement(new { to = new[] { "x" }, note = new { text = $"key \"{Secret}\"" }, count = 3 }) };
        await using var gateway = await FilteringAsync([new FilterConfig("secrets", "redact")], FakeScript.Of(new FakeRule { ToolCalls = [call] }));

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello);

        var arguments = (await JsonAsync(response)).GetProperty("choices")[0].GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function").GetProperty("arguments").GetString()!;
        var json = System.Text.Json.JsonDocument.Parse(arguments).RootElement;
        Assert.Equal(("key \"[redacted:secrets.openai_key]\"", 3), (json.GetProperty("note").GetProperty("text").GetString(), json.GetProperty("count").GetInt32()));
    }

    [Fact]
    public async Task What_a_cache_gives_is_filtered_as_well()
    {
        await using var gateway = await StartAsync(config => config with
        {
            Filters = [new FilterConfig("secrets", "redact") { On = "output" }], Cache = new CacheConfig { Exact = new ExactCacheConfig { Enabled = true } },
        }, Leaking);

        using var first = await gateway.PostAsync("/v1/chat/completions", Hello);
        using var second = await gateway.PostAsync("/v1/chat/completions", Hello);

        Assert.Equal("hit", Header(second, "x-hydra-cache"));
        Assert.Contains("[redacted:secrets.openai_key]", await TextAsync(second));
    }

    [Theory]
    [InlineData("""{"results":[{"flagged":true,"categories":{"violence":true,"hate":false}}]}""", "block", HttpStatusCode.BadRequest, "")]
    [InlineData("""{"results":[{"flagged":true,"categories":{"violence":true,"hate":false}}]}""", "label", HttpStatusCode.OK, "moderation.violence")]
    [InlineData("""{"results":[{"flagged":false,"categories":{"violence":false}}]}""", "block", HttpStatusCode.OK, "")]
    [InlineData("<html>", "block", HttpStatusCode.ServiceUnavailable, "")]
    [InlineData("{}", "block", HttpStatusCode.ServiceUnavailable, "")]
    public async Task Moderation_decides_over_a_question(string verdict, string action, HttpStatusCode status, string labels)
    {
        await using var moderation = await ModerationAsync(verdict);
        await using var gateway = await FilteringAsync([new FilterConfig("moderation", action) { On = "input", Url = moderation.Urls.First() }]);

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello);

        Assert.Equal((status, labels), (response.StatusCode, Header(response, "x-hydra-labels")));
    }

    [Fact]
    public async Task Moderation_that_is_gone_lets_pass_only_where_it_is_told_to()
    {
        string url;
        await using (var moderation = await ModerationAsync("{}")) url = moderation.Urls.First();
        await using var gateway = await FilteringAsync([new FilterConfig("moderation", "block") { Url = url, FailOpen = true }]);

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello);

        Assert.Equal((HttpStatusCode.OK, "moderation.unavailable"), (response.StatusCode, Header(response, "x-hydra-labels")));
    }

    [Theory]
    [InlineData("secret", "block", "kind is 'secret'")]
    [InlineData("secrets", "delete", "action is 'delete'")]
    [InlineData("moderation", "block", "url is missing")]
    public async Task A_wrong_filter_is_refused_when_the_gateway_starts(string kind, string action, string said)
    {
        var refused = await Assert.ThrowsAsync<GatewayConfigException>(() => FilteringAsync([new FilterConfig(kind, action)]));
        Assert.Contains(said, refused.Message);
    }

    private static Task<GatewayUnderTest> FilteringAsync(IReadOnlyList<FilterConfig> filters, params FakeScript[] scripts) => StartAsync(config => config with { Filters = filters }, scripts);

    private static Task<string> TextAsync(HttpResponseMessage response) => response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);

    private static async Task<WebApplication> ModerationAsync(string verdict)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Run(context => context.Response.WriteAsync(verdict));
        await app.StartAsync();
        return app;
    }
}
