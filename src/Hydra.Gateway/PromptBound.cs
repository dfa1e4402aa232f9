using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway;

/// <summary>A bound on the tokens of a prompt where no exact tokenizer is at hand.</summary>
public static class PromptBound
{
    /// <summary>Tokens that are added for each message: its role and separators.</summary>
    public const int TokensPerMessage = 16;
    /// <summary>What a picture or another attachment counts, as most providers bill at most this for one.</summary>
    public const int TokensPerAttachment = 2_000;

    /// <summary>UTF-8 bytes ÷ 2 + 16 a message; tools and a schema count with the bytes they are sent as.</summary>
    public static long Tokens(IEnumerable<ChatMessage> messages, ChatOptions? options = null)
    {
        long bytes = Bytes(options?.Instructions), fixedTokens = 0;
        foreach (var message in messages)
        {
            fixedTokens += TokensPerMessage;
            foreach (var content in message.Contents)
            {
                switch (content)
                {
                    case TextContent text: bytes += Bytes(text.Text); break;
                    case TextReasoningContent thought: bytes += Bytes(thought.Text) + Bytes(thought.ProtectedData); break;
                    case FunctionCallContent call: bytes += Bytes(call.Name) + Bytes(Wire.ToolText.Arguments(call)); break;
                    case FunctionResultContent result: bytes += Bytes(Wire.ToolText.Result(result)); break;
                    case DataContent or UriContent: fixedTokens += TokensPerAttachment; break;
                }
            }
        }
        foreach (var tool in options?.Tools ?? [])
        {
            fixedTokens += TokensPerMessage;
            bytes += Bytes(tool.Name) + Bytes(tool.Description);
            if (tool is AIFunctionDeclaration function) bytes += Bytes(function.JsonSchema);
        }
        if (options?.ResponseFormat is ChatResponseFormatJson { Schema: { } schema }) bytes += Bytes(schema);
        return ((bytes + 1) / 2) + fixedTokens;
    }

    /// <summary>Whether a request may use classes of tokens that are dearer than plain ones: it holds sound, asks for it, or marks what a provider is to cache.</summary>
    public static bool MayUseDearClasses(IEnumerable<ChatMessage> messages, ChatOptions? options)
    {
        if (options?.AdditionalProperties is { } fields && (fields.ContainsKey("modalities") || fields.ContainsKey("audio"))) return true;
        foreach (var tool in options?.Tools ?? [])
        {
            if (tool.AdditionalProperties.ContainsKey(CacheMark)) return true;
        }
        foreach (var message in messages)
        {
            foreach (var content in message.Contents)
            {
                if (content.AdditionalProperties?.ContainsKey(CacheMark) == true || content is DataContent data && data.HasTopLevelMediaType("audio")) return true;
            }
        }
        return false;
    }

    private const string CacheMark = "cache_control";

    private static long Bytes(string? text) => text is null ? 0 : Encoding.UTF8.GetByteCount(text);
    private static long Bytes(JsonElement json) => json.ValueKind == JsonValueKind.Undefined ? 0
        : Bytes(json.GetRawText());
}
