using Hydra.Model;

namespace Hydra.Journal;

/// <summary>
/// Where a frame stands in the table <c>frames</c>: the number of its run's row in the upper 32 bits of <c>id</c>, its own in the lower ones. One
/// integer as key lets SQLite append to the last page; a key of two columns made it fill pages by halves and take overflow pages sooner.
/// </summary>
internal static class FrameKey
{
    /// <summary>The highest number of a frame.</summary>
    public const long SequenceMax = uint.MaxValue;

    /// <summary>SQL for the first key of a run whose row number <paramref name="run"/> gives.</summary>
    public static string From(string run, string sequence = "0") => $"(({run})<<32 | {sequence})";

    /// <summary>SQL for the last key that a run can have.</summary>
    public static string Last(string run) => From(run, $"{SequenceMax}");

    /// <exception cref="StoreException">No frame can stand there.</exception>
    public static long Of(long run, long sequence) => run is >= 0 and <= int.MaxValue && sequence is >= 0 and <= SequenceMax ? (run << 32) | sequence
        : throw new StoreException(StoreFault.Corrupt, $"A store holds no frame {sequence} of a run in row {run}: that row is damaged.") { IsForDoctor = true };
}
