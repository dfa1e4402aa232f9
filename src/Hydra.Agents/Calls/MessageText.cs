using System.Runtime.CompilerServices;
using System.Text;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>A message as data and as a number of bytes, tool calls and their results included.</summary>
internal static class MessageText
{
    /// <summary>Under this, among a content's additional properties, an attachment says what the log keeps of it.</summary>
    public const string AttachmentKey = "hydra.attachment";
    /// <summary>A picture or a document is reckoned at 2,000 tokens, as the gateway does.</summary>
    private const int BytesPerAttachment = 4_000;

    private static readonly ConditionalWeakTable<ChatMessage, Written> Known = [];

    /// <summary>A message's data, its canonical JSON and its bytes, worked out once: a loop asks with the same messages again and again, and none is changed.</summary>
    private sealed record Written(Value Value, ReadOnlyMemory<byte> Canonical, long Bytes);

    private static Written Of(ChatMessage message) => Known.GetValue(message, static message =>
    {
        var value = Write(message);
        return new Written(value, ValueJson.ToCanonicalUtf8(value), Count(message));
    });

    public static Value ToValue(ChatMessage message) => Of(message).Value;

    public static ReadOnlyMemory<byte> CanonicalOf(ChatMessage message) => Of(message).Canonical;

    public static long BytesOf(ChatMessage message) => Of(message).Bytes;

    private static Value Write(ChatMessage message)
    {
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
