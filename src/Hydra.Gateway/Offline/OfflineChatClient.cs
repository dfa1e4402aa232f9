using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Hydra.Gateway.Commands;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Offline;

/// <summary>
/// The built-in model: deterministic, free, without network. It answers from the prompt's own words; see <see cref="OfflineAnswer"/>
/// for how, <see cref="TokenCount"/> for how it counts, <see cref="OfflineCalls"/> for when it calls a tool.
/// </summary>
internal sealed class OfflineChatClient(ModelFacts facts) : IChatClient
{
    public const long ContextTokensMax = 1_000_000;
    public const long OutputTokensMax = 32_000;
    public static readonly ModelPrice Price = new(0, 0, "offline model");

    private readonly ChatClientMetadata _metadata = new("offline", defaultModelId: facts.Id);

    public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var answer = Answer(messages, options);
        return Task.FromResult(new ChatResponse(answer.Call is { } call ? new ChatMessage(ChatRole.Assistant, [call]) : new ChatMessage(ChatRole.Assistant, answer.Text))
        {
            ResponseId = answer.Id, ModelId = facts.Id, FinishReason = answer.Finish,
                Usage = UsageReader.ToDetails(answer.Usage),
        });
    }

    public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null,
            [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var answer = Answer(messages, options);
        var start = 0;
        for (var i = 1; i <= answer.Text.Length; i++)
        {
            // A word goes out together with the blanks that follow it.
            var isEnd = i == answer.Text.Length
                || (!char.IsWhiteSpace(answer.Text[i]) && char.IsWhiteSpace(answer.Text[i - 1]));
            if (!isEnd) continue;
            cancellationToken.ThrowIfCancellationRequested();
            yield return Update(new TextContent(answer.Text[start..i]));
            start = i;
        }
        if (answer.Call is { } call) yield return Update(call);
        var last = Update(new UsageContent(UsageReader.ToDetails(answer.Usage)));
        last.FinishReason = answer.Finish;
        yield return last;
        await Task.CompletedTask;

        ChatResponseUpdate Update(AIContent content) =>
            new(ChatRole.Assistant, [content]) { ResponseId = answer.Id, MessageId = answer.Id, ModelId = facts.Id };
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        if (serviceKey is not null) return null;
        if (serviceType == typeof(ChatClientMetadata)) return _metadata;
        if (serviceType == typeof(ModelFacts)) return facts;
        return serviceType.IsInstanceOfType(this) ? this : null;
    }

    public void Dispose()
    {
        // Holds nothing.
    }

    private static string Text(string system, string prompt, Section[] results, ChatResponseFormat? format)
    {
        try
        {
            return OfflineAnswer.Of(system, prompt, results, format);
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException error)
        {
            throw new CallFailedException(ErrorCode.BadRequest,
                "The offline model gave up on this prompt: its layout takes too long to read. Use a connected model.", error);
        }
    }

    private static (string Id, string Text, FunctionCallContent? Call, ChatFinishReason Finish,
        TokenUsage Usage) Answer(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var all = messages.ToArray();
        var system = string.Join('\n', all.Where(message => message.Role == ChatRole.System)
            .Select(PromptText.TextOf).Prepend(options?.Instructions ?? "")).Trim();
        var prompt = all.LastOrDefault(message => message.Role == ChatRole.User) is { } user ? PromptText.TextOf(user) : "";
        var results = all.SelectMany(message => message.Contents).OfType<FunctionResultContent>()
            .Select(result => new Section(result.CallId, Wire.ToolText.Result(result)))
            .Where(section => section.Text.Length > 0).ToArray();
        var call = OfflineCalls.Next(all, prompt, options);
        var text = call is not null ? "" : Text(system, OfflineCalls.Without(prompt), results, options?.ResponseFormat);

        var sent = PromptText.Of(all, options);
        var max = Math.Min(options?.MaxOutputTokens ?? OutputTokensMax, OutputTokensMax);
        var kept = TokenCount.Cut(text, max);
        var finish = call is not null ? ChatFinishReason.ToolCalls : kept.Length < text.Length ? ChatFinishReason.Length : ChatFinishReason.Stop;
        var id = "offline-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(sent)))[..16];
        return (id, kept.TrimEnd(), call, finish, new TokenUsage(TokenCount.Of(sent), TokenCount.Of(kept)));
    }
}
