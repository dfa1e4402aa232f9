namespace Hydra.Model;

/// <summary>Turns what the operating system says into words an operator can act on.</summary>
public static class StoreFaults
{
    private const int DiskFull = 28;       // ENOSPC
    private const int QuotaExceeded = 122; // EDQUOT
    private const int ReadOnlyDisk = 30;   // EROFS

    /// <param name="otherwise">How to use another place, as the beginning of a sentence.</param>
    public static StoreException Explain(Exception failed, string place, string otherwise = "Choose another folder with --runs-dir")
    {
        var code = failed.HResult & 0xFFFF;
        return failed switch
        {
            _ when code is DiskFull or QuotaExceeded => Full(place, failed),
            _ when code == ReadOnlyDisk => new(StoreFault.ReadOnly, $"{place} is on a read-only file system. {otherwise}.", failed),
            UnauthorizedAccessException => new(StoreFault.ReadOnly, $"{place} cannot be written: {failed.Message} {otherwise}, or change its rights.", failed),
            _ => new(StoreFault.Other, $"{place}: {failed.Message}", failed),
        };
    }

    public static StoreException Full(string place, Exception failed) =>
        new(StoreFault.Full, $"The disk that holds {place} is full. Free some space and {StoreException.TryAgain}; nothing acknowledged is lost.", failed);
}
