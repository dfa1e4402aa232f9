using Hydra.Agents.Calls;
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

    private readonly LoopGuard _guard = new();
    private int _rounds;
    private int _calls;
    private int _badTurns;

    /// <summary>How many tool calls were made.</summary>
    public int Calls => _calls;

    /// <returns>The final answer, and the question that led to it.</returns>
    public async ValueTask<(ModelQuestion Question, ModelAnswer Answer)> RunAsync(ModelQuestion question, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (promptTokensMax is { } most) question = await ContextTrim.FitAsync(question, most, $"{asker}{_rounds}", line, cancellationToken);
            var answer = await model.AskAsync(question, cancellationToken);
            if (answer.Calls.Count == 0) return (question, answer);
            if (_rounds++ == roundsMax) throw new CallFailedException(ErrorCode.Budget, $"max_tool_iterations {roundsMax} is used up, and '{question.Model.Name}' wants to call {Names(answer)}. Raise max_tool_iterations, or give the agent less to do");
            if (answer.Calls.Count > CallsPerTurnMax) throw new CallFailedException(ErrorCode.InvalidOutput, $"'{question.Model.Name}' wants {answer.Calls.Count} calls at once, and at most {CallsPerTurnMax} are made");
            var replies = await Task.WhenAll(answer.Calls.Select(call => caller.CallAsync(call, _calls++, question.Labels, cancellationToken)).ToList());
            if (Array.Find(replies, reply => reply.Asks is not null) is { Asks: { } asks }) throw new PeopleNeededException(asks);
            Watch(question, answer, replies);
            question = After(question, answer, replies);
        }
    }

    private void Watch(ModelQuestion question, ModelAnswer answer, ToolReply[] replies)
    {
        _badTurns = replies.All(reply => reply.IsBadCall) ? _badTurns + 1 : 0;
        if (_badTurns == BadTurnsMax)
            throw new CallFailedException(ErrorCode.InvalidOutput, $"'{question.Model.Name}' made nothing but wrong calls {BadTurnsMax} turns running, though told what was wrong; last: {replies[^1].Text}");
        var turn = answer.Calls.Select((call, i) => (call.Name, call.Arguments, replies[i].Text)).ToList();
        if (_guard.See(turn) is { } why)
            throw new CallFailedException(ErrorCode.BadRequest, $"the tool loop goes nowhere and was ended: {why}. Say in the prompt what to do with that result, or give the agent a tool that gets it further");
    }

    /// <summary>The log holds each message once: the answer in the model's step, results in the tools' steps, so that what is added only points to them.</summary>
    private static ModelQuestion After(ModelQuestion question, ModelAnswer answer, ToolReply[] replies)
    {
        var said = new ChatMessage(ChatRole.Assistant, [.. answer.Text.Length > 0 ? new AIContent[] { new TextContent(answer.Text) } : [], .. answer.Calls.Select(call => call.ToContent())]);
        var results = new ChatMessage(ChatRole.Tool, [.. answer.Calls.Select((call, i) => new FunctionResultContent(call.Id, replies[i].Text))]);
        var added = answer.Calls.Select((call, i) => Value.Of(ValueMap.Of(("role", "tool"), ("tool", call.Name), ("call", call.Id), ("content", replies[i].Step is { } step ? $"(the result of step {step})" : replies[i].Text))));
        return question with
        {
            Messages = [.. question.Messages, said, results],
            Added = Value.Of(added),
            Labels = replies.Aggregate(question.Labels, (all, reply) => all.With(reply.Labels)),
        };
    }

    private static string Names(ModelAnswer answer) => string.Join(", ", answer.Calls.Select(call => $"'{call.Name}'").Distinct().Take(5));
}
