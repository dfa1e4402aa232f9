using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Hydra.Cli;

/// <summary>
/// Standard output without the framework's console, whose loading is a twentieth of a short command. A file is left to the
/// console: it writes where other processes that share the file have stopped. Who reads a pipe may go away: that is no failure.
/// </summary>
internal sealed class StandardOutput : Stream
{
    /// <summary>A pipe takes so many bytes whole or not at all, also where it does not block (PIPE_BUF).</summary>
    private const int ChunkBytes = 4096;
    private const int TryAgain = 11, BrokenPipe = 32;

    private readonly FileStream _pipe;
    private Stream? _console;

    private StandardOutput(FileStream pipe) => _pipe = pipe;

    public static Stream Open()
    {
        if (!OperatingSystem.IsLinux()) return OpenConsole();
        try
        {
            var stream = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 0);
            if (!stream.CanSeek) return new StandardOutput(stream);
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // Nothing is open there; the console knows what to do then.
        }
        return OpenConsole();
    }

    /// <remarks>Apart, because a method that names the console loads it.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Stream OpenConsole() => Console.OpenStandardOutput();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            var chunk = buffer[..Math.Min(buffer.Length, ChunkBytes)];
            try
            {
                if (_console is null) _pipe.Write(chunk);
                else _console.Write(chunk);
            }
            catch (IOException full) when (full.HResult == TryAgain && _console is null)
            {
                _console = OpenConsole();   // it waits until there is room
                continue;
            }
            catch (Exception gone) when (gone is UnauthorizedAccessException or IOException { HResult: BrokenPipe })
            {
                return;   // nobody reads, or the program was started without an output
            }
            buffer = buffer[chunk.Length..];
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush() { }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
