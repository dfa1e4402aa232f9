using System.Diagnostics;
using Hydra.Gateway.Caching;
using Hydra.Tests.Shared;

namespace Hydra.Gateway.Tests.Caching;

/// <summary>A real redis-server with a password on a free port, without any file.</summary>
internal sealed class RedisUnderTest : IAsyncDisposable
{
    private const string Binary = "/usr/bin/redis-server", Password = "open sesame";

    private readonly Process _process;

    private RedisUnderTest(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }
    public RedisAddress Address => RedisAddress.Parse($"redis://:{Uri.EscapeDataString(Password)}@127.0.0.1:{Port}/3");

    public static async Task<RedisUnderTest> StartAsync()
    {
        Assert.SkipUnless(File.Exists(Binary), "redis-server is not installed; .ci/run installs it.");
        for (var tries = 0; tries < Listening.TriesMax; tries++)
        {
            // It ends where its port was taken meanwhile.
            if (await TryStartAsync(Listening.FreePort()) is { } redis) return redis;
        }
        throw new InvalidOperationException("redis-server ended before it was ready.");
    }

    private static async Task<RedisUnderTest?> TryStartAsync(int port)
    {
        var process = Process.Start(new ProcessStartInfo(Binary, ["--port", $"{port}", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--requirepass", Password])
        {
            RedirectStandardOutput = true, UseShellExecute = false, WorkingDirectory = Path.GetTempPath(),
        })!;
        var redis = new RedisUnderTest(process, port);
        while (await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal)) return redis;
        }
        await redis.DisposeAsync();
        return null;
    }

    public void Stop()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public ValueTask DisposeAsync()
    {
        if (!_process.HasExited) Stop();
        _process.Dispose();
        return default;
    }
}
