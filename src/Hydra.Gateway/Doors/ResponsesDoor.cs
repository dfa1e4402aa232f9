using System.Text.Json;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>OpenAI's Responses: <c>POST /v1/responses</c>. Nothing is kept between two requests, as with <c>store: false</c>.</summary>
internal sealed class ResponsesDoor : IDoor
{
    public string Name => "responses";

    public DoorRequest Read(JsonElement json) => ResponsesRequest.Read(json);

    /// <summary>A whole answer is what its stream would have ended with.</summary>
    public void WriteAnswer(Utf8JsonWriter json, DoorRequest request, ChatResponse answer, Operation operation)
    {
        var fold = new ResponsesDoorStream(request, operation, null);
        foreach (var update in answer.ToChatResponseUpdates()) fold.Add(update);
        fold.End().Write(json);
    }

    public IDoorStream OpenStream(DoorRequest request, Operation operation, SseWriter events) => new ResponsesDoorStream(request, operation, events);

    public void WriteError(Utf8JsonWriter json, DoorError error, string callId) => ChatDoor.WriteError(json, error);
}
