using System.Runtime.CompilerServices;
using Hydra.Gateway.Config;
using Hydra.Gateway.Resilience;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>The pipeline's first stage: bounds the call, and lets it pass the limits of the gateway, its key and its route.</summary>
internal sealed class OperationStage(IChatClient inner, Func<GatewayModels> models, Func<GatewayConfig> config, Action<Operation, bool> onEnd, Lock gate, Func<TimeSpan> now) : Stage(inner)
{
    /// <summary>Sent as the most to generate where the caller names nothing, so that every call has a bound.</summary>
    public const int OutputTokensByDefault = 4_096;

    private readonly ScopeMeter _global = new(LimitScope.Global, "gateway", config().Limits);
    private readonly Dictionary<string, ScopeMeter> _keys = new(StringComparer.Ordinal);

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var operation = Operation.Of(options);
        var list = messages as IReadOnlyList<ChatMessage> ?? [.. messages];
        var group = models().Find(operation.Model);
        operation.RefusesUnsupported = config().OnUnsupported == UnsupportedRule.Error;
        operation.PromptTokensMax = PromptBound.Tokens(list, options);
        operation.MayUseDearClasses = PromptBound.MayUseDearClasses(list, options);
        operation.OutputTokensMax = operation.IsEmbedding ? 0 : options!.MaxOutputTokens ??= (int)Math.Min(OutputTokensByDefault, group.OutputTokensMax ?? OutputTokensByDefault);
        var admitted = Admit(operation, group);
        var isWhole = false;
        try
        {
            await foreach (var update in InnerClient.GetStreamingResponseAsync(list, options, cancellationToken)) yield return update;
            isWhole = true;
        }
        finally
        {
            lock (gate) admitted.Settle(operation.Attempts.Sum(attempt => attempt.Usage.Total), now());
            onEnd(operation, isWhole);
        }
    }

    private Admitted Admit(Operation operation, ModelGroup group)
    {
        lock (gate)
        {
            var at = now();
            _global.Limits = config().Limits;
            ScopeMeter[] meters = operation.Key is { } key ? [_global, group.Meter, MeterOf_NeedsLock(key)] : [_global, group.Meter];
            var admitted = Admission.TryAdmit(meters, operation.PromptTokensMax + operation.OutputTokensMax, at, out var refusal);
            operation.RateLimits = Admission.Tightest(meters, at);
            if (admitted is not null) return admitted;
            throw new GatewayRefusedException(refusal!.IsForEver ? RefusalKind.BadRequest : RefusalKind.RateLimited, $"Too much for now: {refusal}.")
            {
                RetryAfter = refusal.IsForEver ? null : refusal.At is { } until && until > at ? until - at : TimeSpan.FromSeconds(1),
                Scope = refusal.Name,
            };
        }
    }

    private ScopeMeter MeterOf_NeedsLock(Ledger.VirtualKey key)
    {
        var limits = new RateLimits { Rpm = key.RequestsPerMinute, Tpm = key.TokensPerMinute, MaxParallel = key.ParallelMax };
        if (!_keys.TryGetValue(key.Id, out var meter)) _keys[key.Id] = meter = new ScopeMeter(LimitScope.Key, key.Name, limits);
        else if (meter.Limits != limits) meter.Limits = limits;
        return meter;
    }
}
