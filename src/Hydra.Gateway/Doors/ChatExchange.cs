using System.Buffers;
using System.Net.Mime;
using System.Text.Encodings.Web;
using System.Text.Json;
using Hydra.Gateway.Anthropic;
using Hydra.Gateway.Pipeline;
using Hydra.Gateway.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Doors;

/// <summary>One request at a door, from its body to the last byte of its answer. Used once.</summary>
/// <remarks>
/// (1) Read and understand the body. (2) Find who asks. (3) Ask the pipeline. (4) Nothing is sent before the first piece of the
/// answer is there: until then every failure is an answer with a status of its own. (5) After that a failure is told inside the stream.
/// What comes last is left to the server, which sends it together with the end of the answer.
/// </remarks>
internal sealed class ChatExchange(HttpContext context, IDoor door, GatewayService service)
{
    private static readonly JsonWriterOptions Writing = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>Of a stream whose provider is faster than its reader.</summary>
    private const int UnsentBytesMax = 16 * 1024;

    private readonly CancellationToken _cancelled = context.RequestAborted;
    private Operation? _operation;

    public async Task RunAsync()
    {
        try
        {
            // (1)
            var body = await RequestBody.ReadAsync(context.Request, _cancelled);
            DoorRequest request;
            using (var document = DoorJson.Parse(body)) request = door.Read(document.RootElement);

            if (door is MessagesDoor && RequestFacts.BetasOf(context.Request) is { } betas) (request.Options.AdditionalProperties ??= [])[AnthropicRequest.Beta] = betas;

            // (2)
            _operation = service.Open(RequestFacts.Of(context.Request, door.Name, request), request);

            // (3)
            context.Response.Headers[door.IdHeader] = _operation.Id;
            var options = new CallOptions(request.Options, _operation);
            if (request.IsCount) Write(request, Count(request));
            else if (request.IsStreamed) await StreamAsync(request, options);
            else await AnswerAsync(request, options);
        }
        catch (OperationCanceledException) when (_cancelled.IsCancellationRequested)
        {
            // The caller has gone; nobody is left to answer.
        }
        catch (Exception failure) when (!context.Response.HasStarted)
        {
            service.Report(failure, _operation);
            await RefuseAsync(DoorError.Of(failure));
        }
    }

    private async Task AnswerAsync(DoorRequest request, CallOptions options) =>
        Write(request, await service.Client.GetResponseAsync(request.Messages, options, _cancelled));

    /// <summary>An estimate: no provider is asked, and every maker cuts text in its own way.</summary>
    private ChatResponse Count(DoorRequest request)
    {
        _ = service.Models.Find(request.Model);
        _operation!.PromptTokensMax = PromptBound.Tokens(request.Messages, request.Options);
        return new ChatResponse { Usage = UsageReader.ToDetails(new Hydra.Model.TokenUsage(_operation.PromptTokensLikely, 0)) };
    }

    private void Write(DoorRequest request, ChatResponse answer)
    {
        ResponseFacts.Write(context.Response.Headers, _operation!, service.Clock, withCost: true);
        context.Response.ContentType = MediaTypeNames.Application.Json;
        using var body = new PooledBytes(4 * 1024);
        using (var json = new Utf8JsonWriter(body, Writing)) door.WriteAnswer(json, request, answer, _operation!);
        context.Response.ContentLength = body.Length;
        context.Response.BodyWriter.Write(body.Written);
    }

    private async Task StreamAsync(DoorRequest request, CallOptions options)
    {
        _operation!.IsStreamed = true;
        using var events = new SseWriter(context.Response.BodyWriter);
        await using var updates = service.Client.GetStreamingResponseAsync(request.Messages, options, _cancelled).GetAsyncEnumerator(_cancelled);
        // (4)
        var isMore = await updates.MoveNextAsync();
        ResponseFacts.Write(context.Response.Headers, _operation, service.Clock, withCost: false);
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        await context.Response.StartAsync(_cancelled);   // sends nothing yet: what is written before it would be copied once more
        var stream = door.OpenStream(request, _operation, events);
        try
        {
            while (isMore)
            {
                stream.Add(updates.Current);
                // What came together goes out together, the end with the last of it; a provider that has to be waited for does not hold it up.
                var next = updates.MoveNextAsync();
                if ((!next.IsCompleted && !_operation.IsSaid) || events.UnsentBytes >= UnsentBytesMax) await events.SendAsync(_cancelled);
                isMore = await next;
            }
            stream.End();
        }
        // (5)
        catch (Exception failure) when (failure is not OperationCanceledException || !_cancelled.IsCancellationRequested)
        {
            service.Report(failure, _operation);
            stream.Fail(DoorError.Of(failure));
        }
        events.Hand();
    }

    private async Task RefuseAsync(DoorError error)
    {
        var response = context.Response;
        response.Clear();
        response.StatusCode = door.StatusOf(error);
        response.ContentType = MediaTypeNames.Application.Json;
        if (_operation is not null) ResponseFacts.Write(response.Headers, _operation, service.Clock, withCost: true);
        ResponseFacts.WriteRetry(response.Headers, error);
        var id = _operation?.Id ?? context.TraceIdentifier;
        response.Headers[door.IdHeader] = id;
        await using (var json = new Utf8JsonWriter(response.BodyWriter, Writing)) door.WriteError(json, error, id);
        await response.BodyWriter.FlushAsync(_cancelled);
    }
}
