using Hydra.Gateway.Pipeline;
using Hydra.Model;

namespace Hydra.Gateway.Doors;

/// <summary>A failure as any door can tell it; each puts it into the words of its dialect.</summary>
/// <param name="Status">HTTP status, as long as none has been sent.</param>
/// <param name="Kind">What went wrong, in one word of this closed list.</param>
/// <param name="Code">A finer code that programs compare; null: none.</param>
internal sealed record DoorError(int Status, DoorErrorKind Kind, string Message, string? Code = null)
{
    /// <summary>The parameter that is wrong.</summary>
    public string? Parameter { get; init; }
    public TimeSpan? RetryAfter { get; init; }
    /// <summary>What official clients are told in <c>x-should-retry</c>; null: they decide by the status.</summary>
    public bool? ShouldRetry { get; init; }

    public static DoorError Of(Exception failure) => failure switch
    {
        GatewayRefusedException refused => OfRefusal(refused),
        CallFailedException failed => OfCall(failed),
        _ => new DoorError(500, DoorErrorKind.Internal, "The gateway failed. Its log says why.", "internal_error"),
    };

    private static DoorError OfRefusal(GatewayRefusedException refused)
    {
        var (status, kind, code) = refused.Kind switch
        {
            RefusalKind.BadRequest => (400, DoorErrorKind.InvalidRequest, null),
            RefusalKind.TooLarge => (413, DoorErrorKind.TooLarge, "request_too_large"),
            RefusalKind.Unauthenticated => (401, DoorErrorKind.Authentication, "invalid_api_key"),
            RefusalKind.Forbidden => (403, DoorErrorKind.Permission, "model_not_allowed"),
            RefusalKind.UnknownModel => (404, DoorErrorKind.NotFound, "model_not_found"),
            RefusalKind.RateLimited => (429, DoorErrorKind.RateLimit, "rate_limit_exceeded"),
            RefusalKind.BudgetExceeded => (429, DoorErrorKind.Quota, "budget_exceeded"),
            RefusalKind.PriceUnknown => (403, DoorErrorKind.Permission, "price_unknown"),
            RefusalKind.KillSwitch => (403, DoorErrorKind.Permission, "kill_switch"),
            RefusalKind.Filtered => (400, DoorErrorKind.InvalidRequest, "content_policy_violation"),
            RefusalKind.ApprovalRequired => (403, DoorErrorKind.Permission, "approval_required"),
            RefusalKind.AllCooling => (429, DoorErrorKind.RateLimit, "all_deployments_cooling"),
            RefusalKind.CredentialsExhausted => (502, DoorErrorKind.Upstream, "upstream_credentials_exhausted"),
            RefusalKind.ContextWindow => (400, DoorErrorKind.InvalidRequest, "context_length_exceeded"),
            RefusalKind.TimedOut => (504, DoorErrorKind.Timeout, "timeout"),
            _ => (503, DoorErrorKind.Upstream, "store_unavailable"),
        };
        return new DoorError(status, kind, refused.Message, code)
        {
            Parameter = refused.Parameter,
            RetryAfter = refused.RetryAfter,
            // Without this, official clients knock twice more at a door that stays shut.
            ShouldRetry = status is 429 or >= 500 or 408 or 409 ? refused.ShouldRetry : null,
        };
    }

    private static DoorError OfCall(CallFailedException failed)
    {
        var (status, kind, code) = failed.Class switch
        {
            ErrorClass.RateLimited => (429, DoorErrorKind.RateLimit, "rate_limit_exceeded"),
            ErrorClass.Overloaded => (503, DoorErrorKind.Overloaded, "overloaded"),
            ErrorClass.CredentialDead or ErrorClass.OutOfMoney => (502, DoorErrorKind.Upstream, "upstream_credentials_exhausted"),
            ErrorClass.ContextWindow => (400, DoorErrorKind.InvalidRequest, "context_length_exceeded"),
            ErrorClass.ContentPolicy => (400, DoorErrorKind.InvalidRequest, "content_policy_violation"),
            ErrorClass.NeverRetry when failed.HttpStatus == 404 => (404, DoorErrorKind.NotFound, "model_not_found"),
            ErrorClass.NeverRetry when failed.HttpStatus is 0 or (>= 400 and < 500) => (failed.HttpStatus is 0 or 401 or 403 ? 400 : failed.HttpStatus, DoorErrorKind.InvalidRequest, (string?)null),
            _ when failed.Code == ErrorCode.Timeout || failed.Code == ErrorCode.IdleTimeout => (504, DoorErrorKind.Timeout, "timeout"),
            _ when failed.Code == ErrorCode.InvalidOutput => (502, DoorErrorKind.Upstream, "invalid_output"),
            _ => (502, DoorErrorKind.Upstream, "upstream_error"),
        };
        return new DoorError(status, kind, MessageOf(failed, kind), code) { RetryAfter = failed.RetryAfter };
    }

    /// <summary>What callers can mend is told in the provider's words; what only the operator can mend is told without them.</summary>
    private static string MessageOf(CallFailedException failed, DoorErrorKind kind)
    {
        if (kind != DoorErrorKind.Upstream) return failed.Message;
        if (failed.Class is ErrorClass.CredentialDead or ErrorClass.OutOfMoney) return "The gateway's own account at the provider was refused. Your key is not at fault; the operator of the gateway must look.";
        return failed.HttpStatus >= 400 ? $"The provider answered with the status {failed.HttpStatus}." : $"The provider's answer failed ({failed.Code}).";
    }
}

/// <summary>The kinds of failure that the doors have words for.</summary>
internal enum DoorErrorKind
{
    InvalidRequest, Authentication, Permission, NotFound, TooLarge, RateLimit, Quota, Upstream, Overloaded, Timeout, Internal,
}
