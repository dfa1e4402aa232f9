using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Calls;

/// <summary>A question's options with the run and the node that ask it, and what it was charged with; models that know nothing of either see the options alone.</summary>
internal sealed class TaggedOptions : ChatOptions, ITagged, IAccounted
{
    private readonly StepCall _call;
    private readonly StepGrant _grant;
    private readonly NodeAttempt _attempt;

    public TaggedOptions(ModelQuestion question, StepCall call, StepGrant grant, NodeAttempt attempt)
    {
        (_call, _grant, _attempt) = (call, grant, attempt);
        ModelId = question.Model.Id;
        MaxOutputTokens = question.OutputTokensMax;
        Temperature = (float?)question.Temperature;
        Tools = question.Tools.Count == 0 ? null : [.. question.Tools];
        ResponseFormat = question.Schema is { } schema ? ChatResponseFormat.ForJsonSchema(schema, "answer") : null;
    }

    public IReadOnlyList<string> Tags => field ??= [$"run={_attempt.Run}", $"node={_attempt.Node.Id}"];
    public long PromptTokensMax => _call.PromptTokensMax;
    public CallCap? Cap => _grant.IsUnderBudget ? new CallCap(_call.UsdMax?.Usd, _call.TokensMax) : null;

    /// <summary>What the call was charged with; null: whoever was asked keeps no account.</summary>
    public (MicroUsd Cost, TokenUsage Usage)? Charged { get; private set; }

    public void Charge(decimal costUsd, TokenUsage usage) => Charged = (MicroUsd.Ceiling(costUsd * 1_000_000m), usage);
}
