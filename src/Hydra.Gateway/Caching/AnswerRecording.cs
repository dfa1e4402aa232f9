using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Caching;

/// <summary>Collects an answer while it passes. One call owns it.</summary>
internal sealed class AnswerRecording
{
    /// <summary>Longer answers are not kept.</summary>
    private const int CharsMax = 1 << 20;

    private readonly List<ChatResponseUpdate> _updates = [];
    private ChatFinishReason? _finish;
    private int _chars;

    public void Add(ChatResponseUpdate update)
    {
        _finish = update.FinishReason ?? _finish;
        if (_chars > CharsMax) return;
        _updates.Add(update);
        foreach (var content in update.Contents)
        {
            _chars += content switch { TextContent text => text.Text.Length, TextReasoningContent thought => thought.Text.Length, DataContent data => data.Data.Length, _ => 64 };
        }
    }

    /// <summary>The answer; null: it is not complete, too long, or empty.</summary>
    /// <param name="life">How long it may be used.</param>
    public CachedAnswer? ToAnswer(Operation operation, DateTimeOffset now, TimeSpan life)
    {
        if (_finish != ChatFinishReason.Stop && _finish != ChatFinishReason.ToolCalls) return null;
        if (_chars is 0 or > CharsMax || life <= TimeSpan.Zero) return null;
        return new CachedAnswer
        {
            Model = operation.Model,
            At = now,
            ExpiresAt = now + life,
            Tags = operation.Caller.Tags,
            CostUsd = operation.Last?.CostUsd ?? 0,
            Tokens = operation.Last?.Usage.Total ?? 0,
            Updates = _updates,
        };
    }
}
