using System.Text.Json;
using Hydra.Model;

namespace Hydra.Journal;

/// <summary>The wire form of what happens to waits for people: <c>wait_opened</c>, <c>wait_answered</c>, <c>wait_reminded</c>, <c>wait_expired</c>.</summary>
internal static class WaitEvents
{
    public static void Write(Utf8JsonWriter json, RunEvent happened)
    {
        switch (happened)
        {
            case RunEvent.WaitOpened e:
                EventWriter.Head(json, "wait_opened"u8, e.Node);
                json.WriteString("wait"u8, e.Wait);
                Write(json, e.Request);
                break;
            case RunEvent.WaitAnswered e:
                EventWriter.Head(json, "wait_answered"u8, e.Node);
                json.WriteString("wait"u8, e.Wait);
                EventWriter.Data(json, "answer"u8, e.Answer);
                json.WriteString("who"u8, e.Who);
                if (e.IsAuthenticated) json.WriteBoolean("authenticated"u8, true);
                if (e.Comment.Length > 0) json.WriteString("comment"u8, e.Comment);
                json.WriteString("payload_sha256"u8, e.PayloadSha256);
                if (e.IsAlone) json.WriteBoolean("alone"u8, true);
                break;
            case RunEvent.WaitReminded e:
                EventWriter.Head(json, "wait_reminded"u8, e.Node);
                json.WriteString("wait"u8, e.Wait);
                break;
            case RunEvent.WaitExpired e:
                EventWriter.Head(json, "wait_expired"u8, e.Node);
                json.WriteString("wait"u8, e.Wait);
                json.WriteString("as"u8, WireNames.Of(e.As));
                if (e.NextDeadlineMs != 0) json.WriteNumber("next_deadline"u8, e.NextDeadlineMs);
                break;
        }
    }

    private static void Write(Utf8JsonWriter json, WaitRequest request)
    {
        json.WriteString("kind"u8, WireNames.Of(request.Kind));
        json.WriteString("prompt"u8, request.Prompt);
        EventWriter.Reference(json, "payload"u8, request.Payload);
        json.WriteString("payload_sha256"u8, request.PayloadSha256);
        if (request.AnswerType != AnswerType.Confirm) json.WriteString("type"u8, WireNames.Of(request.AnswerType));
        if (request.Options.Count > 0) Texts(json, "options"u8, request.Options);
        if (!request.Schema.IsNull) EventWriter.Data(json, "schema"u8, request.Schema);
        json.WriteNumber("deadline"u8, request.DeadlineMs);
        json.WriteNumber("timeout"u8, request.TimeoutMs);
        if (request.RemindAtMs != 0) json.WriteNumber("remind_at"u8, request.RemindAtMs);
        json.WriteString("on_timeout"u8, WireNames.Of(request.OnTimeout));
        if (!request.Default.IsNull) EventWriter.Data(json, "default"u8, request.Default);
        if (request.Approvers.Count > 0) Texts(json, "approvers"u8, request.Approvers);
        if (request.EscalateTo is not null) json.WriteString("escalate_to"u8, request.EscalateTo);
        if (request.Quorum != 1) json.WriteNumber("quorum"u8, request.Quorum);
    }

    private static void Texts(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> texts) => EventWriter.Data(json, name, Value.OfTexts(texts));

    public static RunEvent Read(string name, ValueMap map)
    {
        var node = EventReader.Node(map);
        var wait = EventReader.Text(map, "wait");
        return name switch
        {
            "wait_opened" => new RunEvent.WaitOpened(node, wait, Request(map)),
            "wait_answered" => new RunEvent.WaitAnswered(node, wait, map.GetOrNull("answer"), EventReader.Text(map, "who"), EventReader.Flag(map, "authenticated"),
                EventReader.Text(map, "comment"), EventReader.Text(map, "payload_sha256"), EventReader.Flag(map, "alone")),
            "wait_reminded" => new RunEvent.WaitReminded(node, wait),
            _ => new RunEvent.WaitExpired(node, wait, EventReader.Enum(map, "as", WaitExpiry.Reject), EventReader.Long(map, "next_deadline") ?? 0),
        };
    }

    private static WaitRequest Request(ValueMap map) => new()
    {
        Kind = EventReader.Enum(map, "kind", WaitKind.Approval),
        Prompt = EventReader.Text(map, "prompt"),
        Payload = EventReader.Reference(map, "payload")!,
        PayloadSha256 = EventReader.Text(map, "payload_sha256"),
        AnswerType = EventReader.Enum(map, "type", AnswerType.Confirm),
        Options = Texts(map, "options"),
        Schema = map.GetOrNull("schema"),
        DeadlineMs = EventReader.Long(map, "deadline") ?? 0,
        TimeoutMs = EventReader.Long(map, "timeout") ?? 0,
        RemindAtMs = EventReader.Long(map, "remind_at") ?? 0,
        OnTimeout = EventReader.Enum(map, "on_timeout", WaitExpiry.Reject),
        Default = map.GetOrNull("default"),
        Approvers = Texts(map, "approvers"),
        EscalateTo = map.GetOrNull("escalate_to").TextOrNull,
        Quorum = (int)(EventReader.Long(map, "quorum") ?? 1),
    };

    private static IReadOnlyList<string> Texts(ValueMap map, string name) => map.TryGetValue(name, out var list) ? [.. list.Items.Select(item => item.AsText)] : [];
}
