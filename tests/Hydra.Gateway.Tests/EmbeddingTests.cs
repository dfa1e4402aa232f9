using Hydra.Gateway.Fake;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests;

/// <summary>Texts to vectors: over HTTP and without a model.</summary>
public sealed class EmbeddingTests
{
    private const string Model = "openai/text-embedding-3-small";

    [Theory, InlineData("base64"), InlineData("float")]
    public async Task Vectors_come_in_the_order_of_their_texts_in_either_encoding(string encoding)
    {
        await using var fake = await FakeProvider.StartAsync();
        using var gateway = new ModelGateway(Calls.To(fake));
        var options = new EmbeddingGenerationOptions { Dimensions = 4, AdditionalProperties = encoding == "float" ? new() { ["encoding_format"] = "float" } : null };
        var vectors = await gateway.GetEmbeddings(Model).GenerateAsync(["one", "two", "one"], options);
        Assert.Equal(3, vectors.Count);
        Assert.All(vectors, vector => Assert.Equal(4, vector.Vector.Length));
        Assert.Equal(vectors[0].Vector.ToArray(), vectors[2].Vector.ToArray());
        Assert.NotEqual(vectors[0].Vector.ToArray(), vectors[1].Vector.ToArray());
        Assert.Equal(3, vectors.Usage!.InputTokenCount);
        Assert.Contains($"\"encoding_format\":\"{encoding}\"", fake.Calls[0].Body);
    }

    [Fact]
    public async Task Many_texts_are_asked_for_in_several_requests()
    {
        await using var fake = await FakeProvider.StartAsync();
        using var gateway = new ModelGateway(Calls.To(fake));
        var vectors = await gateway.GetEmbeddings(Model).GenerateAsync(Enumerable.Range(0, 2_050).Select(i => $"{i}"));
        Assert.Equal((2_050, 2, 2_050L), (vectors.Count, fake.Calls.Count, vectors.Usage!.InputTokenCount));
    }

    [Theory]
    [InlineData("""{"data":[]}""", "0 vectors for 1 texts")]
    [InlineData("""{"data":[{"embedding":[1,"x"]}]}""", "holds no numbers")]
    [InlineData("""{"data":[{"embedding":"AAA="}]}""", "holds no numbers")]
    [InlineData("""{"data":[{"embedding":[]}]}""", "empty")]
    [InlineData("""{"data":[{"index":7,"embedding":[1]}]}""", "the place 7")]
    [InlineData("""{"data":[{"embedding":[1]},{"index":0,"embedding":[1]}]}""", "the place 0")]
    public async Task What_are_no_vectors_is_a_failure(string body, string said)
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Body = body, ContentType = "application/json" }));
        using var gateway = new ModelGateway(Calls.To(fake));
        var failure = await Assert.ThrowsAsync<CallFailedException>(() => gateway.GetEmbeddings(Model).GenerateAsync(["x"]));
        Assert.Equal(ErrorCode.ProviderError, failure.Code);
        Assert.Contains(said, failure.Message);
    }

    [Fact]
    public async Task An_error_has_its_class()
    {
        await using var fake = await FakeProvider.StartAsync(FakeScript.Of(new FakeRule { Status = 429, RetryAfter = "3" }));
        using var gateway = new ModelGateway(Calls.To(fake));
        var failure = await Assert.ThrowsAsync<CallFailedException>(() => gateway.GetEmbeddings(Model).GenerateAsync(["x"]));
        Assert.Equal((ErrorClass.RateLimited, TimeSpan.FromSeconds(3)), (failure.Class, failure.RetryAfter));
    }

    [Fact]
    public async Task The_offline_model_lays_texts_that_share_words_near_each_other()
    {
        using var gateway = new ModelGateway(new GatewayOptions { Backend = "offline" });
        var embedder = gateway.GetEmbeddings("any");
        var vectors = await embedder.GenerateAsync(["The cat sleeps on the mat.", "A cat sleeps on a mat", "Interest rates rose sharply", ""]);
        Assert.True(Near(0, 1) > 0.5, $"{Near(0, 1)}");
        Assert.True(Near(0, 2) < 0.3, $"{Near(0, 2)}");
        Assert.All(vectors, vector => Assert.Equal(1, vector.Vector.ToArray().Sum(value => (double)value * value), 5));
        Assert.Equal(256, vectors[0].Vector.Length);
        // The same on every machine and in every version: caches may keep them.
        var hello = (await embedder.GenerateAsync(["hello"], new EmbeddingGenerationOptions { Dimensions = 4 }))[0].Vector.ToArray();
        Assert.Equal("0;0.6667;0.3333;0.6667", string.Join(';', hello.Select(value => $"{value:0.####}")));

        double Near(int left, int right) => vectors[left].Vector.ToArray().Zip(vectors[right].Vector.ToArray(), (a, b) => (double)a * b).Sum();
    }

    [Fact]
    public void A_provider_without_embeddings_says_what_to_name_instead()
    {
        using var gateway = new ModelGateway(new GatewayOptions { AnthropicApiKey = "k" });
        Assert.Contains("text-embedding-3-small", Assert.Throws<ModelUnavailableException>(() => gateway.GetEmbeddings("claude-sonnet-4-5")).Message);
    }
}
