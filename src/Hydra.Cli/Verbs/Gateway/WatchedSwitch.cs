using Hydra.Journal;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>The kill switch of a runs directory for models, read twice a second: calls ask for it too often to read a file each time.</summary>
internal sealed class WatchedSwitch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    private readonly string _folder;
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private SqliteRunStore? _store;
    private volatile string? _reason;

    public WatchedSwitch(string folder, TimeProvider clock, CancellationToken stopped)
    {
        _folder = folder;
        Look();
        _timer = clock.CreateTimer(_ =>
        {
            if (!stopped.IsCancellationRequested) Look();
        }, null, Interval, Interval);
    }

    /// <summary>Why models are switched off; null: they are on.</summary>
    public string? Reason => _reason;

    public void Dispose()
    {
        _timer.Dispose();
        lock (_gate) _store?.Dispose();
    }

    private void Look()
    {
        lock (_gate)
        {
            try
            {
                if (_store is null && !SqliteRunStore.Exists(_folder)) return;
                _store ??= SqliteRunStore.Open(_folder, Durability.Normal);
                var now = _store.Switch.Read();
                _reason = now.Covers(StepKind.Model) ? now.Because : null;
            }
            catch (Exception unreadable) when (unreadable is StoreException or ObjectDisposedException)
            {
                _reason ??= $"the kill switch of '{_folder}' cannot be read: {unreadable.Message}";
            }
        }
    }
}
