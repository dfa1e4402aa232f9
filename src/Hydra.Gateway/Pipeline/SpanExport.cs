using System.Threading.Channels;
using Hydra.Tracing;

namespace Hydra.Gateway.Pipeline;

/// <summary>
/// Sends spans to a collector beside the calls, never in their way: they are put together there, gathered for a moment and sent in one
/// piece. What finds no room in the queue is dropped and counted. Safe to share between threads.
/// </summary>
public sealed class SpanExport : IAsyncDisposable
{
    /// <summary>Operations that wait at most.</summary>
    public const int QueueMax = 20_000;
    /// <summary>How long the first one of a batch waits for company at most.</summary>
    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(200);
    /// <summary>How long an operation waits to become spans: what waits long outlives the youngest generation of memory.</summary>
    private static readonly TimeSpan LookTime = TimeSpan.FromMilliseconds(10);

    private readonly Channel<IEnumerable<TraceSpan>> _queue = Channel.CreateBounded<IEnumerable<TraceSpan>>(new BoundedChannelOptions(QueueMax) { FullMode = BoundedChannelFullMode.Wait, SingleReader = true });
    private readonly OtlpSender _sender;
    private readonly Action<string> _onProblem;
    private readonly CancellationTokenSource _closing = new();
    private readonly Task _sending;
    private long _dropped;

    /// <param name="onProblem">Told when the collector stops taking spans, once until it takes them again.</param>
    public SpanExport(OtlpSettings settings, Action<string> onProblem)
    {
        _sender = new OtlpSender(settings);
        _onProblem = onProblem;
        _sending = SendAsync();
    }

    /// <summary>Spans that were not sent, and operations whose spans were not taken: the queue was full, or the collector did not take them.</summary>
    public long Dropped => Volatile.Read(ref _dropped);

    /// <param name="spans">Of one operation; asked for on another thread, once.</param>
    public void Add(IEnumerable<TraceSpan> spans)
    {
        if (!_queue.Writer.TryWrite(spans)) Interlocked.Increment(ref _dropped);
    }

    /// <summary>Sends what waits, as long as the collector's time limit lasts.</summary>
    public async ValueTask DisposeAsync()
    {
        _queue.Writer.TryComplete();
        await _closing.CancelAsync();
        await _sending;
        _closing.Dispose();
        _sender.Dispose();
    }

    private async Task SendAsync()
    {
        var batch = new List<TraceSpan>(OtlpSender.BatchSize);
        string? problem = null;
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            for (var waited = TimeSpan.Zero; waited < GatherTime; waited += LookTime)
            {
                await Task.Delay(LookTime, _closing.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                while (_queue.Reader.TryRead(out var spans))
                {
                    batch.AddRange(spans);
                    if (batch.Count >= OtlpSender.BatchSize) await SendBatchAsync();
                }
                if (_closing.IsCancellationRequested) break;
            }
            if (batch.Count > 0) await SendBatchAsync();
        }

        async Task SendBatchAsync()
        {
            var refused = await _sender.SendAsync(batch, CancellationToken.None);
            if (refused is not null) Interlocked.Add(ref _dropped, batch.Count);
            if (refused is not null && problem is null) _onProblem(refused);
            problem = refused;
            batch.Clear();
        }
    }
}
