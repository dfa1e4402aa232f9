using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Reads <c>retry_on</c>: Hydra's own codes, <c>*</c>, and the exception names of dagraph, which are mapped with a warning.</summary>
internal static class RetryCodes
{
    public const string Any = "*";

    private static readonly Dictionary<string, ErrorCode> Exceptions = new(StringComparer.Ordinal)
    {
        ["TimeoutError"] = ErrorCode.Timeout,
        ["APITimeoutError"] = ErrorCode.Timeout,
        ["ReadTimeout"] = ErrorCode.Timeout,
        ["ConnectTimeout"] = ErrorCode.Timeout,
        ["RateLimitError"] = ErrorCode.RateLimited,
        ["TooManyRequestsError"] = ErrorCode.RateLimited,
        ["APIConnectionError"] = ErrorCode.Network,
        ["ConnectionError"] = ErrorCode.Network,
        ["ConnectError"] = ErrorCode.Network,
        ["ReadError"] = ErrorCode.Network,
        ["APIError"] = ErrorCode.ProviderError,
        ["APIStatusError"] = ErrorCode.ProviderError,
        ["InternalServerError"] = ErrorCode.ProviderError,
        ["OverloadedError"] = ErrorCode.ProviderError,
        ["ServiceUnavailableError"] = ErrorCode.ProviderError,
        ["APIResponseValidationError"] = ErrorCode.InvalidOutput,
        ["JSONDecodeError"] = ErrorCode.InvalidOutput,
        ["ValidationError"] = ErrorCode.InvalidOutput,
        ["ValueError"] = ErrorCode.InvalidOutput,
        ["CalledProcessError"] = ErrorCode.ToolFailed,
        ["ToolError"] = ErrorCode.ToolFailed,
        ["Exception"] = default,
    };

    /// <summary>The codes, each once; empty: every retryable one.</summary>
    public static IReadOnlyList<ErrorCode> Read(IEnumerable<string> names, Func<int, SourcePosition> placeOf, ProblemList problems)
    {
        var codes = new List<ErrorCode>();
        var isAny = false;
        var index = -1;
        foreach (var name in names)
        {
            var at = placeOf(++index);
            if (name == Any)
            {
                isAny = true;
            }
            else if (ErrorCode.TryParse(name, out var code))
            {
                if (code.IsRetryable) codes.Add(code);
                else problems.Error(ProblemCodes.UnknownErrorCode, at, $"`retry_on` names '{name}', which is never retried. Remove it; a `fallback` can catch it.");
            }
            else if (Exceptions.TryGetValue(name[(name.LastIndexOf('.') + 1)..], out var mapped))
            {
                isAny |= mapped.Name is null;
                if (mapped.Name is not null) codes.Add(mapped);
                problems.Warning(ProblemCodes.MappedException, at, $"`retry_on` names the exception '{name}', which is taken for '{mapped.Name ?? Any}'. Write '{mapped.Name ?? Any}'.");
            }
            else
            {
                var known = ErrorCode.All.Where(each => each.IsRetryable).Select(each => each.Name).Append(Any).ToList();
                problems.Error(ProblemCodes.UnknownErrorCode, at,
                    $"`retry_on` names '{ShapeWords.Clip(name)}', which is no error code.{DidYouMean.Hint(name, known)} Write one of {string.Join(", ", known)}.");
            }
        }
        return isAny ? [] : codes.Distinct().ToList();
    }
}
