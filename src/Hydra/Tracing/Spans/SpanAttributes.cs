using Hydra.Model;

namespace Hydra.Tracing;

/// <summary>Collects a span's attributes in order; what is null or empty is left out.</summary>
internal sealed class SpanAttributes
{
    private readonly List<KeyValuePair<string, Value>> _all = new(24);

    public IReadOnlyList<KeyValuePair<string, Value>> All => _all;

    public SpanAttributes Add(string name, Value value)
    {
        if (!value.IsNull) _all.Add(new(name, value));
        return this;
    }

    public SpanAttributes Text(string name, string? text) => string.IsNullOrEmpty(text) ? this : Add(name, text);

    /// <summary>A count that is worth saying when it is not zero.</summary>
    public SpanAttributes Count(string name, long count) => count == 0 ? this : Add(name, count);

    public SpanAttributes Usd(string name, MicroUsd usd) => Add(name, (double)usd.Usd);

    public SpanAttributes Tags(IReadOnlyDictionary<string, string>? tags)
    {
        if (tags is null) return this;
        foreach (var (name, value) in tags.OrderBy(tag => tag.Key, StringComparer.Ordinal)) Text(SpanNames.Tag + name, value);
        return this;
    }

    /// <summary>Where content is, never the content itself.</summary>
    public SpanAttributes Reference(string prefix, ValueRef? reference)
    {
        if (reference is null) return this;
        if (reference.Artifact is { } artifact) return Add(prefix + SpanNames.Sha256, artifact.Hex).Add(prefix + SpanNames.Bytes, reference.Bytes);
        return Add(prefix + SpanNames.Inline, true);
    }

    public SpanAttributes Spent(Spend spent)
    {
        if (spent.Calls == 0) return this;
        return Usd(SpanNames.CostUsd, spent.Usd).Add(SpanNames.TokensTotal, spent.Tokens.Total)
            .Add(SpanNames.ModelCalls, spent.ModelCalls).Add(SpanNames.ToolCalls, spent.ToolCalls);
    }
}

/// <summary>Prompts and answers as the conventions want them on a span: JSON text of messages with parts.</summary>
internal static class SpanContent
{
    /// <summary>A request or response as a list of messages, whatever its own form.</summary>
    public static string Messages(Value content, string role)
    {
        var messages = content.IsObject && content.AsObject.GetOrNull("messages") is { IsList: true } inner ? inner : content;
        if (!messages.IsList || messages.Items.Any(item => !item.IsObject)) return Value.Of([Message(role, content)]).ToJson();
        return Value.Of(messages.Items.Select(message => Normal(message, role))).ToJson();
    }

    private static Value Normal(Value message, string role)
    {
        var map = message.AsObject;
        if (map.ContainsKey("parts")) return message;
        return Message(map.GetOrNull("role").TextOrNull ?? role, map.GetOrNull("content") is { IsNull: false } content ? content : message);
    }

    private static Value Message(string role, Value content) =>
        ValueMap.Of(("role", role), ("parts", Value.Of([ValueMap.Of(("type", "text"), ("content", content.ToDisplayText()))])));
}
