using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>A question's options with the run and the node that ask it; models that know nothing of tags see the options alone.</summary>
internal sealed class TaggedOptions(ChatOptions options, IReadOnlyList<string> tags) : ChatOptions(options), ITagged
{
    public IReadOnlyList<string> Tags => tags;

    public static TaggedOptions Of(ModelQuestion question, NodeAttempt attempt) => new(question.Options, [$"run={attempt.Run}", $"node={attempt.Node.Id}"]);

    public override ChatOptions Clone() => new TaggedOptions(this, tags);
}
