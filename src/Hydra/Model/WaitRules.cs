using System.Text;
using Hydra.Schemas;

namespace Hydra.Model;

/// <summary>Whether an answer may stand. Pure: the owner of a run and a verb in another process judge alike.</summary>
public static class WaitRules
{
    /// <summary>Longest answer, as UTF-8 bytes of its JSON.</summary>
    public const int AnswerBytesMax = 64 * 1024;
    /// <summary>Longest comment, in characters.</summary>
    public const int CommentLengthMax = 16_000;
    /// <summary>Longest name of a person, in characters.</summary>
    public const int WhoLengthMax = 200;

    /// <param name="IsAlone">No process owns the run: what time has decided meanwhile is not yet written down.</param>
    public static WaitVerdict Judge(RunState state, GivenAnswer given, long nowMs, bool isAlone)
    {
        var node = state.FindWait(given.Target);
        if (node < 0) return Refused(Unknown(state, given));
        var wait = state.DetailOf(node)!.Wait!;
        var name = $"'{state.PathOf(node)}' of run '{state.RunName}'";
        if (WrongVerb(state, given, wait, name) is { } wrongVerb) return Refused(wrongVerb);
        if (Misfit(given, wait.Request, out var answer) is { } misfit) return Refused($"{name}: {misfit}");
        if (wait.Answers.FirstOrDefault(each => each.Who == given.Who) is { } before)
        {
            if (before.Answer == answer) return new WaitVerdict(node, answer, null, IsRecorded: true);
            return Refused($"{name}: '{given.Who}' has {Said(wait, before.Answer)}{(wait.Request.Kind == WaitKind.Approval ? " it" : "")} already. The first answer stands.{AskedAgain(state, node)}");
        }
        var why = Closed(state, node, wait, nowMs, isAlone) ?? NotAllowed(given, wait, nowMs, isAlone);
        if (why is null && given.PayloadSha256.Length > 0 && !string.Equals(given.PayloadSha256, wait.Request.PayloadSha256, StringComparison.OrdinalIgnoreCase))
            why = $"what was shown is not what is asked now: payload {wait.Request.PayloadSha256}, not {given.PayloadSha256}. Look again with `hydra inspect {state.RunName}`.";
        return why is null ? new WaitVerdict(node, answer, null, IsRecorded: false) : Refused($"{name}: {why}");
    }

    private static WaitVerdict Refused(string why) => new(-1, Value.Null, why, IsRecorded: false);

    private static string Unknown(RunState state, GivenAnswer given)
    {
        var at = given.Target.IndexOf(':', StringComparison.Ordinal);
        if (at > 0 && given.Target[..at] != state.RunName) return $"the wait '{given.Target}' belongs to run '{given.Target[..at]}', not to '{state.RunName}'.";
        var open = state.OpenWaits.Select(state.PathOf).ToList();
        return open.Count == 0
            ? $"nothing in run '{state.RunName}' waits for people, so '{given.Target}' cannot be answered."
            : $"run '{state.RunName}' has no wait '{given.Target}'.{DidYouMean.Hint(given.Target, open)} It waits at: {string.Join(", ", open.Take(10))}.";
    }

    private static string? WrongVerb(RunState state, GivenAnswer given, WaitState wait, string name)
    {
        if (given.Kind == wait.Request.Kind) return null;
        return wait.Request.Kind switch
        {
            WaitKind.Approval => $"{name} asks for a decision. Use: hydra approve {state.RunName} {given.Target}, with --reject to refuse.",
            WaitKind.Input => $"{name} asks for an answer. Use: hydra respond {state.RunName} {given.Target} VALUE",
            _ => $"{name} waits for an event. Use: hydra signal {state.RunName} {wait.Request.Prompt}",
        };
    }

    private static string? Closed(RunState state, int node, WaitState wait, long nowMs, bool isAlone)
    {
        if (wait.Decision is { Expired: { } expired }) return $"its time ended at {Time(wait.DeadlineMs)}, and that decided it ({WireNames.Of(expired)}).";
        if (wait.Decision is { } decision) return $"it was decided by '{decision.Who}' at {Time(decision.AtMs)} already: {Said(wait, decision.Answer)}.{AskedAgain(state, node)}";
        if (!state.OpenWaits.Contains(node)) return "it no longer waits: its node was ended.";
        if (!state.TakesAnswers) return $"the run is {WireNames.Of(state.Status)}.";
        if (wait.DeadlineMs > nowMs || (isAlone && MayEscalate(wait))) return null;
        return $"its time ended at {Time(wait.DeadlineMs)} (on timeout: {WireNames.Of(MayEscalate(wait) ? WaitExpiry.Escalate : Final(wait))}). That takes effect when the run goes on.";
    }

    private static string AskedAgain(RunState state, int node)
    {
        var open = state.RevisionsOf(state.BaseOf(node)).FirstOrDefault(state.OpenWaits.Contains, -1);
        return open < 0 ? "" : $" It is asked again as '{state.PathOf(open)}', with something else to decide on.";
    }

    private static string? NotAllowed(GivenAnswer given, WaitState wait, long nowMs, bool isAlone)
    {
        if (given.Who.Length is 0 or > WhoLengthMax) return $"it must be said who answers, in 1 to {WhoLengthMax} characters. Use --approver NAME.";
        if (given.Comment.Length > CommentLengthMax) return $"the comment has {given.Comment.Length} characters; at most {CommentLengthMax} are kept. Shorten it.";
        var request = wait.Request;
        var isEscalated = wait.IsEscalated || (isAlone && wait.DeadlineMs <= nowMs);
        if (request.Approvers.Count == 0 || request.Approvers.Contains(given.Who) || (isEscalated && given.Who == request.EscalateTo)) return null;
        var allowed = isEscalated && request.EscalateTo is not null ? request.Approvers.Append(request.EscalateTo) : request.Approvers;
        return $"'{given.Who}' may not decide it. Allowed: {string.Join(", ", allowed)}.";
    }

    public static bool MayEscalate(WaitState wait) => wait is { IsEscalated: false, Request.OnTimeout: WaitExpiry.Escalate };

    /// <summary>What time decides once nobody is left to escalate to.</summary>
    public static WaitExpiry Final(WaitState wait) => wait.Request.OnTimeout == WaitExpiry.Escalate ? WaitExpiry.Reject : wait.Request.OnTimeout;

    /// <summary>What keeps the answer from being one; null, with its typed form, when nothing does.</summary>
    public static string? Misfit(GivenAnswer given, WaitRequest request, out Value answer)
    {
        answer = given.Answer;
        var bytes = Encoding.UTF8.GetByteCount(answer.ToJson());
        if (bytes > AnswerBytesMax) return $"the answer has {bytes} bytes; at most {AnswerBytesMax} are taken.";
        if (request.Kind == WaitKind.Input && TypeMisfit(given, request, ref answer) is { } misfit) return misfit;
        if (request.Kind == WaitKind.Approval && answer.Kind != ValueKind.Boolean) return "a decision is true or false.";
        if (request.Schema.IsNull) return null;
        var problems = JsonSchema.Compile(request.Schema).Validate(answer);
        return problems.Count == 0 ? null : $"the answer does not fit `schema`: {string.Join("; ", problems.Take(5).Select(problem => problem.ToString()))}";
    }

    private static string? TypeMisfit(GivenAnswer given, WaitRequest request, ref Value answer)
    {
        switch (request.AnswerType)
        {
            case AnswerType.Select:
                var chosen = answer.ToDisplayText();
                answer = chosen;
                return request.Options.Contains(chosen) ? null : $"'{chosen}' is none of the options.{DidYouMean.Hint(chosen, request.Options)} Choose one of: {string.Join(", ", request.Options)}.";
            case AnswerType.Confirm:
                return InputTypes.TryCoerce(InputType.Boolean, given.Answer, given.IsText, out answer) ? null : $"{Describe(given.Answer)} is neither yes nor no. Write true or false.";
            case AnswerType.Form:
                return InputTypes.TryCoerce(InputType.Object, given.Answer, given.IsText, out answer) ? null : "a form is answered with a JSON object: '{\"name\": \"value\"}'.";
            default:
                return answer.IsText ? null : "text is asked for.";
        }
    }

    /// <summary>An answer in the words of who gave it: <c>approved</c>, <c>rejected</c>, <c>answered "blog"</c>.</summary>
    public static string Said(WaitState wait, Value answer) =>
        wait.Request.Kind != WaitKind.Approval ? $"answered {Describe(answer)}" : answer == Value.True ? "approved" : "rejected";

    private static string Describe(Value answer) => answer.ToJson() is { Length: > 80 } json ? json[..80] + "…" : answer.ToJson();

    private static string Time(long atMs) => DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("yyyy-MM-dd HH:mm:ss 'UTC'");
}

/// <summary>What becomes of an answer.</summary>
/// <param name="Node">The instance that waits; −1 when refused.</param>
/// <param name="Answer">The answer in its type.</param>
/// <param name="Refusal">Why it may not stand, for the person who gave it; null: it may.</param>
/// <param name="IsRecorded">The same person has given the same answer before.</param>
public sealed record WaitVerdict(int Node, Value Answer, string? Refusal, bool IsRecorded);
