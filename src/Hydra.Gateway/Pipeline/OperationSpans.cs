using System.Globalization;
using Hydra.Model;
using Hydra.Tracing;

namespace Hydra.Gateway.Pipeline;

/// <summary>An operation that is over, as spans: one for the operation, one below it for each attempt. No prompts, no answers, no keys. Pure.</summary>
internal static class OperationSpans
{
    /// <param name="endedAt">When the last of the answer went out.</param>
    /// <param name="outcome"><c>answered</c>, or why not.</param>
    public static IEnumerable<TraceSpan> Of(Operation operation, DateTimeOffset endedAt, TimeSpan duration, string outcome)
    {
        // The operation's id is unique, and random at its end: the ids are parts of it.
        var digits = operation.Id.AsSpan(^32);
        var number = ulong.Parse(digits[16..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        var (trace, parent) = operation.Trace ?? (digits.ToString(), null);
        var own = SpanId(number, 0);
        var start = Nanoseconds(operation.CreatedAt);
        var total = operation.Attempts.Aggregate(default(TokenUsage), (sum, attempt) => sum + attempt.Usage);
        yield return new TraceSpan
        {
            TraceId = trace, SpanId = own, ParentId = parent, Name = $"{SpanNames.Chat} {operation.Model}", Kind = SpanKind.Server,
            StartNs = start, EndNs = Math.Max(start, Nanoseconds(endedAt)), IsError = outcome != Attempt.Answered, ErrorMessage = outcome == Attempt.Answered ? null : outcome,
            Attributes = Usage(new SpanAttributes().Text(SpanNames.OperationName, SpanNames.Chat).Text(SpanNames.RequestModel, operation.Model)
                .Add(SpanNames.RequestStream, operation.IsStreamed).Text(SpanNames.ResponseModel, operation.Last?.AnsweredBy)
                .Text(SpanNames.ErrorType, outcome == Attempt.Answered ? null : outcome).Text(SpanNames.GatewayDoor, operation.Door)
                .Text(SpanNames.GatewayDeployment, operation.Last?.Deployment).Text(SpanNames.GatewayRoute, operation.RouteReason).Text(SpanNames.GatewayCache, operation.Cache)
                .Add(SpanNames.GatewayAttempts, operation.Attempts.Count).Add(SpanNames.GatewayFallbacks, operation.Fallbacks)
                .Text(SpanNames.GatewayKey, operation.Caller.KeyId).Text(SpanNames.GatewayTeam, operation.Caller.Team)
                .Add(SpanNames.GatewayOverheadMs, Math.Max(0, (duration - operation.Upstream).TotalMilliseconds)), total).Add(SpanNames.CostUsd, (double)operation.CostUsd).All,
        };
        var at = start;
        foreach (var attempt in operation.Attempts)
        {
            var begun = attempt.BegunAt is { } began ? Nanoseconds(began) : at;
            at = begun + (long)(attempt.Duration.TotalMilliseconds * 1_000_000);
            var hasAnswered = attempt.Outcome == Attempt.Answered;
            yield return new TraceSpan
            {
                TraceId = trace, SpanId = SpanId(number, attempt.Number), ParentId = own, Name = $"{SpanNames.Chat} {attempt.Model}", Kind = SpanKind.Client,
                StartNs = begun, EndNs = at, IsError = !hasAnswered, ErrorMessage = hasAnswered ? null : attempt.Outcome,
                Attributes = Usage(new SpanAttributes().Text(SpanNames.OperationName, SpanNames.Chat).Text(SpanNames.ProviderName, attempt.Provider).Text(SpanNames.RequestModel, attempt.Model)
                    .Text(SpanNames.ResponseModel, attempt.AnsweredBy).Add(SpanNames.AttemptNumber, attempt.Number).Text(SpanNames.GatewayDeployment, attempt.Deployment)
                    .Text(SpanNames.ErrorType, hasAnswered ? null : attempt.Outcome)
                    .Add(SpanNames.ResponseTimeToFirstChunk, attempt.FirstToken is { } first ? first.TotalSeconds : Value.Null), attempt.Usage).Add(SpanNames.CostUsd, (double)attempt.CostUsd).All,
            };
        }
    }

    /// <summary>Reads a <c>traceparent</c> header (W3C Trace Context, level 1); null when it is none.</summary>
    public static (string Trace, string? Parent)? TraceOf(string? header)
    {
        if (header is null || header.Length < 55 || header[2] != '-' || header[35] != '-' || header[52] != '-') return null;
        var (trace, span) = (header[3..35], header[36..52]);
        return IsId(trace) && IsId(span) ? (trace, span) : null;

        static bool IsId(string text) => text.All(char.IsAsciiHexDigitLower) && text.Any(digit => digit != '0');
    }

    private static SpanAttributes Usage(SpanAttributes attributes, TokenUsage usage) => attributes
        .Count(SpanNames.UsageInputTokens, usage.Prompt).Count(SpanNames.UsageOutputTokens, usage.Generated).Count(SpanNames.UsageCacheReadTokens, usage.CacheRead)
        .Count(SpanNames.UsageCacheCreationTokens, usage.CacheWrite + usage.CacheWriteHour).Count(SpanNames.UsageReasoningTokens, usage.Reasoning);

    private static long Nanoseconds(DateTimeOffset at) => (at - DateTimeOffset.UnixEpoch).Ticks * 100;

    /// <param name="attempt">0: the operation itself.</param>
    private static string SpanId(ulong operation, int attempt) => (operation ^ ((ulong)attempt << 32)).ToString("x16", CultureInfo.InvariantCulture);
}
