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

    /// <summary>A provider that said no before it worked bills nothing; what broke later may have cost all that was held.</summary>
    public static bool MayHaveCost(CallFailedException failed) =>
        failed.HasDelivered || failed.HttpStatus is 0 or (>= 200 and < 300) && failed.Code != ErrorCode.Network && failed.Code != ErrorCode.BadRequest && failed.Code != ErrorCode.Auth;
}
