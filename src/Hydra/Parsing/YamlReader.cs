using Hydra.Model;
using YamlDotNet.Core;

namespace Hydra.Parsing;

/// <summary>
/// Reads YAML 1.2 (JSON included) into a tree with places. Everything that could be hostile is checked on the event
/// stream, before it is built: size, depth, aliases, duplicate keys. Never throws for what a file may hold.
/// </summary>
public static class YamlReader
{
    /// <summary>Longest file in bytes.</summary>
    public const int BytesMax = 64 * 1024 * 1024;
    /// <summary>Deepest nesting of lists and maps.</summary>
    public const int DepthMax = 100;
    /// <summary>Most scalars, lists and maps in one file.</summary>
    public const int ItemsMax = 8_000_000;
    /// <summary>Most items that aliases and merge keys may add by repetition.</summary>
    public const int AliasItemsMax = 100_000;

    /// <summary>Reads a file's bytes; null where problems were added.</summary>
    public static SourceNode? Read(ReadOnlySpan<byte> utf8, ProblemList problems)
    {
        if (utf8.Length > BytesMax) return TooLarge(utf8.Length, problems);
        return YamlText.Decode(utf8, problems) is { } text ? Read(text, problems) : null;
    }

    /// <summary>Reads text; null where problems were added.</summary>
    public static SourceNode? Read(string text, ProblemList problems)
    {
        if (text.Length > BytesMax) return TooLarge(text.Length, problems);
        return YamlText.Of(text, problems) is { } decoded ? Read(decoded, problems) : null;
    }

    /// <summary>Counts node ids without parsing: a file of millions is refused at once.</summary>
    private static bool HasTooManyNodes(string text)
    {
        const int ShortestNode = 12;
        if (text.Length / ShortestNode < NodeBinder.NodesMax) return false;
        var count = 0;
        for (int at = 0, next; (next = text.AsSpan(at).IndexOf("id")) >= 0; at += next + 2)
        {
            var start = at + next;
            var end = start + 2;
            if (end < text.Length && text[end] is ('"' or '\'')) end++;
            var isKey = end < text.Length && text[end] == ':' && (start == 0 || text[start - 1] is ' ' or '{' or ',' or '"' or '\'' or '\n');
            if (isKey && ++count > NodeBinder.NodesMax) return true;
        }
        return false;
    }

    internal static SourceNode? TooLarge(long length, ProblemList problems)
    {
        problems.Error(ProblemCodes.FileTooLarge, SourcePosition.None,
            $"the file holds {length} bytes, and a workflow file may hold {BytesMax} (64 MiB). Move data into inputs or files that the nodes read.");
        return null;
    }

    private static SourceNode? Read(YamlText text, ProblemList problems)
    {
        if (HasTooManyNodes(text.Text))
        {
            problems.Error(ProblemCodes.TooManyNodes, SourcePosition.None,
                $"the file has more than {NodeBinder.NodesMax} keys `id`, and at most {NodeBinder.NodesMax} nodes are allowed. Fan out with `map` over data.");
            return null;
        }
        var builder = new YamlTreeBuilder(text);
        try
        {
            YamlLayout.CheckDirectives(text);
            var parser = new Parser(new Scanner(new StringReader(text.Text), skipComments: true));
            while (parser.MoveNext()) builder.Add(parser.Current!);
            return builder.Root;
        }
        catch (YamlProblemException refused)
        {
            problems.Error(refused.Code, refused.At, refused.Message);
        }
        catch (YamlException broken)
        {
            var at = text.PlaceOf(Math.Clamp(broken.Start.Index, 0, text.Text.Length));
            if (YamlLayout.LeadingTab(text, at.Line) is { } tab) problems.Error(ProblemCodes.TabIndent, tab, YamlLayout.TabMessage);
            else problems.Error(ProblemCodes.BadYaml, at, YamlMessages.Of(broken.Message, text.Line(at.Line)));
        }
        // Foreign code: whatever else the scanner throws for hostile text is a file that it cannot read.
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            problems.Error(ProblemCodes.BadYaml, new(1, 1), $"this is not valid YAML: {broken.Message} Check the file with an editor that knows YAML.");
        }
        return null;
    }
}

/// <summary>A refusal on the way through the event stream; never leaves <see cref="YamlReader"/>.</summary>
internal sealed class YamlProblemException(string code, SourcePosition at, string message) : Exception(message)
{
    public string Code { get; } = code;
    public SourcePosition At { get; } = at;
}
