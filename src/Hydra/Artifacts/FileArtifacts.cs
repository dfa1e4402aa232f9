using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hydra.Model;

namespace Hydra.Artifacts;

/// <summary>
/// Artifacts as files named by their hash: <c>artifacts/sha256/ab/abcd…</c>. A file is written beside its place, pressed
/// to disk and then renamed, so a name that exists holds the whole content; it is checked again whenever it is read.
/// </summary>
public sealed class FileArtifacts(string folder, bool isDurable) : IArtifactStore
{
    private readonly RecentValues _recent = new();
    /// <summary>Files that this process has written, or has looked at and pressed to disk.</summary>
    private readonly ConcurrentDictionary<ArtifactId, bool> _known = new();

    /// <summary>Folders that this process has pressed into those that hold them.</summary>
    private readonly ConcurrentDictionary<string, bool> _folders = new(StringComparer.Ordinal);

    public ValueRef Keep(Value value, Labels labels = default)
    {
        if (IsSmall(value)) return ValueRef.Of(value, labels);
        var bytes = value.IsText ? Encoding.UTF8.GetBytes(value.AsText) : ValueJson.ToUtf8(value);
        if (bytes.Length <= ValueRef.InlineBytesMax) return ValueRef.Of(value, labels);
        var id = new ArtifactId(Convert.ToHexStringLower(SHA256.HashData(bytes)));
        Write(id, bytes);
        _recent.Add(id, value, bytes.Length);
        return ValueRef.Of(id, bytes.Length, value.IsText, labels);
    }

    public Value Read(ValueRef reference)
    {
        if (reference.Artifact is not { } id) return reference.Inline;
        if (_recent.TryGet(id, out var known)) return known;
        var bytes = ReadBytes(id);
        var value = reference.IsText ? Value.Of(Encoding.UTF8.GetString(bytes)) : ValueJson.Parse(bytes);
        _recent.Add(id, value, bytes.Length);
        return value;
    }

    /// <summary>The bytes under a hash, checked against it. Throws <see cref="StoreException"/> when they are gone or altered.</summary>
    internal byte[] ReadBytes(ArtifactId id)
    {
        var path = PathOf(id);
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            throw new StoreException(StoreFault.Missing, $"The artifact {path} {(gone is FileNotFoundException or DirectoryNotFoundException ? "is missing." : $"cannot be read: {gone.Message}")}", gone) { IsForDoctor = true };
        }
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != id.Hex) throw new StoreException(StoreFault.Corrupt, $"The artifact {path} does not match its hash: it was altered or damaged after it was written.") { IsForDoctor = true };
        return bytes;
    }

    /// <summary>Keeps bytes whose hash the caller has checked.</summary>
    internal void WriteBytes(ArtifactId id, byte[] bytes) => Write(id, bytes);

    /// <summary>Where the bytes lie; the file need not exist.</summary>
    public string PathOf(ArtifactId id) => Path.Combine(folder, "sha256", id.Hex[..2], id.Hex);

    /// <summary>Surely no longer than the limit: most values need no measuring.</summary>
    private static bool IsSmall(Value value)
    {
        var left = ValueRef.InlineBytesMax;
        return value.IsText ? value.AsText.Length <= ValueRef.InlineBytesMax / BytesPerCharMax : Takes(value, ref left);
    }

    /// <summary>At most so many bytes stand for one UTF-16 code unit; as JSON, where control characters are escaped, <see cref="JsonBytesPerCharMax"/>.</summary>
    private const int BytesPerCharMax = 3;
    private const int JsonBytesPerCharMax = 6;
    /// <summary>More than a number, a literal, or the punctuation of a text or a key takes.</summary>
    private const int JsonBytesPerValueMax = 32;

    /// <summary>Takes what a value needs at most as JSON from what is left; false: that may not do.</summary>
    private static bool Takes(Value value, ref int left)
    {
        if ((left -= JsonBytesPerValueMax) < 0) return false;
        switch (value.Kind)
        {
            case ValueKind.Text: return TakesText(value.AsText, ref left);
            case ValueKind.List:
                foreach (var item in value.AsList)
                {
                    if (!Takes(item, ref left)) return false;
                }
                return true;
            case ValueKind.Object:
                foreach (var (key, item) in value.AsObject.Pairs)
                {
                    if (!TakesText(key, ref left) || !Takes(item, ref left)) return false;
                }
                return true;
            default: return true;
        }
    }

    private static bool TakesText(string text, ref int left) => text.Length <= left / JsonBytesPerCharMax && (left -= text.Length * JsonBytesPerCharMax) >= 0;

    /// <summary>Every artifact file, whatever refers to it; what is half written or being removed is left out.</summary>
    public IEnumerable<string> Files()
    {
        var root = Path.Combine(folder, "sha256");
        if (!Directory.Exists(root)) return [];
        return Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Where(file => Path.GetFileName(file).Length == 64);
    }

    /// <summary>
    /// Removes a file that nothing refers to and that nobody has kept anew since <paramref name="before"/>. It is moved aside
    /// first: whoever keeps the same value meanwhile either makes it young again or writes it anew. True: it is gone.
    /// </summary>
    public bool Remove(string file, DateTime before)
    {
        if (!file.StartsWith(folder, StringComparison.Ordinal)) throw new ArgumentException($"{file} is no artifact of {folder}.", nameof(file));
        var aside = file + ".gone";
        if (File.GetLastWriteTimeUtc(file) >= before) return false;
        File.Move(file, aside, overwrite: true);
        if (File.GetLastWriteTimeUtc(aside) < before)
        {
            File.Delete(aside);
            return true;
        }
        File.Move(aside, file, overwrite: true);
        return false;
    }

    /// <summary>The file is there, and young again: nothing that looks for old ones takes it away before a frame refers to it.</summary>
    private static bool IsKept(string path)
    {
        if (!File.Exists(path)) return false;
        try
        {
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            return true;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (Exception denied) when (denied is IOException or UnauthorizedAccessException)
        {
            return true;   // a store that may only be read: nobody removes anything there
        }
    }

    /// <summary>A file that somebody else wrote may not be on disk yet: a process killed before its fsync, or one that goes without.</summary>
    private void Press(ArtifactId id, string path)
    {
        if (_known.ContainsKey(id)) return;
        if (isDurable)
        {
            DiskSync.Entry(path);
            for (var parent = Path.GetDirectoryName(path)!; parent.Length >= folder.Length; parent = Path.GetDirectoryName(parent)!) DiskSync.Entry(parent);
            DiskSync.Entry(Path.GetDirectoryName(folder)!);
        }
        _known[id] = true;
    }

    /// <summary>A folder that is there may not be on disk yet either: whoever made it may have been killed, or refused, before it was pressed.</summary>
    private void MakeFolder(string path)
    {
        if (_folders.ContainsKey(path)) return;
        DiskSync.MakeFolder(path);
        if (isDurable)
        {
            var parent = Path.GetDirectoryName(path)!;
            if (parent.Length >= folder.Length) MakeFolder(parent);
            DiskSync.Entry(parent);
        }
        _folders[path] = true;
    }

    /// <summary>What an earlier process left may have been damaged since, when nothing referred to it yet: it is looked at before a frame does.</summary>
    private bool IsWhole(ArtifactId id, string path, byte[] bytes)
    {
        if (_known.ContainsKey(id)) return true;
        try
        {
            return File.ReadAllBytes(path).AsSpan().SequenceEqual(bytes);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private void Write(ArtifactId id, byte[] bytes)
    {
        var path = PathOf(id);
        var beside = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():N}.part";
        try
        {
            if (IsKept(path) && IsWhole(id, path, bytes))
            {
                Press(id, path);
                return;
            }
            var parent = Path.GetDirectoryName(path)!;
            MakeFolder(parent);
            using (var file = new FileStream(beside, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(bytes);
                if (isDurable) DiskSync.Content(file);
            }
            File.Move(beside, path, overwrite: true);
            if (isDurable) DiskSync.Entry(parent);
            _known[id] = true;
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(beside)) File.Delete(beside);
            throw StoreFaults.Explain(failed, folder);
        }
    }
}

/// <summary>The values last read or written, at most 64 MiB of their serialised size.</summary>
internal sealed class RecentValues
{
    private const long BytesMax = 64L << 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<ArtifactId, (Value Value, long Bytes)> _values = [];
    private readonly Queue<ArtifactId> _order = new();
    private long _bytes;

    public bool TryGet(ArtifactId id, out Value value)
    {
        lock (_lock)
        {
            var found = _values.TryGetValue(id, out var entry);
            value = entry.Value;
            return found;
        }
    }

    public void Add(ArtifactId id, Value value, long bytes)
    {
        if (bytes > BytesMax / 4) return;
        lock (_lock)
        {
            if (!_values.TryAdd(id, (value, bytes))) return;
            _order.Enqueue(id);
            _bytes += bytes;
            while (_bytes > BytesMax && _order.TryDequeue(out var oldest))
            {
                _bytes -= _values[oldest].Bytes;
                _values.Remove(oldest);
            }
        }
    }
}

/// <summary>Artifacts of a run that keeps nothing: every value stays where it is.</summary>
public sealed class MemoryArtifacts : IArtifactStore
{
    public ValueRef Keep(Value value, Labels labels = default) => ValueRef.Of(value, labels);
    public Value Read(ValueRef reference) => reference.Inline;
}
