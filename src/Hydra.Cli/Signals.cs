using System.Runtime.InteropServices;

namespace Hydra.Cli;

/// <summary>Ctrl+C and its relatives as calls.</summary>
internal static class Signals
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
