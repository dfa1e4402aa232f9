using System.Runtime.CompilerServices;
using Hydra.Model;
using Hydra.Schemas;

namespace Hydra.Planning;

/// <summary>Applies <c>defaults</c> and the node type's own defaults to a policy. Nodes whose policy is one object share one result.</summary>
internal sealed class SettingsTable(WorkflowSpec workflow)
{
    private readonly Dictionary<(NodePolicy Policy, NodeTraits Traits), NodeSettings> _known = new(new ByReference());
    private readonly Dictionary<ValueMap, JsonSchema> _schemas = new(ReferenceEqualityComparer.Instance);

    public NodeSettings For(NodeSpec spec, INodeType type, PlanContext context)
    {
        var traits = type.TraitsOf(spec, workflow);
        if (!_known.TryGetValue((spec.Policy, traits), out var settings))
        {
            _known[(spec.Policy, traits)] = settings = Resolve(spec.Policy, workflow.Defaults, traits, context);
        }
        return settings;
    }

    private NodeSettings Resolve(NodePolicy own, NodePolicy file, NodeTraits traits, PlanContext context)
    {
        var retry = own.Retry;
        var shared = file.Retry;
        var kind = retry?.Kind ?? shared?.Kind ?? BackoffKind.Fixed;
        var schema = own.OutputSchema ?? traits.OutputSchema ?? file.OutputSchema;
        var breakerName = own.BreakerName ?? (own.Breaker is null ? file.BreakerName : null);
        return new NodeSettings
        {
            Tags = own.Tags ?? file.Tags,
            BreakerName = breakerName,
            Breaker = breakerName is not null ? workflow.Breakers[breakerName] : own.Breaker ?? file.Breaker,
            Effect = own.Effect ?? file.Effect ?? traits.Effect,
            OnUnknown = own.OnUnknown ?? file.OnUnknown ?? UnknownOutcomePolicy.Ask,
            EstimateSeconds = (float)(own.Estimate ?? file.Estimate ?? TimeSpan.FromSeconds(1)).TotalSeconds,
            OverdueAfter = (own.Estimate ?? file.Estimate) * 1.5,
            StopWhen = (own.StopWhen ?? file.StopWhen) is { } stop ? context.Expression(stop) : null,
            Join = own.Join ?? file.Join ?? JoinSpec.All,
            CancelLosers = own.CancelLosers ?? file.CancelLosers ?? false,
            AcceptDegraded = own.AcceptDegraded ?? file.AcceptDegraded ?? true,
            When = (own.When ?? file.When) is { } when ? context.Expression(when) : null,
            OnSkip = own.OnSkip ?? file.OnSkip,
            MaxAttempts = retry?.MaxAttempts ?? shared?.MaxAttempts ?? traits.MaxAttempts,
            Backoff = retry?.Backoff ?? shared?.Backoff ?? TimeSpan.Zero,
            BackoffKind = kind,
            BackoffMax = retry?.BackoffMax ?? shared?.BackoffMax ?? TimeSpan.FromSeconds(60),
            Jitter = retry?.Jitter ?? shared?.Jitter ?? kind == BackoffKind.Exponential,
            RetryOn = (retry?.RetryOn ?? shared?.RetryOn) is { Count: > 0 } codes ? codes : null,
            Timeout = own.Timeout ?? (traits.Timeout is null ? null : file.Timeout ?? traits.Timeout),   // composites and waits have none but their own
            IdleTimeout = own.IdleTimeout ?? (traits.IdleTimeout is null ? null : file.IdleTimeout ?? traits.IdleTimeout),
            Budget = own.Budget ?? traits.Budget ?? file.Budget,
            OnFailure = own.OnFailure ?? file.OnFailure ?? FailurePolicy.Fail,
            FallbackValue = (own.Fallback ?? file.Fallback)?.Value,
            OutputSchema = schema is { } source ? SchemaOf(source) : null,
            OutputSchemaSource = schema,
            RepairAttempts = own.RepairAttempts ?? file.RepairAttempts ?? 1,
            Cache = own.Cache ?? file.Cache,
            Priority = own.Priority ?? file.Priority ?? 0,
            Labels = own.Labels ?? file.Labels ?? default,
            TrustsTypedFields = own.TrustsTypedFields,
        };
    }

    /// <remarks>Nodes of one agent share its schema.</remarks>
    private JsonSchema SchemaOf(Value source)
    {
        if (!source.IsObject) return JsonSchema.Compile(source);
        if (!_schemas.TryGetValue(source.AsObject, out var schema)) _schemas[source.AsObject] = schema = JsonSchema.Compile(source);
        return schema;
    }

    private sealed class ByReference : IEqualityComparer<(NodePolicy Policy, NodeTraits Traits)>
    {
        public bool Equals((NodePolicy Policy, NodeTraits Traits) x, (NodePolicy Policy, NodeTraits Traits) y) =>
            ReferenceEquals(x.Policy, y.Policy) && ReferenceEquals(x.Traits, y.Traits);

        public int GetHashCode((NodePolicy Policy, NodeTraits Traits) obj) =>
            HashCode.Combine(RuntimeHelpers.GetHashCode(obj.Policy), RuntimeHelpers.GetHashCode(obj.Traits));
    }
}
