using Hydra.Cli.Tests;

[assembly: AssemblyFixture(typeof(Totals))]

namespace Hydra.Cli.Tests;

/// <summary>What all campaigns of this test program together did and found, printed at its end; each test adds what it counted before it asserts.</summary>
public sealed class Totals : IDisposable
{
    private int _kills, _powerCuts, _diskFullRuns, _resumes, _lost, _repeated;

    public void Add(int kills = 0, int powerCuts = 0, int diskFullRuns = 0, int resumes = 0, int lost = 0, int repeated = 0)
    {
        Interlocked.Add(ref _kills, kills);
        Interlocked.Add(ref _powerCuts, powerCuts);
        Interlocked.Add(ref _diskFullRuns, diskFullRuns);
        Interlocked.Add(ref _resumes, resumes);
        Interlocked.Add(ref _lost, lost);
        Interlocked.Add(ref _repeated, repeated);
    }

    public void Dispose()
    {
        if (_kills + _powerCuts + _diskFullRuns == 0) return;
        Console.WriteLine($"TOTAL of real processes: {_kills} kills, {_powerCuts} power cuts and failing disks, {_diskFullRuns} disk-full runs, {_resumes} resumes, {_lost} lost results, {_repeated} repeated non-repeatable effects");
    }
}
