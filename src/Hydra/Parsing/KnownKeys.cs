using System.Text;
using System.Text.RegularExpressions;
using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>
/// Warns of keys and tokens that a file holds itself, by the forms their issuers gave them, wherever they stand in it, comments too. Files are copied,
/// shown and kept under version control; the warning never repeats what was found. A secret that looks like an ordinary word is not recognised.
/// </summary>
internal static partial class KnownKeys
{
    /// <summary>Most warnings of one file.</summary>
    private const int CountMax = 20;

    private static readonly (string Lead, string What)[] Known =
    [
        ("sk-", "an API key (sk-…)"), ("AKIA", "an AWS access key (AKIA…)"), ("ASIA", "an AWS access key (ASIA…)"), ("ghp_", "a GitHub token (ghp_…)"), ("gho_", "a GitHub token (gho_…)"),
        ("ghu_", "a GitHub token (ghu_…)"), ("ghs_", "a GitHub token (ghs_…)"), ("ghr_", "a GitHub token (ghr_…)"), ("github_pat_", "a GitHub token (github_pat_…)"), ("glpat-", "a GitLab token (glpat-…)"),
        ("xox", "a Slack token (xox…)"), ("AIza", "a Google key (AIza…)"), ("sk_live_", "a Stripe key (sk_live_…)"), ("rk_live_", "a Stripe key (rk_live_…)"), ("-----BEGIN", "a private key"),
    ];

    public static void Check(ReadOnlySpan<byte> utf8, ProblemList problems)
    {
        if (!MayHold(utf8)) return;   // nearly every file: nothing is decoded and no expression is built
        var text = Encoding.UTF8.GetString(utf8.StartsWith(Encoding.UTF8.Preamble) ? utf8[Encoding.UTF8.Preamble.Length..] : utf8);
        var found = 0;
        foreach (var match in Shape().EnumerateMatches(text))
        {
            if (found++ == CountMax) return;
            var at = match.Index;
            var what = Known.First(known => text.AsSpan(at).StartsWith(known.Lead, StringComparison.Ordinal)).What;
            var before = text.AsSpan(0, at);
            problems.Warning(ProblemCodes.KeyInFile, new(before.Count('\n') + 1, at - before.LastIndexOf('\n')), $"what stands here looks like {what}, and whoever sees the file has it. Put it into an environment variable or a file, refer to it (env:NAME, file:PATH, or {{{{ env.NAME }}}} with `allow_env`), and withdraw this one.");
        }
    }

    private static bool MayHold(ReadOnlySpan<byte> utf8)
    {
        Span<byte> lead = stackalloc byte[16];
        foreach (var (known, _) in Known)
        {
            if (utf8.IndexOf(lead[..Encoding.UTF8.GetBytes(known, lead)]) >= 0) return true;
        }
        return false;
    }

    /// <summary>As published by the issuers and by GitHub's secret scanning; a name in kebab case (<c>sk-learn-step-2</c>) has no long part with a digit in it.</summary>
    [GeneratedRegex(@"(?<![A-Za-z0-9])(sk-(?=([A-Za-z0-9]{0,64}[_-]){0,12}?(?=[A-Za-z0-9]{12})[A-Za-z]{0,64}[0-9])[A-Za-z0-9_-]{20,}|(AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])|gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,}|glpat-[A-Za-z0-9_-]{20,}|xox[abeoprs]-(?=[A-Za-z-]{0,20}[0-9])[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{35}|[rs]k_live_[A-Za-z0-9]{20,})|-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Shape();
}
