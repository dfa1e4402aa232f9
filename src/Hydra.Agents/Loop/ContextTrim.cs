using Hydra.Agents.Calls;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Loop;

/// <summary>
/// Keeps a growing conversation inside the model's context window: the oldest tool results give way first, as a step of the attempt
/// that anyone can see. Nothing is summarised; prompt and answers stay whole.
/// </summary>
internal static class ContextTrim
{
    /// <summary>The step's name.</summary>
    public const string StepName = "context.trim";
    private const string Gone = "[dropped to fit the context window; call the tool again if you need it]";

    /// <summary>The question with as many old results dropped as it takes; the same question where it fits.</summary>
    /// <param name="tokensMax">Longest prompt in tokens.</param>
    public static async ValueTask<ModelQuestion> FitAsync(ModelQuestion question, long tokensMax, string place, ILine line, CancellationToken cancellationToken)
    {
        var before = question.PromptTokensMax;
        if (before <= tokensMax) return question;
        var messages = question.Messages.ToArray();
        var dropped = new List<string>();
        // The last message holds the newest results: what the model is about to read.
        for (var i = 0; i < messages.Length - 1 && question.PromptTokensMax > tokensMax; i++)
        {
            if (messages[i].Role != ChatRole.Tool) continue;
            var contents = new List<AIContent>();
            foreach (var content in messages[i].Contents.Cast<FunctionResultContent>())
            {
                var isLong = ((string)content.Result!).Length > Gone.Length;
                contents.Add(isLong ? new FunctionResultContent(content.CallId, Gone) : content);
                if (isLong) dropped.Add(content.CallId);
            }
            messages[i] = new ChatMessage(ChatRole.Tool, contents);
            question = question with { Messages = [.. messages] };
        }
        if (dropped.Count == 0) return question;
        var said = Value.Of(ValueMap.Of(("dropped", Value.OfTexts(dropped)), ("tokens_before", before), ("tokens_after", question.PromptTokensMax), ("tokens_max", tokensMax)));
        var key = StepKey.Of(ValueMap.Of(("trim", place), ("what", said)));
        var grant = await line.IntendAsync(new StepCall(StepKind.Tool, StepName, key, 0, 0, MicroUsd.Zero, line.Keep(said)), cancellationToken);
        if (grant.Known is null) line.Report(grant, new StepResult(null, default, MicroUsd.Zero, null, 0));
        return question;
    }
}
