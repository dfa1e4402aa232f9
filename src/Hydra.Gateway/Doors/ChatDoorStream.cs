using System.Buffers;
using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>A chat completion in chunks: role first, then deltas, the reason why it ended, usage where asked for, and <c>[DONE]</c>.</summary>
/// <remarks>Chunks of text alone are put together from bytes: all chunks of a stream begin alike.</remarks>
internal sealed class ChatDoorStream(DoorRequest request, Operation operation, SseWriter events) : IDoorStream
{
    private bool _hasBegun;
    private int _calls;
    private string? _model;
    private ChatFinishReason? _finish;
    private UsageDetails? _usage;
    private byte[]? _head;

    private ReadOnlySpan<byte> FirstText => ",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":"u8;
    private ReadOnlySpan<byte> FurtherText => ",\"choices\":[{\"index\":0,\"delta\":{\"content\":"u8;
    private ReadOnlySpan<byte> AfterText => request.WantsUsage ? "},\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n"u8 : "},\"logprobs\":null,\"finish_reason\":null}]}\n\n"u8;
    private ReadOnlySpan<byte> BeforeFinish => ",\"choices\":[{\"index\":0,\"delta\":{},\"logprobs\":null,\"finish_reason\":"u8;
    private ReadOnlySpan<byte> AfterFinish => request.WantsUsage ? "}],\"usage\":null}\n\n"u8 : "}]}\n\n"u8;

    public void Add(ChatResponseUpdate update)
    {
        if (update.ModelId is { } model && _model is null) (_model, _head) = (model, null);
        _finish = update.FinishReason ?? _finish;
        var contents = update.Contents;
        var isText = contents.Count > 0;
        for (var i = 0; i < contents.Count; i++)
        {
            isText &= contents[i] is TextContent { Text.Length: > 0 };
            if (contents[i] is not UsageContent usage) continue;
            if (_usage is null) _usage = usage.Details;
            else _usage.Add(usage.Details);
        }
        if (_hasBegun && !HasContent(contents)) return;
        if (!isText)
        {
            events.Write(null, (Stream: this, Contents: contents), static (json, chunk) => chunk.Stream.WriteChunk(json, chunk.Contents));
            return;
        }
        // Pieces of text that came together stay pieces, as the provider cut them.
        for (var i = 0; i < contents.Count; i++)
        {
            events.WriteText(Head, _hasBegun ? FurtherText : FirstText, ((TextContent)contents[i]).Text, AfterText);
            _hasBegun = true;
        }
    }

    public void End()
    {
        events.WriteText(Head, BeforeFinish, ChatDoor.FinishOf(_finish, _calls > 0), AfterFinish);
        if (request.WantsUsage)
        {
            events.Write(null, this, static (json, stream) =>
            {
                json.WriteStartObject();
                stream.WriteHead(json);
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

    private void WriteChunk(Utf8JsonWriter json, IList<AIContent> contents)
    {
        json.WriteStartObject();
        WriteHead(json);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("delta");
        WriteDelta(json, contents);
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteNull("finish_reason");
        json.WriteEndObject();
        json.WriteEndArray();
        if (request.WantsUsage) json.WriteNull("usage");
        json.WriteEndObject();
    }

    private void WriteDelta(Utf8JsonWriter json, IList<AIContent> contents)
    {
        if (!_hasBegun)
        {
            json.WriteString("role", "assistant");
            if (!HasText(contents)) json.WriteString("content", "");
        }
        _hasBegun = true;
        _calls = ChatDoor.WriteContents(json, contents, isDelta: true, _calls);
    }

    private static bool HasContent(IList<AIContent> contents)
    {
        foreach (var content in contents)
        {
            if (content is not UsageContent) return true;
        }
        return false;
    }

    private static bool HasText(IList<AIContent> contents)
    {
        foreach (var content in contents)
        {
            if (content is TextContent) return true;
        }
        return false;
    }

    /// <summary>How every event with a chunk begins, up to its choices.</summary>
    private byte[] Head
    {
        get
        {
            if (_head is not null) return _head;
            using var head = new PooledBytes(1024);
            head.Write("data: "u8);
            using (var json = new Utf8JsonWriter(head, SseWriter.Writing))
            {
                json.WriteStartObject();
                WriteHead(json);
            }
            return _head = head.Written.ToArray();
        }
    }

    private void WriteHead(Utf8JsonWriter json) => ChatDoor.WriteHead(json, "chat.completion.chunk", _model ?? request.Model, operation);
}
