using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>One question to one model, complete: nothing is looked up any more when it is asked.</summary>
internal sealed record ModelQuestion
{
    /// <summary>Also of a tool.</summary>
    private const int TokensPerMessage = 16;

    public required ModelFacts Model { get; init; }
    public required IReadOnlyList<ChatMessage> Messages { get; init; }
    /// <summary>Longest answer in tokens; always sent.</summary>
    public required int OutputTokensMax { get; init; }
    /// <summary>Null: the provider's own.</summary>
    public double? Temperature { get; init; }
    /// <summary>JSON Schema that the answer must fit; null: text.</summary>
    public JsonElement? Schema { get; init; }
    /// <summary>Labels of everything in the messages: those of whatever the model says next.</summary>
    public Labels Labels { get; init; }
    /// <summary>What the model may call.</summary>
    public IReadOnlyList<AIFunctionDeclaration> Tools { get; init; } = [];
    /// <summary>What the log keeps of the messages after the answer that this question goes on from, where steps hold their content already; null: the messages themselves.</summary>
    public Value? Added { get; init; }
    /// <summary>The agent that asks, with its version; empty: none.</summary>
    public string Agent { get; init; } = "";
    /// <summary>Sets a question apart from one with the same words that another agent asks in the same attempt.</summary>
    public string Asker { get; init; } = "";
    public bool IsStreamed { get; init; } = true;
    /// <summary>Limit of this one call, from the model's alias; null: the attempt's own limit.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Bound on the prompt's tokens: UTF-8 bytes ÷ 2 + 16 a message and a tool, the schema included. A gateway in the same process holds the same.</summary>
    public long PromptTokensMax
    {
        get
        {
            long bytes = Schema is { } schema ? Encoding.UTF8.GetByteCount(schema.GetRawText()) : 0;
            foreach (var text in Texts) bytes += text.Bytes;
            bytes += ToolsText.Of(Tools).Bytes;
            return ((bytes + 1) / 2) + (TokensPerMessage * (Messages.Count + Tools.Count));
        }
    }

    /// <summary>The messages as data, for the log: a list of <c>{role, content}</c>.</summary>
    public Value Transcript => TranscriptOf(Texts);

    private IReadOnlyList<MessageText> Texts => _texts = MessageText.Of(Messages, _texts);
    /// <summary>Goes along to the questions that are made of this one.</summary>
    private IReadOnlyList<MessageText> _texts = [];

    /// <summary>The call announced to the run's owner: what it asks, and the most it can cost.</summary>
    /// <param name="earlier">The attempt's call before: where this question goes on from it, only what is new is kept.</param>
    public StepCall ToStepCall(ILine line, AnsweredQuestion? earlier = null)
    {
        var prompt = PromptTokensMax;
        var goesOn = earlier is not null && earlier.LeadsTo(Messages);
        var asked = ValueMap.Of(("model", Model.Name), ("max_output_tokens", OutputTokensMax),
            ("temperature", Temperature is { } warmth ? warmth : Value.Null), ("schema", Schema is { } schema ? schema.GetRawText() : Value.Null));
        if (Tools.Count > 0) asked = asked.With("tools", ToolsText.Of(Tools).Value);
        if (Asker.Length > 0) asked = asked.With("asker", Asker);
        return new StepCall(StepKind.Model, Model.Name, StepKey.Of(asked, "messages", Texts.Select(text => text.Canonical)), prompt, prompt + OutputTokensMax,
            Model.Price?.BoundOf(prompt, OutputTokensMax), line.Keep(goesOn ? Added ?? TranscriptOf(Texts.Skip(earlier!.Messages.Count + 1)) : Transcript, Labels))
        {
            Provider = Model.Provider,
            Agent = Agent,
            After = goesOn ? earlier!.Step : null,
        };
    }

    private static Value TranscriptOf(IEnumerable<MessageText> texts) => Value.Of(texts.Select(text => text.Value));

    /// <summary>This question with the answer that did not do and what was wrong with it.</summary>
    public ModelQuestion After(string answer, string objection) => this with
    {
        Messages = [.. Messages, new ChatMessage(ChatRole.Assistant, answer), new ChatMessage(ChatRole.User, objection)],
        Added = null,
    };
}

/// <summary>What a model is told of its tools, as data and as a number of bytes, worked out once for all questions of a loop.</summary>
internal sealed record ToolsText(Value Value, long Bytes)
{
    private static readonly ConditionalWeakTable<IReadOnlyList<AIFunctionDeclaration>, ToolsText> Known = [];

    private static readonly ToolsText None = new(Value.Of([]), 0);

    public static ToolsText Of(IReadOnlyList<AIFunctionDeclaration> tools) => tools.Count == 0 ? None : Known.GetValue(tools, static tools => new ToolsText(
        Value.Of(tools.Select(tool => Value.Of(ValueMap.Of(("name", tool.Name), ("description", tool.Description), ("parameters", tool.JsonSchema.GetRawText()))))),
        tools.Sum(tool => (long)Encoding.UTF8.GetByteCount(tool.Name) + Encoding.UTF8.GetByteCount(tool.Description) + Encoding.UTF8.GetByteCount(tool.JsonSchema.GetRawText()))));
}

/// <summary>A question of this attempt that was answered, and at which step.</summary>
internal sealed record AnsweredQuestion(IReadOnlyList<ChatMessage> Messages, ModelAnswer Answer, int Step)
{
    /// <summary>Whether messages begin with those of this question, the same objects, and its answer.</summary>
    public bool LeadsTo(IReadOnlyList<ChatMessage> messages)
    {
        if (messages.Count <= Messages.Count) return false;
        for (var i = 0; i < Messages.Count; i++)
        {
            if (!ReferenceEquals(messages[i], Messages[i])) return false;
        }
        var said = messages[Messages.Count];
        return said.Role == ChatRole.Assistant && said.Text == Answer.Text
            && said.Contents.OfType<FunctionCallContent>().Select(call => call.CallId).SequenceEqual(Answer.Calls.Select(call => call.Id), StringComparer.Ordinal);
    }
}

/// <summary>What a model answered.</summary>
/// <param name="Finish">Why it stopped (<c>stop</c>, <c>length</c>, …); null where the provider does not say.</param>
/// <param name="IsCutShort">The node's <c>stop_when</c> held before the answer was complete.</param>
internal sealed record ModelAnswer(string Text, string? Finish, bool IsCutShort = false)
{
    /// <summary>What it wants called before it goes on; none: the answer is final.</summary>
    public IReadOnlyList<ModelToolCall> Calls { get; init; } = [];

    /// <summary>As the log keeps it: the text, or an object where tools are called.</summary>
    public Value ToValue() => Calls.Count == 0 ? Value.Of(Text) : ValueMap.Of(("text", Text), ("tool_calls", Value.Of(Calls.Select(call => call.ToValue()))));

    public static ModelAnswer Read(Value kept, string? finish) =>
        kept.IsObject && kept.AsObject.GetOrNull("tool_calls") is { IsList: true } calls
            ? new ModelAnswer(kept.AsObject["text"].AsText, finish) { Calls = [.. calls.Items.Select(ModelToolCall.Read)] }
            : new ModelAnswer(kept.ToDisplayText(), finish, finish == PartialWatch.FinishReason);
}
