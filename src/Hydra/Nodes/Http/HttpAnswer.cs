using System.Net;
using System.Text;
using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>What an HTTP response means for the node.</summary>
internal static class HttpAnswer
{
    private const int ExcerptBytesMax = 2_000;

    public static async Task<AttemptOutcome> ReadAsync(HttpQuestion question, HttpResponseMessage response, Action alive, CancellationToken cancellationToken)
    {
        var isSuccess = response.IsSuccessStatusCode;
        var (body, isCut) = await ReadBodyAsync(response, isSuccess ? HttpCall.BodyBytesMax : ExcerptBytesMax, alive, cancellationToken);
        if (!isSuccess) return Refused(question, response, body);
        if (isCut) return new AttemptOutcome.Failed(ErrorCode.ToolFailed, $"the body of '{question.Url}' is longer than {HttpCall.BodyBytesMax} bytes. Ask for less of it");
        return Completed(question, response, body);
    }

    private static AttemptOutcome Completed(HttpQuestion question, HttpResponseMessage response, byte[] body)
    {
        var type = response.Content.Headers.ContentType;
        if (TextOf(body, type?.CharSet) is not { } text)
            return new AttemptOutcome.Failed(ErrorCode.ToolFailed, $"'{question.Url}' answered {body.Length} bytes of '{type?.MediaType ?? "unknown type"}' that are not {type?.CharSet ?? "UTF-8"} text. Binary answers are not supported: fetch them with bash, into a file");
        var saysJson = type?.MediaType is { } media && (media.EndsWith("/json", StringComparison.OrdinalIgnoreCase) || media.EndsWith("+json", StringComparison.OrdinalIgnoreCase));
        if (!saysJson || body.Length == 0) return new AttemptOutcome.Completed(text);
        return ValueJson.TryParse(text, out var json)
            ? new AttemptOutcome.Completed(json)
            : new AttemptOutcome.Failed(ErrorCode.ToolFailed, $"'{question.Url}' says its body is {type!.MediaType}, and it is no JSON: '{Excerpt.Of(text)}'");
    }

    private static AttemptOutcome.Failed Refused(HttpQuestion question, HttpResponseMessage response, byte[] body)
    {
        var status = (int)response.StatusCode;
        var code = status switch
        {
            429 => ErrorCode.RateLimited,
            408 or >= 500 => ErrorCode.ProviderError,
            401 or 403 or 407 => ErrorCode.Auth,
            _ => ErrorCode.BadRequest,
        };
        var retryAfter = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } when response.Headers.Date is { } sent && date > sent => date - sent,
            _ => (TimeSpan?)null,
        };
        var said = Encoding.UTF8.GetString(body).Trim();
        return new AttemptOutcome.Failed(code, $"{question.Method} '{question.Url}' answered {status} {response.ReasonPhrase}{(said.Length == 0 ? "" : $": {Excerpt.Of(said, 300)}")}", retryAfter);
    }

    private static async Task<(byte[] Body, bool IsCut)> ReadBodyAsync(HttpResponseMessage response, int bytesMax, Action alive, CancellationToken cancellationToken)
    {
        var kept = new BoundedOutput(bytesMax);
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[16 * 1024];
        while (kept.Total <= bytesMax && await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            kept.Add(buffer.AsSpan(0, count));
            alive();
        }
        return (kept.Bytes, kept.Total > bytesMax);
    }

    private static string? TextOf(byte[] body, string? charset)
    {
        try
        {
            var named = string.IsNullOrWhiteSpace(charset) ? Encoding.UTF8 : Encoding.GetEncoding(charset.Trim('"', '\''));
            var encoding = Encoding.GetEncoding(named.CodePage, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
            var start = named.CodePage == Encoding.UTF8.CodePage && body is [0xEF, 0xBB, 0xBF, ..] ? 3 : 0;
            return encoding.GetString(body, start, body.Length - start);
        }
        catch (Exception unreadable) when (unreadable is DecoderFallbackException or ArgumentException or NotSupportedException)
        {
            return null;
        }
    }
}
