using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Wire;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>
/// A response in events: each item from <c>added</c> to <c>done</c>, each event with the next number, and the whole response last.
/// </summary>
/// <param name="events">Null: only the items are put together.</param>
internal sealed class ResponsesDoorStream(DoorRequest request, Operation operation, SseWriter? events) : IDoorStream
{
    private readonly List<ResponsesItem> _output = [];
    private ResponsesItem? _open;
    private bool _hasBegun;
    private long _sequence;
    private string? _model;
    private ChatFinishReason? _finish;
    private UsageDetails? _usage;

    public void Add(ChatResponseUpdate update)
    {
        _model ??= update.ModelId;
        _finish = update.FinishReason ?? _finish;
        Begin();
        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case TextContent { Text.Length: > 0 } text: Grow(ResponsesItem.ItemKind.Message, text.Text, "response.content_part.added", "response.output_text.delta"); break;
                case TextReasoningContent thought: Think(thought); break;
                case FunctionCallContent call: Call(call); break;
                case UsageContent usage when _usage is null: _usage = usage.Details; break;
                case UsageContent usage: _usage.Add(usage.Details); break;
            }
        }
    }

    void IDoorStream.End() => End();

    /// <summary>Closes what is open.</summary>
    /// <returns>The whole response.</returns>
    public ResponsesObject End()
    {
        Begin();
        var isCut = _finish == ChatFinishReason.Length || _finish == ChatFinishReason.ContentFilter;
        Close(isCut ? "incomplete" : "completed");
        var whole = Whole(isCut ? "incomplete" : "completed") with
        {
            IncompleteReason = !isCut ? null : _finish == ChatFinishReason.Length ? "max_output_tokens" : "content_filter",
        };
        Tell(isCut ? "response.incomplete" : "response.completed", whole);
        return whole;
    }

    public void Fail(DoorError error)
    {
        if (_open is not null) _open.Status = "incomplete";
        Tell("response.failed", Whole("failed") with { Error = error });
    }

    private void Begin()
    {
        if (_hasBegun) return;
        _hasBegun = true;
        Tell("response.created", Whole("in_progress"));
        Tell("response.in_progress", Whole("in_progress"));
    }

    private void Think(TextReasoningContent thought)
    {
        if (thought.Text.Length > 0) Grow(ResponsesItem.ItemKind.Reasoning, thought.Text, "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta");
        if (CarriedState.Show(OpaqueState.OpenAI, thought.ProtectedData) is not { } state) return;
        Open(ResponsesItem.ItemKind.Reasoning);
        _open!.State = state;
        Close("completed");
    }

    private void Call(FunctionCallContent call)
    {
        if (CarriedState.OfCall(call) is { } state)
        {
            Close("completed");
            Open(ResponsesItem.ItemKind.Reasoning);
            _open!.State = state;
        }
        Close("completed");
        Open(ResponsesItem.ItemKind.Call, call);
        var arguments = ToolText.Arguments(call);
        OfItem("response.function_call_arguments.delta", json => json.WriteString("delta", arguments));
        OfItem("response.function_call_arguments.done", json =>
        {
            json.WriteString("name", call.Name);
            json.WriteString("arguments", arguments);
        });
        Close("completed");
    }

    /// <summary>A piece of text or of shown reasoning; the first one of an item opens its part.</summary>
    private void Grow(ResponsesItem.ItemKind kind, string piece, string partAdded, string delta)
    {
        Open(kind);
        if (_open!.Text.Length == 0) OfPart(partAdded, json => Part(json, ""));
        _open.Text.Append(piece);
        OfPart(delta, json =>
        {
            json.WriteString("delta", piece);
            if (kind == ResponsesItem.ItemKind.Message) NoLogprobs(json);
        });
    }

    private void Open(ResponsesItem.ItemKind kind, FunctionCallContent? call = null)
    {
        if (_open?.Kind == kind && kind != ResponsesItem.ItemKind.Call) return;
        Close("completed");
        var start = kind switch { ResponsesItem.ItemKind.Message => "msg", ResponsesItem.ItemKind.Reasoning => "rs", _ => "fc" };
        _open = new ResponsesItem(kind, $"{start}_{operation.Id}_{_output.Count}") { Call = call };
        _output.Add(_open);
        WithItem("response.output_item.added");
    }

    private void Close(string status)
    {
        if (_open is not { } item) return;
        var text = item.Text.ToString();
        if (item.Kind == ResponsesItem.ItemKind.Message)
        {
            OfPart("response.output_text.done", json =>
            {
                json.WriteString("text", text);
                NoLogprobs(json);
            });
            OfPart("response.content_part.done", json => Part(json, text));
        }
        else if (text.Length > 0)
        {
            OfPart("response.reasoning_summary_text.done", json => json.WriteString("text", text));
            OfPart("response.reasoning_summary_part.done", json => Part(json, text));
        }
        item.Status = status;
        WithItem("response.output_item.done");
        _open = null;
    }

    private void Part(Utf8JsonWriter json, string text)
    {
        json.WritePropertyName("part");
        _open!.WritePart(json, text);
    }

    private static void NoLogprobs(Utf8JsonWriter json)
    {
        json.WriteStartArray("logprobs");
        json.WriteEndArray();
    }

    private ResponsesObject Whole(string status) => new(request, operation) { Status = status, Output = _output, Model = _model, Usage = _usage };

    private void Tell(string type, ResponsesObject whole) => Event(type, json =>
    {
        json.WritePropertyName("response");
        whole.Write(json);
    });

    private void WithItem(string type) => Event(type, json =>
    {
        json.WriteNumber("output_index", _output.Count - 1);
        json.WritePropertyName("item");
        _open!.Write(json);
    });

    private void OfItem(string type, Action<Utf8JsonWriter> body) => Event(type, json =>
    {
        json.WriteString("item_id", _open!.Id);
        json.WriteNumber("output_index", _output.Count - 1);
        body(json);
    });

    private void OfPart(string type, Action<Utf8JsonWriter> body) => OfItem(type, json =>
    {
        json.WriteNumber(_open!.Kind == ResponsesItem.ItemKind.Message ? "content_index" : "summary_index", 0);
        body(json);
    });

    private void Event(string type, Action<Utf8JsonWriter> body) => events?.Write(type, (type, number: _sequence++, body), static (json, one) =>
    {
        json.WriteStartObject();
        json.WriteString("type", one.type);
        json.WriteNumber("sequence_number", one.number);
        one.body(json);
        json.WriteEndObject();
    });
}
