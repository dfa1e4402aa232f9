using System.Net;
using System.Runtime.InteropServices;
using System.Text.Json;
using Hydra.Gateway.Config;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using static Hydra.Gateway.Tests.Doors.GatewayUnderTest;

namespace Hydra.Gateway.Tests.Doors;

public sealed class EmbeddingsDoorTests
{
    private const string Path = "/v1/embeddings";
    private const string Two = """{"model":"smart","input":["one","two"]}""";
    private static readonly Func<GatewayConfig, GatewayConfig> Embedder = To("openai", "text-embedding-3-small");

    [Fact]
    public async Task Each_text_gets_its_vector_and_the_headers_say_what_it_cost()
    {
        await using var gateway = await StartAsync(Embedder);

        using var response = await gateway.PostAsync(Path, Two);

        var json = await JsonAsync(response);
        var data = json.GetProperty("data");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal([0L, 1L], data.EnumerateArray().Select(one => Number(one, "index")));
        Assert.Equal(8, data[0].GetProperty("embedding").GetArrayLength());
        Assert.True(Number(json.GetProperty("usage"), "prompt_tokens") > 0);
        Assert.Equal(("smart/first/text-embedding-3-small", "1"), (Header(response, "x-hydra-deployment"), Header(response, "x-hydra-attempts")));
        Assert.NotEqual("0", Header(response, "x-hydra-cost-usd"));
    }

    [Fact]
    public async Task Base64_holds_the_same_numbers_and_the_length_can_be_wished()
    {
        await using var gateway = await StartAsync(Embedder);

        using var numbers = await gateway.PostAsync(Path, """{"model":"smart","input":"one","dimensions":4}""");
        using var bytes = await gateway.PostAsync(Path, """{"model":"smart","input":"one","dimensions":4,"encoding_format":"base64"}""");

        var expected = (await JsonAsync(numbers)).GetProperty("data")[0].GetProperty("embedding").EnumerateArray().Select(one => one.GetSingle()).ToArray();
        var actual = (await JsonAsync(bytes)).GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal(4, expected.Length);
        Assert.Equal(expected, MemoryMarshal.Cast<byte, float>(actual).ToArray());
    }

    [Fact]
    public async Task A_deployment_that_fails_is_followed_by_the_next()
    {
        await using var gateway = await StartAsync(Embedder, FakeScript.Of(new FakeRule { Status = 529 }), new FakeScript());

        using var response = await gateway.PostAsync(Path, Two);

        Assert.Equal((HttpStatusCode.OK, "2"), (response.StatusCode, Header(response, "x-hydra-attempts")));
    }

    [Fact]
    public async Task A_budget_without_room_refuses_vectors_too()
    {
        await using var gateway = await StartAsync(config => Embedder(config) with { Budgets = [new Budget(BudgetScope.All, BudgetWindow.Day, 0.000000001m, null)] });

        using var response = await gateway.PostAsync(Path, Two);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Empty(gateway.Fake.Calls);
    }

    [Theory]
    [InlineData("""{"model":"smart","input":[1,2,3]}""", "tokens")]
    [InlineData("""{"model":"smart","input":[[1,2]]}""", "tokens")]
    [InlineData("""{"model":"smart","input":[]}""", "0 texts")]
    [InlineData("""{"model":"smart","input":"x","encoding_format":"hex"}""", "encoding_format")]
    public async Task What_cannot_be_embedded_is_refused_with_its_reason(string body, string said)
    {
        await using var gateway = await StartAsync(Embedder);

        using var response = await gateway.PostAsync(Path, body);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(said, Text((await JsonAsync(response)).GetProperty("error"), "message"));
    }

    [Fact]
    public async Task A_provider_without_embeddings_is_a_400_that_says_so()
    {
        await using var gateway = await StartAsync(To("anthropic", "claude-sonnet-4-5"));

        using var response = await gateway.PostAsync(Path, Two);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("gives no embeddings", Text((await JsonAsync(response)).GetProperty("error"), "message"));
    }
}
