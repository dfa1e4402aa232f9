using System.Net;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

public sealed class AdminTests
{
    private const string Hello = """{"model":"smart","messages":[{"role":"user","content":"Say hello."}]}""";

    [Fact]
    public async Task A_key_lives_its_whole_life_over_http()
    {
        await using var gateway = await WithAdminAsync();

        using var created = await gateway.PostAsync("/admin/keys", """{"name":"ci","team":"research","models":["smart"],"budget_usd":5,"window":"day"}""", "boss");
        var secret = (await JsonAsync(created)).GetProperty("secret").GetString()!;
        using var used = await gateway.PostAsync("/v1/chat/completions", Hello, secret);
        using var blocked = await gateway.PostAsync("/admin/keys/ci/block", "", "boss");
        using var refused = await gateway.PostAsync("/v1/chat/completions", Hello, secret);
        using var unblocked = await gateway.PostAsync("/admin/keys/ci/unblock", "", "boss");
        using var rotated = await gateway.PostAsync("/admin/keys/ci/rotate", "", "boss");
        using var old = await gateway.PostAsync("/v1/chat/completions", Hello, secret);

        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.Unauthorized], [created.StatusCode, used.StatusCode, blocked.StatusCode, refused.StatusCode]);
        Assert.NotEqual(secret, (await JsonAsync(rotated)).GetProperty("secret").GetString());
        Assert.Equal(HttpStatusCode.Unauthorized, old.StatusCode);
    }

    [Fact]
    public async Task Budgets_and_health_are_told_as_they_stand()
    {
        await using var gateway = await WithAdminAsync();
        using var created = await gateway.PostAsync("/admin/keys", """{"name":"ci","budget_usd":5}""", "boss");
        using var used = await gateway.PostAsync("/v1/chat/completions", Hello, (await JsonAsync(created)).GetProperty("secret").GetString());
        used.EnsureSuccessStatusCode();
        await used.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);

        var budgets = await GetAsync(gateway, "/admin/budgets");
        var health = await GetAsync(gateway, "/admin/health");

        Assert.True(budgets.GetProperty("budgets")[0].GetProperty("spent_usd").GetDecimal() > 0);
        Assert.Equal(("smart/first/gpt-5-mini", "closed", 1), (health.GetProperty("deployments")[0].GetProperty("deployment").GetString(),
            health.GetProperty("deployments")[0].GetProperty("breaker").GetString(), health.GetProperty("deployments")[0].GetProperty("calls").GetInt32()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("bos")]
    public async Task Without_the_right_key_nothing_is_told(string? key)
    {
        await using var gateway = await WithAdminAsync();

        using var response = await gateway.PostAsync("/admin/keys", """{"name":"ci"}""", key);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Empty(gateway.Service.Keys.List());
    }

    [Fact]
    public async Task Where_no_key_for_it_is_configured_the_administration_does_not_exist()
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.PostAsync("/admin/keys", """{"name":"ci"}""", "boss");

        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
    }

    [Fact]
    public async Task A_wish_that_cannot_be_is_a_400_that_says_why()
    {
        await using var gateway = await WithAdminAsync();

        using var response = await gateway.PostAsync("/admin/keys", """{"name":"two words","rpm":0}""", "boss");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("'rpm'", (await JsonAsync(response)).GetProperty("error").GetProperty("message").GetString());
    }

    [Fact]
    public async Task A_gateway_that_refuses_what_is_unsupported_names_it_and_asks_nobody()
    {
        await using var gateway = await StartAsync(config => config with { OnUnsupported = Gateway.Config.UnsupportedRule.Error });

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello.Replace("{\"model\"", "{\"logprobs\":true,\"model\""));

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("'logprobs'", (await JsonAsync(response)).GetProperty("error").GetProperty("message").GetString());
        Assert.Empty(gateway.Fake.Calls);
    }

    private static Task<GatewayUnderTest> WithAdminAsync() =>
        StartAsync(config => config with { AuthRequired = true, AdminKey = "env:ADMIN" }, name => name == "ADMIN" ? "boss" : null);

    private static async Task<System.Text.Json.JsonElement> GetAsync(GatewayUnderTest gateway, string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Add("x-api-key", "boss");
        using var response = await gateway.Http.SendAsync(request, TestContext.Current.CancellationToken);
        return await JsonAsync(response);
    }
}
