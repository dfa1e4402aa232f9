using System.Collections.ObjectModel;
using System.Diagnostics.CodeAnalysis;
using Hydra.Gateway.Ledger;
using Microsoft.Extensions.AI;

namespace Hydra.Gateway.Pipeline;

/// <summary>
/// What one caller asked, from its arrival to its answer, with a record of every attempt at a deployment. One call owns it; what two
/// attempts beside one another may change at the same time is safe to share between threads.
/// </summary>
public sealed class Operation
{
    /// <summary>Unique and sortable by time.</summary>
    public string Id { get; } = OperationId.Next();
    /// <summary>Where it came in: <c>chat</c>, <c>responses</c>, <c>messages</c>, <c>embeddings</c> or <c>engine</c>.</summary>
    public required string Door { get; init; }
    public required Caller Caller { get; init; }
    /// <summary>The virtual key that was shown; null: none.</summary>
    public VirtualKey? Key { get; init; }
    /// <summary>The group or model that the caller named.</summary>
    public required string Model { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    /// <summary>Reading of the monotonic clock at arrival.</summary>
    public required long StartedAt { get; init; }
    /// <summary>Labels that conditional routes may look at.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; init; } = ReadOnlyDictionary<string, string>.Empty;
    /// <summary>The caller's own patience; null: as the group is configured.</summary>
    public TimeSpan? Timeout { get; init; }
    /// <summary>Whether texts are to become vectors; all else that is asked is an answer in words.</summary>
    public bool IsEmbedding => Door == "embeddings";
    /// <summary>Whose health of a deployment it is that this operation looks at and changes.</summary>
    internal Resilience.OperationKind Kind => IsEmbedding ? Resilience.OperationKind.Embeddings : Resilience.OperationKind.Chat;
    public CacheControl CacheControl { get; init; } = CacheControl.Default;
    /// <summary>Whether the caller wants the answer as it comes. The pipeline works alike; only the provider is asked otherwise.</summary>
    public bool IsStreamed { get; set; }
    /// <summary>The most tokens that the prompt can be.</summary>
    public long PromptTokensMax { get; set; }
    /// <summary>About as many tokens as the prompt will be: the bound takes two bytes for a token, four are usual.</summary>
    public long PromptTokensLikely => (PromptTokensMax + 1) / 2;
    /// <summary>The most tokens that may be generated; always sent.</summary>
    public int OutputTokensMax { get; set; }
    /// <summary>Whether the request may use classes of tokens that are dearer than plain ones: sound, or a cache that is kept for an hour.</summary>
    public bool MayUseDearClasses { get; set; }
    /// <summary>A snapshot, in the order in which they were begun.</summary>
    public IReadOnlyList<Attempt> Attempts => _attempts;
    /// <summary>Groups that were gone through before the one that answered.</summary>
    public int Fallbacks { get; set; }
    /// <summary><c>hit</c>, <c>miss</c> or <c>bypass</c>.</summary>
    public string Cache { get; set; } = "bypass";
    /// <summary>The answer of a cache; null: none answered.</summary>
    public Caching.CacheHit? Hit { get; set; }
    /// <summary>What content filters found and let pass, as <c>personal_data.email</c>.</summary>
    public SortedSet<string> Labels { get; } = new(StringComparer.Ordinal);
    /// <summary>Why the deployment that answered was asked.</summary>
    public string? RouteReason { get; set; }
    /// <summary>Room that the tightest budget has left, in US dollars; null: no budget covers the caller.</summary>
    public decimal? RemainingUsd
    {
        get
        {
            lock (_gate) return _remainingUsd;
        }
        set
        {
            lock (_gate) _remainingUsd = value;
        }
    }
    /// <summary>Whether a parameter that a provider does not know fails the call instead of being left out.</summary>
    public bool RefusesUnsupported { get; set; }
    /// <summary>Parameters that the answering provider does not know and that were left out.</summary>
    public IReadOnlyList<string> Dropped => Last?.Dropped ?? [];

    /// <summary>The sum over all attempts, in US dollars.</summary>
    public decimal CostUsd => _attempts.Sum(attempt => attempt.CostUsd);
    /// <summary>The attempt that answered, or the last one; null before the first and for a hit of the cache.</summary>
    public Attempt? Last => _answering ?? (_attempts is [.., var last] ? last : null);

    /// <summary>The trace and the span that the caller is in; null: its own.</summary>
    internal (string Trace, string? Parent)? Trace { get; init; }
    /// <summary>Tokens that the caller was served, by a provider or by a cache.</summary>
    public long ServedTokens => Hit?.Tokens ?? (Last is { Outcome: "answered" } answered ? answered.Usage.Total : 0);
    /// <summary>Tokens that providers counted over all attempts; none for a hit of the gateway's cache.</summary>
    public long ProviderTokens => _attempts.Sum(attempt => attempt.Usage.Total);
    /// <summary>Tokens that budgets are charged with: those of attempts that reached the ledger.</summary>
    public long BillableTokens => _attempts.Where(attempt => attempt.Outcome != "budget").Sum(attempt => attempt.Usage.Total);

    /// <summary>Time that providers took, over all attempts.</summary>
    public TimeSpan Upstream { get; private set; }

    /// <summary>What the tightest limits of requests and tokens have left.</summary>
    internal (Resilience.LimitFigures? Requests, Resilience.LimitFigures? Tokens) RateLimits { get; set; }
    /// <summary>Whether the provider has said everything, so that only the settlement is waited for.</summary>
    internal bool IsSaid { get; set; }
    /// <summary>How often another deployment was taken after a failure.</summary>
    internal int OthersTried { get; set; }

    private readonly Lock _gate = new();
    private volatile Attempt[] _attempts = [];
    private volatile Attempt? _answering;
    private decimal? _remainingUsd;

    /// <summary>Begins an operation of a caller in this process.</summary>
    public static Operation Begin(string door, Caller caller, string model, TimeProvider clock) => new()
    {
        Door = door, Caller = caller, Model = model, CreatedAt = clock.GetUtcNow(), StartedAt = clock.GetTimestamp(),
    };

    internal Attempt Begin(string deployment, string group, string provider, string model)
    {
        lock (_gate)
        {
            var attempt = new Attempt { Number = _attempts.Length + 1, Deployment = deployment, Group = group, Provider = provider, Model = model };
            _attempts = [.. _attempts, attempt];
            return attempt;
        }
    }

    /// <summary>The attempt has content and wants to be the answer; false: another one is.</summary>
    internal bool TryAnswer(Attempt attempt)
    {
        lock (_gate)
        {
            _answering ??= attempt;
            return _answering == attempt;
        }
    }

    /// <summary>Whether another attempt than this one is the answer.</summary>
    internal bool IsOutpaced(Attempt attempt) => _answering is { } answering && answering != attempt;

    internal void AddUpstream(TimeSpan time)
    {
        lock (_gate) Upstream += time;
    }

    /// <summary>The operation that travels with a call's options.</summary>
    internal static Operation Of(ChatOptions? options) =>
        options is CallOptions call ? call.Operation : throw new InvalidOperationException("The call has not passed the pipeline's first stage.");
}

/// <summary>What a caller wants of the caches.</summary>
/// <param name="Reads">Whether a kept answer will do.</param>
/// <param name="Writes">Whether this answer may be kept.</param>
/// <param name="Ttl">Oldest answer that will do, and how long this one is kept; null: as configured.</param>
/// <param name="Namespace">Answers of other namespaces are not seen.</param>
public sealed record CacheControl(bool Reads, bool Writes, TimeSpan? Ttl = null, string? Namespace = null)
{
    /// <summary>Least similarity of an answer to another question; null: as configured. A caller may raise it only.</summary>
    public double? Similarity { get; init; }
    /// <summary>Whether an answer to a similar question will do although the call asks for some chance (a temperature above 0).</summary>
    public bool Semantic { get; init; }
    public static CacheControl Default { get; } = new(true, true);
}

/// <summary>One try of an operation at one deployment.</summary>
public sealed class Attempt
{
    /// <summary>The <see cref="Outcome"/> of an attempt that gave a whole answer.</summary>
    public const string Answered = "answered";
    /// <summary>The <see cref="Outcome"/> of an attempt beside which another one was sooner.</summary>
    public const string Outpaced = "outpaced";

    /// <summary>From 1.</summary>
    public required int Number { get; init; }
    public required string Deployment { get; init; }
    public required string Group { get; init; }
    public required string Provider { get; init; }
    /// <summary>The id that went over the wire.</summary>
    public required string Model { get; init; }
    /// <summary>The id that the provider says has answered.</summary>
    public string? AnsweredBy { get; set; }
    /// <summary>When the provider was asked; null: it was not.</summary>
    public DateTimeOffset? BegunAt { get; set; }
    /// <summary>Whether another model answered than was asked; a dated or versioned form of the asked one is the same.</summary>
    public bool IsOtherModel => AnsweredBy is { Length: > 0 } answered && !IsFormOf(Tail(answered), Tail(Model));
    public TimeSpan Duration { get; set; }
    public TimeSpan? FirstToken { get; set; }
    public decimal CostUsd { get; set; }
    /// <summary>By how much the cost passes what was held for it, in US dollars; 0: it does not.</summary>
    public decimal OverBoundUsd { get; set; }
    public Hydra.Model.TokenUsage Usage { get; set; }
    /// <summary>Whether the model called a tool with arguments that are no JSON object.</summary>
    public bool HasMalformedCall { get; set; }
    /// <summary>Parameters that its provider does not know and that were left out.</summary>
    internal List<string> Dropped { get; } = [];
    /// <summary><c>answered</c>, <c>outpaced</c>, or why not, as an error code.</summary>
    public string Outcome { get; set; } = "running";

    private static string Tail(string model) => model[(model.LastIndexOf('/') + 1)..];

    private static bool IsFormOf(string answered, string asked) =>
        answered.StartsWith(asked, StringComparison.OrdinalIgnoreCase) && (answered.Length == asked.Length || answered[asked.Length] is ':' or '@' || IsDate(answered.AsSpan(asked.Length)))
        || (asked.EndsWith("-latest", StringComparison.OrdinalIgnoreCase) && answered.StartsWith(asked[..^"latest".Length], StringComparison.OrdinalIgnoreCase));

    /// <summary><c>-2024-08-06</c>, <c>-20250929</c>, <c>-001</c>; never <c>-mini</c>.</summary>
    private static bool IsDate(ReadOnlySpan<char> end) => end[0] == '-' && end.IndexOfAnyExcept("-0123456789") < 0;
}

/// <summary>A call's options with the operation it belongs to.</summary>
internal sealed class CallOptions : ChatOptions
{
    [SetsRequiredMembers]
    public CallOptions(ChatOptions? options, Operation operation) : base(options) => Operation = operation;

    public required Operation Operation { get; init; }

    public override ChatOptions Clone() => new CallOptions(this, Operation);
}
