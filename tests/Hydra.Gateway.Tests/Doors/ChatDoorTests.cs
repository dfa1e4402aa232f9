using System.Net;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

public sealed class ChatDoorTests
{
    private const string Hello = """{"model":"smart","messages":[{"role":"user","content":"Say hello."}]}""";

    [Fact]
    public async Task A_whole_answer_comes_with_the_headers_that_explain_it()
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello);

        var json = await JsonAsync(response);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("chat.completion", json.GetProperty("object").GetString());
        Assert.Equal("assistant", json.GetProperty("choices")[0].GetProperty("message").GetProperty("role").GetString());
        Assert.True(json.GetProperty("usage").GetProperty("total_tokens").GetInt64() > 0);
        Assert.Equal("smart/first/gpt-5-mini", Header(response, "x-hydra-deployment"));
        Assert.Equal("1", Header(response, "x-hydra-attempts"));
        Assert.NotEqual("0", Header(response, "x-hydra-cost-usd"));
    }

    [Fact]
    public async Task A_stream_begins_with_the_role_and_ends_with_done()
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello.Replace("{\"model\"", "{\"stream\":true,\"stream_options\":{\"include_usage\":true},\"model\""));

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("data: {", text);
        Assert.Contains("\"delta\":{\"role\":\"assistant\"", text);
        Assert.Contains("\"prompt_tokens\"", text);
        Assert.EndsWith("data: [DONE]\n\n", text);
    }

    [Fact]
    public async Task A_failure_before_content_goes_to_the_next_deployment()
    {
        await using var gateway = await StartAsync(FakeScript.Parse("""{"rules":[{"status":500}]}"""), new FakeScript());

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("smart/second/gpt-5-mini", Header(response, "x-hydra-deployment"));
    }

    [Fact]
    public async Task Where_keys_are_required_only_a_known_key_passes()
    {
        await using var gateway = await StartAsync(config => config with { AuthRequired = true });
        var issued = await gateway.Service.Keys.CreateAsync(new NewKey { Name = "ci", Models = ["smart"] });

        using var without = await gateway.PostAsync("/v1/chat/completions", Hello);
        using var wrong = await gateway.PostAsync("/v1/chat/completions", Hello, issued.Secret + "x");
        using var right = await gateway.PostAsync("/v1/chat/completions", Hello, issued.Secret);

        Assert.Equal([HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized, HttpStatusCode.OK], [without.StatusCode, wrong.StatusCode, right.StatusCode]);
    }

    [Fact]
    public async Task A_budget_without_room_refuses_before_the_provider_is_asked()
    {
        await using var gateway = await StartAsync(config => config with { Budgets = [new Budget(BudgetScope.All, BudgetWindow.Day, 0.000001m, null)] });

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello);

        var error = (await JsonAsync(response)).GetProperty("error");
        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(("insufficient_quota", "budget_exceeded"), (error.GetProperty("type").GetString(), error.GetProperty("code").GetString()));
        Assert.Equal("false", Header(response, "x-should-retry"));
        Assert.Empty(gateway.Fake.Calls);
    }

    [Fact]
    public async Task A_stream_that_breaks_after_content_ends_in_an_error_and_never_as_if_it_were_whole()
    {
        await using var gateway = await StartAsync(FakeScript.Parse("""{"rules":[{"cut_after":2}]}"""), new FakeScript());

        using var response = await gateway.PostAsync("/v1/chat/completions", Hello.Replace("{\"model\"", "{\"stream\":true,\"model\""));

        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(text.Contains("data: {\"error\":{", StringComparison.Ordinal), text);
        Assert.DoesNotContain("[DONE]", text);
    }

    [Theory]
    [InlineData("", "no body")]
    [InlineData("[1]", "an array")]
    [InlineData("{\"model\":\"smart\",\"model\":\"x\",\"messages\":[]}", "JSON")]
    [InlineData("{\"model\":7,\"messages\":[]}", "'model' is a number")]
    [InlineData("{\"model\":\"smart\",\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}", "messages[0].role")]
    [InlineData("{\"model\":\"smart\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":9}", "'temperature' is 9")]
    public async Task A_wrong_request_is_a_400_that_names_the_place(string body, string said)
    {
        await using var gateway = await StartAsync();

        using var response = await gateway.PostAsync("/v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(said, (await JsonAsync(response)).GetProperty("error").GetProperty("message").GetString());
        Assert.Empty(gateway.Fake.Calls);
    }
}
