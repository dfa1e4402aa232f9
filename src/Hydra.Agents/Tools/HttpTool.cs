using Hydra.Model;
using Hydra.Nodes;

namespace Hydra.Agents.Tools;

/// <summary>One HTTP request to hosts that the workflow lists, with the rules of the <c>http</c> node at every redirect.</summary>
internal sealed class HttpTool(ToolFacts facts, IReadOnlyList<string> allowHosts, bool hasOwnEffect) : ITool
{
    public ToolFacts Facts => facts;

    /// <param name="methods">Methods that may be used.</param>
    public static Value Schema(IReadOnlyList<string> methods) => Value.Of(ValueMap.Of(("type", "object"), ("additionalProperties", false), ("required", Value.OfTexts(["url"])),
        ("properties", ValueMap.Of(
            ("url", ValueMap.Of(("type", "string"), ("description", "http or https address"))),
            ("method", ValueMap.Of(("enum", Value.OfTexts(methods)), ("description", $"default {methods[0]}"))),
            ("headers", ValueMap.Of(("type", "object"), ("additionalProperties", ValueMap.Of(("type", "string"))))),
            ("body", ValueMap.Of(("description", "text as it is, anything else as JSON")))))));

    public EffectClass EffectOf(Value arguments) => hasOwnEffect ? facts.Effect : EffectOf(MethodOf(arguments));

    public static EffectClass EffectOf(string method) => method switch
    {
        "GET" or "HEAD" => EffectClass.Pure,
        "PUT" or "DELETE" => EffectClass.Idempotent,
        _ => EffectClass.Irreversible,
    };

    public async ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var given = call.Arguments.AsObject;
        if (!Uri.TryCreate(given["url"].AsText.Trim(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            throw new CallFailedException(ErrorCode.BadRequest, $"`url` is '{Excerpt.Of(given["url"].AsText)}', which is no http or https address");
        var headers = given.GetOrNull("headers") is { IsObject: true } written ? written.AsObject.Select(header => KeyValuePair.Create(header.Key, header.Value.AsText)).ToList() : [];
        if (headers.Exists(header => (header.Key + header.Value).AsSpan().IndexOfAny('\r', '\n', '\0') >= 0)) throw new CallFailedException(ErrorCode.BadRequest, "a header holds a line break, which would begin another header");
        if (EffectOf(call.Arguments) != EffectClass.Pure) headers.Add(new("Idempotency-Key", call.IdempotencyKey));
        var question = new HttpQuestion(new HttpMethod(MethodOf(call.Arguments)), url, headers, given.GetOrNull("body"), allowHosts);
        return ToolOutcome.ValueOf(await HttpCall.SendAsync(question, call.Alive, cancellationToken));
    }

    private string MethodOf(Value arguments) => arguments.AsObject.GetOrNull("method").TextOrNull
        ?? facts.Arguments.AsObject["properties"].AsObject["method"].AsObject["enum"].Items[0].AsText;
}

/// <summary>What a node's runner gave, as a tool's result.</summary>
internal static class ToolOutcome
{
    public static Value ValueOf(AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Completed done => done.Output,
        AttemptOutcome.Degraded lesser => Value.Of($"{lesser.Output.ToDisplayText()}\n[{lesser.Reason}]"),
        AttemptOutcome.Failed failed => throw new CallFailedException(failed.Code, failed.Message),
        _ => throw new InvalidOperationException($"A runner ended with {outcome.GetType().Name}, which no tool can."),
    };
}
