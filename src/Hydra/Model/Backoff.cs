namespace Hydra.Model;

/// <summary>Waits that double: first, twice that, four times that, never above a bound.</summary>
public static class Backoff
{
    /// <param name="times">1 for the first wait.</param>
    public static double Seconds(double first, int times, double max) =>
        Math.Min(first * Math.Pow(2, Math.Clamp(times - 1, 0, 30)), max);

    public static TimeSpan Of(TimeSpan first, int times, TimeSpan max) =>
        TimeSpan.FromSeconds(Seconds(first.TotalSeconds, times, max.TotalSeconds));
}
