using System.Text;

namespace Hydra.Gateway.Offline;

/// <summary>
/// The token rule of models that have no tokenizer here: a run of ASCII letters and digits counts one token for each 6 characters
/// begun, every other character that is no blank counts one. English text comes out near what common tokenizers say.
/// </summary>
internal static class TokenCount
{
    private const int RunLength = 6;

    public static long Of(string text) => Prefix(text, long.MaxValue).Tokens;

    /// <summary>The longest beginning of a text that has at most so many tokens.</summary>
    public static string Cut(string text, long tokensMax) => text[..Prefix(text, tokensMax).Length];

    private static (long Tokens, int Length) Prefix(string text, long tokensMax)
    {
        long tokens = 0;
        var run = 0;
        for (var i = 0; i < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, i, out var rune)) rune = Rune.ReplacementChar;
            var isRun = rune.IsAscii && Rune.IsLetterOrDigit(rune);
            var adds = isRun ? run % RunLength == 0 : !Rune.IsWhiteSpace(rune);
            if (adds && tokens == tokensMax) return (tokens, i);
            if (adds) tokens++;
            run = isRun ? run + 1 : 0;
            i += rune.Utf16SequenceLength;
        }
        return (tokens, text.Length);
    }
}
