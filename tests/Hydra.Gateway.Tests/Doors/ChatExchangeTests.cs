using System.IO.Pipelines;
using System.Text;
using System.Threading.Tasks.Sources;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Fake;
using Hydra.Gateway.Ledger;
using Hydra.Gateway.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Tests.Doors;

/// <summary>When a streamed answer is handed to its connection, and when it is sent.</summary>
public sealed class ChatExchangeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_provider_that_has_to_be_waited_for_does_not_hold_up_what_has_come()
    {
        var (sent, text) = await ExchangeAsync(isSaid: false);
        Assert.Equal(1, sent);
        Assert.Contains("\"content\":\"Bees dance.\"", text);
        Assert.EndsWith("data: [DONE]\n\n", text);
    }

    [Fact]
    public async Task What_the_provider_said_last_goes_out_with_the_end_that_waits_for_the_settlement()
    {
        var (sent, text) = await ExchangeAsync(isSaid: true);
        Assert.Equal(0, sent);   // the server sends it with the end of the answer
        Assert.Contains("\"content\":\"Bees dance.\"", text);
        Assert.EndsWith("data: [DONE]\n\n", text);
    }

    [Fact]
    public async Task An_operation_is_said_once_its_provider_has_nothing_more_to_say()
    {
        await using var gateway = await GatewayUnderTest.StartAsync(FakeScript.Of(new FakeRule { Answer = "one two three", Chunks = 3 }));
        var operation = gateway.Service.Open("engine", new Caller(null, null, null, []), "smart");
        operation.IsStreamed = true;
        await foreach (var update in gateway.Service.Client.GetStreamingResponseAsync([new(ChatRole.User, "Count.")], new CallOptions(new ChatOptions(), operation), Token))
        {
            Assert.False(operation.IsSaid, update.Text);
        }
        Assert.True(operation.IsSaid);
    }

    /// <summary>One streamed exchange with a pipeline that gives a piece at once and lets its end be waited for.</summary>
    /// <returns>How often something was sent before the end, and all that was written.</returns>
    private static async Task<(int Sent, string Text)> ExchangeAsync(bool isSaid)
    {
        await using var gateway = await GatewayUnderTest.StartAsync();
        using var body = new MemoryStream();
        var written = new CountingWriter(PipeWriter.Create(body, new StreamPipeWriterOptions(leaveOpen: true)));
        var context = new DefaultHttpContext();
        context.Features.Set<IHttpResponseBodyFeature>(new WrittenBody(written));
        context.Request.ContentType = "application/json";
        context.Request.Body = new MemoryStream(Encoding.UTF8.GetBytes("""{"model":"smart","stream":true,"messages":[{"role":"user","content":"Why?"}]}"""));
        using var pipeline = new OnePiece(isSaid);
        await new ChatExchange(context, new ChatDoor(), gateway.Service, pipeline).RunAsync();
        var sent = written.Flushes;
        await written.CompleteAsync();
        return (sent, Encoding.UTF8.GetString(body.ToArray()));
    }

    private sealed class OnePiece(bool isSaid) : IChatClient
    {
        public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) =>
            new Piece(((CallOptions)options!).Operation, isSaid);

        public Task<ChatResponse> GetResponseAsync(IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default) => throw new NotSupportedException();
        public object? GetService(Type serviceType, object? serviceKey = null) => null;

        public void Dispose()
        {
            // Holds nothing.
        }
    }

    /// <summary>One piece at once; its end comes only when it is waited for.</summary>
    private sealed class Piece(Operation operation, bool isSaid) : IAsyncEnumerable<ChatResponseUpdate>, IAsyncEnumerator<ChatResponseUpdate>, IValueTaskSource<bool>
    {
        private ManualResetValueTaskSourceCore<bool> _end;
        private bool _isGiven;

        public ChatResponseUpdate Current { get; } = new(ChatRole.Assistant, "Bees dance.");
        public IAsyncEnumerator<ChatResponseUpdate> GetAsyncEnumerator(CancellationToken cancellationToken = default) => this;

        public ValueTask<bool> MoveNextAsync()
        {
            if (!_isGiven)
            {
                _isGiven = true;
                return new(true);
            }
            operation.IsSaid = isSaid;
            return new(this, _end.Version);
        }

        public bool GetResult(short token) => _end.GetResult(token);
        public ValueTaskSourceStatus GetStatus(short token) => _end.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags)
        {
            _end.OnCompleted(continuation, state, token, flags);
            _end.SetResult(false);
        }

        public ValueTask DisposeAsync() => default;
    }

    private sealed class CountingWriter(PipeWriter inner) : PipeWriter
    {
        public int Flushes { get; private set; }

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            Flushes++;
            return inner.FlushAsync(cancellationToken);
        }

        public override void Advance(int bytes) => inner.Advance(bytes);
        public override Memory<byte> GetMemory(int sizeHint = 0) => inner.GetMemory(sizeHint);
        public override Span<byte> GetSpan(int sizeHint = 0) => inner.GetSpan(sizeHint);
        public override void CancelPendingFlush() => inner.CancelPendingFlush();
        public override void Complete(Exception? exception = null) => inner.Complete(exception);
        public override ValueTask CompleteAsync(Exception? exception = null) => inner.CompleteAsync(exception);
    }

    private sealed class WrittenBody(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public PipeWriter Writer => writer;
        public Stream Stream => writer.AsStream();

        public void DisableBuffering()
        {
            // Nothing is held back.
        }

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();
        public Task CompleteAsync() => writer.CompleteAsync().AsTask();
    }
}
