using System.Runtime.CompilerServices;
using Hydra.Tests.Shared;

namespace Hydra.Agents.Tests;

/// <summary>Models that answer from a script, one line a call, word by word; remembers what each was asked.</summary>
internal sealed class FakeModels : IModelCatalog
{
    private readonly Queue<object> _script = new();

    public List<(string Model, ChatMessage[] Messages, ChatOptions Options, bool IsStreamed)> Asked { get; } = [];
    public ManualClock Clock { get; } = new();
    public ModelPrice? Price { get; init; } = new(1, 10, "test");
    public ChatFinishReason Finish { get; init; } = ChatFinishReason.Stop;
    public bool SaysUsage { get; init; } = true;
    public bool HangsAfterFirstWord { get; init; }

    public FakeModels Answers(params string[] texts)
    {
        foreach (var text in texts) _script.Enqueue(text);
        return this;
    }

    public FakeModels Throws(Exception exception)
    {
        _script.Enqueue(exception);
        return this;
    }

    public ModelFacts Resolve(string model) => new() { Name = model, Provider = "fake", Id = model + "-id", Price = Price };
    public IChatClient ClientOf(string model) => new Client(this, model);

    private string Take(string model, IEnumerable<ChatMessage> messages, ChatOptions? options, bool isStreamed)
    {
        lock (_script)
        {
            Asked.Add((model, [.. messages], options!, isStreamed));
            return _script.Dequeue() switch { Exception thrown => throw thrown, var text => (string)text };
        }
    }

    private sealed class Client(FakeModels models, string model) : IChatClient
    {
        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, models.Take(model, messages, options, isStreamed: false)))
            {
                ModelId = model + "-2026", FinishReason = models.Finish, Usage = Usage,
            });

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
            IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var words = models.Take(model, messages, options, isStreamed: true).Split(' ');
            for (var i = 0; i < words.Length; i++)
            {
                models.Clock.Advance(TimeSpan.FromMilliseconds(40));
                yield return new ChatResponseUpdate(ChatRole.Assistant, i == 0 ? words[i] : " " + words[i]) { ModelId = model + "-2026" };
                if (!models.HangsAfterFirstWord) continue;
                models.Clock.Advance(TimeSpan.FromHours(1));
                await Task.Delay(Timeout.Infinite, cancellationToken);
            }
            yield return new ChatResponseUpdate(ChatRole.Assistant, models.SaysUsage ? [new UsageContent(Usage!)] : []) { FinishReason = models.Finish };
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Holds nothing.
        }

        private UsageDetails? Usage => models.SaysUsage ? new UsageDetails { InputTokenCount = 100, CachedInputTokenCount = 40, OutputTokenCount = 9, ReasoningTokenCount = 4 } : null;
    }
}
