using System.Globalization;
using Hydra.Model;

namespace Hydra.Parsing.Genesis;

/// <summary>Every element that the model declares a date must hold one; these are the only parts of status and history that are read.</summary>
internal static class GenesisDate
{
    public static bool IsName(string name) => name is "createdAt" or "lastUpdatedAt" or "timestamp";

    public static void Check(GenesisElement element, ProblemList problems)
    {
        if (!element.IsExtension && IsName(element.Name) && !IsDate(element.Text.Trim()))
            problems.Error(ProblemCodes.BadDate, element.At, $"<{element.Name}> is '{ShapeWords.Clip(element.Text.Trim())}', where a date and time is expected. Write it as 2026-01-31T09:30:00Z.");
    }

    private static bool IsDate(string text) => text.Length >= 19 && text[4] == '-' && text[10] == 'T'
        && (DateTime.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.None, out var _) || IsOtherDate(text));

    private static bool IsOtherDate(string text) => DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _);
}
