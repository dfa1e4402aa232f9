using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
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
        var ids = SHA256.HashData(Encoding.UTF8.GetBytes(operation.Id));
        var (trace, parent) = operation.Trace ?? (Id(ids.AsSpan(0, 16)), null);
        var own = Id(ids.AsSpan(16, 8));
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
                TraceId = trace, SpanId = AttemptId(ids, attempt.Number), ParentId = own, Name = $"{SpanNames.Chat} {attempt.Model}", Kind = SpanKind.Client,
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

    /// <summary>The last eight bytes of the operation's hash, told apart by the number.</summary>
    private static string AttemptId(byte[] hash, int number)
    {
        Span<byte> id = stackalloc byte[8];
        hash.AsSpan(24, 8).CopyTo(id);
        BinaryPrimitives.WriteInt32BigEndian(id, BinaryPrimitives.ReadInt32BigEndian(id) ^ number);
        return Id(id);
    }

    private static string Id(Span<byte> bytes)
    {
        bytes[^1] |= 1;   // an id of zeros alone is invalid
        return Convert.ToHexStringLower(bytes);
    }
}
