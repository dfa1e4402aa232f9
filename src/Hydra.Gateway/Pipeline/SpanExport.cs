using System.Threading.Channels;
using Hydra.Tracing;

namespace Hydra.Gateway.Pipeline;

/// <summary>
/// Sends spans to a collector beside the calls, never in their way: what finds no room in the queue is dropped and counted. Safe to share
/// between threads.
/// </summary>
public sealed class SpanExport : IAsyncDisposable
{
    /// <summary>Spans that wait at most.</summary>
    public const int QueueMax = 20_000;

    private readonly Channel<TraceSpan> _queue = Channel.CreateBounded<TraceSpan>(new BoundedChannelOptions(QueueMax) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
    private readonly OtlpSender _sender;
    private readonly Action<string> _onProblem;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;
    private long _dropped;

    /// <param name="onProblem">Told when the collector stops taking spans, once until it takes them again.</param>
    public SpanExport(OtlpSettings settings, Action<string> onProblem)
    {
        _sender = new OtlpSender(settings);
        _onProblem = onProblem;
        _sending = SendAsync();
    }

    /// <summary>Spans that were not sent: the queue was full, or the collector did not take them.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    public void Add(TraceSpan span)
    {
        if (!_queue.Writer.TryWrite(span)) Interlocked.Increment(ref _dropped);
    }

    /// <summary>Sends what waits, as long as the collector's time limit lasts.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _sending;
        _stop.Dispose();
        _sender.Dispose();
    }

    private async Task SendAsync()
    {
        var batch = new List<TraceSpan>(OtlpSender.BatchSize);
        string? problem = null;
        while (await _queue.Reader.WaitToReadAsync(_stop.Token))
        {
            while (batch.Count < OtlpSender.BatchSize && _queue.Reader.TryRead(out var span)) batch.Add(span);
            var refused = await _sender.SendAsync(batch, _stop.Token);
            if (refused is not null) Interlocked.Add(ref _dropped, batch.Count);
            if (refused is not null && problem is null) _onProblem(refused);
            problem = refused;
            batch.Clear();
        }
    }
}
