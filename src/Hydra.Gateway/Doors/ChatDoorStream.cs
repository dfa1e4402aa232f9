using System.Buffers;
using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Wire;
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
    private byte[]? _beforeText, _afterText;

    public void Add(ChatResponseUpdate update)
    {
        _model ??= update.ModelId;
        _finish = update.FinishReason ?? _finish;
        var contents = update.Contents;
        var isText = true;
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
            WriteTogether(contents);
            return;
        }
        // Pieces of text that came together stay pieces, as the provider cut them.
        for (var i = 0; i < contents.Count; i++)
        {
            if (_hasBegun) WriteText(((TextContent)contents[i]).Text);
            else WriteTogether([contents[i]]);
        }
        if (!_hasBegun) WriteTogether(contents);
    }

    public void End()
    {
        events.Write(null, this, static (json, stream) => stream.WriteChunk(json, null, ChatDoor.FinishOf(stream._finish, stream._calls > 0)));
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

    private void WriteTogether(IList<AIContent> contents) =>
        events.Write(null, (Stream: this, Contents: contents), static (json, chunk) => chunk.Stream.WriteChunk(json, chunk.Contents, finish: null));

    /// <summary>A chunk of text alone: all chunks of a stream are alike but for it.</summary>
    private void WriteText(string text)
    {
        if (_beforeText is null)
        {
            using var head = new PooledBytes(4 * 1024 + 512);
            head.Write("data: "u8);
            using (var json = new Utf8JsonWriter(head, SseWriter.Writing))
            {
                json.WriteStartObject();
                Head(json);
            }
            head.Write(",\"choices\":[{\"index\":0,\"delta\":{\"content\":"u8);
            _beforeText = head.Written.ToArray();
            _afterText = [.. "},\"logprobs\":null,\"finish_reason\":null}]"u8, .. WantsUsage ? ",\"usage\":null}\n\n"u8 : "}\n\n"u8];
        }
        events.WriteText(_beforeText, text, _afterText);
    }

    /// <param name="contents">Null: the last chunk, which holds no more of them.</param>
    private void WriteChunk(Utf8JsonWriter json, IList<AIContent>? contents, string? finish)
    {
        json.WriteStartObject();
        Head(json);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("delta");
        if (contents is not null) WriteDelta(json, contents);
        json.WriteEndObject();
        json.WriteNull("logprobs");
        json.WriteString("finish_reason", finish);
        json.WriteEndObject();
        json.WriteEndArray();
        if (WantsUsage) json.WriteNull("usage");
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

    private bool WantsUsage => request.WantsUsage;

    private void Head(Utf8JsonWriter json) => ChatDoor.WriteHead(json, "chat.completion.chunk", _model ?? request.Model, operation);
}
