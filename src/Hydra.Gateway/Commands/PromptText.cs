using System.Text;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Commands;

/// <summary>A conversation as one text, for whom only reads text. A single user message stands as it is; more get the speaker above each.</summary>
internal static class PromptText
{
    public static string Of(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        var parts = new List<(string Role, string Text)>();
        if (options?.Instructions is { Length: > 0 } instructions) parts.Add(("system", instructions));
        foreach (var message in messages) parts.Add((message.Role.Value, TextOf(message)));

        var text = new StringBuilder();
        var isDialogue = parts.Count(part => part.Role != "system") > 1;
        foreach (var (role, said) in parts)
        {
            if (said.Length == 0) continue;
            if (text.Length > 0) text.Append("\n\n");
            if (isDialogue && role != "system") text.Append('[').Append(role).Append("]\n");
            text.Append(said);
        }
        if (options?.ResponseFormat is ChatResponseFormatJson json)
        {
            text.Append("\n\nAnswer with one JSON value and nothing else.");
            if (json.Schema is { } schema)
            {
                text.Append(" It must conform to this JSON Schema:\n").Append(schema.GetRawText());
            }
        }
        return text.ToString();
    }

    /// <summary>All text of a message, tool results included.</summary>
    public static string TextOf(ChatMessage message) => string.Concat(message.Contents.Select(content => content switch
    {
        TextContent text => text.Text,
        FunctionCallContent call => $"{call.Name}({ToolText.Arguments(call)})",
        FunctionResultContent result => ToolText.Result(result),
        _ => "",
    }));
}
