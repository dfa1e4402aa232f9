using System.Text;
using Hydra.Artifacts;
using Hydra.Model;

namespace Hydra.Agents.Tools;

/// <summary>Text files under one folder: read, list or write. Paths that lead outside, links included, are refused.</summary>
internal sealed class FileTool(ToolFacts facts, string type, string root) : ITool
{
    private const int EntriesMax = 1_000;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public ToolFacts Facts => facts;
    public bool Reads => type == "read_file";

    /// <summary>Files outside the working directory are others' work; so is what an agent wrote that had read others' work.</summary>
    public Labels LabelsOf(ToolCall call)
    {
        if (facts.Labels.IsTrusted) return facts.Labels;
        if (TryPlace(call, out var project) is not { } path) return facts.Labels.With(Labels.Untrusted);
        return IsIn(project, path) ? facts.Labels.With(WrittenFiles.LabelsOf(project, path)) : facts.Labels.With(Labels.Untrusted);
    }

    /// <summary>The file that is meant; null where its path cannot be followed.</summary>
    private string? TryPlace(ToolCall call, out string project)
    {
        project = "";
        var written = call.Arguments.AsObject.GetOrNull("path").TextOrNull ?? ".";
        if (written.Contains('\0', StringComparison.Ordinal)) return null;
        try
        {
            project = Real(Path.GetFullPath(call.WorkingDirectory));
            return Real(Path.GetFullPath(Path.Combine(call.WorkingDirectory, root, written)));
        }
        catch (CallFailedException)
        {
            return null;
        }
    }

    public async ValueTask<Value> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        var given = call.Arguments.AsObject;
        var folder = Real(Path.GetFullPath(Path.Combine(call.WorkingDirectory, root)));
        var written = given.GetOrNull("path").TextOrNull ?? ".";
        var path = Inside(folder, written);
        try
        {
            return type switch
            {
                "read_file" => await ReadAsync(folder, path, written, cancellationToken),
                "write_file" => await WriteAsync(folder, path, given["content"].AsText, call, cancellationToken),
                _ => List(folder, path, written),
            };
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new CallFailedException(ErrorCode.ToolFailed, failed is FileNotFoundException or DirectoryNotFoundException ? $"there is no '{written}'" : $"'{written}': {failed.GetType().Name}", failed);
        }
    }

    private async ValueTask<Value> ReadAsync(string folder, string path, string written, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path)) throw new CallFailedException(ErrorCode.BadRequest, $"'{written}' is a folder");
        await using var stream = HeldFolder.OpenRead(folder, path);
        if (!stream.CanSeek) throw new CallFailedException(ErrorCode.BadRequest, $"'{written}' is no ordinary file");
        if (stream.Length > facts.ResultBytesMax) throw new CallFailedException(ErrorCode.BadRequest, $"'{written}' holds {stream.Length} bytes, and at most {facts.ResultBytesMax} can be read");
        var bytes = new byte[stream.Length];
        await stream.ReadExactlyAsync(bytes, cancellationToken);
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException notText)
        {
            throw new CallFailedException(ErrorCode.BadRequest, $"'{written}' is not UTF-8 text", notText);
        }
    }

    /// <summary>Whole or not at all: written beside, then moved.</summary>
    private static async ValueTask<Value> WriteAsync(string folder, string path, string content, ToolCall call, CancellationToken cancellationToken)
    {
        var project = Real(Path.GetFullPath(call.WorkingDirectory));
        if (IsIn(Path.Combine(project, WrittenFiles.Folder), path)) throw new CallFailedException(ErrorCode.PolicyDenied, $"'{WrittenFiles.Folder}' holds the runs and what is known of files: no tool writes there");
        WrittenFiles.Note(project, path, call.Labels);   // before the text is there to be read
        var names = HeldFolder.NamesOf(folder, path);
        using var held = HeldFolder.At(folder, names[..^1], makes: true);
        var beside = Path.Combine(held.Path, $"{names[^1]}.{Guid.NewGuid():N}.part");
        try
        {
            await File.WriteAllTextAsync(beside, content, Strict, cancellationToken);
            File.Move(beside, Path.Combine(held.Path, names[^1]), overwrite: true);
        }
        finally
        {
            File.Delete(beside);
        }
        return ValueMap.Of(("bytes", Encoding.UTF8.GetByteCount(content)));
    }

    private static Value List(string folder, string path, string written)
    {
        if (!Directory.Exists(path)) throw new CallFailedException(ErrorCode.BadRequest, $"there is no folder '{written}'");
        using var held = HeldFolder.At(folder, path == folder ? [] : HeldFolder.NamesOf(folder, path));
        var found = FilesIn(held, path == folder ? "" : Path.GetRelativePath(folder, path).Replace('\\', '/') + "/").Take(EntriesMax + 1).Order(StringComparer.Ordinal).ToList();
        return ValueMap.Of(("files", Value.OfTexts(found.Take(EntriesMax))), ("more", found.Count > EntriesMax));
    }

    private static IEnumerable<string> FilesIn(HeldFolder folder, string lead)
    {
        foreach (var entry in new DirectoryInfo(folder.Path).EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true }))
        {
            if (entry is not DirectoryInfo)
            {
                yield return lead + entry.Name;
                continue;
            }
            using var below = TryInto(folder, entry.Name);
            if (below is null) continue;
            foreach (var file in FilesIn(below, $"{lead}{entry.Name}/")) yield return file;
        }
    }

    /// <summary>Null: it is gone, closed to us, or a link by now.</summary>
    private static HeldFolder? TryInto(HeldFolder folder, string name)
    {
        try
        {
            return folder.Into(name);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException or CallFailedException)
        {
            return null;
        }
    }

    internal static string Inside(string folder, string written, string whose = "the folder that this tool may use")
    {
        if (written.Contains('\0', StringComparison.Ordinal)) throw new CallFailedException(ErrorCode.BadRequest, "a path holds a NUL character");
        var path = Real(Path.GetFullPath(Path.Combine(folder, written)));
        return IsIn(folder, path)
            ? path
            : throw new CallFailedException(ErrorCode.PolicyDenied, $"'{written}' leads outside {whose}");
    }

    internal static bool IsIn(string folder, string path) => path == folder || path.StartsWith(folder.TrimEnd('/') + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>The path with every link on the way resolved, as far as it exists.</summary>
    internal static string Real(string path)
    {
        const int LinksMax = 40;
        const string Unresolved = "a link on the way cannot be resolved";
        try
        {
            for (var links = 0; links < LinksMax; links++)
            {
                if (FirstLink(path) is not var (link, below)) return path;
                var target = new FileInfo(link).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? throw new CallFailedException(ErrorCode.PolicyDenied, Unresolved);
                path = Path.GetFullPath(Path.Combine(target, below));
            }
        }
        catch (Exception closed) when (closed is IOException or UnauthorizedAccessException)
        {
            // It leads in a circle, or is not ours to read.
            throw new CallFailedException(ErrorCode.PolicyDenied, Unresolved, closed);
        }
        throw new CallFailedException(ErrorCode.PolicyDenied, "too many links on the way");
    }

    private static (string Link, string Below)? FirstLink(string path)
    {
        var parts = path.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries);
        var at = Path.GetPathRoot(path)!;
        for (var i = 0; i < parts.Length; i++)
        {
            at = Path.Combine(at, parts[i]);
            if (new FileInfo(at).LinkTarget is not null) return (at, Path.Combine(parts[(i + 1)..]));
        }
        return null;
    }
}
