using System.Collections.Frozen;
using System.Globalization;

namespace Hydra.Schemas;

/// <summary>The formats of validation §7.3 that can be asserted, each with an example that a message may show.</summary>
internal static class Formats
{
    private static readonly FrozenDictionary<string, (Func<string, bool> IsValid, string Example)> Known =
        new Dictionary<string, (Func<string, bool>, string)>(StringComparer.Ordinal)
        {
            ["date-time"] = (IsDateTime, "2000-01-31T09:30:00Z"),
            ["date"] = (text => IsDate(text), "2000-01-31"),
            ["time"] = (text => IsTime(text), "09:30:00Z"),
            ["duration"] = (IsDuration, "PT1H30M"),
            ["email"] = (text => NetFormats.IsEmail(text, isInternational: false), "a@example.com"),
            ["idn-email"] = (text => NetFormats.IsEmail(text, isInternational: true), "a@example.com"),
            ["hostname"] = (text => NetFormats.IsHostname(text), "example.com"),
            ["ipv4"] = (text => NetFormats.IsIpv4(text), "192.0.2.1"),
            ["ipv6"] = (text => NetFormats.IsIpv6(text), "2001:db8::1"),
            ["uri"] = (text => NetFormats.IsUri(text, isAbsolute: true, isInternational: false), "https://example.com/"),
            ["uri-reference"] = (text => NetFormats.IsUri(text, isAbsolute: false, isInternational: false), "/a"),
            ["iri"] = (text => NetFormats.IsUri(text, isAbsolute: true, isInternational: true), "https://example.com/"),
            ["iri-reference"] = (text => NetFormats.IsUri(text, isAbsolute: false, isInternational: true), "/a"),
            ["uri-template"] = (NetFormats.IsUriTemplate, "https://example.com/{id}"),
            ["uuid"] = (IsUuid, "00000000-0000-4000-8000-000000000000"),
            ["regex"] = (IsRegex, "^[a-z]+$"),
            ["json-pointer"] = (IsJsonPointer, "/a/0"),
            ["relative-json-pointer"] = (IsRelativeJsonPointer, "1/a"),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    public static (Func<string, bool> IsValid, string Example)? Find(string format) =>
        Known.TryGetValue(format, out var known) ? known : null;

    private static bool IsDateTime(string text) =>
        text.Length > 11 && text[10] is 'T' or 't' && IsDate(text.AsSpan(0, 10)) && IsTime(text.AsSpan(11));

    /// <summary>full-date of RFC 3339 §5.6.</summary>
    private static bool IsDate(ReadOnlySpan<char> text) =>
        text.Length == 10 && text[4] == '-' && text[7] == '-'
        && Digits(text[..4], out var year) && Digits(text[5..7], out var month) && Digits(text[8..], out var day)
        && month is >= 1 and <= 12 && day >= 1 && day <= (year == 0 && month == 2 ? 29 : DateTime.DaysInMonth(Math.Max(year, 1), month));

    /// <summary>full-time of RFC 3339 §5.6; a leap second only at the end of a day in UTC.</summary>
    private static bool IsTime(ReadOnlySpan<char> text)
    {
        if (text.Length < 9 || text[2] != ':' || text[5] != ':') return false;
        if (!Digits(text[..2], out var hour) || !Digits(text[3..5], out var minute) || !Digits(text[6..8], out var second)) return false;
        if (hour > 23 || minute > 59 || second > 60) return false;
        var rest = text[8..];
        if (rest[0] == '.')
        {
            var digits = 1;
            while (digits < rest.Length && char.IsAsciiDigit(rest[digits])) digits++;
            if (digits == 1) return false;
            rest = rest[digits..];
        }
        var offset = 0;
        if (rest.Length != 1 || rest[0] is not ('Z' or 'z'))
        {
            if (rest.Length != 6 || rest[0] is not ('+' or '-') || rest[3] != ':') return false;
            if (!Digits(rest[1..3], out var hours) || !Digits(rest[4..], out var minutes) || hours > 23 || minutes > 59) return false;
            offset = (hours * 60 + minutes) * (rest[0] == '+' ? 1 : -1);
        }
        return second < 60 || (hour * 60 + minute - offset + 2880) % 1440 == 1439;
    }

    /// <summary>duration of RFC 3339 appendix A: units in order, none left out between two that stand; weeks alone.</summary>
    private static bool IsDuration(string text)
    {
        if (text.Length < 3 || text[0] != 'P') return false;
        if (text[^1] == 'W') return text.AsSpan(1, text.Length - 2).IndexOfAnyExceptInRange('0', '9') < 0;
        var split = text.IndexOf('T', StringComparison.Ordinal);
        var (date, time) = split < 0 ? (text[1..], null) : (text[1..split], text[(split + 1)..]);
        return (date.Length == 0 ? time is not null : AreUnits(date, "YMD")) && (time is null || AreUnits(time, "HMS"));
    }

    private static bool AreUnits(string text, string units)
    {
        int last = -1, digits = 0;
        foreach (var letter in text)
        {
            if (char.IsAsciiDigit(letter)) { digits++; continue; }
            var unit = units.IndexOf(letter, StringComparison.Ordinal);
            if (digits == 0 || unit < 0 || (last >= 0 && unit != last + 1)) return false;
            (last, digits) = (unit, 0);
        }
        return last >= 0 && digits == 0;
    }

    private static bool IsUuid(string text)
    {
        if (text.Length != 36) return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (i is 8 or 13 or 18 or 23 ? text[i] != '-' : !char.IsAsciiHexDigit(text[i])) return false;
        }
        return true;
    }

    private static bool IsRegex(string text)
    {
        try
        {
            EcmaRegex.Parse(text, TimeSpan.FromSeconds(1));
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static bool IsJsonPointer(string text)
    {
        if (text.Length > 0 && text[0] != '/') return false;
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '~' && (i + 1 == text.Length || text[i + 1] is not ('0' or '1'))) return false;
        }
        return true;
    }

    private static bool IsRelativeJsonPointer(string text)
    {
        var digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits])) digits++;
        if (digits == 0 || (digits > 1 && text[0] == '0')) return false;
        return text[digits..] == "#" || IsJsonPointer(text[digits..]);
    }

    private static bool Digits(ReadOnlySpan<char> text, out int number) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
}
