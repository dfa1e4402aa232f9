using System.Text;
using System.Text.RegularExpressions;

namespace Hydra.Gateway.Filters;

/// <summary>
/// Keys and tokens by the form their issuers gave them, so that they can be found: prefixes as published by the issuers and by GitHub's
/// secret scanning. Assignments of random text to a name that says secret are found by their entropy.
/// </summary>
internal static partial class SecretRules
{
    public static PatternDetector Detector { get; } = new(
        new("secrets.private_key", PrivateKey()),
        new("secrets.anthropic_key", AnthropicKey()),
        new("secrets.openai_key", OpenAIKey()),
        new("secrets.aws_key_id", AwsKeyId()),
        new("secrets.github_token", GitHubToken(), HasGitHubChecksum),
        new("secrets.github_token", GitHubFineToken()),
        new("secrets.google_key", GoogleKey()),
        new("secrets.slack_token", SlackToken()),
        new("secrets.stripe_key", StripeKey()),
        new("secrets.jwt", Jwt(), IsJwt),
        new("secrets.hydra_key", HydraKey()),
        new("secrets.url_password", UrlPassword()),
        new("secrets.assignment", Assignment(), IsRandom));

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;
    private const int Ms = 1000;

    /// <summary>From its first line to its last; one that is cut off counts as well.</summary>
    [GeneratedRegex(@"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----(?=[A-Za-z0-9:,\s\\-]{0,100}?[A-Za-z0-9+/=]{40})[A-Za-z0-9+/=\s\\:,-]*?(-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|\z|(?=[^A-Za-z0-9+/=\s\\:,-]))", Options, Ms)]
    private static partial Regex PrivateKey();

    [GeneratedRegex(@"(?<![A-Za-z0-9])sk-ant-[A-Za-z0-9_-]{20,}", Options, Ms)]
    private static partial Regex AnthropicKey();

    [GeneratedRegex(@"(?<![A-Za-z0-9])sk-(?!ant-|hydra-)(proj-|svcacct-|admin-)?(?=[A-Za-z_-]{0,40}[0-9])[A-Za-z0-9_-]{20,}", Options, Ms)]
    private static partial Regex OpenAIKey();

    /// <summary>Base32 behind a prefix of four letters (docs.aws.amazon.com/IAM, "Understanding unique ID prefixes").</summary>
    [GeneratedRegex(@"(?<![A-Za-z0-9])(AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])", Options, Ms)]
    private static partial Regex AwsKeyId();

    [GeneratedRegex(@"(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{36}(?![A-Za-z0-9])", Options, Ms)]
    private static partial Regex GitHubToken();

    [GeneratedRegex(@"(?<![A-Za-z0-9])github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}(?![A-Za-z0-9])", Options, Ms)]
    private static partial Regex GitHubFineToken();

    [GeneratedRegex(@"(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])", Options, Ms)]
    private static partial Regex GoogleKey();

    [GeneratedRegex(@"(?<![A-Za-z0-9])xox[abeoprs]-[A-Za-z0-9-]{20,}", Options, Ms)]
    private static partial Regex SlackToken();

    [GeneratedRegex(@"(?<![A-Za-z0-9])[rs]k_(live|test)_[A-Za-z0-9]{20,}", Options, Ms)]
    private static partial Regex StripeKey();

    [GeneratedRegex(@"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,150}\.eyJ[A-Za-z0-9_.-]{8,}", Options, Ms)]
    private static partial Regex Jwt();

    [GeneratedRegex(@"(?<![A-Za-z0-9])sk-hydra-[A-Za-z0-9_-]{20,}", Options, Ms)]
    private static partial Regex HydraKey();

    [GeneratedRegex(@"(?<=[a-z])://[^\s:/@]{1,60}:(?<value>[^\s:/@]{3,100})@(?=[A-Za-z0-9])", Options, Ms)]
    private static partial Regex UrlPassword();

    [GeneratedRegex(@"(?i)(password|passwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token|token|credential)[A-Za-z0-9_-]{0,20}[""']?\s{0,3}(=|:|:=|=>)\s{0,3}[""']?(?<value>[A-Za-z0-9+/_=.~-]{16,})", Options, Ms)]
    private static partial Regex Assignment();

    /// <summary>The last six characters are the CRC-32 of the rest in base 62 (github.blog, "Behind GitHub's new authentication token formats", 2021).</summary>
    private static bool HasGitHubChecksum(string token)
    {
        const string digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
        var told = 0UL;
        foreach (var digit in token.AsSpan(34)) told = told * 62 + (ulong)digits.IndexOf(digit, StringComparison.Ordinal);
        return told == Bedrock.Crc32.Of(Encoding.ASCII.GetBytes(token[4..34]));
    }

    /// <summary>Its first part is a JSON object that names an algorithm or a type.</summary>
    private static bool IsJwt(string token)
    {
        var head = token[..token.IndexOf('.', StringComparison.Ordinal)].Replace('-', '+').Replace('_', '/');
        try
        {
            var json = Encoding.UTF8.GetString(Convert.FromBase64String(head.PadRight((head.Length + 3) / 4 * 4, '=')));
            return json.StartsWith('{') && (json.Contains("\"alg\"", StringComparison.Ordinal) || json.Contains("\"typ\"", StringComparison.Ordinal));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    /// <summary>At least 3.5 bits a character, with letters and digits: words and paths have less, or lack one of both.</summary>
    private static bool IsRandom(string text)
    {
        const double bitsMin = 3.5;
        if (!text.Any(char.IsAsciiDigit) || !text.Any(char.IsAsciiLetter)) return false;
        var sample = text.Length > 200 ? text[..200] : text;
        var bits = 0.0;
        foreach (var group in sample.GroupBy(letter => letter))
        {
            var share = (double)group.Count() / sample.Length;
            bits -= share * Math.Log2(share);
        }
        return bits >= bitsMin;
    }
}
