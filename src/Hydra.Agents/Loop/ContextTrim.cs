using Hydra.Agents.Calls;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Loop;

/// <summary>
/// Keeps a growing conversation inside the model's context window: the oldest tool results give way first, as a step of the attempt
/// that anyone can see. Prompt and answers stay whole; what goes is summed up first where the node asks for it.
/// </summary>
internal static class ContextTrim
{
    /// <summary>The step's name.</summary>
    public const string StepName = "context.trim";
    /// <summary>The part of the window that is left for a summary.</summary>
    private const int SummaryShare = 8;
    private const string SummaryHead = "[dropped to fit the context window; this and other results in short:]\n";
    private const string Gone = "[dropped to fit the context window; call the tool again if you need it]";

    /// <summary>The question with as many old results dropped as it takes; the same question where it fits.</summary>
    /// <param name="tokensMax">Longest prompt in tokens.</param>
    /// <param name="summarise">Sums texts up in so many tokens; null: what is dropped is gone.</param>
    public static async ValueTask<ModelQuestion> FitAsync(ModelQuestion question, long tokensMax, string place, ILine line, Func<ModelQuestion, string, int, CancellationToken, ValueTask<string>>? summarise, CancellationToken cancellationToken)
    {
        var asked = question;
        var before = question.PromptTokensMax;
        if (before <= tokensMax) return question;
        var messages = question.Messages.ToArray();
        var dropped = new List<string>();
        var texts = new List<string>();
        var room = summarise is null ? 0 : tokensMax / SummaryShare;
        // The last message holds the newest results: what the model is about to read.
        for (var i = 0; i < messages.Length - 1 && question.PromptTokensMax > tokensMax - room; i++)
        {
            if (messages[i].Role != ChatRole.Tool) continue;
            var contents = new List<AIContent>();
            foreach (var content in messages[i].Contents.Cast<FunctionResultContent>())
            {
                var isLong = ((string)content.Result!).Length > Gone.Length;
                contents.Add(isLong ? new FunctionResultContent(content.CallId, Gone) : content);
                if (!isLong) continue;
                dropped.Add(content.CallId);
                texts.Add((string)content.Result!);
            }
            messages[i] = new ChatMessage(ChatRole.Tool, contents);
            question = question with { Messages = [.. messages] };
        }
        if (dropped.Count == 0) return question;
        if (summarise is not null) question = WithSummary(question, dropped[0], Clip(await summarise(asked, Clip(string.Join("\n\n", texts), tokensMax / 2), (int)Math.Max(64, room / 2), cancellationToken), room / 2));
        var said = Value.Of(ValueMap.Of(("dropped", Value.OfTexts(dropped)), ("tokens_before", before), ("tokens_after", question.PromptTokensMax), ("tokens_max", tokensMax)));
        var key = StepKey.Of(ValueMap.Of(("trim", place), ("what", said)));
        var grant = await line.IntendAsync(new StepCall(StepKind.Tool, StepName, key, 0, 0, MicroUsd.Zero, line.Keep(said)), cancellationToken);
        if (grant.Known is null) line.Report(grant, new StepResult(null, default, MicroUsd.Zero, null, 0));
        return question;
    }

    /// <summary>The summary in the place of the first result that went.</summary>
    private static ModelQuestion WithSummary(ModelQuestion question, string callId, string summary) => question with
    {
        Messages = [.. question.Messages.Select(message => message.Role == ChatRole.Tool && message.Contents.OfType<FunctionResultContent>().Any(content => content.CallId == callId && (string)content.Result! == Gone)
            ? new ChatMessage(ChatRole.Tool, [.. message.Contents.Cast<FunctionResultContent>().Select(content => content.CallId == callId ? new FunctionResultContent(callId, SummaryHead + summary) : content)])
            : message)],
    };

    private static string Clip(string text, long charsMax) => text.Length <= charsMax ? text : text[..(int)charsMax] + "…";
}
