using System.Text.Json;
using Hydra.Gateway.Anthropic;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Wire;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>A message in events: its start with an estimate of the prompt, one content block after the other, why it ended and what it used.</summary>
internal sealed class MessagesDoorStream(DoorRequest request, Operation operation, SseWriter events) : IDoorStream
{
    private enum Block
    {
        None,
        Text,
        Thinking,
    }

    private Block _open;
    private int _index;
    private bool _hasBegun, _hasCalls;
    private ChatFinishReason? _finish;
    private UsageDetails? _usage;

    public void Add(ChatResponseUpdate update)
    {
        Begin(update.ModelId);
        _finish = update.FinishReason ?? _finish;
        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case TextContent { Text.Length: > 0 } text:
                    Open(Block.Text);
                    Delta("text_delta", "text", text.Text);
                    break;
                case TextReasoningContent thought: Think(thought); break;
                case FunctionCallContent call: Call(call); break;
                case UsageContent usage when _usage is null: _usage = usage.Details; break;
                case UsageContent usage: _usage.Add(usage.Details); break;
            }
        }
    }

    public void End()
    {
        Begin(null);
        Close();
        events.Write("message_delta", this, static (json, stream) =>
        {
            json.WriteStartObject();
            json.WriteString("type", "message_delta");
            json.WriteStartObject("delta");
            json.WriteString("stop_reason", MessagesDoor.StopOf(stream._finish, stream._hasCalls));
            json.WriteNull("stop_sequence");
            json.WriteEndObject();
            MessagesDoor.WriteUsage(json, UsageReader.Read(stream._usage));
            json.WriteEndObject();
        });
        events.Write("message_stop", 0, static (json, _) => Typed(json, "message_stop"));
    }

    public void Fail(DoorError error) => events.Write("error", (error, operation), static (json, failure) =>
        new MessagesDoor().WriteError(json, failure.error, failure.operation.Id));

    private void Begin(string? model)
    {
        if (_hasBegun) return;
        _hasBegun = true;
        events.Write("message_start", (request, operation, model), static (json, start) =>
        {
            json.WriteStartObject();
            json.WriteString("type", "message_start");
            json.WriteStartObject("message");
            MessagesDoor.WriteHead(json, start.model ?? start.request.Model, start.operation);
            json.WriteStartArray("content");
            json.WriteEndArray();
            json.WriteNull("stop_reason");
            json.WriteNull("stop_sequence");
            MessagesDoor.WriteUsage(json, new TokenUsage(start.operation.PromptTokensLikely, 1));
            json.WriteEndObject();
            json.WriteEndObject();
        });
        events.Write("ping", 0, static (json, _) => Typed(json, "ping"));
    }

    private void Think(TextReasoningContent thought)
    {
        if (AnthropicState.Redacted(thought) is { } hidden)
        {
            Whole(json => MessagesDoor.WriteHidden(json, hidden));
            return;
        }
        var state = CarriedState.Show(OpaqueState.Anthropic, thought.ProtectedData);
        if (thought.Text.Length == 0 && state is null) return;
        Open(Block.Thinking);
        if (thought.Text.Length > 0) Delta("thinking_delta", "thinking", thought.Text);
        if (state is null) return;
        Delta("signature_delta", "signature", state);
        Close();
    }

    private void Call(FunctionCallContent call)
    {
        _hasCalls = true;
        if (CarriedState.OfCall(call) is { } state) Whole(json => MessagesDoor.WriteHidden(json, state));
        Close();
        Start(json =>
        {
            json.WriteStartObject();
            json.WriteString("type", "tool_use");
            json.WriteString("id", call.CallId);
            json.WriteString("name", call.Name);
            json.WriteStartObject("input");
            json.WriteEndObject();
            json.WriteEndObject();
        });
        Delta("input_json_delta", "partial_json", ToolText.ArgumentsObject(call));
        Stop();
    }

    private void Open(Block block)
    {
        if (_open == block) return;
        Close();
        Start(json =>
        {
            json.WriteStartObject();
            json.WriteString("type", block == Block.Text ? "text" : "thinking");
            json.WriteString(block == Block.Text ? "text" : "thinking", "");
            if (block == Block.Thinking) json.WriteString("signature", "");
            else json.WriteNull("citations");
            json.WriteEndObject();
        });
        _open = block;
    }

    private void Close()
    {
        if (_open == Block.None) return;
        _open = Block.None;
        Stop();
    }

    /// <summary>A block that comes at once.</summary>
    private void Whole(Action<Utf8JsonWriter> block)
    {
        Close();
        Start(block);
        Stop();
    }

    private void Start(Action<Utf8JsonWriter> block) => events.Write("content_block_start", (_index, block), static (json, start) =>
    {
        json.WriteStartObject();
        json.WriteString("type", "content_block_start");
        json.WriteNumber("index", start._index);
        json.WritePropertyName("content_block");
        start.block(json);
        json.WriteEndObject();
    });

    private void Delta(string type, string name, string piece) => events.Write("content_block_delta", (_index, type, name, piece), static (json, delta) =>
    {
        json.WriteStartObject();
        json.WriteString("type", "content_block_delta");
        json.WriteNumber("index", delta._index);
        json.WriteStartObject("delta");
        json.WriteString("type", delta.type);
        json.WriteString(delta.name, delta.piece);
        json.WriteEndObject();
        json.WriteEndObject();
    });

    private void Stop() => events.Write("content_block_stop", _index++, static (json, index) =>
    {
        json.WriteStartObject();
        json.WriteString("type", "content_block_stop");
        json.WriteNumber("index", index);
        json.WriteEndObject();
    });

    private static void Typed(Utf8JsonWriter json, string type)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        json.WriteEndObject();
    }
}
