using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>
/// Which files of a project were written by an agent whose context was labelled, so that labels survive the way through a file, into
/// another node and into another run. Kept beside the project's files, one line a writing; the last line for a path counts.
/// </summary>
internal static class WrittenFiles
{
    /// <summary>Relative to the working directory.</summary>
    public const string Folder = ".hydra";
    private const string BookName = Folder + "/written-files";
    private static readonly Lock Writing = new();

    /// <summary>Notes that the file is about to be written; what a clean context writes over is clean again.</summary>
    public static void Note(string project, string path, Labels labels)
    {
        var book = Path.Combine(project, BookName);
        lock (Writing)
        {
            if (labels.IsNone && !File.Exists(book)) return;
            Directory.CreateDirectory(Path.GetDirectoryName(book)!);
            File.AppendAllText(book, LineOf(Path.GetRelativePath(project, path), labels) + "\n");
        }
    }

    /// <summary>The labels of a file, or of any file below a folder: names are written by whoever writes files.</summary>
    public static Labels LabelsOf(string project, string path)
    {
        var book = Path.Combine(project, BookName);
        var wanted = Path.GetRelativePath(project, path);
        var last = new Dictionary<string, Labels>(StringComparer.Ordinal);
        lock (Writing)
        {
            if (!File.Exists(book)) return default;
            foreach (var line in File.ReadLines(book))
            {
                var (written, labels) = Read(line);
                if (wanted == "." || written == wanted || written.StartsWith(wanted + Path.DirectorySeparatorChar, StringComparison.Ordinal)) last[written] = labels;
            }
        }
        return last.Values.Aggregate(default(Labels), (all, labels) => all.With(labels));
    }

    private static string LineOf(string path, Labels labels) => Value.Of(ValueMap.Of(
        ("path", path), ("untrusted", labels.IsUntrusted), ("readers", labels.Readers is { } readers ? Value.OfTexts(readers) : Value.Null))).ToJson();

    /// <summary>A line that was cut by a crash says nothing of its file, so it is taken for the worst: nobody knows what it named.</summary>
    private static (string Path, Labels Labels) Read(string line)
    {
        try
        {
            var map = Value.ParseJson(line).AsObject;
            var labels = map["untrusted"].AsBoolean ? Labels.Untrusted : default;
            return (map["path"].AsText, map["readers"] is { IsList: true } readers ? labels.With(Labels.For(readers.Items.Select(reader => reader.AsText))) : labels);
        }
        catch (System.Text.Json.JsonException)
        {
            return (".", Labels.Untrusted);
        }
    }
}
