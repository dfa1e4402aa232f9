using System.Diagnostics;
using Hydra.Execution;
using Hydra.Journal;
using Hydra.Model;
using Hydra.Planning;

namespace Hydra.Bench;

/// <summary>What remembering results for later runs and recording a cassette cost, where the calls take no time at all.</summary>
internal static class Recording
{
    /// <summary>Seconds of one run in each manner.</summary>
    /// <param name="Silent">Nodes that announce no call: nothing of it is journaled.</param>
    /// <param name="Journaled">Every call is an intent and a result in the journal.</param>
    /// <param name="Remembered">And its result is left for later runs to reuse.</param>
    /// <param name="Recorded">And a cassette is written.</param>
    public sealed record Costs(double Silent, double Journaled, double Remembered, double Recorded);

    public static async Task<Costs> MeasureAsync(string folder)
    {
        var workflow = Reuse.Workflow();
        var off = workflow with { Defaults = new NodePolicy { Cache = new CacheSpec(CacheKind.Off) } };
        var type = new FakeModelNode(TimeSpan.Zero);
        using var store = SqliteRunStore.Open(Path.Combine(folder, $"recording-{Guid.NewGuid():N}"), Durability.Full);
        var (silent, _) = await Reuse.RunAsync(store, off, new FakeModelNode(TimeSpan.Zero) { IsSilent = true }, reuse: false);
        var (journaled, _) = await Reuse.RunAsync(store, off, type, reuse: false);
        var (remembered, _) = await Reuse.RunAsync(store, workflow, type, reuse: false);
        var clock = Stopwatch.StartNew();
        var (_, run) = await Reuse.RunAsync(store, workflow, type, reuse: false);
        CassetteFile.Write(CassetteReader.Read(store, run, _ => Planner.Plan(workflow, Reuse.Types(type))), Path.Combine(folder, "bench.cassette"));
        return new Costs(silent, journaled, remembered, clock.Elapsed.TotalSeconds);
    }
}
