using System.Text;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>A message as data and as a number of bytes, tool calls and their results included.</summary>
internal static class MessageText
{
    public static Value ToValue(ChatMessage message)
    {
        var map = ValueMap.Of(("role", message.Role.Value), ("content", message.Text));
        var calls = message.Contents.OfType<FunctionCallContent>().Select(call => ModelToolCall.Of(call).ToValue()).ToArray();
        if (calls.Length > 0) map = map.With("tool_calls", Value.Of(calls));
        var results = message.Contents.OfType<FunctionResultContent>().Select(result => Value.Of(ValueMap.Of(("id", result.CallId), ("result", (string)result.Result!)))).ToArray();
        return results.Length > 0 ? map.With("results", Value.Of(results)) : map;
    }

    public static long BytesOf(ChatMessage message)
    {
        long bytes = 0;
        foreach (var content in message.Contents)
        {
            bytes += content switch
            {
                TextContent text => Encoding.UTF8.GetByteCount(text.Text),
                FunctionCallContent call => Encoding.UTF8.GetByteCount(call.CallId) + Encoding.UTF8.GetByteCount(ModelToolCall.Of(call).ToValue().ToJson()),
                FunctionResultContent result => Encoding.UTF8.GetByteCount(result.CallId) + Encoding.UTF8.GetByteCount((string)result.Result!),
                _ => 0,
            };
        }
        return bytes;
    }
}
