using System.Text;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>A message as data, as canonical JSON and as a number of bytes, tool calls and their results included.</summary>
internal sealed class MessageText
{
    /// <summary>Under this, among a content's additional properties, an attachment says what the log keeps of it.</summary>
    public const string AttachmentKey = "hydra.attachment";
    /// <summary>A picture or a document is reckoned at 2,000 tokens, as the gateway does.</summary>
    private const int BytesPerAttachment = 4_000;

    private readonly ChatMessage _message;

    private MessageText(ChatMessage message)
    {
        _message = message;
        Value = Write(message);
        Canonical = ValueJson.ToCanonicalUtf8(Value);
        Bytes = Count(message);
    }

    public Value Value { get; }
    public ReadOnlyMemory<byte> Canonical { get; }
    public long Bytes { get; }

    /// <summary>The texts of messages. A loop asks with the same messages again and again, and none is changed: those that were worked out are taken over.</summary>
    /// <param name="known">Of an earlier question; what is left of its messages is in the same order.</param>
    public static IReadOnlyList<MessageText> Of(IReadOnlyList<ChatMessage> messages, IReadOnlyList<MessageText> known)
    {
        var same = 0;
        while (same < messages.Count && same < known.Count && ReferenceEquals(messages[same], known[same]._message)) same++;
        if (same == messages.Count && same == known.Count) return known;
        var texts = new MessageText[messages.Count];
        var rest = 0;
        for (var i = 0; i < texts.Length; i++)
        {
            var at = rest;
            while (at < known.Count && !ReferenceEquals(known[at]._message, messages[i])) at++;
            if (at < known.Count) (texts[i], rest) = (known[at], at + 1);
            else texts[i] = new MessageText(messages[i]);
        }
        return texts;
    }

    private static Value Write(ChatMessage message)
    {
        if (message.Contents is [TextContent { AdditionalProperties: null } only]) return ValueMap.Of(("role", message.Role.Value), ("content", only.Text));
        var attached = message.Contents.Select(AttachmentOf).OfType<ValueMap>().Select(each => Value.Of(each)).ToArray();
        var text = attached.Length == 0 ? message.Text : string.Concat(message.Contents.Where(content => AttachmentOf(content) is null).OfType<TextContent>().Select(content => content.Text));
        var map = ValueMap.Of(("role", message.Role.Value), ("content", text));
        if (attached.Length > 0) map = map.With("attachments", Value.Of(attached));
        var calls = message.Contents.OfType<FunctionCallContent>().Select(call => ModelToolCall.Of(call).ToValue()).ToArray();
        if (calls.Length > 0) map = map.With("tool_calls", Value.Of(calls));
        var results = message.Contents.OfType<FunctionResultContent>().Select(result => Value.Of(ValueMap.Of(("id", result.CallId), ("result", (string)result.Result!)))).ToArray();
        return results.Length > 0 ? map.With("results", Value.Of(results)) : map;
    }

    private static ValueMap? AttachmentOf(AIContent content) =>
        content.AdditionalProperties is { } more && more.TryGetValue(AttachmentKey, out var described) ? (ValueMap)described! : null;

    private static long Count(ChatMessage message)
    {
        long bytes = 0;
        foreach (var content in message.Contents)
        {
            bytes += content switch
            {
                TextContent text => Encoding.UTF8.GetByteCount(text.Text),
                FunctionCallContent call => Encoding.UTF8.GetByteCount(call.CallId) + Encoding.UTF8.GetByteCount(ModelToolCall.Of(call).ToValue().ToJson()),
                FunctionResultContent result => Encoding.UTF8.GetByteCount(result.CallId) + Encoding.UTF8.GetByteCount((string)result.Result!),
                DataContent or UriContent => BytesPerAttachment,
                _ => 0,
            };
        }
        return bytes;
    }
}
