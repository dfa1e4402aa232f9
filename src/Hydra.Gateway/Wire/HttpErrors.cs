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
    /// <param name="errorType">The kind of error where a header says it (<c>x-amzn-errortype</c>).</param>
    public static CallFailedException Of(Endpoint endpoint, int status, string? mediaType, string body,
        TimeSpan? retryAfter, string? errorType = null)
    {
        var error = ProviderError.Read(body);
        if (errorType is not null) error = error with { Type = ProviderError.AwsName(errorType) };
        var isHtml = IsHtml(mediaType, body);
        var (code, kind) = ErrorTable.Classify(status, error, isHtml);
        var said = isHtml ? "a web page instead of JSON" : Excerpt.Of(error.Message ?? body, endpoint.Key);
        return new CallFailedException(code,
            $"{endpoint} answered {status}: {(said.Length == 0 ? "nothing" : said)}{Mend(kind, endpoint)}")
        {
            Class = kind,
            HttpStatus = status,
            RetryAfter = retryAfter ?? error.RetryAfter,
        };
    }

    /// <summary>An error object inside a stream whose status said 200.</summary>
    public static CallFailedException InStream(Endpoint endpoint, JsonElement json, TokenUsage usage)
    {
        var error = ProviderError.Read(json);
        var (code, kind) = ErrorTable.Classify((int)Math.Clamp(error.Status ?? 0, 0, 999), error);
        return new CallFailedException(code,
            $"{endpoint} sent an error in its stream: {Excerpt.Of(error.Message ?? json.GetRawText(), endpoint.Key)}")
        {
            Class = kind,
            HttpStatus = 200,
            RetryAfter = error.RetryAfter,
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

    private static string Mend(ErrorClass kind, Endpoint endpoint) => kind switch
    {
        ErrorClass.OutOfMoney => ". The account has no credit left or has reached a spend limit.",
        ErrorClass.CredentialDead => $". Check the key of {endpoint.Provider}.",
        _ => "",
    };
}
