using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Wire;

/// <summary>Tool calls and their results as the text that goes over the wire.</summary>
internal static class ToolText
{
    private static readonly JsonSerializerOptions Json = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Key in a call's additional properties of arguments that are no JSON object: the model's own text.</summary>
    public const string RawKey = "hydra.arguments";

    /// <summary>A call as its model wrote it. Arguments that are no JSON object are kept as their text, and <c>Exception</c> says so: such a call must not run.</summary>
    public static FunctionCallContent Call(string id, string name, string arguments)
    {
        try
        {
            return new FunctionCallContent(id, name, ParseArguments(name, arguments, default));
        }
        catch (CallFailedException broken)
        {
            return new FunctionCallContent(id, name) { Exception = broken, AdditionalProperties = new() { [RawKey] = arguments } };
        }
    }

    /// <summary>The arguments as text: JSON, or what the model wrote in its place.</summary>
    public static string Arguments(FunctionCallContent call) =>
        Raw(call) ?? (call.Arguments is { Count: > 0 } arguments ? JsonSerializer.Serialize(arguments, Json) : "{}");

    /// <summary>
    /// The arguments where nothing but a JSON object is taken: text that is none goes as a member of one, in the way that Anthropic
    /// recommends (docs.anthropic.com, fine-grained tool streaming).
    /// </summary>
    public static string ArgumentsObject(FunctionCallContent call) =>
        Raw(call) is { } raw ? JsonSerializer.Serialize(new Dictionary<string, string> { ["INVALID_JSON"] = raw }, Json) : Arguments(call);

    private static string? Raw(FunctionCallContent call) => call.AdditionalProperties?.GetValueOrDefault(RawKey) as string;

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
