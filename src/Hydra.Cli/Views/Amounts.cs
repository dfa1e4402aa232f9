using Hydra.Model;

namespace Hydra.Cli;

/// <summary>Money, time and tokens as people read them.</summary>
internal static class Amounts
{
    public static string Usd(MicroUsd amount) => amount.Amount switch
    {
        0 => "$0",
        < 10_000 => $"${amount.Usd:0.000000}",
        _ => $"${amount.Usd:0.00##}",
    };

    public static string Duration(double milliseconds) => milliseconds switch
    {
        < 1_000 => $"{milliseconds:0} ms",
        < 60_000 => $"{milliseconds / 1_000:0.0} s",
        < 3_600_000 => $"{(int)(milliseconds / 60_000)} min {(int)(milliseconds / 1_000) % 60:00} s",
        _ => $"{(int)(milliseconds / 3_600_000)} h {(int)(milliseconds / 60_000) % 60:00} min",
    };

    public static string Count(long number, string one, string many) => number == 1 ? $"1 {one}" : $"{number:#,0} {many}";
    public static string Tokens(long tokens) => Count(tokens, "token", "tokens");
}
