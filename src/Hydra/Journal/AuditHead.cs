using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Hydra.Model;

namespace Hydra.Journal;

/// <summary>How far a run's journal, or the list of kill-switch uses or policy changes, went at some moment, and the hash of its end.</summary>
/// <param name="Of">A run; <see cref="AuditHead.SwitchName"/>: the kill switch; <see cref="AuditHead.PolicyName"/>: the project's policy.</param>
/// <param name="Count">Number of the last frame, or how many uses or changes.</param>
public sealed record JournalHead(string Of, long Count, string Hash);

/// <summary>
/// A file outside the store that takes down how far each journal went: what is cut off or rebuilt inside the store is found by it. One line a
/// note, each with the hash of the line before, so that a changed line shows too. What happened after the last note is not covered.
/// </summary>
/// <param name="path">Best on another disk or a file system that only lets one append.</param>
public sealed class AuditHead(string path)
{
    public const string SwitchName = "<kill-switch>", PolicyName = "<policy>", RemovedHash = "removed";
    private static readonly Lock Writing = new();

    /// <summary>Notes what is new since the last note.</summary>
    /// <exception cref="StoreException">The file cannot be written.</exception>
    public void Note(IEnumerable<JournalHead> heads, long atMs)
    {
        lock (Writing)
        {
            try
            {
                var (known, last, _) = Read();
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
                using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read);
                foreach (var head in heads.Where(head => known.GetValueOrDefault(head.Of) != head))
                {
                    var line = Value.Of(ValueMap.Of(("at", DateTimeOffset.FromUnixTimeMilliseconds(atMs).ToString("O")), ("of", head.Of), ("count", head.Count), ("hash", head.Hash), ("before", last))).ToJson();
                    file.Write(Encoding.UTF8.GetBytes(line + "\n"));
                    last = HashOf(line);
                }
                file.Flush(flushToDisk: true);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw new StoreException(StoreFault.Other, $"The audit head '{path}' cannot be written: {failed.Message}", failed);
            }
        }
    }

    /// <summary>What the store should hold and does not, and lines of the file that were changed.</summary>
    /// <param name="hashAt">The hash of a run's frame, or of the kill switch's uses, at a count; null: there is none.</param>
    public IReadOnlyList<StoreFinding> Check(Func<string, long, string?> hashAt)
    {
        if (!File.Exists(path)) return [new(null, $"The audit head '{path}' is missing.", "Restore it from a copy, or take it out of HYDRA_AUDIT_HEAD to begin a new one.")];
        var (known, _, broken) = Read();
        var findings = new List<StoreFinding>();
        if (broken is { } line) findings.Add(new(null, $"Line {line} of the audit head '{path}' does not follow the line before it: it was changed, or a line was taken out.", "Compare it with a copy; the lines before it can be trusted."));
        foreach (var head in known.Values.Where(head => head.Hash != RemovedHash))
        {
            var found = hashAt(head.Of, head.Count);
            if (found == head.Hash) continue;
            var what = head.Of switch
            {
                SwitchName => $"use {head.Count} of the kill switch",
                PolicyName => $"change {head.Count} of the policy",
                _ => $"frame {head.Count} of run '{head.Of}'",
            };
            findings.Add(new(RunId.IsValid(head.Of) ? new RunId(head.Of) : null, found is null
                ? $"The audit head knows {what}, and the store does not hold it: it was cut off or removed."
                : $"The audit head knows {what} with the hash {head.Hash[..12]}, and the store holds another, {found[..12]}: it was rebuilt.", "Restore the store from a copy; `hydra gc` notes what it removes."));
        }
        return findings;
    }

    private (Dictionary<string, JournalHead> Known, string Last, int? Broken) Read()
    {
        var known = new Dictionary<string, JournalHead>(StringComparer.Ordinal);
        var (last, broken, number) = ("", default(int?), 0);
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            number++;
            if (!TryRead(line, out var head, out var before) || before != last) broken ??= number;
            if (head is not null) known[head.Of] = head;
            last = HashOf(line);
        }
        return (known, last, broken);
    }

    private static bool TryRead(string line, out JournalHead? head, out string before)
    {
        (head, before) = (null, "");
        try
        {
            var map = Value.ParseJson(line).AsObject;
            before = map.GetOrNull("before").TextOrNull ?? "";
            head = new JournalHead(map["of"].AsText, map["count"].AsInteger, map["hash"].AsText);
            return true;
        }
        catch (Exception broken) when (broken is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return false;
        }
    }

    private static string HashOf(string line) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(line)));
}
