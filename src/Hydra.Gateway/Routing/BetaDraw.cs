namespace Hydra.Gateway.Routing;

/// <summary>A draw from a Beta distribution: a success ratio as likely as what was counted makes it.</summary>
internal static class BetaDraw
{
    private const int TriesMax = 64;   // one of twenty is rejected: never reached

    /// <param name="a">Successes + 1.</param>
    /// <param name="b">Failures + 1.</param>
    public static double Next(double a, double b, Random random)
    {
        var x = Gamma(a, random);
        return x / (x + Gamma(b, random));
    }

    /// <summary>Marsaglia and Tsang, "A simple method for generating gamma variables" (2000); shape 1 or more.</summary>
    private static double Gamma(double shape, Random random)
    {
        var d = shape - (1.0 / 3);
        var c = 1 / Math.Sqrt(9 * d);
        for (var tries = 0; tries < TriesMax; tries++)
        {
            var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
            var v = Math.Pow(1 + (c * normal), 3);
            if (v > 0 && Math.Log(1 - random.NextDouble()) < (0.5 * normal * normal) + (d * (1 - v + Math.Log(v)))) return d * v;
        }
        return d;
    }
}
