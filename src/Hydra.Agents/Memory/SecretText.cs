using System.Text.RegularExpressions;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Templates;

namespace Hydra.Agents.Memory;

/// <summary>
/// Takes secrets out of a text before it is kept: values of variables and assignments whose names say so (the words that keep headers and
/// environment out of the log), and keys and tokens by their well-known forms. A secret of a form of its own is not recognised.
/// </summary>
internal static partial class SecretText
{
    private const string Gone = "(secret)";
    /// <summary>A shorter value of a variable would take innocent words out.</summary>
    private const int ValueCharsMin = 6;

    /// <param name="scope">Where the run's variables are found (<c>env</c>).</param>
    public static string Redacted(string text, ITemplateScope scope)
    {
        if (scope.TryGet("env", out var env) && env.IsObject)
        {
            foreach (var (name, value) in env.AsObject)
                if (value.TextOrNull is { Length: >= ValueCharsMin } secret && SecretNames.IsSecret(name)) text = text.Replace(secret, Gone, StringComparison.Ordinal);
        }
        text = KnownForm().Replace(text, Gone);
        return Assigned().Replace(text, match => SecretNames.IsSecret(match.Groups["name"].Value) ? match.Groups["name"].Value + match.Groups["sign"].Value + Gone : match.Value);
    }

    [GeneratedRegex("""-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)|\b(?:sk|pk|rk)[-_][A-Za-z0-9_-]{16,}|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bAKIA[0-9A-Z]{16}\b|\bAIza[A-Za-z0-9_-]{30,}|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*|(?<=\bBearer )[A-Za-z0-9._~+/=-]{8,}|(?<=://[^\s/:@]{1,200}:)[^\s/@]+(?=@)""",
        RegexOptions.CultureInvariant | RegexOptions.Singleline | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex KnownForm();

    [GeneratedRegex("""(?<name>[A-Za-z][A-Za-z0-9_.-]{0,100})(?<sign>"?\s*(?:[:=]|\bis\b)\s*"?)(?<value>[^\s",;]+)""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Assigned();
}
