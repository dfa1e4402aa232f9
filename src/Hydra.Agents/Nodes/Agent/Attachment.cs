using System.Security.Cryptography;
using System.Text;
using Hydra.Agents.Calls;
using Hydra.Model;
using Microsoft.Extensions.AI;

namespace Hydra.Agents.Nodes;

/// <summary>Something sent with a prompt: bytes, or the address of a picture that the provider fetches.</summary>
internal sealed class Attachment
{
    /// <summary>The name of the step that keeps the bytes.</summary>
    public const string StepName = "attachment";

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _name;
    private readonly string _mediaType;
    private readonly byte[] _bytes;
    private readonly Uri? _address;

    private Attachment(string name, string mediaType, byte[] bytes, Uri? address, Labels labels)
    {
        (_name, _mediaType, _bytes, _address, Labels) = (name, mediaType, bytes, address, labels);
        Described = address is not null ? ValueMap.Of(("url", address.OriginalString), ("media_type", mediaType))
            : ValueMap.Of(("name", name), ("media_type", mediaType), ("bytes", bytes.Length), ("sha256", Convert.ToHexStringLower(SHA256.HashData(bytes))));
    }

    public static Attachment Of(string name, string mediaType, byte[] bytes, Labels labels) => new(name, mediaType, bytes, null, labels);

    /// <summary>What stands at an address may be anybody's.</summary>
    public static Attachment At(Uri address, string mediaType) => new("", mediaType, [], address, Labels.Untrusted);

    public Labels Labels { get; }
    public bool IsAddress => _address is not null;

    /// <summary>What the log, the step's key and the reuse key hold of it: the content by its hash.</summary>
    public ValueMap Described { get; }

    /// <summary>As the model is sent it. Text goes as text, under its name: every model takes that.</summary>
    public AIContent ToContent()
    {
        AIContent content = _address is not null ? new UriContent(_address, _mediaType)
            : MediaType.IsText(_mediaType) ? new TextContent($"\n\n[attachment {_name}, {_mediaType}]\n{Text()}")
            : new DataContent(_bytes, _mediaType) { Name = _name };
        content.AdditionalProperties = new() { [MessageText.AttachmentKey] = Described };
        return content;
    }

    /// <summary>Keeps the bytes as an artifact that the run refers to, once for all who send the same.</summary>
    public async ValueTask KeepAsync(ILine line, Labels labels, CancellationToken cancellationToken)
    {
        if (IsAddress) return;
        var content = MediaType.IsText(_mediaType) ? Text() : Convert.ToBase64String(_bytes);
        var key = StepKey.Of(ValueMap.Of((StepName, Described)));
        var grant = await line.IntendAsync(new StepCall(StepKind.Tool, StepName, key, 0, 0, MicroUsd.Zero, line.Keep(content, labels)), cancellationToken);
        if (grant.Known is null) line.Report(grant, new StepResult(null, default, MicroUsd.Zero, null, 0));
    }

    private string Text()
    {
        try
        {
            return Strict.GetString(_bytes);
        }
        catch (DecoderFallbackException notText)
        {
            throw new CallFailedException(ErrorCode.BadRequest, $"the attachment '{_name}' is not UTF-8 text, as {_mediaType} says. Set its `media_type`", notText);
        }
    }
}
