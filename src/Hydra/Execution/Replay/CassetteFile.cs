using System.Buffers;
using System.Text.Json;
using Hydra.Model;

namespace Hydra.Execution;

/// <summary>A file that is no cassette, or a damaged one; the message says where and what to do.</summary>
public sealed class CassetteFileException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>
/// A cassette as a portable file: JSON lines, a head and then one line a call. What secret nodes asked and were answered
/// is left out; keys of providers are in no journal, so they are in no cassette.
/// </summary>
public static class CassetteFile
{
    public const int Version = 1;
    private const int WriteBufferBytes = 64 * 1024;
    /// <summary>A line seldom needs more room than is left then.</summary>
    private const int WriteBytesMin = 48 * 1024;
    private const int LineLengthMax = 64 * 1024 * 1024;

    private static ReadOnlySpan<byte> Beginning => "{\"cassette\":"u8;

    /// <summary>Whether a recording may take the file's place: it is a cassette, or empty, or not there.</summary>
    public static bool MayReplace(string path)
    {
        if (!Path.Exists(path)) return true;
        try
        {
            using var file = File.OpenRead(path);
            Span<byte> first = stackalloc byte[Beginning.Length];
            var count = file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
            return count == 0 || first[..count].SequenceEqual(Beginning);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return false;   // a folder, or nothing of ours
        }
    }

    /// <summary>Writes the file whole or not at all. Throws <see cref="StoreException"/>.</summary>
    public static void Write(Cassette cassette, string path) => WholeFile.Write(path, file =>
    {
        var buffer = new ArrayBufferWriter<byte>(WriteBufferBytes);
        using var json = new Utf8JsonWriter(buffer, ValueJson.Compact);
        WriteLine(HeadLine(cassette));
        foreach (var call in cassette.Calls)
        {
            if (call.Line.IsEmpty) WriteCall(json, call);
            else buffer.Write(call.Line.Span);
            EndLine();
        }
        foreach (var decision in cassette.Decisions) WriteLine(CassetteDecisions.Line(decision));
        foreach (var (at, times) in cassette.Waits) WriteLine(ValueMap.Of(("wait", at), ("until_ms", Value.Of(times.Select(time => Value.Of(time))))));
        file.Write(buffer.WrittenSpan);

        void WriteLine(ValueMap line)
        {
            ValueJson.Write(json, Value.Of(line));
            EndLine();
        }

        void EndLine()
        {
            json.Flush();
            json.Reset();
            buffer.Write("\n"u8);
            if (buffer.WrittenCount < WriteBytesMin) return;
            file.Write(buffer.WrittenSpan);
            buffer.ResetWrittenCount();
        }
    });

    /// <summary>A call as the file holds it, without the line's end.</summary>
    internal static byte[] LineOf(RecordedCall call) => JsonScratch.Write(call, WriteCall, static written => written.ToArray());

    public static Cassette Read(string path, MissingCall missing)
    {
        CassetteHead? head = null;
        var calls = new List<RecordedCall>();
        var waits = new List<KeyValuePair<string, IReadOnlyList<long>>>();
        var decisions = new List<RecordedDecision>();
        var (number, line) = (0, "");
        try
        {
            foreach (var next in File.ReadLines(path))
            {
                number++;
                line = next;
                if (line.Length == 0) continue;
                if (line.Length > LineLengthMax) throw new CassetteFileException($"The cassette '{path}' is damaged: line {number} is longer than {LineLengthMax >> 20} MiB.");
                var map = ValueJson.Parse(line).AsObject;
                if (head is null) head = ReadHead(map, path);
                else if (map.TryGetValue("wait", out var at)) waits.Add(new(at.AsText, [.. map["until_ms"].Items.Select(time => time.AsInteger)]));
                else if (map.ContainsKey("decided")) decisions.Add(CassetteDecisions.Read(map));
                else calls.Add(ReadCall(map));
            }
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new CassetteFileException($"The cassette '{path}' cannot be read: {failed.Message}", failed);
        }
        catch (Exception wrong) when (LineFaults.Has(wrong))
        {
            var meant = head is null ? "a cassette begins with a line that says what was run" : "each line behind the first is a call, a decision or a wait, as one JSON object";
            throw new CassetteFileException($"The cassette '{path}' is damaged at line {number}: {LineFaults.Words(wrong, line)}; {meant}. Record it again with --record.", wrong);
        }
        if (head is null) throw new CassetteFileException($"The cassette '{path}' is empty. Record one with `hydra run FILE --record {path}`.");
        return new Cassette(head, calls, waits, decisions) { Missing = missing };
    }

    private static ValueMap HeadLine(Cassette cassette) => ValueMap.Of(
        ("cassette", Version), ("run", cassette.Head.Run.Text), ("workflow", cassette.Head.Workflow), ("definition", cassette.Head.DefinitionHash),
        ("now", cassette.Head.Now), ("inputs", cassette.Head.Inputs), ("options", cassette.Head.Options));

    private static CassetteHead ReadHead(ValueMap map, string path)
    {
        if (map.GetOrNull("cassette") is not { Kind: ValueKind.Integer } version)
            throw new CassetteFileException($"'{path}' is no cassette: its first line does not say so. Record one with `hydra run FILE --record {path}`.");
        if (version.AsInteger > Version) throw new CassetteFileException($"The cassette '{path}' was written by a newer Hydra (format {version.AsInteger}, this one knows {Version}). Use that version, or record it again.");
        var run = map["run"].AsText;
        if (!RunId.IsValid(run)) throw new CassetteFileException($"The cassette '{path}' is damaged: '{run}' is no run id.");
        return new CassetteHead
        {
            Run = new RunId(run), Workflow = map["workflow"].AsText, DefinitionHash = map["definition"].AsText, Now = map["now"].AsText,
            Inputs = map["inputs"].AsObject, Options = map["options"].AsObject,
        };
    }

    /// <summary>Straight to bytes: a recording costs every call of a run.</summary>
    private static void WriteCall(Utf8JsonWriter json, RecordedCall call)
    {
        var result = call.Result;
        json.WriteStartObject();
        json.WriteString("key"u8, call.Call.Key);
        json.WriteString("kind"u8, WireNames.Of(call.Call.Kind));
        json.WriteString("name"u8, call.Call.Name);
        json.WriteString("node"u8, call.Path);
        if (call.Call.Provider.Length > 0) json.WriteString("provider"u8, call.Call.Provider);
        if (call.NeverAnswered) json.WriteBoolean("never_answered"u8, true);
        if (call.IsSecret) json.WriteBoolean("secret"u8, true);
        else WriteData("request"u8, call.Request());
        if (call.HasResponse && !call.IsSecret) WriteData("response"u8, call.Response());
        if (!call.Labels.IsNone) WriteData("labels"u8, call.Labels.ToValue());
        json.WriteStartArray("tokens"u8);
        foreach (var count in result.Usage.ToCounts()) json.WriteNumberValue(count);
        json.WriteEndArray();
        json.WriteNumber("micro_usd"u8, result.Cost.Amount);
        WriteData("ms"u8, Math.Round(result.DurationMs, 3));
        if (result.FirstTokenMs != 0) WriteData("first_ms"u8, Math.Round(result.FirstTokenMs, 3));
        if (result.AnsweredBy is { } by) json.WriteString("answered_by"u8, by);
        if (result.FinishReason is { } finish) json.WriteString("finish"u8, finish);
        if (result.Error is { } error) WriteData("error"u8, ValueMap.Of(("code", error.Code.Name), ("message", error.Message)));
        json.WriteEndObject();

        void WriteData(ReadOnlySpan<byte> name, Value data)
        {
            json.WritePropertyName(name);
            ValueJson.Write(json, data);
        }
    }

    private static RecordedCall ReadCall(ValueMap map)
    {
        var request = map.GetOrNull("request");
        var response = map.GetOrNull("response");
        NodeError? error = null;
        if (map.TryGetValue("error", out var failed))
        {
            var code = failed.AsObject["code"].AsText;
            error = ErrorCode.TryParse(code, out var known) ? new NodeError(known, failed.AsObject["message"].AsText) : throw new JsonException($"'{code}' is no error code.");
        }
        var kind = map["kind"].AsText == "model" ? StepKind.Model : StepKind.Tool;
        return new RecordedCall
        {
            Path = map["node"].AsText,
            Call = new StepCall(kind, map["name"].AsText, map["key"].AsText, 0, 0, null, null) { Provider = map.GetOrNull("provider").TextOrNull ?? "" },
            Request = () => request,
            Response = () => response,
            HasResponse = map.ContainsKey("response"),
            Labels = Labels.Read(map.GetOrNull("labels")),
            NeverAnswered = map.ContainsKey("never_answered"),
            IsSecret = map.ContainsKey("secret"),
            Result = new StepResult(null, TokenUsage.OfCounts(map["tokens"].AsList),
                new MicroUsd(map["micro_usd"].AsInteger), error, map["ms"].AsNumber)
            {
                FirstTokenMs = map.TryGetValue("first_ms", out var first) ? first.AsNumber : 0,
                AnsweredBy = map.GetOrNull("answered_by").TextOrNull,
                FinishReason = map.GetOrNull("finish").TextOrNull,
            },
        };
    }
}
