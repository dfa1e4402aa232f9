using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>Says how to answer what a run waits for while its process stays, and asks the person at the terminal.</summary>
internal sealed class WaitView(RunView inner, RunId run, bool tells, WaitAsker? asker, ParsedArguments arguments, CliIo io) : RunView
{
    public override void OnFrame(Frame frame, RunState state)
    {
        inner.OnFrame(frame, state);
        if (!tells) return;
        foreach (var happened in frame.Events)
        {
            if (happened is RunEvent.WaitOpened opened && state.OpenWaits.Contains(opened.Node)) Tell(opened.Node, state);
            // Once more, and to whoever may decide by now.
            if (happened is RunEvent.WaitReminded reminded) Tell(reminded.Node, state);
            if (happened is RunEvent.WaitExpired { As: WaitExpiry.Escalate } escalated) Tell(escalated.Node, state);
            if (happened is not RunEvent.RunResumed) continue;
            foreach (var node in state.OpenWaits) Tell(node, state);
        }
    }

    private void Tell(int node, RunState state)
    {
        var open = new OpenWait(state.PathOf(node), state.DetailOf(node)!.Wait!);
        if (asker is not null && asker.Takes(open)) return;
        WaitText.WriteAsk(run, open, CommonOptions.WhereOf(arguments), io.Error);
    }

    public override ValueTask DisposeAsync() => inner.DisposeAsync();
}
