namespace Hydra.Gateway.Tests;

/// <summary>Simulations over seeds: <c>HYDRA_SIM_SEEDS</c> says how many (2,000 by default); a failure names its seed.</summary>
internal static class Seeds
{
    public static readonly int Count = int.TryParse(Environment.GetEnvironmentVariable("HYDRA_SIM_SEEDS"), out var count) ? count : 2_000;

    public static void Each(Action<int, Random> play, int? count = null)
    {
        for (var seed = 1; seed <= (count ?? Count); seed++)
        {
            try
            {
                play(seed, new Random(seed));
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"seed {seed}: {error.Message}", error);
            }
        }
    }

    public static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
