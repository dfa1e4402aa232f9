using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using Hydra.Model;

namespace Hydra.Journal;

/// <summary>A file that is no exported run, or not the one that was written; the message says what does not fit. Nothing was imported.</summary>
public sealed class ArchiveException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>
/// One run as one portable file: JSON lines, packed with gzip. A head, every frame as it lies in the journal with its hash,
/// every artifact the frames refer to, and a foot with the hash of all lines before it.
/// </summary>
public static class RunArchive
{
    public const int Version = 1;
    /// <summary>Most bytes that a file may unpack to: a run's artifacts and frames are held in memory until every hash is checked.</summary>
    public const long UnpackedBytesMax = 1L << 30;
    /// <summary>How a gzip file begins (RFC 1952, 2.3.1).</summary>
    private const int GzipFirst = 0x1f, GzipSecond = 0x8b;

    /// <summary>Writes the file whole or not at all. Throws <see cref="StoreException"/> where the run itself is damaged.</summary>
    /// <returns>How many frames and artifacts it holds.</returns>
    public static (int Frames, int Artifacts) Write(SqliteRunStore store, RunInfo info, string path, string product)
    {
        var counts = (0, 0);
        WholeFile.Write(path, file =>
        {
            using var packed = new GZipStream(file, CompressionLevel.Optimal);
            counts = WriteLines(store, info, packed, product);
        });
        return counts;
    }

    /// <summary>Artifacts first, then all rows in one transaction. Throws <see cref="ArchiveException"/> where the run exists.</summary>
    /// <param name="runId">Another id than the run had; null: its own. A run that exists is never touched.</param>
    public static RunInfo Import(SqliteRunStore store, ArchivedRun archived, RunId? runId)
    {
        var info = archived.Info with { Run = runId ?? archived.Info.Run };
        if (store.Find(info.Run) is not null) throw new ArchiveException($"Run '{info.Run}' exists here already and is not overwritten. Import '{archived.Path}' under another name with --run-id.");
        foreach (var (id, bytes) in archived.Artifacts) store.ImportArtifact(id, bytes);
        store.ImportRun(info, archived.Frames);
        return info;
    }

    private static (int Frames, int Artifacts) WriteLines(SqliteRunStore store, RunInfo info, Stream to, string product)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Line(ValueMap.Of(("hydra_run", Version), ("product", product), ("events", 1), ("info", InfoOf(info))));
        var artifacts = new HashSet<ArtifactId>();
        var frames = 0;
        foreach (var frame in store.ReadRaw(info.Run))
        {
            Line(ValueMap.Of(("seq", frame.Sequence), ("at", frame.AtMs), ("hash", Convert.ToHexStringLower(frame.Hash)), ("body", Encoding.UTF8.GetString(frame.Body))));
            foreach (var happened in EventReader.Read(frame.Body)) artifacts.UnionWith(ArtifactsOf(happened));
            frames++;
        }
        foreach (var id in artifacts) Line(ValueMap.Of(("artifact", id.Hex), ("bytes", Convert.ToBase64String(store.ReadArtifact(id)))));
        to.Write(Encoding.UTF8.GetBytes(Value.Of(ValueMap.Of(("frames", frames), ("artifacts", artifacts.Count), ("sha256", Convert.ToHexStringLower(hash.GetHashAndReset())))).ToJson() + "\n"));
        return (frames, artifacts.Count);

        void Line(ValueMap line)
        {
            var bytes = Encoding.UTF8.GetBytes(Value.Of(line).ToJson() + "\n");
            hash.AppendData(bytes);
            to.Write(bytes);
        }
    }

    /// <summary>Reads everything and checks every hash; nothing is written. Throws <see cref="ArchiveException"/>.</summary>
    public static ArchivedRun Read(string path, long unpackedBytesMax = UnpackedBytesMax)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (file.ReadByte() != GzipFirst || file.ReadByte() != GzipSecond) throw new ArchiveException($"'{path}' is no exported run{(file.Length == 0 ? ": it is empty" : "")}. Make one with `hydra export RUN`.");
            file.Position = 0;
            using var unpacked = new BoundedStream(new GZipStream(file, CompressionMode.Decompress), unpackedBytesMax, () => new ArchiveException($"'{path}' unpacks to more than {unpackedBytesMax:#,0} bytes. Nothing was imported."));
            using var reader = new StreamReader(unpacked, new UTF8Encoding(false, throwOnInvalidBytes: true));
            return ReadLines(reader, path);
        }
        catch (InvalidDataException damaged)
        {
            throw Damaged(path, "it cannot be unpacked", damaged);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new ArchiveException($"'{path}' cannot be read: {failed.Message}", failed);
        }
    }

    private static ArchivedRun ReadLines(StreamReader reader, string path)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        ArchivedRun? archive = null;
        var previous = FrameHash.First;
        var wanted = new HashSet<ArtifactId>();
        var (number, line) = (0, "");
        try
        {
            while (reader.ReadLine() is { } next)
            {
                number++;
                line = next;
                var map = ValueJson.Parse(line).AsObject;
                if (archive is null) archive = new ArchivedRun(path, HeadOf(map, path));
                else if (map.ContainsKey("seq")) archive.Frames.Add(FrameOf(map));
                else if (map.ContainsKey("artifact")) archive.Artifacts.Add(ArtifactOf(map));
                else return Whole(map);
                hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
            }
        }
        catch (Exception wrong) when (LineFaults.Has(wrong))
        {
            throw Damaged(path, $"at line {number} {LineFaults.Words(wrong, line)}", wrong);
        }
        throw Damaged(path, "its end is missing");

        ArchivedRun Whole(ValueMap foot)
        {
            var isWhole = foot["frames"].AsInteger == archive.Frames.Count && foot["artifacts"].AsInteger == archive.Artifacts.Count
                && foot["sha256"].AsText == Convert.ToHexStringLower(hash.GetHashAndReset()) && reader.ReadLine() is null;
            if (!isWhole) throw Damaged(path, "its contents do not match the hash at its end");
            if (wanted.Except(archive.Artifacts.Select(artifact => artifact.Id)).Select(id => id.Hex).FirstOrDefault() is { } gone) throw Damaged(path, $"the artifact {gone} is missing");
            return archive.Frames.Count > 0 ? archive : throw Damaged(path, "it holds no frames");
        }

        RawFrame FrameOf(ValueMap map)
        {
            var frame = new RawFrame(map["seq"].AsInteger, map["at"].AsInteger, Convert.FromHexString(map["hash"].AsText), Encoding.UTF8.GetBytes(map["body"].AsText));
            if (frame.Sequence != archive.Frames.Count || !FrameHash.Of(previous, frame.Sequence, frame.AtMs, frame.Body).AsSpan().SequenceEqual(frame.Hash)) throw Damaged(path, $"the hash chain breaks at frame {archive.Frames.Count}");
            previous = frame.Hash;
            foreach (var happened in EventReader.Read(frame.Body)) wanted.UnionWith(ArtifactsOf(happened));
            return frame;
        }

        (ArtifactId Id, byte[] Bytes) ArtifactOf(ValueMap map)
        {
            var bytes = Convert.FromBase64String(map["bytes"].AsText);
            var id = new ArtifactId(map["artifact"].AsText);
            return Convert.ToHexStringLower(SHA256.HashData(bytes)) == id.Hex ? (id, bytes) : throw Damaged(path, $"the artifact {id.Hex} does not match its hash");
        }
    }

    private static ArchiveException Damaged(string path, string what, Exception? innerException = null) =>
        new($"'{path}' is damaged: {what}. Nothing was imported; export the run again with `hydra export RUN`.", innerException);

    private static RunInfo HeadOf(ValueMap map, string path)
    {
        if (map.GetOrNull("hydra_run") is not { Kind: ValueKind.Integer } version) throw new ArchiveException($"'{path}' is no exported run: its first line does not say so. Make one with `hydra export RUN`.");
        if (version.AsInteger > Version) throw new ArchiveException($"'{path}' was written by a newer Hydra (format {version.AsInteger}, this one knows {Version}). Use that version.");
        var info = map["info"].AsObject;
        if (!RunId.IsValid(info["run"].AsText)) throw Damaged(path, $"'{info["run"].AsText}' is no run id");
        return new RunInfo
        {
            Run = new RunId(info["run"].AsText), Workflow = info["workflow"].AsText, DefinitionHash = info["definition"].AsText,
            Status = WireNames.TryParse<RunStatus>(info["status"].AsText, out var status) ? status : RunStatus.Failed, Reason = info["reason"].AsText,
            StartedAt = DateTimeOffset.FromUnixTimeMilliseconds(info["started_at"].AsInteger), UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(info["updated_at"].AsInteger),
            Cost = new MicroUsd(info["micro_usd"].AsInteger), Tokens = info["tokens"].AsInteger,
            Tags = info["tags"].AsObject.ToDictionary(tag => tag.Key, tag => tag.Value.AsText, StringComparer.Ordinal),
        };
    }

    private static ValueMap InfoOf(RunInfo info) => ValueMap.Of(
        ("run", info.Run.Text), ("workflow", info.Workflow), ("definition", info.DefinitionHash), ("status", WireNames.Of(info.Status)), ("reason", info.Reason),
        ("started_at", info.StartedAt.ToUnixTimeMilliseconds()), ("updated_at", info.UpdatedAt.ToUnixTimeMilliseconds()), ("micro_usd", info.Cost.Amount), ("tokens", info.Tokens),
        ("tags", ValueMap.Of(info.Tags.Select(tag => KeyValuePair.Create(tag.Key, Value.Of(tag.Value))))));

    internal static IEnumerable<ArtifactId> ArtifactsOf(RunEvent happened)
    {
        if (happened is RunEvent.Expanded { Opening: { Proposed.Artifact: { } proposed, Bindings: var bound } })
            return bound?.Artifact is { } beside ? [proposed, beside] : [proposed];
        var reference = happened switch
        {
            RunEvent.RunStarted e => e.Bundle,
            RunEvent.StepIntended e => e.Call.Request,
            RunEvent.StepEnded e => e.Result.Response,
            RunEvent.Ended e => e.Output,
            RunEvent.WaitOpened e => e.Request.Payload,
            RunEvent.Expanded e => e.Opening.Bindings,
            RunEvent.Forked e => e.Definition?.Bundle,
            RunEvent.OutputSet e => e.Output,
            RunEvent.Assumed e => e.Output,
            _ => null,
        };
        return reference?.Artifact is { } artifact ? [artifact] : [];
    }
}

/// <summary>An exported run whose hashes all match.</summary>
public sealed class ArchivedRun
{
    internal ArchivedRun(string path, RunInfo info) => (Path, Info) = (path, info);

    /// <summary>The file it was read from.</summary>
    public string Path { get; }
    public RunInfo Info { get; }
    internal List<RawFrame> Frames { get; } = [];
    internal List<(ArtifactId Id, byte[] Bytes)> Artifacts { get; } = [];
}

/// <summary>A frame as it lies on disk.</summary>
internal sealed record RawFrame(long Sequence, long AtMs, byte[] Hash, byte[] Body);
