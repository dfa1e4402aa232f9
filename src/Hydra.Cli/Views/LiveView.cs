using Hydra.Cli.Verbs;
using Hydra.Model;

namespace Hydra.Cli.Views;

internal sealed class LiveView(RunId run, CliIo io) : RunView
{
    private readonly PlainView _plain = new(run, io);
    public override void OnFrame(Frame frame, RunState state) => _plain.OnFrame(frame, state);
}
