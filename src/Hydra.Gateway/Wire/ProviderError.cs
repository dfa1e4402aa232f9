using System.Globalization;
using System.Text.Json;

namespace Hydra.Gateway.Wire;

/// <summary>What a provider's error body says, whatever its shape.</summary>
/// <param name="Type">Kind of the error: OpenAI's and Anthropic's <c>type</c>, Google's <c>status</c>, AWS's <c>__type</c>.</param>
/// <param name="Code">The finer code: OpenAI's <c>code</c>, Anthropic's <c>details.error_code</c>, Google's <c>details[].reason</c>.</param>
/// <param name="Status">An HTTP status inside the body.</param>
/// <param name="RetryAfter">A wait inside the body (Google's <c>retryDelay</c>).</param>
internal readonly record struct ProviderError(string? Message, string? Type, string? Code, long? Status,
    TimeSpan? RetryAfter)
{
    /// <summary>Reads a body; everything is null when it is no JSON: then the body itself is quoted.</summary>
    public static ProviderError Read(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return default;
        }
    }

    public static ProviderError Read(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Array && json.GetArrayLength() > 0) json = json[0];   // Google wraps it in a list
        if (json.Text("error") is { } plain)
        {
            // A bare word beside a message is a type (SageMaker, Replicate style); alone it is the message (Ollama).
            return json.Text("message") is { } told ? new(told, plain, null, null, null)
                : new(plain, null, null, null, null);
        }
        var error = json.Get("error") ?? json;
        string? code = error.Text("code") ?? error.Get("details").Text("error_code");
        TimeSpan? wait = null;
        foreach (var detail in error.Items("details"))
        {
            code ??= detail.Text("reason");
            if (Seconds(detail.Text("retryDelay")) is { } seconds) wait = seconds;
        }
        return new(error.Text("message") ?? error.Text("Message"),
            AwsName(error.Text("type") ?? error.Text("status") ?? error.Text("__type")), code,
            error.Number("code") ?? json.Number("statusCode"), wait);
    }

    public bool Is(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            if (string.Equals(Code, name, StringComparison.OrdinalIgnoreCase)
                || string.Equals(Type, name, StringComparison.OrdinalIgnoreCase)) return true;
        }
        return false;
    }

    public bool Says(params ReadOnlySpan<string> phrases)
    {
        foreach (var phrase in phrases)
        {
            if (Message?.Contains(phrase, StringComparison.OrdinalIgnoreCase) == true) return true;
        }
        return false;
    }

    /// <summary>AWS writes <c>com.amazon.coral.service#Name</c> in bodies and <c>Name:http://…</c> in headers.</summary>
    public static string? AwsName(string? type) =>
        type is null ? null : type[(type.IndexOf('#', StringComparison.Ordinal) + 1)..].Split(':')[0];

    private static TimeSpan? Seconds(string? text) =>
        text is { Length: > 1 } && text[^1] == 's'
            && double.TryParse(text.AsSpan(0, text.Length - 1), CultureInfo.InvariantCulture, out var seconds)
            && seconds is >= 0 and < 1e6 ? TimeSpan.FromSeconds(seconds) : null;
}
