namespace Hydra.Model;

/// <summary>What a run waits for: a decision at a gate, a person's answer, or an event that somebody signals.</summary>
public enum WaitKind : byte { Approval, Input, Event }

/// <summary>The form of an answer, as <c>input_type</c> names it.</summary>
public enum AnswerType : byte { Text, Select, Confirm, Form }

/// <summary>What the end of a wait's time means.</summary>
public enum WaitExpiry : byte { Reject, Approve, Escalate, Fail, Default }

/// <summary>What an attempt asks of people before it can go on.</summary>
public sealed record WaitRequest
{
    /// <summary>Longest <see cref="Prompt"/>, in characters; the payload holds all of it.</summary>
    public const int PromptLengthMax = 4_000;

    public required WaitKind Kind { get; init; }
    /// <summary>What is asked (of an event, its name), at most <see cref="PromptLengthMax"/> characters of it.</summary>
    public required string Prompt { get; init; }
    /// <summary>All that is shown: <c>{prompt, shown: {node id: output}}</c>. The decision holds for these bytes and no others.</summary>
    public required ValueRef Payload { get; init; }
    /// <summary>SHA-256 of the payload's JSON, 64 hexadecimal digits.</summary>
    public required string PayloadSha256 { get; init; }
    public AnswerType AnswerType { get; init; } = AnswerType.Confirm;
    /// <summary>What may be chosen from.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];
    /// <summary>JSON Schema of the answer; null: none.</summary>
    public Value Schema { get; init; }
    /// <summary>When the wait ends by itself (Unix milliseconds).</summary>
    public required long DeadlineMs { get; init; }
    /// <summary>How much time an escalation gives anew, in milliseconds.</summary>
    public required long TimeoutMs { get; init; }
    /// <summary>When people are reminded once (Unix milliseconds); 0: never.</summary>
    public long RemindAtMs { get; init; }
    public WaitExpiry OnTimeout { get; init; }
    /// <summary>What stands for the answer when nobody gives one and <see cref="OnTimeout"/> is <see cref="WaitExpiry.Default"/>.</summary>
    public Value Default { get; init; }
    /// <summary>Who may answer; empty: anybody.</summary>
    public IReadOnlyList<string> Approvers { get; init; } = [];
    /// <summary>Who may answer, too, once the wait was escalated.</summary>
    public string? EscalateTo { get; init; }
    /// <summary>Approvals by different people that are needed. One rejection decides.</summary>
    public int Quorum { get; init; } = 1;
}

/// <summary>One person's answer.</summary>
/// <param name="Answer">At a gate, whether it is approved.</param>
/// <param name="IsAuthenticated">False: the name is what somebody said at a command line.</param>
public sealed record WaitAnswer(string Who, bool IsAuthenticated, Value Answer, string Comment, long AtMs);

/// <summary>What came of a wait.</summary>
/// <param name="Expired">Set when time decided, not a person.</param>
public sealed record WaitDecision(bool IsApproved, Value Answer, string Who, string Comment, long AtMs, WaitExpiry? Expired);

/// <summary>A wait as it stands.</summary>
public sealed class WaitState(string id, WaitRequest request, long openedAtMs)
{
    private readonly List<WaitAnswer> _answers = [];

    /// <summary>Run, path and attempt: <c>4f1c…:review:1</c>. The same on every replay, and no other wait has it.</summary>
    public string Id { get; } = id;
    public WaitRequest Request { get; } = request;
    public long OpenedAtMs { get; } = openedAtMs;
    public IReadOnlyList<WaitAnswer> Answers => _answers;
    public long DeadlineMs { get; private set; } = request.DeadlineMs;
    /// <summary>0: there is no reminder to come.</summary>
    public long RemindAtMs { get; private set; } = request.RemindAtMs;
    public bool IsEscalated { get; private set; }
    /// <summary>Null while it is undecided.</summary>
    public WaitDecision? Decision { get; private set; }
    /// <summary>When something happens by itself next: a reminder or the end.</summary>
    public long NextDueMs => RemindAtMs == 0 ? DeadlineMs : Math.Min(RemindAtMs, DeadlineMs);

    /// <summary>People were reminded.</summary>
    public bool IsReminded { get; private set; }
    /// <summary>Who may answer now; empty: anybody.</summary>
    public IReadOnlyList<string> MayAnswer => IsEscalated && Request is { Approvers.Count: > 0, EscalateTo: { } boss } ? [.. Request.Approvers, boss] : Request.Approvers;

    internal void Remind() => (RemindAtMs, IsReminded) = (0, true);

    internal void Add(WaitAnswer answer)
    {
        _answers.Add(answer);
        if (Request.Kind != WaitKind.Approval) Decision = new WaitDecision(true, answer.Answer, answer.Who, answer.Comment, answer.AtMs, null);
        else if (!answer.Answer.AsBoolean) Decision = new WaitDecision(false, false, answer.Who, answer.Comment, answer.AtMs, null);
        else if (_answers.Count >= Request.Quorum)
        {
            var comments = _answers.Select(each => each.Comment).Where(comment => comment.Length > 0);
            Decision = new WaitDecision(true, true, string.Join(", ", _answers.Select(each => each.Who)), string.Join("\n", comments), answer.AtMs, null);
        }
    }

    internal void Expire(WaitExpiry expired, long nextDeadlineMs, long atMs)
    {
        RemindAtMs = 0;
        if (expired == WaitExpiry.Escalate) (IsEscalated, DeadlineMs) = (true, nextDeadlineMs);
        else Decision = new WaitDecision(expired is WaitExpiry.Approve or WaitExpiry.Default, expired == WaitExpiry.Default ? Request.Default : expired == WaitExpiry.Approve, "", "", atMs, expired);
    }
}

/// <summary>An answer on its way to a wait.</summary>
/// <param name="Target">The wait's id, or the path of its node.</param>
/// <param name="Kind">Which verb brings it: a gate takes decisions only.</param>
/// <param name="IsText">The answer came from a command line: text that says a value of the type.</param>
/// <param name="PayloadSha256">What the person saw; empty: not said.</param>
public sealed record GivenAnswer(string Target, WaitKind Kind, Value Answer, bool IsText, string Who, bool IsAuthenticated, string Comment, string PayloadSha256)
{
    /// <summary>The verb under which it lies in a run's inbox.</summary>
    public const string Verb = "answer";

    public ValueMap ToBody() => ValueMap.Of(("target", Target), ("kind", WireNames.Of(Kind)), ("answer", Answer), ("is_text", IsText),
        ("who", Who), ("authenticated", IsAuthenticated), ("comment", Comment), ("payload_sha256", PayloadSha256));

    /// <summary>Null where the body is none that this version writes.</summary>
    public static GivenAnswer? Read(Value body)
    {
        if (!body.IsObject) return null;
        var map = body.AsObject;
        if (map.GetOrNull("target").TextOrNull is not { } target || map.GetOrNull("who").TextOrNull is not { } who
            || !WireNames.TryParse<WaitKind>(map.GetOrNull("kind").TextOrNull ?? "", out var kind)) return null;
        return new GivenAnswer(target, kind, map.GetOrNull("answer"), map.GetOrNull("is_text") == Value.True, who, map.GetOrNull("authenticated") == Value.True,
            map.GetOrNull("comment").TextOrNull ?? "", map.GetOrNull("payload_sha256").TextOrNull ?? "");
    }
}
