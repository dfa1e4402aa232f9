using Hydra.Gateway.Resilience;
using Hydra.Model;

namespace Hydra.Gateway.Pipeline;

/// <summary>What a failed call says about the other side.</summary>
internal static class Failures
{
    public static FailureKind KindOf(CallFailedException failed) => failed.Class switch
    {
        ErrorClass.RateLimited => FailureKind.RateLimited,
        ErrorClass.Overloaded => FailureKind.Overloaded,
        ErrorClass.CredentialDead => FailureKind.CredentialDead,
        ErrorClass.OutOfMoney => FailureKind.OutOfMoney,
        ErrorClass.ContextWindow => FailureKind.ContextWindow,
        ErrorClass.ContentPolicy => FailureKind.ContentPolicy,
        ErrorClass.NeverRetry => failed.HttpStatus == 404 ? FailureKind.NotFound : FailureKind.InvalidRequest,
        _ when failed.Code == ErrorCode.InvalidOutput => FailureKind.InvalidOutput,
        _ when failed.Code == ErrorCode.Timeout || failed.Code == ErrorCode.IdleTimeout => FailureKind.Timeout,
        _ when failed.HasDelivered => FailureKind.StreamCut,
        _ => FailureKind.Transient,
    };

    /// <summary>A call as the ledger wrote it down.</summary>
    /// <param name="failure">Null: it succeeded.</param>
    /// <returns>False: it says nothing of the other side (the caller left, another was sooner, the process died).</returns>
    public static bool TryRead(string outcome, int status, out FailureKind? failure)
    {
        failure = null;
        if (outcome == Attempt.Answered) return true;
        if (outcome == Attempt.Outpaced || outcome == ErrorCode.Cancelled.Name || !ErrorCode.TryParse(outcome, out var code)) return false;
        failure = KindOf(new CallFailedException(code, "") { HttpStatus = status });
        return true;
    }

    /// <summary>A provider that said no before it worked bills nothing; what broke later may have cost all that was held.</summary>
    public static bool MayHaveCost(CallFailedException failed) =>
        failed.HasDelivered || failed.HttpStatus is 0 or (>= 200 and < 300) && failed.Code != ErrorCode.Network && failed.Code != ErrorCode.BadRequest && failed.Code != ErrorCode.Auth;
}
