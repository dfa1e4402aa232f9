using System.Text.Json;
using Hydra.Gateway.Config;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

/// <summary>Fields and headers of one dialect: carried where they are known, told where they are not.</summary>
public sealed class CarriedFieldsTests
{
    private const string Message = """{"model":"smart","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}""";

    [Fact]
    public async Task Wishes_for_betas_go_on_to_anthropic_and_are_told_elsewhere()
    {
        await using var anthropic = await StartAsync(To("anthropic", "claude-haiku-4-5"), new FakeScript());
        using var known = await PostAsync(anthropic, "context-1m-2025-08-07, interleaved-thinking-2025-05-14");
        Assert.True(known.IsSuccessStatusCode);
        Assert.Equal(("context-1m-2025-08-07,interleaved-thinking-2025-05-14", ""), (anthropic.Fake.Calls[0].Betas, Header(known, "x-hydra-dropped")));
        Assert.DoesNotContain("anthropic-beta", anthropic.Fake.Calls[0].Body);

        await using var openai = await StartAsync();
        using var unknown = await PostAsync(openai, "context-1m-2025-08-07");
        Assert.Equal(("", "anthropic-beta"), (openai.Fake.Calls[0].Betas, Header(unknown, "x-hydra-dropped")));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("x\"y")]
    [InlineData("0123456789012345678901234567890123456789012345678901234567890123456789")]
    [InlineData("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33")]
    public async Task Betas_out_of_bounds_are_refused(string betas)
    {
        await using var gateway = await StartAsync();
        using var response = await PostAsync(gateway, betas);
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Empty(gateway.Fake.Calls);
    }

    [Fact]
    public async Task Verbosity_is_carried_between_openais_formats_and_told_elsewhere()
    {
        const string inResponses = """{"model":"smart","input":"Hi","text":{"verbosity":"low","format":{"type":"json_schema","name":"s","schema":{"type":"object"}}}}""";
        const string inChat = """{"model":"smart","verbosity":"low","messages":[{"role":"user","content":"Hi"}]}""";
        await using var chat = await StartAsync();
        await using var responses = await StartAsync(config => config with { Providers = config.Providers.ToDictionary(pair => pair.Key, pair => pair.Value with { Api = "responses" }) }, new FakeScript());
        await using var gemini = await StartAsync(To("gemini", "gemini-2.5-pro"), new FakeScript());
        foreach (var (path, body) in ((string, string)[])[("/v1/responses", inResponses), ("/v1/chat/completions", inChat)])
        {
            using var byChat = await chat.PostAsync(path, body);
            using var byResponses = await responses.PostAsync(path, body);
            using var byGemini = await gemini.PostAsync(path, body);
            Assert.Equal(("", "", "verbosity"), (Header(byChat, "x-hydra-dropped"), Header(byResponses, "x-hydra-dropped"), Header(byGemini, "x-hydra-dropped")));
        }
        Assert.All(chat.Fake.Calls, call => Assert.Equal("low", Text(JsonDocument.Parse(call.Body).RootElement, "verbosity")));
        Assert.All(responses.Fake.Calls, call => Assert.Equal("low", Text(JsonDocument.Parse(call.Body).RootElement.GetProperty("text"), "verbosity")));
        Assert.Equal("json_schema", Text(JsonDocument.Parse(responses.Fake.Calls[0].Body).RootElement.GetProperty("text").GetProperty("format"), "type"));
    }

    [Fact]
    public async Task The_list_of_models_names_what_the_accounts_can_be_asked_for_and_fails_in_the_callers_dialect()
    {
        await using var gateway = await StartAsync(config => config with { Models = new Dictionary<string, ModelGroupConfig>(), Passthrough = true, AuthRequired = true }, new FakeScript());
        var key = (await gateway.Service.Keys.CreateAsync(new NewKey { Name = "ci", Models = ["first/gpt-5", "first/gpt-5-mini", "first/of-my-own"] })).Secret;
        Assert.Equal(["first/gpt-5", "first/gpt-5-mini"], (await GetAsync("/v1/models", key)).Json.GetProperty("data").EnumerateArray().Select(model => Text(model, "id")!));
        Assert.Equal("first/of-my-own", Text((await GetAsync("/v1/models/first/of-my-own", key)).Json, "id"));
        Assert.Equal(404, (await GetAsync("/v1/models/first/gpt-4o", key)).Status);

        var (status, wrong) = await GetAsync("/v1/models", "nonsense");
        Assert.Equal((401, "invalid_api_key"), (status, Text(wrong.GetProperty("error"), "code")));
        (status, wrong) = await GetAsync("/v1/models", "nonsense", ("anthropic-version", "2023-06-01"));
        Assert.Equal((401, "error", "authentication_error"), (status, Text(wrong, "type"), Text(wrong.GetProperty("error"), "type")));

        async Task<(int Status, JsonElement Json)> GetAsync(string path, string key, (string Name, string Value)? header = null)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "x-api-key", key } } };
            if (header is { } more) request.Headers.Add(more.Name, more.Value);
            using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
            return ((int)response.StatusCode, await JsonAsync(response));
        }
    }

    private static async Task<HttpResponseMessage> PostAsync(GatewayUnderTest gateway, string betas)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Content = new StringContent(Message, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("anthropic-beta", betas);
        return await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
