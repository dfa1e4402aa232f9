using System.Text;
using Hydra.Model;
using Hydra.Schemas;
using Hydra.Agents.Tools;

namespace Hydra.Agents.Loop;

/// <summary>What the model is told of one call.</summary>
/// <param name="Step">The journal's step that holds it; null: nothing was called.</param>
internal sealed record ToolReply(string Text, int? Step)
{
    /// <summary>What must happen before there is a result (people are asked, a workflow runs, time passes); null: nothing.</summary>
    public AttemptOutcome? Pauses { get; init; }
    /// <summary>The answer is a ticket: the result comes later; null: this is it.</summary>
    public TicketHold? Ticket { get; init; }
    /// <summary>The tool asks the user: the result comes when the call is made with the answer; null: it asks nothing.</summary>
    public ToolForm? Form { get; init; }
    /// <summary>Labels of what is told.</summary>
    public Labels Labels { get; init; }
    /// <summary>The call was answered before and is not made again.</summary>
    public bool IsRepeated { get; init; }
    /// <summary>What the model reads.</summary>
    public string Told => IsRepeated ? $"[not called again: you made this call before, and nothing was done since. The answer was:]\n{Text}" : Text;
    /// <summary>What the log keeps of it, where a step holds the content.</summary>
    public string Kept => Step is null ? Told : IsRepeated ? $"(the result of step {Step}, told again; nothing was called)" : $"(the result of step {Step})";
    /// <summary>The call itself was wrong: no tool ran.</summary>
    public bool IsBadCall { get; init; }
    /// <summary>The result as data; null where there is none.</summary>
    public Value? Result { get; init; }
    /// <summary>Why there is none.</summary>
    public NodeError? Error { get; init; }

    /// <summary>What the attempt waits for first where calls of one turn wait: work that goes on meanwhile, then people, then the soonest time.</summary>
    public static AttemptOutcome? FirstPause(IReadOnlyList<ToolReply> replies) =>
        replies.Select(reply => reply.Pauses).OfType<AttemptOutcome>().OrderBy(pause => pause switch { AttemptOutcome.Open => 0, AttemptOutcome.Wait => 1, _ => 2 })
            .ThenBy(pause => pause is AttemptOutcome.Suspend suspend ? suspend.UntilMs : 0).FirstOrDefault();

    public static ToolReply Later(AttemptOutcome pause) => new("", null) { Pauses = pause };
    public static ToolReply BadCall(string code, string message) => new(ErrorText(code, message), null) { IsBadCall = true, Error = new NodeError(ErrorCode.BadRequest, message) };
    /// <summary>The run refused the call for good (<c>max_calls</c>).</summary>
    public static ToolReply NotMade(NodeError error) => new(ErrorText(error.Code.Name, error.Message), null) { Error = error };
    public static ToolReply Failed(NodeError error, int step) => new(ErrorText(error.Code.Name, error.Message), step) { Error = error };
    public static ToolReply Of(Value result, int step) => new(result.ToDisplayText(), step) { Result = result };

    private static string ErrorText(string code, string message) => Value.Of(ValueMap.Of(("error", ValueMap.Of(("code", code), ("message", message))))).ToJson();
}

/// <summary>A tool's result against what the tool promised, before the model or the journal sees it.</summary>
internal static class ToolResultCheck
{
    /// <summary>The result as it may be used. Throws <see cref="CallFailedException"/> with <c>invalid_output</c> where it may not.</summary>
    public static Value Hold(HeldTool held, Value result)
    {
        var facts = held.Facts;
        if (held.Output is { } schema && OutputContract.Misfit(schema, result) is { } misfit)
            throw new CallFailedException(ErrorCode.InvalidOutput, $"the result of '{facts.Name}' is not what it promises: {Clip(misfit, 1_000)}");
        return HoldText(held, result);
    }

    /// <summary>What holds of every answer, a ticket too: that it is text, and how long.</summary>
    public static Value HoldText(HeldTool held, Value result)
    {
        var facts = held.Facts;
        var text = result.ToDisplayText();
        if (text.AsSpan().Contains('\0') || HasLoneSurrogate(text)) throw new CallFailedException(ErrorCode.InvalidOutput, $"the result of '{facts.Name}' is not text");
        var bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes <= facts.ResultBytesMax) return result;
        return Value.Of($"{Clip(text, facts.ResultBytesMax)}\n[cut here: the result of '{facts.Name}' has {bytes} bytes, and {facts.ResultBytesMax} are shown]");
    }

    private static bool HasLoneSurrogate(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i])) continue;
            if (!char.IsHighSurrogate(text[i]) || i + 1 == text.Length || !char.IsLowSurrogate(text[i + 1])) return true;
            i++;
        }
        return false;
    }

    /// <summary>As many whole characters as fit into so many bytes.</summary>
    private static string Clip(string text, int bytesMax)
    {
        var used = 0;
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if ((used += rune.Utf8SequenceLength) > bytesMax) return text[..at];
            at += rune.Utf16SequenceLength;
        }
        return text;
    }
}
