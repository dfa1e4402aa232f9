using Hydra.Model;

namespace Hydra.Cli.Verbs;

/// <summary>What a wait asks, where it can still be shown. Nobody may say yes to what nobody can see; a rejection and an event need none of it.</summary>
internal static class LostPayload
{
    /// <summary>All that is shown, or why it is lost; the other is null.</summary>
    public static (ValueMap? Asked, string? Lost) Read(IRunStore store, WaitRequest request)
    {
        try
        {
            return (store.Artifacts.Read(request.Payload).AsObject, null);
        }
        catch (StoreException gone) when (gone.IsForDoctor)
        {
            return (null, gone.Message);
        }
    }

    /// <summary>Why the wait cannot take this answer; null: it can.</summary>
    public static string? Refusal(GivenAnswer given, RunId run, OpenWait open, IRunStore store, string where)
    {
        if (given.Kind == WaitKind.Event || (given.Kind == WaitKind.Approval && !given.Answer.AsBoolean)) return null;
        return Read(store, open.Wait.Request).Lost is not { } lost ? null : $"'{open.Path}' of run '{run}' takes no {(given.Kind == WaitKind.Approval ? "approval" : "answer")}. {Tell(lost, run, open, where)}";
    }

    /// <summary>What is lost of an open wait, and what to do.</summary>
    public static string Tell(string lost, RunId run, OpenWait open, string where)
    {
        var path = TerminalText.Word(open.Path);
        var reject = open.Wait.Request.Kind == WaitKind.Approval ? $" Rejecting needs none of it: hydra approve {run} {path}{where} --reject" : "";
        return $"What it asks is lost: {lost} `hydra rerun {run}{where} --from {path}` asks anew; `hydra doctor --runs{where}` says what else can be saved.{reject}";
    }
}
