using Hydra.Agents.Calls;
using Hydra.Agents.Nodes;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Loop;

/// <summary>
/// Model call, tool calls, model call, … until the model answers without calling. Every call is a step, so a crash anywhere resumes at
/// the next one. Its bounds: rounds, calls that were wrong, calls that give nothing new, and the context window.
/// </summary>
/// <param name="roundsMax">Most rounds of tool calls (<c>max_tool_iterations</c>).</param>
/// <param name="promptTokensMax">Longest prompt in tokens; null: unknown.</param>
internal sealed class ToolLoop(ModelCall model, ToolCaller caller, ILine line, int roundsMax, long? promptTokensMax, string asker)
{
    /// <summary>Most calls in one turn.</summary>
    public const int CallsPerTurnMax = 64;
    /// <summary>How many turns running may hold nothing but wrong calls.</summary>
    public const int BadTurnsMax = 3;

    /// <summary>Ends the loop with a tool's result; null: only an answer does.</summary>
    public AcceptCheck? Accepts { get; init; }
    /// <summary>What is dropped to fit the window is summed up by the model first.</summary>
    public bool Summarises { get; init; }

    /// <summary>Is told the labels of everything read, as it is read: also where the loop ends with a failure.</summary>
    public LabelContext Read { get; init; } = new();

    private LoopGuard Guard => field ??= new();
    private Dictionary<string, ToolReply> Answered => field ??= new(StringComparer.Ordinal);
    private int _rounds;
    private int _calls;
    private int _badTurns;

    /// <summary>How many tool calls were made.</summary>
    public int Calls => _calls;

    /// <returns>The final answer, and the question that led to it.</returns>
    public async ValueTask<(ModelQuestion Question, ModelAnswer Answer)> RunAsync(ModelQuestion question, CancellationToken cancellationToken)
    {
        Read.Add(question.Labels);
        while (true)
        {
            if (promptTokensMax is { } most) question = await ContextTrim.FitAsync(question, most, $"{asker}{_rounds}", line, Summarises ? SummariseAsync : null, cancellationToken);
            var answer = await model.AskAsync(question, cancellationToken);
            if (answer.Calls.Count == 0) return (question, answer);
            if (_rounds++ == roundsMax) throw new CallFailedException(ErrorCode.Budget, $"max_tool_iterations {roundsMax} is used up, and '{question.Model.Name}' wants to call {Names(answer)}. Raise max_tool_iterations, or give the agent less to do");
            if (answer.Calls.Count > CallsPerTurnMax) throw new CallFailedException(ErrorCode.InvalidOutput, $"'{question.Model.Name}' wants {answer.Calls.Count} calls at once, and at most {CallsPerTurnMax} are made");
            var replies = await CallAsync(question, answer, cancellationToken);
            if (ToolReply.FirstPause(replies) is { } pause) throw new AttemptPausedException(pause);
            var asked = question;
            question = After(question, answer, replies);
            Read.Add(question.Labels);
            for (var i = 0; i < replies.Length; i++)
            {
                if (Accepts is not null && replies[i].Result is { } result && Accepts.Holds(answer.Calls[i].Name, result, _calls)) return (question, new ModelAnswer(replies[i].Text, AcceptCheck.FinishReason));
            }
            Watch(asked, answer, replies);
        }
    }

    /// <summary>Makes the calls of one turn at once. What only looks is asked once, until something is done; the model is told.</summary>
    private async ValueTask<ToolReply[]> CallAsync(ModelQuestion question, ModelAnswer answer, CancellationToken cancellationToken)
    {
        var looks = answer.Calls.Select(caller.OnlyLooks).ToList();
        var keys = answer.Calls.Select(call => StepKey.Of(ValueMap.Of(("tool", call.Name), ("arguments", call.Arguments)))).ToList();
        var replies = await Task.WhenAll(answer.Calls.Select((call, i) => looks[i] && Answered.TryGetValue(keys[i], out var known)
            ? Task.FromResult(known with { IsRepeated = true })
            : caller.CallAsync(call, _calls++, question.Labels, cancellationToken)).ToList());
        if (Enumerable.Range(0, replies.Length).Any(i => !looks[i] && !replies[i].IsBadCall)) Answered.Clear();
        else foreach (var (key, reply) in keys.Zip(replies)) if (reply is { Result: not null, IsRepeated: false }) Answered[key] = reply;
        return replies;
    }

    private async ValueTask<string> SummariseAsync(ModelQuestion question, string texts, int outputTokensMax, CancellationToken cancellationToken)
    {
        var answer = await model.AskAsync(question with
        {
            Messages = [new ChatMessage(ChatRole.System, PromptFile.Read("Agent/summarise")), new ChatMessage(ChatRole.User, texts)],
            Added = null, Tools = [], Schema = null, Asker = $"{asker}summary", OutputTokensMax = Math.Min(outputTokensMax, question.OutputTokensMax),
        }, cancellationToken);
        return answer.Text;
    }

    private void Watch(ModelQuestion question, ModelAnswer answer, ToolReply[] replies)
    {
        _badTurns = replies.All(reply => reply.IsBadCall) ? _badTurns + 1 : 0;
        if (_badTurns == BadTurnsMax)
            throw new CallFailedException(ErrorCode.InvalidOutput, $"'{question.Model.Name}' made nothing but wrong calls {BadTurnsMax} turns running, though told what was wrong; last: {replies[^1].Text}");
        var turn = answer.Calls.Select((call, i) => (call.Name, call.Arguments, replies[i].Text)).ToList();
        if (Guard.See(turn) is { } why)
            throw new CallFailedException(ErrorCode.BadRequest, $"the tool loop goes nowhere and was ended: {why}. Say in the prompt what to do with that result, or give the agent a tool that gets it further");
    }

    /// <summary>The log holds each message once: the answer in the model's step, results in the tools' steps, so that what is added only points to them.</summary>
    private static ModelQuestion After(ModelQuestion question, ModelAnswer answer, ToolReply[] replies)
    {
        var said = new ChatMessage(ChatRole.Assistant, [.. answer.Text.Length > 0 ? new AIContent[] { new TextContent(answer.Text) } : [], .. answer.Calls.Select(call => call.ToContent())]);
        var results = new ChatMessage(ChatRole.Tool, [.. answer.Calls.Select((call, i) => new FunctionResultContent(call.Id, replies[i].Told))]);
        var added = answer.Calls.Select((call, i) => Value.Of(ValueMap.Of(("role", "tool"), ("tool", call.Name), ("call", call.Id), ("content", replies[i].Kept))));
        return question with
        {
            Messages = [.. question.Messages, said, results],
            Added = Value.Of(added),
            Labels = replies.Aggregate(question.Labels, (all, reply) => all.With(reply.Labels)),
        };
    }

    private static string Names(ModelAnswer answer) => string.Join(", ", answer.Calls.Select(call => $"'{call.Name}'").Distinct().Take(5));
}
