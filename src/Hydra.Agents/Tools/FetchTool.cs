using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Tools;

/// <summary>Reads one page of the web: GET only, hosts that the workflow lists, text of HTML, no address that leads inwards unless it is listed by name.</summary>
/// <param name="allowHosts"><c>*</c>: every public host.</param>
internal sealed class FetchTool(ToolFacts facts, IReadOnlyList<string> allowHosts) : ITool
{
    public ToolFacts Facts => facts;

    public async ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var written = call.Arguments.AsObject["url"].AsText.Trim();
        if (!Uri.TryCreate(written, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https")) throw new CallFailedException(ErrorCode.BadRequest, $"`url` is '{Excerpt.Of(written)}', which is no http or https address");
        var answer = await GetAsync(url, [new("Accept", "text/html, text/*, application/json;q=0.9")], allowHosts.Contains("*") ? null : allowHosts, call, cancellationToken);
        if (!answer.IsText || !HtmlText.IsHtml(answer.AsText)) return ValueMap.Of(("url", url.AbsoluteUri), ("content", answer));
        var (title, text) = HtmlText.Of(answer.AsText);
        return ValueMap.Of(("url", url.AbsoluteUri), ("title", title), ("content", text));
    }

    public static async ValueTask<Value> GetAsync(Uri url, IReadOnlyList<KeyValuePair<string, string>> headers, IReadOnlyList<string>? allowHosts, ToolCall call, CancellationToken cancellationToken) =>
        ToolOutcome.ValueOf(await HttpCall.SendAsync(new HttpQuestion(HttpMethod.Get, url, headers, Value.Null, allowHosts), call.Alive, cancellationToken));
}
