namespace Hydra.Gateway;

/// <summary>The account at Amazon that a <c>bedrock/</c> model is asked with. A bearer token wins over a key pair.</summary>
public sealed record AwsOptions
{
    public string? AccessKeyId { get; init; }
    public string? SecretAccessKey { get; init; }
    /// <summary>Third part of temporary credentials.</summary>
    public string? SessionToken { get; init; }
    /// <summary>A Bedrock API key, sent as it is instead of a signature.</summary>
    public string? BearerToken { get; init; }
    /// <summary>Region of the account: <c>us-east-1</c>.</summary>
    public string? Region { get; init; }
    /// <summary>Address of the Bedrock runtime; null: the one of the region.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Reads the variables that Amazon's own tools read.</summary>
    /// <param name="read">Gives a variable's value, or null when it is not set.</param>
    public static AwsOptions Read(Func<string, string?> read) => new()
    {
        AccessKeyId = read("AWS_ACCESS_KEY_ID"),
        SecretAccessKey = read("AWS_SECRET_ACCESS_KEY"),
        SessionToken = read("AWS_SESSION_TOKEN"),
        BearerToken = read("AWS_BEARER_TOKEN_BEDROCK"),
        Region = read("AWS_REGION") ?? read("AWS_DEFAULT_REGION"),
        Endpoint = read("AWS_ENDPOINT_URL_BEDROCK_RUNTIME"),
    };

    /// <summary>The options without their secrets.</summary>
    public override string ToString() => $"AwsOptions {{ Region = {Region} }}";

    internal bool HasCredentials => BearerToken is not null || AccessKeyId is not null;
    internal bool IsComplete => Missing is null;

    /// <summary>What is still to be set, in the words of an error; null when nothing is.</summary>
    internal string? Missing =>
        !HasCredentials ? "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_BEARER_TOKEN_BEDROCK, are not set"
        : BearerToken is null && SecretAccessKey is null ? "AWS_SECRET_ACCESS_KEY is not set"
        : Region is null ? "AWS_REGION is not set"
        : !IsRegion(Region) ? $"AWS_REGION is '{Region}', which is no region. Write it like us-east-1"
        : null;

    internal string Address => Endpoint?.TrimEnd('/')
        ?? $"https://bedrock-runtime.{Region}.amazonaws.com{(Region!.StartsWith("cn-", StringComparison.Ordinal) ? ".cn" : "")}";

    /// <summary>A region becomes part of a host name, so nothing else may stand in it.</summary>
    private static bool IsRegion(string region) =>
        region.Length <= 40 && region.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');
}
