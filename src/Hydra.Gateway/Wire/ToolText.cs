using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>Tool calls and their results as the text that goes over the wire.</summary>
internal static class ToolText
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string Arguments(FunctionCallContent call) =>
        call.Arguments is { Count: > 0 } arguments ? JsonSerializer.Serialize(arguments, Json) : "{}";

    public static string Result(FunctionResultContent result) => result.Result switch
    {
        null => result.Exception is { } error ? $"Error: {error.Message}" : "",
        string text => text,
        JsonElement { ValueKind: JsonValueKind.String } json => json.GetString()!,
        JsonElement json => json.GetRawText(),
        TextContent text => text.Text,
        IEnumerable<AIContent> contents => string.Concat(contents.OfType<TextContent>().Select(text => text.Text)),
        Value value => value.ToDisplayText(),
        var other => JsonSerializer.Serialize(other, Json),
    };

    /// <summary>
    /// Reads the arguments of a call that a model wrote. Text that is no JSON object is <c>invalid_output</c>: the tool must not run.
    /// </summary>
    public static Dictionary<string, object?> ParseArguments(string tool, string text, TokenUsage usage)
    {
        if (string.IsNullOrWhiteSpace(text)) return [];
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = ValueJson.DepthMax });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                var arguments = new Dictionary<string, object?>(StringComparer.Ordinal);
                foreach (var property in document.RootElement.EnumerateObject())
                {
                    arguments[property.Name] = property.Value.Clone();
                }
                return arguments;
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException) { }   // said below, with the text
        throw new CallFailedException(ErrorCode.InvalidOutput,
            $"The model called '{tool}' with arguments that are not a JSON object: {Excerpt.Of(text)}. The tool was not run.") { Usage = usage };
    }
}
