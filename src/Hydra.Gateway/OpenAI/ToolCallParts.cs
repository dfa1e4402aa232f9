using System.Text;
using System.Text.Json;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.OpenAI;

/// <summary>Puts tool calls together from the fragments of a stream. Bounded, and never sized by what the other side says.</summary>
internal sealed class ToolCallParts(Endpoint endpoint)
{
    private const int CallCountMax = 1_000;
    private const int ArgumentCharsMax = 8 * 1024 * 1024;

    private readonly List<Part> _parts = [];
    private long _chars;

    public void Add(JsonElement fragment, bool isWhole = false)
    {
        var index = fragment.Number("index");
        if (index < 0) throw Malformed($"a tool call with the index {index}");
        var id = fragment.Text("id");
        var part = isWhole ? null : Find(index, id);
        if (part is null)
        {
            if (_parts.Count == CallCountMax) throw Malformed($"more than {CallCountMax} tool calls");
            part = new Part { Index = index };
            _parts.Add(part);
        }
        if (id is { Length: > 0 }) part.Id = id;
        var function = fragment.Get("function");
        if (function.Text("name") is { Length: > 0 } name) part.Name ??= name;
        var arguments = function.Text("arguments") ?? (function.Get("arguments") is { ValueKind: JsonValueKind.Object } whole ? whole.GetRawText() : "");
        _chars += arguments.Length;
        if (_chars > ArgumentCharsMax) throw Malformed("tool arguments of more than 8 Mi characters");
        part.Arguments.Append(arguments);
        if (fragment.Get(OpenAIAnswer.ExtraContent) is { } extra) part.Extra = extra.Clone();
    }

    /// <summary>The calls; one whose arguments never became JSON says so.</summary>
    public IEnumerable<FunctionCallContent> Build()
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var calls = new List<FunctionCallContent>(_parts.Count);
        foreach (var part in _parts)
        {
            if (part.Name is null) throw Malformed("a tool call without a name");
            var id = part.Id ?? $"call_{calls.Count}";   // some servers give none, but results are matched by it
            if (!ids.Add(id)) throw Malformed($"two tool calls with the id '{Excerpt.Of(id)}'");
            var call = ToolText.Call(id, part.Name, part.Arguments.ToString());
            if (part.Extra is { } extra) (call.AdditionalProperties ??= [])[OpenAIAnswer.ExtraContent] = extra;
            calls.Add(call);
        }
        return calls;
    }

    /// <summary>A fragment belongs to the last call of its index, unless it brings another id: some servers number every call 0.</summary>
    private Part? Find(long? index, string? id)
    {
        for (var i = _parts.Count - 1; i >= 0; i--)
        {
            if (index is not null && _parts[i].Index != index) continue;
            return id is { Length: > 0 } && _parts[i].Id is { } known && known != id ? null : _parts[i];
        }
        return null;
    }

    private CallFailedException Malformed(string what) => new(ErrorCode.ProviderError, $"{endpoint} sent {what}.");

    private sealed class Part
    {
        public long? Index { get; init; }
        public string? Id { get; set; }
        public string? Name { get; set; }
        public StringBuilder Arguments { get; } = new();
        public JsonElement? Extra { get; set; }
    }
}
