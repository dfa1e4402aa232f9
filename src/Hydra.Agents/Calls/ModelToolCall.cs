using System.Text.Json;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>A tool call that a model asked for.</summary>
/// <param name="Extra">What the provider wants back with it (a thought's signature), by name.</param>
internal sealed record ModelToolCall(string Id, string Name, ValueMap Arguments, ValueMap Extra)
{
    public static ModelToolCall Of(FunctionCallContent call)
    {
        var arguments = (call.Arguments ?? new Dictionary<string, object?>()).Select(argument => KeyValuePair.Create(argument.Key, ValueOf(argument.Value)));
        var extra = (call.AdditionalProperties ?? []).Where(property => property.Value is string).Select(property => KeyValuePair.Create(property.Key, Value.Of((string)property.Value!)));
        return new(call.CallId, call.Name, ValueMap.Of(arguments), ValueMap.Of(extra));
    }

    public static ModelToolCall Read(Value value)
    {
        var map = value.AsObject;
        return new(map["id"].AsText, map["name"].AsText, map["arguments"].AsObject, map.GetOrNull("extra") is { IsObject: true } extra ? extra.AsObject : ValueMap.Empty);
    }

    public Value ToValue()
    {
        var map = ValueMap.Of(("id", Id), ("name", Name), ("arguments", Arguments));
        return Extra.Count == 0 ? map : map.With("extra", Extra);
    }

    public FunctionCallContent ToContent()
    {
        var content = new FunctionCallContent(Id, Name, Arguments.ToDictionary(argument => argument.Key, argument => (object?)JsonElement.Parse(ValueJson.ToUtf8(argument.Value)), StringComparer.Ordinal));
        if (Extra.Count > 0) content.AdditionalProperties = new(Extra.ToDictionary(pair => pair.Key, pair => (object?)pair.Value.AsText, StringComparer.Ordinal));
        return content;
    }

    private static Value ValueOf(object? argument) => argument switch
    {
        null => Value.Null,
        Value value => value,
        string text => text,
        JsonElement json => Value.ParseJson(json.GetRawText()),
        _ => Value.ParseJson(JsonSerializer.Serialize(argument, AIJsonUtilities.DefaultOptions)),
    };
}
