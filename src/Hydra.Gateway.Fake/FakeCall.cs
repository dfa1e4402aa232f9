using System.Text;
using System.Text.Json;

namespace Hydra.Gateway.Fake;

/// <summary>One request that reached the fake provider. Keys are not kept.</summary>
public sealed class FakeCall
{
    private readonly TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal FakeCall(int number, string path, string body, string? deployment = null)
    {
        (Number, Path, Body) = (number, path, body);
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            Model = root.TryGetProperty("model", out var model) ? model.ToString() : deployment ?? ModelOf(path);
            IsStream = root.TryGetProperty("stream", out var stream) ? stream.ValueKind == JsonValueKind.True
                : path == "/api/chat" || path.EndsWith("/converse-stream", StringComparison.Ordinal)
                    || path.EndsWith(":streamGenerateContent", StringComparison.Ordinal);
            HasAnswerTool = body.Contains("\"give_answer\"", StringComparison.Ordinal);
            var texts = new StringBuilder();
            if (root.TryGetProperty("system", out var system)) Collect(system, texts);
            if (root.TryGetProperty("systemInstruction", out var instruction)) Collect(instruction, texts);
            if (root.TryGetProperty("instructions", out var instructions)) Collect(instructions, texts);
            if (root.TryGetProperty("input", out var input) && input.ValueKind == JsonValueKind.String)
            {
                Collect(input, texts);
                Prompt = texts.ToString().Trim();
            }
            foreach (var message in root.TryGetProperty("messages", out var messages)
                || root.TryGetProperty("contents", out messages) ? messages.EnumerateArray()
                : input.ValueKind == JsonValueKind.Array ? input.EnumerateArray() : default)
            {
                if (message.ValueKind != JsonValueKind.Object)
                {
                    Collect(message, texts);   // a text to embed
                    continue;
                }
                var from = texts.Length;
                Collect(message, texts);
                if (message.TryGetProperty("role", out var role) && role.ValueEquals("user"))
                {
                    Prompt = texts.ToString(from, texts.Length - from).Trim();
                }
            }
            Text = texts.ToString();
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            IsMalformed = true;
        }
    }

    /// <summary>Counted from 1 in the order of arrival.</summary>
    public int Number { get; }
    public string Path { get; }
    /// <summary>The query of the address with its question mark; empty when there is none.</summary>
    public string Query { get; internal init; } = "";
    /// <summary>The header in which the key came: <c>authorization</c>, <c>x-api-key</c>, <c>api-key</c>, or empty.</summary>
    public string KeyHeader { get; internal init; } = "";
    /// <summary>Value of the header <c>anthropic-beta</c>; empty when there is none.</summary>
    public string Betas { get; internal init; } = "";
    public string Model { get; } = "";
    public bool IsStream { get; }
    /// <summary>Text of the last user message.</summary>
    public string Prompt { get; } = "";
    /// <summary>The request's body as it came.</summary>
    public string Body { get; }
    /// <summary>HTTP status of the answer; 0 until it is decided.</summary>
    public int Status { get; internal set; }
    /// <summary>How it ended: <c>done</c>, <c>reset</c>, <c>cancelled</c> (the caller went away); null while it runs.</summary>
    public string? Outcome => _ended.Task.IsCompletedSuccessfully ? _ended.Task.Result : null;

    /// <summary>Ends when everything that the rule sends has been sent, before it hangs.</summary>
    public Task Written => _written.Task;
    /// <summary>Ends with <see cref="Outcome"/>.</summary>
    public Task<string> Ended => _ended.Task;

    internal string Text { get; } = "";
    internal bool IsMalformed { get; }
    internal bool HasAnswerTool { get; }
    internal void MarkWritten() => _written.TrySetResult();

    internal void End(string outcome)
    {
        _written.TrySetResult();
        _ended.TrySetResult(outcome);
    }

    /// <summary>Gemini and Bedrock name the model in the path: <c>models/NAME:verb</c>, <c>model/NAME/verb</c>.</summary>
    private static string ModelOf(string path)
    {
        var parts = path.Split('/');
        var at = Array.FindIndex(parts, part => part is "model" or "models");
        return at < 0 || at + 1 == parts.Length ? "" : Uri.UnescapeDataString(parts[at + 1].Split(':')[0]);
    }

    private static void Collect(JsonElement json, StringBuilder texts)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.String: texts.AppendLine(json.GetString()); break;
            case JsonValueKind.Array: foreach (var item in json.EnumerateArray()) Collect(item, texts); break;
            case JsonValueKind.Object:
                if (json.TryGetProperty("content", out var content)) Collect(content, texts);
                if (json.TryGetProperty("parts", out var parts)) Collect(parts, texts);
                if (json.TryGetProperty("text", out var text)) Collect(text, texts);
                break;
        }
    }
}
