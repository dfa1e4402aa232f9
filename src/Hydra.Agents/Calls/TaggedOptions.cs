using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>A question's options with the run and the node that ask it, and what it was charged with; models that know nothing of either see the options alone.</summary>
internal sealed class TaggedOptions(ModelQuestion question, StepCall call, StepGrant grant, NodeAttempt attempt) : ChatOptions(question.Options), ITagged, IAccounted
{
    public IReadOnlyList<string> Tags { get; } = [$"run={attempt.Run}", $"node={attempt.Node.Id}"];
    public long PromptTokensMax => call.PromptTokensMax;
    public CallCap? Cap => grant.IsUnderBudget ? new CallCap(call.UsdMax?.Usd, call.TokensMax) : null;

    /// <summary>What the call was charged with; null: whoever was asked keeps no account.</summary>
    public (MicroUsd Cost, TokenUsage Usage)? Charged { get; private set; }

    public void Charge(decimal costUsd, TokenUsage usage) => Charged = (MicroUsd.Ceiling(costUsd * 1_000_000m), usage);
}
