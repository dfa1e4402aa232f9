using System.Runtime.CompilerServices;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Bench;

/// <summary>A model in the process that answers at once, and the catalogue that knows it under every name.</summary>
internal sealed class FakeClient : IChatClient, IModelCatalog
{
    public ModelFacts Resolve(string name) => new() { Name = name, Provider = "fake", Id = name, Price = new ModelPrice(1, 4, "bench") };

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
        Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, Answer(messages))) { Usage = Usage() });

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await Task.CompletedTask;
        yield return new ChatResponseUpdate(ChatRole.Assistant, [new TextContent(Answer(messages)), new UsageContent(Usage())]) { FinishReason = ChatFinishReason.Stop };
    }

    public object? GetService(Type serviceType, object? serviceKey = null) => null;
    public void Dispose() { }

    private static string Answer(IEnumerable<ChatMessage> messages) => $"Answer to {messages.Last().Text.Length} characters: wait for the ebb.";
    private static UsageDetails Usage() => new() { InputTokenCount = 20, OutputTokenCount = 10 };
}
