using System.Runtime.CompilerServices;
using Hydra.Gateway.Caching;
using Hydra.Gateway.Config;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests.Caching;

/// <summary>The nearest question answers, and only within its own partition.</summary>
public sealed class SemanticCacheTests : IAsyncLifetime
{
    private readonly StandingTime _time = new();
    private readonly Model _model = new();
    private readonly Vectors _vectors = new();
    private SqliteLedger _ledger = null!;
    private SemanticCacheConfig _config = new() { Enabled = true, Model = "hand-made", Threshold = 0.9 };
    private SemanticCacheStage _stage = null!;

    public async ValueTask InitializeAsync()
    {
        _ledger = await SqliteLedger.OpenAsync(null, TimeProvider.System);
        _stage = new SemanticCacheStage(_model, () => _config, (_, _) => _vectors, new SemanticIndex(3, _time), new CacheHits(_ledger, _time), _time);
    }

    public async ValueTask DisposeAsync()
    {
        _stage.Dispose();
        _vectors.Dispose();
        await _ledger.DisposeAsync();
    }

    [Fact]
    public async Task A_question_that_means_the_same_is_answered_with_its_similarity_and_age()
    {
        await AskAsync("capital of France?");
        _time.Pass(TimeSpan.FromSeconds(90));

        var operation = await AskAsync("France's capital?");

        Assert.Equal(("hit", "semantic", 90.0), (operation.Cache, operation.Hit!.Tier, operation.Hit.Age.TotalSeconds));
        Assert.InRange(operation.Hit.Similarity!.Value, 0.9, 0.99);
        Assert.Equal(1, _model.Calls);
    }

    [Fact]
    public async Task A_question_that_means_something_else_is_asked()
    {
        await AskAsync("capital of France?");

        Assert.Equal("miss", (await AskAsync("capital of Spain?")).Cache);
    }

    [Theory]
    [InlineData("another team")]
    [InlineData("another key")]
    [InlineData("another namespace")]
    [InlineData("another model")]
    [InlineData("another system prompt")]
    [InlineData("an earlier turn")]
    [InlineData("another parameter")]
    public async Task Nothing_crosses_a_partition_even_for_the_very_same_words(string other)
    {
        await AskAsync("capital of France?", caller: new Caller("k1", other == "another key" ? null : "blue", null, []));

        var operation = other switch
        {
            "another team" => await AskAsync("capital of France?", caller: new Caller("k2", "red", null, [])),
            "another key" => await AskAsync("capital of France?", caller: new Caller("k2", null, null, [])),
            "another namespace" => await AskAsync("capital of France?", control: CacheControl.Default with { Namespace = "n" }, caller: new Caller("k1", "blue", null, [])),
            "another model" => await AskAsync("capital of France?", model: "cheap", caller: new Caller("k1", "blue", null, [])),
            "another system prompt" => await AskAsync("capital of France?", before: new ChatMessage(ChatRole.System, "Lie."), caller: new Caller("k1", "blue", null, [])),
            "an earlier turn" => await AskAsync("capital of France?", before: new ChatMessage(ChatRole.User, "Hello."), caller: new Caller("k1", "blue", null, [])),
            _ => await AskAsync("capital of France?", new ChatOptions { MaxOutputTokens = 5 }, caller: new Caller("k1", "blue", null, [])),
        };

        Assert.Equal(("miss", 2), (operation.Cache, _model.Calls));
    }

    [Fact]
    public async Task A_call_with_tools_or_with_chance_is_never_served()
    {
        var tools = new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "f")] };
        var chance = new ChatOptions { Temperature = 0.7f };
        foreach (var options in new[] { tools, tools, chance, chance }) Assert.Equal("bypass", (await AskAsync("capital of France?", options)).Cache);
        Assert.Equal(4, _model.Calls);

        var asking = CacheControl.Default with { Semantic = true };
        await AskAsync("capital of France?", chance, asking);
        Assert.Equal("hit", (await AskAsync("France's capital?", chance, asking)).Cache);
    }

    [Theory]
    [InlineData(0.99, "miss")]
    [InlineData(0.1, "hit")]
    public async Task A_caller_may_raise_the_threshold(double similarity, string cache)
    {
        await AskAsync("capital of France?");

        Assert.Equal(cache, (await AskAsync("France's capital?", control: CacheControl.Default with { Similarity = similarity })).Cache);
    }

    [Fact]
    public async Task A_caller_cannot_lower_the_threshold()
    {
        await AskAsync("capital of France?");

        Assert.Equal("miss", (await AskAsync("capital of Spain?", control: CacheControl.Default with { Similarity = 0.1 })).Cache);
    }

    [Fact]
    public async Task The_oldest_questions_make_room_and_all_of_them_expire()
    {
        foreach (var country in new[] { "France", "Spain", "Italy", "Norway" }) await AskAsync($"capital of {country}?");

        Assert.Equal("miss", (await AskAsync("capital of France?", control: CacheControl.Default with { Writes = false })).Cache);
        Assert.Equal("hit", (await AskAsync("capital of Norway?")).Cache);
        _time.Pass(TimeSpan.FromHours(1));
        Assert.Equal("miss", (await AskAsync("capital of Norway?")).Cache);
    }

    [Fact]
    public async Task An_embedding_model_that_fails_is_a_call_without_the_cache()
    {
        _vectors.Fails = true;

        Assert.Equal("bypass", (await AskAsync("capital of France?")).Cache);
        Assert.Equal(1, _model.Calls);
    }

    [Fact]
    public async Task It_is_off_unless_it_is_configured()
    {
        _config = new SemanticCacheConfig { Model = "hand-made" };
        await AskAsync("capital of France?");

        Assert.Equal("bypass", (await AskAsync("capital of France?")).Cache);
    }

    [Fact]
    public async Task The_offline_embedding_model_brings_the_same_question_in_other_words_together()
    {
        using var gateway = new ModelGateway(new GatewayOptions { Backend = "offline" });
        using var embedder = gateway.GetEmbeddings("offline/embedding");
        using var stage = new SemanticCacheStage(_model, () => _config with { Threshold = 0.8 }, (_, _) => embedder, new SemanticIndex(3, _time), new CacheHits(_ledger, _time), _time);

        await AskAsync("What is the capital city of France?", stage: stage);

        Assert.Equal("hit", (await AskAsync("what is the capital city of france", stage: stage)).Cache);
        Assert.Equal("miss", (await AskAsync("How do I bake sourdough bread at home?", stage: stage)).Cache);
    }

    private async Task<Operation> AskAsync(string question, ChatOptions? options = null, CacheControl? control = null, Caller? caller = null, string model = "smart", ChatMessage? before = null, SemanticCacheStage? stage = null)
    {
        var operation = new Operation
        {
            Door = "chat", Caller = caller ?? Caller.Anyone, Model = model, CreatedAt = _time.GetUtcNow(), StartedAt = 0, CacheControl = control ?? CacheControl.Default,
        };
        ChatMessage last = new(ChatRole.User, question);
        await (stage ?? _stage).GetResponseAsync(before is null ? [last] : [before, last], new CallOptions(options, operation), TestContext.Current.CancellationToken);
        return operation;
    }

    /// <summary>A country each is a direction of its own; other words turn a vector a little.</summary>
    private sealed class Vectors : IEmbeddingGenerator<string, Embedding<float>>
    {
        private static readonly string[] Countries = ["France", "Spain", "Italy", "Norway"];

        public bool Fails { get; set; }

        public Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
        {
            if (Fails) throw new Hydra.Model.CallFailedException(Hydra.Model.ErrorCode.ProviderError, "The embedding model is down.");
            return Task.FromResult(new GeneratedEmbeddings<Embedding<float>>(values.Select(text => new Embedding<float>(VectorOf(text)))));
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Nothing is held.
        }

        private static float[] VectorOf(string text)
        {
            var vector = new float[Countries.Length + 1];
            for (var i = 0; i < Countries.Length; i++) vector[i] = text.Contains(Countries[i], StringComparison.Ordinal) ? 1 : 0;
            vector[^1] = text.Contains("'s", StringComparison.Ordinal) ? 0.4f : 0;
            return vector;
        }
    }

    private sealed class Model : IChatClient
    {
        public int Calls { get; private set; }

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            GetStreamingResponseAsync(messages, options, cancellationToken).ToChatResponseAsync(cancellationToken);

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            Calls++;
            yield return new ChatResponseUpdate(ChatRole.Assistant, $"Answer {Calls}") { FinishReason = ChatFinishReason.Stop };
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Nothing is held.
        }
    }
}
