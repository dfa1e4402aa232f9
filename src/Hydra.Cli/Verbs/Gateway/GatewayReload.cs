using Hydra.Gateway.Config;
using Hydra.Gateway.Doors;
using Hydra.Gateway.Pipeline;
using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>Takes a changed configuration into a running gateway; one that cannot be used is reported, and the old one stays.</summary>
internal sealed class GatewayReload : IDisposable
{
    /// <summary>Editors write in several steps; the file is read when it has been quiet for so long.</summary>
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(200);

    private readonly string _file;
    private readonly string _urls;
    private readonly GatewayService _service;
    private readonly GatewayLog _log;
    private readonly CliIo _io;
    private readonly FileSystemWatcher _watcher;
    private readonly ITimer _timer;
    private readonly SemaphoreSlim _one = new(1);

    public GatewayReload(string file, string urls, GatewayService service, GatewayLog log, CliIo io)
    {
        (_file, _urls, _service, _log, _io) = (Path.GetFullPath(file), urls, service, log, io);
        _timer = io.Clock.CreateTimer(_ => _ = TakeAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _watcher = new FileSystemWatcher(Path.GetDirectoryName(_file)!, Path.GetFileName(_file));
        _watcher.Changed += (_, _) => Soon();
        _watcher.Created += (_, _) => Soon();
        _watcher.Renamed += (_, _) => Soon();
        _watcher.EnableRaisingEvents = true;
    }

    public void Dispose()
    {
        _watcher.Dispose();
        _timer.Dispose();
    }

    private void Soon() => _timer.Change(Quiet, Timeout.InfiniteTimeSpan);

    private async Task TakeAsync()
    {
        await _one.WaitAsync();
        try
        {
            var config = GatewayFile.Read(_file, _io);
            if (ListenRule.Check(config, _urls) is { } open) throw new UsageException(open);
            if (config.Store != _service.Config.Store) throw new UsageException("`store` cannot change while the gateway runs. Start it anew.");
            await _service.ReloadAsync(config, CancellationToken.None);
            _log.Write("the changed configuration is in use");
        }
        catch (Exception wrong) when (wrong is UsageException or GatewayConfigException or StoreException)
        {
            _log.Write($"the changed configuration is not taken, the old one stays: {wrong.Message}");
        }
        catch (Exception defect)
        {
            // Nobody awaits this: whatever else goes wrong must be told, and must not end the process.
            _log.Defect(defect);
        }
        finally
        {
            _one.Release();
        }
    }
}
