using System.Text.Json;
using Hydra.Gateway.Fake;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

/// <summary>A tool call whose arguments are no JSON, as models write them now and then.</summary>
public sealed class MalformedCallTests
{
    private const string Broken = """{"city": "Oslo", """;

    private static readonly FakeRule Malformed = Called(Broken);

    [Fact]
    public async Task Openais_dialects_pass_the_models_own_text_on_and_say_so()
    {
        await using var gateway = await StartAsync(FakeScript.Of(Malformed));
        using var chat = await gateway.PostAsync("/v1/chat/completions", """{"model":"smart","messages":[{"role":"user","content":"Hi"}]}""");
        Assert.True(chat.IsSuccessStatusCode);
        Assert.Equal("malformed_tool_call", Header(chat, "x-hydra-labels"));
        Assert.Equal(Broken, Text((await JsonAsync(chat)).GetProperty("choices")[0].GetProperty("message").GetProperty("tool_calls")[0].GetProperty("function"), "arguments"));
        using var responses = await gateway.PostAsync("/v1/responses", """{"model":"smart","input":"Hi"}""");
        Assert.Equal(Broken, Text((await JsonAsync(responses)).GetProperty("output").EnumerateArray().Single(item => Text(item, "type") == "function_call"), "arguments"));
        Assert.Equal(2, gateway.Fake.Calls.Count);
    }

    [Fact]
    public async Task Where_arguments_are_json_the_model_is_asked_again()
    {
        await using var gateway = await StartAsync(config => config with { Retries = new() { BackoffFirst = TimeSpan.FromMilliseconds(1) } }, FakeScript.Of(Malformed with { Times = 1 }, Called("""{"city":"Oslo"}""")));
        using var answer = await gateway.PostAsync("/v1/messages", Ask);
        Assert.True(answer.IsSuccessStatusCode);
        Assert.Equal("2", Header(answer, "x-hydra-attempts"));
        Assert.Equal("Oslo", Text((await JsonAsync(answer)).GetProperty("content").EnumerateArray().Single(block => Text(block, "type") == "tool_use").GetProperty("input"), "city"));
    }

    [Fact]
    public async Task And_if_it_never_learns_the_call_fails_as_invalid_output_without_hurting_the_deployment()
    {
        await using var gateway = await StartAsync(config => config with { Retries = new() { BackoffFirst = TimeSpan.FromMilliseconds(1), BackoffMax = TimeSpan.FromMilliseconds(1) } }, FakeScript.Of(Malformed));
        for (var i = 0; i < 8; i++)
        {
            using var answer = await gateway.PostAsync("/v1/messages", Ask);
            Assert.Equal(502, (int)answer.StatusCode);
            Assert.Contains("invalid_output", Text((await JsonAsync(answer)).GetProperty("error"), "message"));
        }
        Assert.Equal(16, gateway.Fake.Calls.Count);   // each asked once more, and no breaker opened
    }

    [Theory]
    [InlineData("anthropic", "claude-haiku-4-5")]
    [InlineData("gemini", "gemini-2.5-pro")]
    [InlineData("ollama", "llama3.2")]
    [InlineData("openai", "gpt-5-mini")]
    public async Task A_conversation_with_such_a_call_goes_on_at_every_provider(string kind, string model)
    {
        await using var gateway = await StartAsync(To(kind, model), new FakeScript());
        var past = JsonSerializer.Serialize(Broken);
        foreach (var (path, body) in ((string, string)[])
        [
            ("/v1/chat/completions", $$$"""{"model":"smart","messages":[{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{{{past}}}}}]},{"role":"tool","tool_call_id":"c","content":"not JSON"}]}"""),
            ("/v1/responses", $$$"""{"model":"smart","input":[{"role":"user","content":"x"},{"type":"function_call","call_id":"c","name":"f","arguments":{{{past}}}},{"type":"function_call_output","call_id":"c","output":"not JSON"}]}"""),
        ])
        {
            using var answer = await gateway.PostAsync(path, body);
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        Assert.All(gateway.Fake.Calls, call => Assert.Equal(kind != "openai", call.Body.Contains("INVALID_JSON", StringComparison.Ordinal)));
    }

    private const string Ask = """{"model":"smart","max_tokens":50,"messages":[{"role":"user","content":"Hi"}]}""";

    private static FakeRule Called(string arguments) => new()
    {
        ContentType = "application/json",
        Body = JsonSerializer.Serialize(new
        {
            id = "c1", @object = "chat.completion", created = 1, model = "gpt-5-mini",
            choices = new[] { new { index = 0, finish_reason = "tool_calls", message = new { role = "assistant", content = (string?)null, tool_calls = new[] { new { id = "t1", type = "function", function = new { name = "weather", arguments } } } } } },
            usage = new { prompt_tokens = 10, completion_tokens = 5, total_tokens = 15 },
        }),
    };
}
