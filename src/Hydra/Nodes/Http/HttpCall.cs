using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>One request as the node asks it, before redirects.</summary>
internal sealed record HttpQuestion(HttpMethod Method, Uri Url, IReadOnlyList<KeyValuePair<string, string>> Headers, Value Body, IReadOnlyList<string>? AllowHosts)
{
    /// <param name="show">What is told of a header, by name and value.</param>
    public Value ToValue(Func<string, Value, Value> show) => ValueMap.Of(
        ("method", Method.Method), ("url", Url.AbsoluteUri),
        ("headers", Value.Of(Headers.Select(header => Value.Of(new Value[] { header.Key, show(header.Key, header.Value) })))), ("body", Body));

    /// <summary>Whether <c>allow_hosts</c> lists the host; null: there is no such list.</summary>
    public bool? Lists(Uri url)
    {
        var host = url.IdnHost.Trim('[', ']').TrimEnd('.');
        return AllowHosts?.Any(allowed => allowed.StartsWith("*.", StringComparison.Ordinal)
            ? host.EndsWith(allowed[1..], StringComparison.OrdinalIgnoreCase)
            : host.Equals(allowed.Trim('[', ']').TrimEnd('.'), StringComparison.OrdinalIgnoreCase));
    }
}

/// <summary>Sends one request and follows its redirects, every hop under the same rules.</summary>
internal static class HttpCall
{
    /// <summary>Longest response body in bytes, after decompression.</summary>
    public const int BodyBytesMax = 16 * 1024 * 1024;
    private const int RedirectsMax = 10;

    private static readonly string[] HeadersForAnyone = ["Accept", "Accept-Language", "Content-Type", "User-Agent"];

    public static async ValueTask<AttemptOutcome> SendAsync(HttpQuestion question, Action alive, CancellationToken cancellationToken)
    {
        try
        {
            for (var hops = 0; ; hops++)
            {
                using var request = RequestOf(question);
                using var response = await DoorFor(question).SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                alive();
                if (RedirectOf(question, response) is not { } next) return await HttpAnswer.ReadAsync(question, response, alive, cancellationToken);
                if (hops == RedirectsMax) return new AttemptOutcome.Failed(ErrorCode.BadRequest, $"'{question.Url}' was redirected more than {RedirectsMax} times");
                question = next;
            }
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException)
        {
            if (Refusal(failed) is { } refused) return refused;
            throw new CallFailedException(ErrorCode.Network, $"'{question.Url.GetLeftPart(UriPartial.Authority)}' could not be reached: {failed.Message}", failed);
        }
    }

    private static HttpClient DoorFor(HttpQuestion question)
    {
        var lists = question.Lists(question.Url);
        if (lists == false)
            throw new CallFailedException(ErrorCode.PolicyDenied, $"the host '{question.Url.Host}' is not listed in `allow_hosts`");
        return HttpDoors.For(lists == true);
    }

    private static HttpRequestMessage RequestOf(HttpQuestion question)
    {
        var request = new HttpRequestMessage(question.Method, question.Url);
        if (!question.Body.IsNull)
        {
            request.Content = new ByteArrayContent(question.Body.IsText ? Encoding.UTF8.GetBytes(question.Body.AsText) : ValueJson.ToUtf8(question.Body));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(question.Body.IsText ? "text/plain; charset=utf-8" : "application/json");
        }
        if (!question.Headers.Any(header => header.Key.Equals("User-Agent", StringComparison.OrdinalIgnoreCase))) request.Headers.TryAddWithoutValidation("User-Agent", "hydra");
        foreach (var (name, value) in question.Headers)
        {
            if (request.Headers.TryAddWithoutValidation(name, value) || request.Content is not { } content) continue;
            content.Headers.Remove(name);
            content.Headers.TryAddWithoutValidation(name, value);
        }
        return request;
    }

    /// <summary>The next hop; null where the response is the answer. Headers that may carry a secret go to no other host.</summary>
    private static HttpQuestion? RedirectOf(HttpQuestion question, HttpResponseMessage response)
    {
        var isRedirect = response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found or HttpStatusCode.SeeOther
            or HttpStatusCode.TemporaryRedirect or HttpStatusCode.PermanentRedirect;
        if (!isRedirect || response.Headers.Location is not { } location) return null;
        var url = new Uri(question.Url, location);
        if (url.Scheme is not ("http" or "https") || (question.Url.Scheme == "https" && url.Scheme == "http"))
            throw new CallFailedException(ErrorCode.PolicyDenied, $"'{question.Url}' redirects to '{url}', from https to a lesser scheme");
        var next = question with { Url = url };
        var isSameOrigin = url.GetLeftPart(UriPartial.Authority) == question.Url.GetLeftPart(UriPartial.Authority);
        if (!isSameOrigin) next = next with { Headers = [.. question.Headers.Where(header => HeadersForAnyone.Contains(header.Key, StringComparer.OrdinalIgnoreCase))] };
        var becomesGet = response.StatusCode == HttpStatusCode.SeeOther ? question.Method != HttpMethod.Head
            : response.StatusCode is HttpStatusCode.MovedPermanently or HttpStatusCode.Found && question.Method == HttpMethod.Post;
        return becomesGet ? next with { Method = HttpMethod.Get, Body = Value.Null, Headers = [.. next.Headers.Where(header => !header.Key.StartsWith("Content-", StringComparison.OrdinalIgnoreCase))] } : next;
    }

    /// <summary>The door's refusal, which the client wraps; null where something else went wrong.</summary>
    private static AttemptOutcome.Failed? Refusal(Exception? failed)
    {
        for (; failed is not null; failed = failed.InnerException)
        {
            if (failed is CallFailedException refused) return new(refused.Code, refused.Message);
        }
        return null;
    }
}
