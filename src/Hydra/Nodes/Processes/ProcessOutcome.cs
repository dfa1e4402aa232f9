using System.Text;
using Hydra.Model;

namespace Hydra.Nodes;

/// <summary>What a program's end means for the node that ran it.</summary>
internal static class ProcessOutcome
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// A non-zero exit fails the node with the end of standard error. Output that is not UTF-8 fails it, too. Output beyond
    /// the limit is cut, and the node ends degraded and says so: a cut text never passes for a whole one.
    /// </summary>
    public static AttemptOutcome Of(ProcessRequest request, ProcessResult result)
    {
        if (result.ExitCode != 0)
        {
            var said = result.ErrorTail.Length == 0 ? "it wrote nothing to standard error" : $"standard error ends with: {result.ErrorTail}";
            return new AttemptOutcome.Failed(ErrorCode.ToolFailed, $"{request.Program} ended with exit code {result.ExitCode}; {said}");
        }
        var isCut = result.OutputBytes > result.Output.Length;
        var bytes = isCut ? WholeCharacters(result.Output) : result.Output;
        string text;
        try
        {
            text = Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return new AttemptOutcome.Failed(ErrorCode.ToolFailed, $"{request.Program} wrote {result.OutputBytes} bytes to standard output that are not UTF-8 text. Encode binary output (base64), or write it to a file");
        }
        if (!isCut) return new AttemptOutcome.Completed(text.TrimEnd('\n'));
        return new AttemptOutcome.Degraded(text, $"standard output was cut at max_output_bytes {request.OutputBytesMax}: {result.OutputBytes} bytes were written");
    }

    /// <summary>A cut may fall into the middle of a character: the begun one goes, too.</summary>
    private static ReadOnlySpan<byte> WholeCharacters(ReadOnlySpan<byte> bytes)
    {
        for (var back = 1; back <= 4 && back <= bytes.Length; back++)
        {
            var lead = bytes[^back];
            if (lead < 0x80) return bytes;
            if (lead < 0xC0) continue;
            var length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
            return length > back ? bytes[..^back] : bytes;
        }
        return bytes;
    }
}
