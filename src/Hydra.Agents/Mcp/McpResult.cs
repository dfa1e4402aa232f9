using System.Text.Json;
using Hydra.Model;
using Hydra.Nodes;
using ModelContextProtocol.Protocol;

namespace Hydra.Agents.Mcp;

/// <summary>What a tool of a server gave, as data. Links are told, never followed; what is no text is told of, not passed on.</summary>
internal static class McpResult
{
    private const int ErrorCharsMax = 2_000;

    public static Value ValueOf(CallToolResult result)
    {
        var text = string.Join('\n', result.Content.Select(TextOf));
        if (result.IsError == true) throw new CallFailedException(ErrorCode.ToolFailed, text.Length == 0 ? "it says that it failed, and not why" : text.Length > ErrorCharsMax ? text[..ErrorCharsMax] + "…" : text);
        return result.StructuredContent is { ValueKind: not JsonValueKind.Undefined } structured ? Value.ParseJson(structured.GetRawText()) : Value.Of(text);
    }

    private static string TextOf(ContentBlock block) => block switch
    {
        TextContentBlock text => text.Text,
        EmbeddedResourceBlock { Resource: TextResourceContents resource } => resource.Text,
        EmbeddedResourceBlock embedded => $"[binary resource {embedded.Resource.Uri}, {embedded.Resource.MimeType}: not shown]",
        ResourceLinkBlock link => $"[link to the resource {link.Uri}: {Excerpt.Of(link.Name)}]",
        _ => $"[{block.Type}: not shown]",
    };
}
