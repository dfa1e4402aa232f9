using System.Runtime.CompilerServices;
using System.Text;
using Hydra.Agents.Tools;
using Hydra.Artifacts;
using Hydra.Model;
using Hydra.Nodes;
using Hydra.Templates;

namespace Hydra.Agents.Nodes;

/// <summary>Checks a node's <c>attachments</c>, and reads them for an attempt.</summary>
internal static class AttachmentReader
{
    public const string FieldName = "attachments";
    /// <summary>All attachments of one prompt together: as base64 they fit the requests of 32 MB that Anthropic takes (https://docs.claude.com/en/api/overview).</summary>
    public const int BytesMax = 20 << 20;

    /// <summary>Read once an attempt: its reuse key and its prompt speak of the same bytes.</summary>
    private static readonly ConditionalWeakTable<NodeAttempt, IReadOnlyList<Attachment>> Known = [];

    private static IEnumerable<ValueMap> Listed(NodeSpec node) => node.Fields.GetOrNull(FieldName) is { IsList: true } list ? list.Items.Where(item => item.IsObject).Select(item => item.AsObject) : [];

    public static bool ReadsFiles(NodeSpec node) => Listed(node).Any(each => each.ContainsKey("path"));
    public static bool ReadsAddresses(NodeSpec node) => Listed(node).Any(each => each.ContainsKey("url"));
    /// <summary>An address made of data tells whoever answers there what the data were.</summary>
    public static bool TellsAddresses(NodeSpec node) => Listed(node).Any(each => each.GetOrNull("url").TextOrNull is { } url && !IsLiteral(url));

    public static void Check(NodeSpec node, CheckContext context)
    {
        foreach (var each in Listed(node))
        {
            if (WrongWith(each) is { } wrong) context.Problems.Error(ProblemCodes.FieldConflict, node.PlaceOf(FieldName), $"node '{node.Id}': {wrong}.");
        }
    }

    private static string? WrongWith(ValueMap each)
    {
        var sources = new[] { "path", "artifact", "url" }.Where(each.ContainsKey).ToList();
        if (sources.Count != 1) return $"an attachment has {(sources.Count == 0 ? "neither" : "more than one of")} `path`, `artifact` {(sources.Count == 0 ? "nor" : "and")} `url`. Give it one";
        var written = each[sources[0]].ToDisplayText();
        if (!IsLiteral(written)) return null;
        if (sources[0] == "artifact") return $"the attachment's artifact '{written}' is no output of a node. Write \"{{{{ NODE }}}}\", with a node that this one depends on";
        try
        {
            if (sources[0] == "url") Address(written, each);
            else TypeOf(written, each);
            return null;
        }
        catch (CallFailedException wrong)
        {
            return wrong.Message;
        }
    }

    private static bool IsLiteral(string text) => !text.Contains('{', StringComparison.Ordinal);

    /// <summary>Throws <see cref="CallFailedException"/> where one of them cannot be had.</summary>
    public static IReadOnlyList<Attachment> Read(CompiledValue listed, NodeAttempt attempt)
    {
        if (ReferenceEquals(listed, CompiledValue.Null)) return [];
        if (Known.TryGetValue(attempt, out var known)) return known;
        var all = new List<Attachment>();
        var room = (long)BytesMax;
        var given = listed.Evaluate(attempt.Scope, TemplateOptions.Default);
        foreach (var each in given.IsNull ? [] : given.Items) all.Add(Read(each.AsObject, attempt, ref room));
        Known.AddOrUpdate(attempt, all);
        return all;
    }

    private static Attachment Read(ValueMap each, NodeAttempt attempt, ref long room)
    {
        if (each.TryGetValue("url", out var url)) return Address(url.ToDisplayText(), each);
        if (each.TryGetValue("path", out var path)) return File(path.ToDisplayText(), each, attempt.Services.WorkingDirectory, ref room);
        var value = each["artifact"];
        var mediaType = each.GetOrNull("media_type").TextOrNull ?? (value.IsText ? "text/plain" : "application/json");
        if (!MediaType.IsText(mediaType)) throw new CallFailedException(ErrorCode.BadRequest, $"the output of a node is text or data, and the attachment's `media_type` is {mediaType}. Have the node write a file, and attach that by its `path`");
        var bytes = Encoding.UTF8.GetBytes(value.ToDisplayText());
        Take("artifact", bytes.Length, ref room);
        return Attachment.Of("artifact", mediaType, bytes, default);   // reading the value has told the attempt its labels
    }

    /// <summary>The rules of read_file: inside the working directory, links followed first; labelled as what an agent wrote there.</summary>
    private static Attachment File(string written, ValueMap each, string workingDirectory, ref long room)
    {
        var mediaType = TypeOf(written, each);
        var folder = FileTool.Real(Path.GetFullPath(workingDirectory));
        var path = FileTool.Inside(folder, written, "the working directory");
        try
        {
            if (Directory.Exists(path)) throw new CallFailedException(ErrorCode.BadRequest, $"the attachment '{written}' is a folder");
            if (!System.IO.File.Exists(path)) throw new CallFailedException(ErrorCode.BadRequest, $"there is no attachment '{written}' in the working directory");
            using var stream = HeldFolder.OpenRead(folder, path);
            if (!stream.CanSeek) throw new CallFailedException(ErrorCode.BadRequest, $"the attachment '{written}' is no ordinary file");
            Take(written, stream.Length, ref room);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return Attachment.Of(NameOf(written), mediaType, bytes, WrittenFiles.LabelsOf(folder, path));
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new CallFailedException(ErrorCode.BadRequest, $"the attachment '{written}' cannot be read: {failed.GetType().Name}", failed);
        }
    }

    private static Attachment Address(string written, ValueMap each)
    {
        if (!Uri.TryCreate(written, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            throw new CallFailedException(ErrorCode.BadRequest, $"the attachment's url '{written}' is no http or https address");
        var mediaType = TypeOf(address.AbsolutePath, each);
        return mediaType.StartsWith("image/", StringComparison.Ordinal) && !MediaType.IsText(mediaType) ? Attachment.At(address, mediaType)
            : throw new CallFailedException(ErrorCode.BadRequest, $"the attachment's url '{written}' is of type {mediaType}, and only pictures are sent by address. Download it with a node of type http, or attach a file by its `path`");
    }

    private static string TypeOf(string written, ValueMap each) => each.GetOrNull("media_type").TextOrNull ?? MediaType.Of(written)
        ?? throw new CallFailedException(ErrorCode.BadRequest, $"the ending of the attachment '{written}' does not say what it is. Set its `media_type`");

    /// <summary>Nothing to send is a mistake; it also keeps pipes and devices, which say no length, from being opened.</summary>
    private static void Take(string written, long bytes, ref long room)
    {
        if (bytes == 0) throw new CallFailedException(ErrorCode.BadRequest, $"the attachment '{written}' is empty");
        if (bytes > room) throw new CallFailedException(ErrorCode.BadRequest, $"the attachment '{written}' holds {bytes} bytes, and {room} are left of the {BytesMax} that the attachments of one prompt may hold together. Make it smaller, or split the work");
        room -= bytes;
    }

    private static string NameOf(string written) => string.Concat(Path.GetFileName(written).Select(letter => char.IsControl(letter) ? '_' : letter));
}
