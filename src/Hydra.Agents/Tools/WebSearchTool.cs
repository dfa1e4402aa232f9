using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Tools;

/// <summary>A search engine as the workflow declares it: an address with <c>{query}</c> in it, and where in its JSON answer the results stand.</summary>
/// <param name="Results">Path of the list, such as <c>web.results</c>.</param>
internal sealed record SearchEngine(string Url, IReadOnlyDictionary<string, string> Headers, string Results, string Title, string Link, string Snippet)
{
    /// <summary>The engine; null with what is wrong.</summary>
    public static SearchEngine? Of(string name, ValueMap declared, out string wrong)
    {
        var url = declared.GetOrNull("url").TextOrNull;
        wrong = url is null ? $"the tool '{name}' has no search engine. Give it one: {{type: web_search, engine: searxng, url: 'https://HOST/search?format=json&q={{query}}'}}, or engine: brave with its key in `headers`"
            : !url.Contains("{query}", StringComparison.Ordinal) ? $"the tool '{name}' has a `url` without {{query}}, so every search would be the same"
            : !Uri.TryCreate(url.Replace("{query}", "x", StringComparison.Ordinal), UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") ? $"the tool '{name}' has the `url` '{url}', which is no http or https address"
            : "";
        if (wrong.Length > 0) return null;
        var isBrave = declared.GetOrNull("engine").TextOrNull == "brave";
        var mapping = declared.GetOrNull("fields") is { IsObject: true } fields ? fields.AsObject : ValueMap.Empty;
        var headers = declared.GetOrNull("headers") is { IsObject: true } given ? given.AsObject.ToDictionary(pair => pair.Key, pair => pair.Value.AsText, StringComparer.Ordinal) : [];
        return new SearchEngine(url!, headers, declared.GetOrNull("results").TextOrNull ?? (isBrave ? "web.results" : "results"),
            mapping.GetOrNull("title").TextOrNull ?? "title", mapping.GetOrNull("url").TextOrNull ?? "url", mapping.GetOrNull("snippet").TextOrNull ?? (isBrave ? "description" : "content"));
    }
}

/// <summary>Searches the web with the engine that the workflow configures; gives title, address and excerpt of each result.</summary>
internal sealed class WebSearchTool(ToolFacts facts, SearchEngine engine) : ITool
{
    private const int ResultsMax = 20;
    private const int ResultsDefault = 8;
    private const int SnippetCharsMax = 500;

    public static Value Schema { get; } = Value.ParseJson("""{"type":"object","properties":{"query":{"type":"string","minLength":1,"description":"the words to look for"},"count":{"type":"integer","minimum":1,"maximum":20,"description":"how many results; default 8"}},"required":["query"],"additionalProperties":false}""");

    public ToolFacts Facts => facts;

    public async ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var given = call.Arguments.AsObject;
        var most = given.GetOrNull("count") is { Kind: ValueKind.Integer } count ? (int)Math.Clamp(count.AsInteger, 1, ResultsMax) : ResultsDefault;
        var url = new Uri(engine.Url.Replace("{query}", Uri.EscapeDataString(given["query"].AsText), StringComparison.Ordinal));
        var headers = ToolSecrets.Filled($"the tool '{facts.Name}'", engine.Headers, call.Scope, call.WorkingDirectory).Append(new("Accept", "application/json")).ToList();
        var answer = await FetchTool.GetAsync(url, headers, [url.IdnHost], call, cancellationToken);
        foreach (var step in engine.Results.Split('.')) answer = answer.IsObject ? answer.AsObject.GetOrNull(step) : Value.Null;
        if (!answer.IsList) throw new CallFailedException(ErrorCode.InvalidOutput, $"the search engine's answer has no list at '{engine.Results}'. Correct `results` of the tool '{facts.Name}', or ask the engine for JSON");
        return Value.Of(answer.Items.Where(item => item.IsObject).Take(most).Select(item => Value.Of(ValueMap.Of(
            ("title", TextOf(item, engine.Title)), ("url", TextOf(item, engine.Link)), ("snippet", TextOf(item, engine.Snippet))))));
    }

    /// <summary>Engines mark what was found with tags.</summary>
    private static string TextOf(Value item, string field) => item.AsObject.GetOrNull(field).TextOrNull is { } text ? Excerpt.Of(HtmlText.Of(text).Text, SnippetCharsMax) : "";
}
