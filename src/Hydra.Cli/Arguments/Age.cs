using System.Globalization;

namespace Hydra.Cli;

/// <summary>A length of time as people write it: <c>90s</c>, <c>12h</c>, <c>30d</c>, <c>8w</c>.</summary>
internal static class Age
{
    /// <param name="wanted">What to write instead, as the end of a sentence.</param>
    /// <exception cref="UsageException">The text is no age.</exception>
    public static TimeSpan Parse(string text, string option, string wanted)
    {
        if (text.Length > 1 && int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count <= 36_500)
        {
            switch (text[^1])
            {
                case 's': return TimeSpan.FromSeconds(count);
                case 'm': return TimeSpan.FromMinutes(count);
                case 'h': return TimeSpan.FromHours(count);
                case 'd': return TimeSpan.FromDays(count);
                case 'w': return TimeSpan.FromDays(7L * count);
                default: break;
            }
        }
        throw new UsageException($"{option} is '{text}'; write {wanted}.");
    }
}
