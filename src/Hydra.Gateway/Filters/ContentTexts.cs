using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Filters;

/// <summary>Goes through every text of a content. What does not change is the same object afterwards.</summary>
internal static class ContentTexts
{
    public static ChatMessage Map(ChatMessage message, Func<string, string> change)
    {
        var contents = Map(message.Contents, change);
        if (ReferenceEquals(contents, message.Contents)) return message;
        var other = message.Clone();
        other.Contents = contents;
        return other;
    }

    public static AIContent Map(AIContent content, Func<string, string> change)
    {
        switch (content)
        {
            case TextContent text when change(text.Text) is var to && to != text.Text: return Like(new TextContent(to), text);
            case TextReasoningContent thought when change(thought.Text) is var to && to != thought.Text: return Like(new TextReasoningContent(to) { ProtectedData = thought.ProtectedData }, thought);
            case FunctionCallContent { Arguments: { } arguments } call:
                var changed = new Dictionary<string, object?>(StringComparer.Ordinal);
                foreach (var (name, value) in arguments) changed[name] = Map(value, change);
                return arguments.All(argument => ReferenceEquals(argument.Value, changed[argument.Key])) ? call : Like(new FunctionCallContent(call.CallId, call.Name, changed), call);
            case FunctionResultContent result:
                var other = Map(result.Result, change);
                return ReferenceEquals(other, result.Result) ? result : Like(new FunctionResultContent(result.CallId, other) { Exception = result.Exception }, result);
            default: return content;
        }
    }

    private static IList<AIContent> Map(IList<AIContent> contents, Func<string, string> change)
    {
        List<AIContent> mapped = [.. contents.Select(content => Map(content, change))];
        return mapped.Zip(contents).All(pair => ReferenceEquals(pair.First, pair.Second)) ? contents : mapped;
    }

    private static object? Map(object? value, Func<string, string> change)
    {
        switch (value)
        {
            case string text: return change(text) is var to && to != text ? to : text;
            case IList<AIContent> contents: return Map(contents, change);
            case AIContent content: return Map(content, change);
            case JsonElement { ValueKind: JsonValueKind.String or JsonValueKind.Object or JsonValueKind.Array } json:
                var isChanged = false;
                var node = Map(JsonNode.Parse(json.GetRawText(), null, new JsonDocumentOptions { MaxDepth = 256 }), change, ref isChanged);
                return isChanged ? JsonSerializer.SerializeToElement(node) : value;
            default: return value;
        }
    }

    private static JsonNode? Map(JsonNode? node, Func<string, string> change, ref bool isChanged)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (name, inner) in map.ToArray()) Replace(inner, other => map[name] = other, ref isChanged);
                return map;
            case JsonArray list:
                for (var i = 0; i < list.Count; i++)
                {
                    var place = i;
                    Replace(list[i], other => list[place] = other, ref isChanged);
                }
                return list;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                var text = value.GetValue<string>();
                var to = change(text);
                if (to == text) return value;
                isChanged = true;
                return JsonValue.Create(to);
            default: return node;
        }

        void Replace(JsonNode? inner, Action<JsonNode?> put, ref bool isChanged)
        {
            var other = Map(inner, change, ref isChanged);
            if (!ReferenceEquals(other, inner)) put(other);
        }
    }

    private static AIContent Like(AIContent to, AIContent from)
    {
        to.AdditionalProperties = from.AdditionalProperties;
        return to;
    }
}
