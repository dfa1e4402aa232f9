using System.Text.RegularExpressions;

namespace Hydra.Gateway.Filters;

/// <summary>Data of people that can be told from other text by its form or, better, by its checksum. Names and addresses cannot.</summary>
internal static partial class PersonalDataRules
{
    public static PatternDetector Detector { get; } = new(
        new("personal_data.email", Email()),
        new("personal_data.phone", Phone(), IsPhone),
        new("personal_data.iban", Iban(), IsIban),
        new("personal_data.credit_card", Card(), IsCard),
        new("personal_data.national_id", GermanTaxId(), IsGermanTaxId),
        new("personal_data.national_id", SpanishId(), IsSpanishId));

    private const RegexOptions Options = RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture;
    private const int Ms = 1000;

    [GeneratedRegex(@"(?<![A-Za-z0-9._%+-])[A-Za-z0-9](?>[A-Za-z0-9._%+-]{0,63})@([A-Za-z0-9]([A-Za-z0-9-]{0,40}[A-Za-z0-9])?\.){1,4}[A-Za-z]{2,24}(?![A-Za-z0-9])", Options, Ms)]
    private static partial Regex Email();

    /// <summary>E.164 with its plus: without it, any number could be one.</summary>
    [GeneratedRegex(@"(?<![A-Za-z0-9+])\+[1-9]([ ().\-/]{0,2}[0-9]){7,14}(?![0-9])", Options, Ms)]
    private static partial Regex Phone();

    [GeneratedRegex(@"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])", Options, Ms)]
    private static partial Regex Iban();

    [GeneratedRegex(@"(?<![A-Za-z0-9])[2-6]([ -]?[0-9]){12,18}(?![A-Za-z0-9])", Options, Ms)]
    private static partial Regex Card();

    [GeneratedRegex(@"(?<![A-Za-z0-9])[1-9]([ ]?[0-9]){10}(?![A-Za-z0-9])", Options, Ms)]
    private static partial Regex GermanTaxId();

    [GeneratedRegex(@"(?<![A-Za-z0-9])[0-9XYZ][0-9]{7}-?[A-Z](?![A-Za-z0-9])", Options, Ms)]
    private static partial Regex SpanishId();

    /// <summary>8 to 15 digits (ITU-T E.164).</summary>
    private static bool IsPhone(string text) => text.Count(char.IsAsciiDigit) is >= 8 and <= 15;

    /// <summary>ISO 13616: the first four characters at the end, letters as numbers from 10, rest 1 by 97.</summary>
    private static bool IsIban(string text)
    {
        var plain = text.Replace(" ", "", StringComparison.Ordinal);
        if (plain.Length is < 15 or > 34) return false;
        var rest = 0;
        foreach (var letter in plain[4..] + plain[..4])
        {
            var value = char.IsAsciiDigit(letter) ? letter - '0' : letter - 'A' + 10;
            rest = (rest * (value < 10 ? 10 : 100) + value) % 97;
        }
        return rest == 1;
    }

    /// <summary>13 to 19 digits with Luhn's checksum (ISO/IEC 7812), and not one digit only.</summary>
    private static bool IsCard(string text)
    {
        var digits = Digits(text);
        if (digits.Length is < 13 or > 19 || digits.Distinct().Count() == 1) return false;
        var sum = 0;
        for (var i = 0; i < digits.Length; i++)
        {
            var digit = digits[^(i + 1)];
            sum += i % 2 == 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit;
        }
        return sum % 10 == 0;
    }

    /// <summary>Eleven digits, one of the first ten of them twice or three times, and the check digit of ISO 7064 MOD 11,10.</summary>
    private static bool IsGermanTaxId(string text)
    {
        var digits = Digits(text);
        if (digits.Length != 11 || digits.Take(10).Distinct().Count() is not (8 or 9)) return false;
        var product = 10;
        foreach (var digit in digits.Take(10))
        {
            var sum = (digit + product) % 10;
            product = (sum == 0 ? 10 : sum) * 2 % 11;
        }
        return (11 - product) % 10 == digits[10];
    }

    /// <summary>DNI and NIE: the letter is that of the number modulo 23.</summary>
    private static bool IsSpanishId(string text)
    {
        const string letters = "TRWAGMYFPDXBNJZSQVHLCKE";
        var number = (text[0] switch { 'X' => "0", 'Y' => "1", 'Z' => "2", var digit => $"{digit}" }) + text[1..8];
        return letters[int.Parse(number) % 23] == text[^1];
    }

    private static int[] Digits(string text) => [.. text.Where(char.IsAsciiDigit).Select(digit => digit - '0')];
}
