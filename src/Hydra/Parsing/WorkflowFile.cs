using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Reads a file's bytes, at most <see cref="YamlReader.BytesMax"/> of them.</summary>
internal static class WorkflowFile
{
    public static bool TryRead(string path, ProblemList problems, out byte[] bytes)
    {
        bytes = [];
        try
        {
            if (Directory.Exists(path))
            {
                problems.Error(ProblemCodes.FileUnreadable, SourcePosition.None, $"'{path}' is a folder. Name the workflow file in it.");
                return false;
            }
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16);
            if (stream.CanSeek && stream.Length > YamlReader.BytesMax)
            {
                YamlReader.TooLarge(stream.Length, problems);
                return false;
            }
            using var buffer = new MemoryStream();
            var chunk = new byte[1 << 16];
            int count;
            while ((count = stream.Read(chunk)) > 0)
            {
                buffer.Write(chunk, 0, count);
                if (buffer.Length <= YamlReader.BytesMax) continue;
                YamlReader.TooLarge(buffer.Length, problems);
                return false;
            }
            bytes = buffer.ToArray();
            KnownKeys.Check(bytes, problems);
            return true;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            var why = failure is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : $"cannot be read: {failure.Message.TrimEnd('.')}";
            problems.Error(ProblemCodes.FileUnreadable, SourcePosition.None, $"the file '{path}' {why}. Check the path.");
            return false;
        }
    }
}
