using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>A chat completion in chunks: role first, then deltas, the reason why it ended, usage where asked for, and <c>[DONE]</c>.</summary>
internal sealed class ChatDoorStream(DoorRequest request, Operation operation, SseWriter events) : IDoorStream
{
    private bool _hasBegun;
    private int _calls;
    private string? _model;
    private ChatFinishReason? _finish;
    private UsageDetails? _usage;

    public void Add(ChatResponseUpdate update)
    {
        _model ??= update.ModelId;
        _finish = update.FinishReason ?? _finish;
        foreach (var content in update.Contents)
        {
            if (content is not UsageContent usage) continue;
            if (_usage is null) _usage = usage.Details;
            else _usage.Add(usage.Details);
        }
        if (_hasBegun && !update.Contents.Any(content => content is not UsageContent)) return;
        Chunk(json =>
        {
            json.WriteStartObject("delta");
            if (!_hasBegun)
            {
                json.WriteString("role", "assistant");
                if (!update.Contents.Any(content => content is TextContent)) json.WriteString("content", "");
            }
            _hasBegun = true;
            _calls = ChatDoor.WriteContents(json, update.Contents, isDelta: true, _calls);
            json.WriteEndObject();
        }, finish: null);
    }

    public void End()
    {
        Chunk(static json =>
        {
            json.WriteStartObject("delta");
            json.WriteEndObject();
        }, ChatDoor.FinishOf(_finish, _calls > 0));
        if (request.WantsUsage)
        {
            events.Write(null, this, static (json, stream) =>
            {
                json.WriteStartObject();
                stream.Head(json);
                json.WriteStartArray("choices");
                json.WriteEndArray();
                if (stream._usage is { } usage) ChatDoor.WriteUsage(json, usage);
                else json.WriteNull("usage");
                json.WriteEndObject();
            });
        }
        events.WriteRaw("[DONE]"u8);
    }

    public void Fail(DoorError error) => events.Write(null, error, static (json, failure) => ChatDoor.WriteError(json, failure));

    private void Chunk(Action<Utf8JsonWriter> delta, string? finish) => events.Write(null, (this, delta, finish), static (json, chunk) =>
    {
        var (stream, delta, finish) = chunk;
        json.WriteStartObject();
        stream.Head(json);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        delta(json);
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", finish);
        json.WriteEndObject();
        json.WriteEndArray();
        if (stream.WantsUsage) json.WriteNull("usage");
        json.WriteEndObject();
    });

    private bool WantsUsage => request.WantsUsage;

    private void Head(Utf8JsonWriter json) => ChatDoor.WriteHead(json, "chat.completion.chunk", _model ?? request.Model, operation);
}
