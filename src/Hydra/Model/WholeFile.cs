namespace Hydra.Model;

/// <summary>Files for people that are written whole or not at all: beside their place, then renamed over what is there.</summary>
public static class WholeFile
{
    /// <summary>Writes a file, making its folder where that is missing. Throws <see cref="StoreException"/>; nothing is left then.</summary>
    public static void Write(string path, Action<FileStream> write)
    {
        var beside = $"{path}.{Guid.NewGuid():N}.part";
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
            using (var file = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None)) write(file);
            File.Move(beside, path, overwrite: true);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw StoreFaults.Explain(failed, path, "Name another file");
        }
        finally
        {
            if (File.Exists(beside)) File.Delete(beside);
        }
    }

    public static void Write(string path, string text) => Write(path, file =>
    {
        using var writer = new StreamWriter(file);
        writer.Write(text);
    });

    /// <summary>Finds out, before there is anything to write, whether it could be written. Throws <see cref="StoreException"/>.</summary>
    public static void Try(string path)
    {
        var beside = $"{path}.{Guid.NewGuid():N}.part";
        try
        {
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder) Directory.CreateDirectory(folder);
            using var file = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw StoreFaults.Explain(failed, path, "Name another file");
        }
    }
}
