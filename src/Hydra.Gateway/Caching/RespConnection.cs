using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;

namespace Hydra.Gateway.Caching;

/// <summary>One connection to a Redis server on which commands follow each other without waiting for replies. Safe to share between threads.</summary>
internal sealed class RespConnection : IAsyncDisposable
{
    private readonly Stream _stream;
    private readonly RespReader _reader;
    private readonly SemaphoreSlim _writing = new(1);
    private readonly Queue<TaskCompletionSource<object?>> _waiting = new();
    private readonly CancellationTokenSource _closed = new();
    private Task _reading = Task.CompletedTask;
    private volatile Exception? _broken;

    private RespConnection(Stream stream) => (_stream, _reader) = (stream, new RespReader(stream));

    /// <summary>Whether it can still be used; a connection that broke, or whose reply came too late, cannot.</summary>
    public bool IsOpen => _broken is null;

    /// <summary>Connects, and enters with the address's password and database.</summary>
    public static async Task<RespConnection> OpenAsync(RedisAddress address, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, cancellationToken);
            stream = new NetworkStream(socket, ownsSocket: true);
            if (address.IsTls)
            {
                var tls = new SslStream(stream);
                stream = tls;
                await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address.Host }, cancellationToken);
            }
            var connection = new RespConnection(stream);
            connection._reading = connection.ReadAsync();
            if (address.Password is { } password)
            {
                await connection.AskAsync(address.User is { } user ? ["AUTH", user, password] : ["AUTH", password], cancellationToken);
            }
            if (address.Database != 0) await connection.AskAsync(["SELECT", address.Database.ToString()], cancellationToken);
            return connection;
        }
        catch
        {
            if (stream is not null) await stream.DisposeAsync();
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a command and gives its reply.</summary>
    /// <param name="words">Texts and byte arrays.</param>
    /// <exception cref="RespException">Redis answered with an error.</exception>
    /// <exception cref="IOException">The connection is broken.</exception>
    public async Task<object?> AskAsync(IReadOnlyList<object> words, CancellationToken cancellationToken)
    {
        var command = Encode(words);
        var reply = new TaskCompletionSource<object?>(TaskCreationOptions.RunContinuationsAsynchronously);
        await _writing.WaitAsync(cancellationToken);
        try
        {
            lock (_waiting)
            {
                if (_broken is { } broken) throw new IOException("The connection to Redis is broken.", broken);
                _waiting.Enqueue(reply);
            }
            await _stream.WriteAsync(command, cancellationToken);
        }
        catch (Exception failed) when (failed is not IOException { InnerException: not null } || _broken is null)
        {
            Break(failed);
            throw;
        }
        finally
        {
            _writing.Release();
        }
        try
        {
            return await reply.Task.WaitAsync(cancellationToken) is RespException error ? throw error : await reply.Task;
        }
        catch (OperationCanceledException late)
        {
            // Replies come in order: one that is not waited for any more would be taken for the next.
            Break(late);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Break(new ObjectDisposedException(nameof(RespConnection)));
        await _reading;
        _closed.Dispose();
        _writing.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var reply = await _reader.ReadAsync(_closed.Token);
                TaskCompletionSource<object?>? next;
                lock (_waiting) _waiting.TryDequeue(out next);
                if (next is null) throw new IOException("Redis sent a reply that nobody asked for.");
                next.SetResult(reply);
            }
        }
        catch (Exception failed) when (failed is IOException or OperationCanceledException or ObjectDisposedException or SocketException)
        {
            Break(failed);
        }
    }

    private void Break(Exception because)
    {
        TaskCompletionSource<object?>[] left;
        lock (_waiting)
        {
            if (_broken is not null) return;
            _broken = because;
            left = [.. _waiting];
            _waiting.Clear();
        }
        foreach (var reply in left) reply.TrySetException(new IOException("The connection to Redis broke before the reply.", because));
        _closed.Cancel();
        _stream.Dispose();
    }

    private static byte[] Encode(IReadOnlyList<object> words)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        Text($"*{words.Count}\r\n");
        foreach (var word in words)
        {
            var bytes = word as byte[] ?? Encoding.UTF8.GetBytes((string)word);
            Text($"${bytes.Length}\r\n");
            buffer.Write(bytes);
            Text("\r\n");
        }
        return buffer.WrittenSpan.ToArray();

        void Text(string text) => Encoding.ASCII.GetBytes(text, buffer);
    }
}
