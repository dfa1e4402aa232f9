using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Testing;

/// <summary>One line of a script: whom and what it fits, and what is answered.</summary>
public sealed record ScriptLine
{
    /// <summary>The model's name; null: any.</summary>
    public string? Model { get; init; }
    /// <summary>Text that the last message of the user holds; null: any.</summary>
    public string? Contains { get; init; }
    /// <summary>A regular expression that it matches; null: any.</summary>
    public string? Matches { get; init; }
    /// <summary>The answer: text, or data that is written as JSON.</summary>
    public Value Answer { get; init; }
    /// <summary>A tool that is called instead of answering, with <see cref="Arguments"/>.</summary>
    public string? Tool { get; init; }
    public ValueMap Arguments { get; init; } = ValueMap.Empty;
    /// <summary>The call fails with this.</summary>
    public ErrorCode? Fail { get; init; }
    /// <summary>How often the line is taken; null: always.</summary>
    public int? Times { get; init; }
}

/// <summary>Models that answer from a script: the first line that fits and is not used up. What no line fits fails and says what was asked. Safe for many threads.</summary>
public sealed class ScriptedModels(IReadOnlyList<ScriptLine> script) : IModelCatalog
{
    private static readonly TimeSpan MatchTime = TimeSpan.FromSeconds(1);
    private readonly int[] _taken = new int[script.Count];
    private readonly ConcurrentQueue<string> _asked = new();
    private readonly Lock _lock = new();

    /// <summary>The last message of the user in each call, in order.</summary>
    public IReadOnlyCollection<string> Asked => _asked;
    public ModelFacts Resolve(string model) => new() { Name = model, Provider = "script", Id = model, Price = new ModelPrice(0, 0, "a script costs nothing") };
    public IChatClient ClientOf(string model) => new Client(this, model);

    private AIContent Take(string model, IEnumerable<ChatMessage> messages)
    {
        var prompt = messages.LastOrDefault(message => message.Role == ChatRole.User)?.Text ?? "";
        _asked.Enqueue(prompt);
        ScriptLine? line = null;
        lock (_lock)
        {
            for (var i = 0; i < script.Count && line is null; i++)
            {
                if (!Fits(script[i], model, prompt) || (script[i].Times is { } most && _taken[i] >= most)) continue;
                _taken[i]++;
                line = script[i];
            }
        }
        if (line is null) throw new CallFailedException(ErrorCode.BadRequest, $"the script has no answer for '{model}', asked: {(prompt.Length > 300 ? prompt[..300] + "…" : prompt)}");
        if (line.Fail is { } code) throw new CallFailedException(code, $"the script lets this call fail with {code}");
        return line.Tool is { } tool ? new FunctionCallContent($"call-{_asked.Count}", tool, line.Arguments.ToDictionary(pair => pair.Key, pair => (object?)System.Text.Json.JsonElement.Parse(ValueJson.ToUtf8(pair.Value))))
            : new TextContent(line.Answer.ToDisplayText());
    }

    private static bool Fits(ScriptLine line, string model, string prompt) =>
        (line.Model is null || line.Model == model) && (line.Contains is null || prompt.Contains(line.Contains, StringComparison.Ordinal))
            && (line.Matches is null || Regex.IsMatch(prompt, line.Matches, RegexOptions.Singleline | RegexOptions.CultureInvariant, MatchTime));

    private sealed class Client(ScriptedModels models, string model) : IChatClient
    {
        private static readonly UsageDetails Usage = new() { InputTokenCount = 1, OutputTokenCount = 1 };

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            Task.FromResult(new ChatResponse(new ChatMessage(ChatRole.Assistant, [models.Take(model, messages)])) { Usage = Usage });

        public async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.CompletedTask;
            yield return new ChatResponseUpdate(ChatRole.Assistant, [models.Take(model, messages)]);
            yield return new ChatResponseUpdate(ChatRole.Assistant, [new UsageContent(Usage)]) { FinishReason = ChatFinishReason.Stop };
        }

        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Holds nothing.
        }
    }
}
