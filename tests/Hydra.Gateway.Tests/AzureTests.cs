using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>Azure OpenAI: its two addresses, its key and its filters.</summary>
public sealed class AzureTests
{
    [Theory]
    [InlineData("2024-10-21", "/openai/deployments/my-gpt/chat/completions", "?api-version=2024-10-21")]
    [InlineData(null, "/openai/v1/chat/completions", "")]
    public async Task A_deployment_is_reached_by_either_address_with_its_key_header(string? version, string path, string query)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Answer = "Hello", Usage = new(3, 1) }));
        using var gateway = new ModelGateway(To(fake, version));
        var client = gateway.GetClient("azure/my-gpt");
        ChatResponse[] both = [await client.GetResponseAsync("Hi"), await client.GetStreamingResponseAsync("Hi").ToChatResponseAsync()];
        foreach (var response in both)
        {
            Assert.Equal(("Hello", "my-gpt"), (response.Text, response.ModelId));
            Assert.Equal(new TokenUsage(3, 1), UsageReader.Read(response.Usage));
        }
        Assert.All(fake.Calls, call => Assert.Equal((path, query, "api-key"), (call.Path, call.Query, call.KeyHeader)));
    }

    [Fact]
    public async Task A_matched_filter_is_named()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(
            new FakeRule { When = new() { Prompt = "prompt" }, Status = 400, ErrorCode = "content_filter" },
            new FakeRule { Answer = "bad", Finish = "content_filter" }));
        using var gateway = new ModelGateway(To(fake, "2024-10-21"));
        var client = gateway.GetClient("azure/my-gpt");
        var failures = new List<CallFailedException>
        {
            await Assert.ThrowsAsync<CallFailedException>(() => client.GetResponseAsync("Hi")),
            await Assert.ThrowsAsync<CallFailedException>(() => client.GetStreamingResponseAsync("Hi").ToChatResponseAsync()),
        };
        Assert.All(failures, failure => Assert.Contains("violence", failure.Message));
        failures.Add(await Assert.ThrowsAsync<CallFailedException>(() => client.GetResponseAsync("a bad prompt")));
        Assert.All(failures, failure => Assert.Equal(ErrorClass.ContentPolicy, failure.Class));
    }

    [Fact]
    public async Task A_token_of_entra_takes_the_place_of_a_key()
    {
        await using var fake = await FakeProvider.StartAsync();
        using var gateway = new ModelGateway(To(fake, null) with { AzureApiKey = null, AzureToken = "t" });
        await gateway.GetClient("azure/my-gpt").GetResponseAsync("Hi");
        Assert.Equal("authorization", fake.Calls[0].KeyHeader);
    }

    private static GatewayOptions To(FakeProvider fake, string? version) =>
        new() { AzureEndpoint = fake.Url, AzureApiKey = Calls.Key, AzureApiVersion = version };
}
