using Hydra.Model;

namespace Hydra.Execution;

// What a durable frame decided, carried out.
internal sealed partial class RunLoop
{
    private void CarryOut(List<Command> commands, bool endsRun)
    {
        List<StepAnswer>? answers = null;
        foreach (var command in commands)
        {
            if (command.Kind is CommandKind.Grant or CommandKind.Deny) (answers ??= []).Add((StepAnswer)command.Detail!);
            else Carry(command);
        }
        // Several by one other thread, which then has their attempts in a queue of its own: this one is about to write the next frame.
        if (answers is { Count: > 1 }) ThreadPool.UnsafeQueueUserWorkItem(static answers => answers.ForEach(Give), answers, preferLocal: false);
        else answers?.ForEach(Give);
        if (!endsRun) return;
        Show();
        _ended.TrySetResult();
    }

    private static void Give(StepAnswer answer) => ((TaskCompletionSource<StepAnswer>)answer.Ticket).TrySetResult(answer);

    private void Carry(Command command)
    {
        switch (command.Kind)
        {
            case CommandKind.Start: Start(command.Node, isEarly: false); break;
            case CommandKind.Begun: break;
            case CommandKind.Decide: Queue(command.Node, static (loop, node) => loop.Decide(node)); break;
            case CommandKind.Advance: Queue(command.Node, static (loop, node) => loop.Advance(node)); break;
            case CommandKind.CheckStop: Queue(command.Node, static (loop, node) => loop.CheckStop(node)); break;
            case CommandKind.Cancel:
                if (_attempts.TryGetValue(command.Node, out var attempt)) attempt.Cancel();
                break;
            default: throw new ArgumentException($"No act for {command.Kind}.", nameof(command));
        }
    }

    private void Queue(int node, Action<RunLoop, int> work) =>
        ThreadPool.UnsafeQueueUserWorkItem(static item => item.work(item.loop, item.node), (loop: this, node, work), preferLocal: true);

    private void Decide(int instance)
    {
        try
        {
            var when = _state.NodeOf(instance).Settings.When!;
            var holds = Templates.Template.IsTruthy(when.Evaluate(new InstanceScope(_state, _inputs, Artifacts, instance), Templates.TemplateOptions.Default));
            Post(new Message.WhenDecided(instance, holds, null));
        }
        catch (Exception thrown)   // templates over foreign data
        {
            var failed = (AttemptOutcome.Failed)AttemptFailures.Of(thrown);
            Post(new Message.WhenDecided(instance, false, new NodeError(failed.Code, "`when`: " + failed.Message)));
        }
    }

    private void Advance(int instance)
    {
        Advance move;
        ValueRef? output = null;
        try
        {
            var context = Composites.ContextOf(_state, _inputs, Artifacts, instance, _services.IsDryRun);
            var node = _state.NodeOf(instance);
            move = node.Composite!.Advance(context);
            if (move is Advance.End { Outcome: AttemptOutcome.Completed done }) (move, output) = Composites.Contract(node, done, context.Labels, Artifacts);
            else if (move is Advance.End { Outcome: AttemptOutcome.Degraded lesser }) output = Artifacts.Keep(lesser.Output, context.Labels.OfResult(node.Settings.Labels));
            if (move is Advance.End { Outcome: AttemptOutcome.Failed failed }) move = new Advance.End(failed with { Labels = context.Labels.Now.With(node.Settings.Labels) });
        }
        catch (Exception thrown)   // templates over foreign data, and the store
        {
            move = new Advance.End(AttemptFailures.Of(thrown));
        }
        Post(new Message.Advanced(instance, move, output));
    }

    private void CheckStop(int instance)
    {
        try
        {
            var scope = Composites.StopScopeOf(_state, _inputs, Artifacts, instance);
            if (Templates.Template.IsTruthy(_state.NodeOf(instance).Settings.StopWhen!.Evaluate(scope, Templates.TemplateOptions.Default))) Post(new Message.StopWhenHeld(instance));
        }
        catch (Exception thrown) when (thrown is Templates.TemplateException or StoreException)
        {
            // A partial result may not have what the expression asks for yet; the next item asks again.
        }
    }
}
