using System.Text;
using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>One question to one model, complete: nothing is looked up any more when it is asked.</summary>
internal sealed record ModelQuestion
{
    private const int TokensPerMessage = 16;

    public required ModelFacts Model { get; init; }
    public required IReadOnlyList<ChatMessage> Messages { get; init; }
    /// <summary>Longest answer in tokens; always sent.</summary>
    public required int OutputTokensMax { get; init; }
    /// <summary>Null: the provider's own.</summary>
    public double? Temperature { get; init; }
    /// <summary>JSON Schema that the answer must fit; null: text.</summary>
    public JsonElement? Schema { get; init; }
    public bool IsStreamed { get; init; } = true;
    /// <summary>Limit of this one call, from the model's alias; null: the attempt's own limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Bound on the prompt's tokens: UTF-8 bytes ÷ 2 + 16 a message, the schema included.</summary>
    public long PromptTokensMax
    {
        get
        {
            long bytes = Schema is { } schema ? Encoding.UTF8.GetByteCount(schema.GetRawText()) : 0;
            foreach (var message in Messages) bytes += Encoding.UTF8.GetByteCount(message.Text);
            return ((bytes + 1) / 2) + (TokensPerMessage * Messages.Count);
        }
    }

    public ChatOptions Options => new()
    {
        ModelId = Model.Id,
        MaxOutputTokens = OutputTokensMax,
        Temperature = (float?)Temperature,
        ResponseFormat = Schema is { } schema ? ChatResponseFormat.ForJsonSchema(schema, "answer") : null,
    };

    /// <summary>The messages as data, for the log: a list of <c>{role, content}</c>.</summary>
    public Value Transcript => TranscriptOf(Messages);

    /// <summary>The call announced to the run's owner: what it asks, and the most it can cost.</summary>
    /// <param name="earlier">The attempt's call before: where this question goes on from it, only what is new is kept.</param>
    public StepCall ToStepCall(ILine line, AnsweredQuestion? earlier = null)
    {
        var prompt = PromptTokensMax;
        var transcript = Transcript;
        var goesOn = earlier is not null && earlier.LeadsTo(Messages);
        var asked = ValueMap.Of(("model", Model.Name), ("messages", transcript), ("max_output_tokens", OutputTokensMax),
            ("temperature", Temperature is { } warmth ? warmth : Value.Null), ("schema", Schema is { } schema ? schema.GetRawText() : Value.Null));
        return new StepCall(StepKind.Model, Model.Name, StepKey.Of(asked), prompt, prompt + OutputTokensMax,
            Model.Price?.BoundOf(prompt, OutputTokensMax), line.Keep(goesOn ? TranscriptOf(Messages.Skip(earlier!.Messages.Count + 1)) : transcript))
        {
            Provider = Model.Provider,
            After = goesOn ? earlier!.Step : null,
        };
    }

    private static Value TranscriptOf(IEnumerable<ChatMessage> messages) =>
        Value.Of(messages.Select(message => Value.Of(ValueMap.Of(("role", message.Role.Value), ("content", message.Text)))));

    /// <summary>This question with the answer that did not do and what was wrong with it.</summary>
    public ModelQuestion After(string answer, string objection) => this with
    {
        Messages = [.. Messages, new ChatMessage(ChatRole.Assistant, answer), new ChatMessage(ChatRole.User, objection)],
    };
}

/// <summary>A question of this attempt that was answered, and at which step.</summary>
internal sealed record AnsweredQuestion(IReadOnlyList<ChatMessage> Messages, string Answer, int Step)
{
    /// <summary>Whether messages begin with those of this question, the same objects, and its answer.</summary>
    public bool LeadsTo(IReadOnlyList<ChatMessage> messages)
    {
        if (messages.Count <= Messages.Count) return false;
        for (var i = 0; i < Messages.Count; i++)
        {
            if (!ReferenceEquals(messages[i], Messages[i])) return false;
        }
        return messages[Messages.Count].Role == ChatRole.Assistant && messages[Messages.Count].Text == Answer;
    }
}

/// <summary>What a model answered.</summary>
/// <param name="Finish">Why it stopped (<c>stop</c>, <c>length</c>, …); null where the provider does not say.</param>
/// <param name="IsCutShort">The node's <c>stop_when</c> held before the answer was complete.</param>
internal sealed record ModelAnswer(string Text, string? Finish, bool IsCutShort = false);
