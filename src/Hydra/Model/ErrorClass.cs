namespace Hydra.Model;

/// <summary>
/// What may be done about a failed model call: finer than <see cref="ErrorCode"/>, which says what the user is told. Retrying nodes
/// read the code; whoever may choose another target reads the class.
/// </summary>
public enum ErrorClass
{
    /// <summary>The same request to the same target may succeed: 408, 409, 425, 5xx, a reset or silent connection, a broken answer.</summary>
    RetrySame,
    /// <summary>The target has no capacity at the moment (503 and 529 that say so, <c>overloaded_error</c>): like <see cref="RetrySame"/>, but another target first.</summary>
    Overloaded,
    /// <summary>This account's rate is spent for now: wait as asked, or use another quota.</summary>
    RateLimited,
    /// <summary>The key is wrong, expired or not allowed: no further call with it helps.</summary>
    CredentialDead,
    /// <summary>No credit or a spend limit, in whatever status it comes: waiting does not help.</summary>
    OutOfMoney,
    /// <summary>Prompt and answer do not fit the model: only a model with a longer context helps.</summary>
    ContextWindow,
    /// <summary>A content filter matched or the model refused.</summary>
    ContentPolicy,
    /// <summary>The request itself is wrong: it fails everywhere and every time.</summary>
    NeverRetry,
}

/// <summary>The class that a code has when nothing finer is known.</summary>
public static class ErrorClasses
{
    public static ErrorClass Of(ErrorCode code)
    {
        if (code == ErrorCode.RateLimited) return ErrorClass.RateLimited;
        if (code == ErrorCode.Auth) return ErrorClass.CredentialDead;
        if (code == ErrorCode.Budget) return ErrorClass.OutOfMoney;
        if (code == ErrorCode.ContextLength) return ErrorClass.ContextWindow;
        if (code == ErrorCode.ContentFiltered) return ErrorClass.ContentPolicy;
        return code.IsRetryable ? ErrorClass.RetrySame : ErrorClass.NeverRetry;
    }
}
