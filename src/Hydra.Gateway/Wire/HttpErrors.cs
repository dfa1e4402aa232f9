using System.Net.Http.Headers;
using System.Text.Json;
using Hydra.Model;

namespace Hydra.Gateway.Wire;

/// <summary>Turns what a provider says about a failure into one <see cref="CallFailedException"/>. Pure.</summary>
internal static class HttpErrors
{
    /// <summary>A longer wait than this is not believed.</summary>
    private static readonly TimeSpan RetryAfterMax = TimeSpan.FromHours(24);

    /// <summary>An answer with a status that is no success.</summary>
    public static CallFailedException Of(Endpoint endpoint, int status, string? mediaType, string body,
        TimeSpan? retryAfter)
    {
        var error = Read(body);
        var code = Classify(status, error);
        var said = IsHtml(mediaType, body) ? "a web page instead of JSON"
            : Excerpt.Of(error.Message ?? body, endpoint.Key);
        return new CallFailedException(code,
            $"{endpoint} answered {status}: {(said.Length == 0 ? "nothing" : said)}{Mend(code, error, endpoint)}")
        {
            HttpStatus = status,
            RetryAfter = retryAfter,
        };
    }

    /// <summary>An error object inside a stream whose status said 200.</summary>
    public static CallFailedException InStream(Endpoint endpoint, JsonElement json, TokenUsage usage)
    {
        var error = Read(json);
        var code = Classify((int)(error.Status ?? 0), error);
        return new CallFailedException(code,
            $"{endpoint} sent an error in its stream: {Excerpt.Of(error.Message ?? json.GetRawText(), endpoint.Key)}")
        {
            HttpStatus = 200,
            Usage = usage,
        };
    }

    /// <summary>A success status with a body that is a web page: the address is wrong, or a proxy stands between.</summary>
    public static CallFailedException WebPage(Endpoint endpoint, int status) =>
        new(ErrorCode.ProviderError,
            $"{endpoint} answered {status} with a web page, not with JSON. Is {endpoint.Setting} right, and is there a proxy between?")
        { HttpStatus = status };

    public static bool IsHtml(string? mediaType, string body) =>
        mediaType is "text/html" or "application/xhtml+xml"
            || body.AsSpan().TrimStart().StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase)
        || body.AsSpan().TrimStart().StartsWith("<html", StringComparison.OrdinalIgnoreCase);

    /// <summary>The wait that <c>retry-after-ms</c>, or else <c>Retry-After</c> in seconds or as a date, asks for.</summary>
    public static TimeSpan? RetryAfter(HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (headers.TryGetValues("retry-after-ms", out var values)
            && double.TryParse(values.First(), out var milliseconds)
                && double.IsFinite(milliseconds)) return Clamp(TimeSpan.FromMilliseconds(Math.Clamp(milliseconds, 0, 1e9)));
        if (headers.RetryAfter is { Delta: { } delta }) return Clamp(delta);
        if (headers.RetryAfter is { Date: { } date }) return Clamp(date - now);
        // Fractions of a second are not in the standard, but they are sent.
        return headers.TryGetValues("retry-after", out var raw) && double.TryParse(raw.First(), out var seconds)
            && double.IsFinite(seconds)
            ? Clamp(TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e6)))
            : null;

        static TimeSpan Clamp(TimeSpan wait) => wait < TimeSpan.Zero ? TimeSpan.Zero : wait > RetryAfterMax
            ? RetryAfterMax : wait;
    }

    private static ErrorCode Classify(int status, ProviderError error)
    {
        if (error.Is("context_length_exceeded")
            || error.Says("maximum context length", "prompt is too long", "context window", "input token count"))
        {
            return ErrorCode.ContextLength;
        }
        if (error.Is("content_policy_violation") || error.Is("content_filter")
            || error.Says("content management policy", "content policy"))
        {
            return ErrorCode.ContentFiltered;
        }
        if (error.Is("budget_exceeded")) return ErrorCode.Budget;
        // Money, not rate: waiting does not help, so it is told like a key that no longer works.
        if (error.Is("insufficient_quota") || error.Is("credit_balance_exhausted")
            || error.Is("enforced_spend_limit_reached")
            || error.Is("billing_error") || error.Says("credit balance is too low")) return ErrorCode.Auth;
        return status switch
        {
            401 or 402 or 403 => ErrorCode.Auth,
            408 or 504 => ErrorCode.Timeout,
            413 => ErrorCode.ContextLength,
            429 => ErrorCode.RateLimited,
            409 or 425 or >= 500 => ErrorCode.ProviderError,
            >= 300 => ErrorCode.BadRequest,
            _ => error.Is("rate_limit_error") || error.Is("rate_limit_exceeded") ? ErrorCode.RateLimited
                : error.Is("authentication_error") || error.Is("permission_error") || error.Is("invalid_api_key")
                    ? ErrorCode.Auth
                : error.Is("invalid_request_error") ? ErrorCode.BadRequest
                : ErrorCode.ProviderError,
        };
    }

    private static string Mend(ErrorCode code, ProviderError error, Endpoint endpoint)
    {
        if (code == ErrorCode.Auth && error.Is("insufficient_quota")) return ". The account has no credit left.";
        if (code == ErrorCode.Auth) return $". Check the key of {endpoint.Provider}.";
        return "";
    }

    private static ProviderError Read(string body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Read(document.RootElement);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return default;   // no JSON: the body itself is quoted
        }
    }

    private static ProviderError Read(JsonElement json)
    {
        if (json.ValueKind == JsonValueKind.Array && json.GetArrayLength() > 0) json = json[0];   // Google wraps it in a list
        if (json.Text("error") is { } plain) return new(plain, null, null, null);
        var error = json.Get("error") ?? json;
        return new(error.Text("message"), error.Text("type") ?? error.Text("status"),
            error.Text("code") ?? error.Get("details").Text("error_code"), error.Number("code"));
    }

    private readonly record struct ProviderError(string? Message, string? Type, string? Code, long? Status)
    {
        public bool Is(string name) =>
            string.Equals(Code, name, StringComparison.OrdinalIgnoreCase)
                || string.Equals(Type, name, StringComparison.OrdinalIgnoreCase);

        public bool Says(params ReadOnlySpan<string> phrases)
        {
            foreach (var phrase in phrases)
            {
                if (Message?.Contains(phrase, StringComparison.OrdinalIgnoreCase) == true) return true;
            }
            return false;
        }
    }
}
