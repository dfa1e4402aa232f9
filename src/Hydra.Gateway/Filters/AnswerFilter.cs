using System.Text;
using Hydra.Gateway.Pipeline;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Filters;

/// <summary>Filters one answer while it passes. One call owns it.</summary>
/// <remarks>
/// Text and reasoning wait in windows of their own. A window is emptied when the other kind begins, before a call of a tool, and
/// before the answer ends, so that the order of the pieces stays.
/// </remarks>
internal sealed class AnswerFilter(FilterSet filters, Moderator moderator, ISet<string> labels)
{
    /// <summary>Characters that are judged at once by moderation; they wait until they are.</summary>
    private const int ModeratedAtOnce = 2_000;

    private readonly StringBuilder _unjudged = new();
    private TextWindow? _window;
    private bool _isThought;

    public async ValueTask<ChatResponseUpdate> PassAsync(ChatResponseUpdate update, CancellationToken cancellationToken)
    {
        var contents = new List<AIContent>(update.Contents.Count);
        foreach (var content in update.Contents)
        {
            switch (content)
            {
                case TextContent text: await TextAsync(contents, text.Text, isThought: false, cancellationToken); break;
                case TextReasoningContent { ProtectedData: null } thought: await TextAsync(contents, thought.Text, isThought: true, cancellationToken); break;
                case UsageContent: contents.Add(content); break;
                default:
                    await EmptyAsync(contents, cancellationToken);
                    contents.Add(ContentTexts.Map(content, text => TextWindow.Filter(text, filters.Output, labels)));
                    break;
            }
        }
        if (update.FinishReason is not null) await EmptyAsync(contents, cancellationToken);
        var passed = update.Clone();
        passed.Contents = contents;
        return passed;
    }

    /// <summary>What still waited when the answer ended; null: nothing.</summary>
    public async ValueTask<ChatResponseUpdate?> EndAsync(CancellationToken cancellationToken)
    {
        var contents = new List<AIContent>();
        await EmptyAsync(contents, cancellationToken);
        return contents.Count == 0 ? null : new ChatResponseUpdate(ChatRole.Assistant, contents);
    }

    private async ValueTask TextAsync(List<AIContent> contents, string text, bool isThought, CancellationToken cancellationToken)
    {
        if (text.Length == 0) return;
        if (isThought != _isThought) await EmptyAsync(contents, cancellationToken);
        _isThought = isThought;
        _window ??= new TextWindow(filters.Output, labels);
        await LetAsync(contents, _window.Pass(text, isLast: false), isLast: false, cancellationToken);
    }

    private async ValueTask EmptyAsync(List<AIContent> contents, CancellationToken cancellationToken)
    {
        if (_window is null) return;
        var rest = _window.Pass("", isLast: true);
        _window = null;
        await LetAsync(contents, rest, isLast: true, cancellationToken);
    }

    private async ValueTask LetAsync(List<AIContent> contents, string text, bool isLast, CancellationToken cancellationToken)
    {
        if (filters.OutputModeration.Count > 0)
        {
            _unjudged.Append(text);
            if (!isLast && _unjudged.Length < ModeratedAtOnce) return;
            text = _unjudged.ToString();
            _unjudged.Clear();
            await moderator.CheckAsync(text, filters.OutputModeration, labels, cancellationToken);
        }
        if (text.Length > 0) contents.Add(_isThought ? new TextReasoningContent(text) : new TextContent(text));
    }
}
