using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Hydra.Gateway.Config;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Wire;

namespace Hydra.Gateway.Filters;

/// <summary>Asks an address in OpenAI's moderations format whether a text is harmful. Safe to share between threads.</summary>
internal sealed class Moderator(GatewayServiceOptions options) : IDisposable
{
    private const int AnswerBytesMax = 1 << 20;

    private readonly HttpClient _http = new() { MaxResponseContentBufferSize = AnswerBytesMax, Timeout = Timeout.InfiniteTimeSpan };

    /// <exception cref="GatewayRefusedException">The text is flagged, or the address does not answer and the filter fails closed.</exception>
    public async ValueTask CheckAsync(string text, IReadOnlyList<FilterConfig> filters, ISet<string> labels, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(text)) return;
        foreach (var filter in filters)
        {
            var flagged = await AskAsync(text, filter, labels, cancellationToken);
            if (flagged.Count == 0) continue;
            var kinds = string.Join(", ", flagged);
            switch (filter.Action)
            {
                case "label":
                    foreach (var kind in flagged) labels.Add($"moderation.{kind}");
                    break;
                case "ask": throw new GatewayRefusedException(RefusalKind.ApprovalRequired, $"Moderation flagged this: {kinds}. Somebody must approve it first, and this gateway cannot ask anybody yet.") { Scope = "filter:moderation" };
                default: throw new GatewayRefusedException(RefusalKind.Filtered, $"Moderation flagged this: {kinds}.") { Scope = "filter:moderation" };
            }
        }
    }

    public void Dispose() => _http.Dispose();

    private async ValueTask<IReadOnlyList<string>> AskAsync(string text, FilterConfig filter, ISet<string> labels, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(filter.Timeout, options.Clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, filter.Url) { Content = JsonContent.Create(new { input = text }) };
            if (filter.ApiKey is { } key) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", SecretReference.Read(key, "filters.api_key", options));
            using var response = await _http.SendAsync(request, either.Token);
            response.EnsureSuccessStatusCode();
            using var json = await JsonDocument.ParseAsync(await response.Content.ReadAsStreamAsync(either.Token), cancellationToken: either.Token);
            return Read(json.RootElement);
        }
        catch (Exception failed) when (failed is HttpRequestException or JsonException or GatewayConfigException or FormatException || failed is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            if (filter.FailOpen)
            {
                labels.Add("moderation.unavailable");
                return [];
            }
            throw new GatewayRefusedException(RefusalKind.StoreUnavailable, "The moderation service does not answer, and without it nothing passes here. Try again later.") { Scope = "filter:moderation", RetryAfter = TimeSpan.FromSeconds(5) };
        }
    }

    /// <summary>The categories that are flagged; empty: none.</summary>
    private static List<string> Read(JsonElement json)
    {
        if (json.Get("results") is not { ValueKind: JsonValueKind.Array } results || results.GetArrayLength() == 0) throw new FormatException("An answer of moderation has no results.");
        var flagged = new List<string>();
        foreach (var result in results.EnumerateArray())
        {
            if (result.Get("flagged") is not { ValueKind: JsonValueKind.True or JsonValueKind.False } flag) throw new FormatException("A result of moderation does not say whether it is flagged.");
            if (flag.ValueKind == JsonValueKind.False) continue;
            var before = flagged.Count;
            if (result.Get("categories") is { ValueKind: JsonValueKind.Object } categories)
            {
                foreach (var category in categories.EnumerateObject())
                {
                    if (category.Value.ValueKind == JsonValueKind.True && category.Name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '/' or '-' or '_')) flagged.Add(category.Name);
                }
            }
            if (flagged.Count == before) flagged.Add("flagged");
        }
        return flagged;
    }
}
