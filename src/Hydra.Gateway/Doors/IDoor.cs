using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>One dialect of chat: how a request is read and how answers and failures are told in it. Pure and shared by all calls.</summary>
internal interface IDoor
{
    /// <summary>The door's name in records and metrics: <c>chat</c>, <c>responses</c> or <c>messages</c>.</summary>
    string Name { get; }

    /// <summary>The header in which this dialect's clients look for the id of a request.</summary>
    string IdHeader => "x-request-id";

    /// <summary>Understands a request, or refuses it with <see cref="GatewayRefusedException"/> and the place that is wrong.</summary>
    DoorRequest Read(JsonElement json);

    /// <summary>Writes a whole answer.</summary>
    void WriteAnswer(Utf8JsonWriter json, DoorRequest request, ChatResponse answer, Operation operation);

    /// <summary>Begins a streamed answer.</summary>
    IDoorStream OpenStream(DoorRequest request, Operation operation, SseWriter events);

    /// <summary>The HTTP status of a failure in this dialect.</summary>
    int StatusOf(DoorError error) => error.Status;

    /// <summary>Writes a failure that comes before any of the answer.</summary>
    void WriteError(Utf8JsonWriter json, DoorError error, string callId);
}

/// <summary>A streamed answer while it goes out. One caller at a time; nothing is sent before the first <see cref="Add"/>.</summary>
internal interface IDoorStream
{
    void Add(ChatResponseUpdate update);
    /// <summary>The answer is whole.</summary>
    void End();
    /// <summary>The answer breaks off here; a stream never ends as if it were whole.</summary>
    void Fail(DoorError error);
}
