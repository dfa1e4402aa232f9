using System.Runtime.InteropServices;
using System.Text;
using Hydra.Cli;

var utf8 = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
var output = new StreamWriter(Console.OpenStandardOutput(), utf8, bufferSize: 1 << 14);
var error = new StreamWriter(Console.OpenStandardError(), utf8, bufferSize: 1 << 12) { AutoFlush = true };
var io = new CliIo
{
    Out = output,
    Error = error,
    Environment = Environment.GetEnvironmentVariable,
    WorkingDirectory = "",
    IsOutTerminal = !Console.IsOutputRedirected,
    IsErrorTerminal = !Console.IsErrorRedirected,
    OnInterrupt = Signals.Listen,
    Exit = Environment.Exit,
};
return await CommandLine.RunAsync(args, io);

/// <summary>Ctrl+C and its relatives as calls.</summary>
file static class Signals
{
    public static IDisposable Listen(Action interrupted)
    {
        var registrations = new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            interrupted();
        }));
        return new Listeners([.. registrations]);
    }

    private sealed class Listeners(IReadOnlyList<IDisposable> registrations) : IDisposable
    {
        public void Dispose()
        {
            foreach (var registration in registrations) registration.Dispose();
        }
    }
}
