using System.Text;
using System.Xml;
using Hydra.Model;

namespace Hydra.Parsing.Genesis;

/// <summary>
/// Streams XML into <see cref="GenesisElement"/>s: no DTD, no entity but XML's own five, nothing fetched; depth, elements
/// and bytes are limited while reading. Never throws for what a file may hold.
/// </summary>
internal static class GenesisXml
{
    /// <summary>Deepest nesting of elements.</summary>
    public const int DepthMax = 256;
    /// <summary>Most elements in one file.</summary>
    public const int ElementsMax = 4_000_000;

    /// <summary>Whether a file is XML by its name or its first character: YAML cannot begin with '&lt;' but for a merge key.</summary>
    public static bool IsXml(string file, ReadOnlySpan<byte> bytes)
    {
        if (file.EndsWith(".xml", StringComparison.OrdinalIgnoreCase)) return true;
        var text = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        text = text.TrimStart(" \t\r\n"u8);
        return text.Length > 1 && text[0] == '<' && text[1] != '<';
    }

    /// <summary>The root element; null where a problem was added.</summary>
    public static GenesisElement? Read(byte[] bytes, ProblemList problems)
    {
        var settings = new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = YamlReader.BytesMax,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
        };
        try
        {
            using var reader = XmlReader.Create(new MemoryStream(bytes, writable: false), settings);
            return Build(reader, problems);
        }
        catch (XmlException broken)
        {
            var at = broken.LineNumber > 0 ? new SourcePosition(broken.LineNumber, Math.Max(1, broken.LinePosition)) : new SourcePosition(1, 1);
            if (broken.Message.Contains("DTD", StringComparison.Ordinal))
                problems.Error(ProblemCodes.XmlNotAllowed, at, "the file has a DTD, which could define entities that never end or read other files. Remove '<!DOCTYPE …>'.");
            else
                problems.Error(ProblemCodes.BadXml, at, $"this is not well-formed XML: {WithoutPlace(broken.Message)}. Correct it here.");
        }
        // Foreign code: what the decoder throws for bytes that are no text of the declared encoding.
        catch (Exception broken) when (broken is ArgumentException or NotSupportedException or DecoderFallbackException)
        {
            problems.Error(ProblemCodes.BadXml, new(1, 1), $"the file cannot be read as XML: {broken.Message.TrimEnd('.')}. Save it as UTF-8.");
        }
        return null;
    }

    private static GenesisElement? Build(XmlReader reader, ProblemList problems)
    {
        var lines = (IXmlLineInfo)reader;
        var open = new Stack<(GenesisElement Element, string? Text, StringBuilder? More)>();
        GenesisElement? root = null;
        var count = 0;
        while (reader.Read())
        {
            var at = new SourcePosition(lines.LineNumber, lines.LinePosition);
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (open.Count >= DepthMax) return Refuse(ProblemCodes.TooDeep, at, $"elements nest deeper than {DepthMax} here. Flatten the file.", problems);
                    if (++count > ElementsMax) return Refuse(ProblemCodes.TooManyNodes, at, $"the file holds more than {ElementsMax} elements. Split the epic.", problems);
                    var isEmpty = reader.IsEmptyElement;
                    var isKnown = reader.NamespaceURI.Length == 0 || reader.NamespaceURI == GenesisNames.Extension;
                    if (!isKnown && root is null)
                        return Refuse(ProblemCodes.BadGenesis, at, $"the root <{reader.LocalName}> stands in the namespace '{reader.NamespaceURI}', and a genesis.xml in none. Remove 'xmlns=\"…\"', and write extensions with a prefix for '{GenesisNames.Extension}'.", problems);
                    if (!isKnown)
                    {
                        problems.Warning(ProblemCodes.GenesisRepaired, at, $"<{reader.Name}> of the namespace '{reader.NamespaceURI}' means nothing to Hydra and is left out.");
                        if (!Skip(reader)) return Refuse(ProblemCodes.TooDeep, at, $"elements nest deeper than {DepthMax} here. Flatten the file.", problems);
                        continue;
                    }
                    if (IsProjected(reader) && open.Count > 0 && !open.Any(above => above.Element.IsExtension))
                    {
                        if (!ReadDates(reader, lines, ref count, problems)) return Refuse(ProblemCodes.TooDeep, at, $"elements nest deeper than {DepthMax} here, or are more than {ElementsMax}. Flatten or split the file.", problems);
                        continue;
                    }
                    var element = new GenesisElement(reader.LocalName, reader.NamespaceURI.Length > 0, at);
                    ReadAttributes(reader, lines, element);
                    if (open.TryPeek(out var parent)) parent.Element.Add(element);
                    else root = element;
                    if (!isEmpty) open.Push((element, null, null));
                    else GenesisDate.Check(element, problems);
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace when open.Count > 0:
                    AddText(open, reader, at);
                    break;
                case XmlNodeType.EndElement:
                    var (closed, text, more) = open.Pop();
                    if (text is not null && closed.Children.Count == 0) closed.Text = more?.ToString() ?? text;
                    GenesisDate.Check(closed, problems);
                    break;
            }
        }
        return root;
    }

    /// <summary>Text comes in one piece mostly: only what a comment or a CDATA section cuts needs joining.</summary>
    private static void AddText(Stack<(GenesisElement Element, string? Text, StringBuilder? More)> open, XmlReader reader, SourcePosition at)
    {
        var (element, text, more) = open.Peek();
        if (element.Children.Count > 0) return;
        if (text is null)
        {
            element.TextAt = at;
            open.Pop();
            open.Push((element, reader.Value, null));
            return;
        }
        if (more is null)
        {
            open.Pop();
            open.Push((element, text, more = new StringBuilder(text)));
        }
        more.Append(reader.Value);
    }

    /// <summary>Outside a field: what Hydra writes from a run's journal and never reads.</summary>
    private static bool IsProjected(XmlReader reader) => reader.LocalName is "statusHistory" or "statusTracker" or "auditLog" or "metrics" && reader.NamespaceURI.Length == 0;

    /// <summary>Passes over a projected element; of what it holds, dates are checked and nothing is kept. False: too deep, or too much.</summary>
    private static bool ReadDates(XmlReader reader, IXmlLineInfo lines, ref int count, ProblemList problems)
    {
        if (reader.IsEmptyElement) return true;
        GenesisElement? date = null;
        for (var depth = reader.Depth; reader.Read() && reader.Depth > depth;)
        {
            if (reader.NodeType == XmlNodeType.Element)
            {
                if (reader.Depth > DepthMax || ++count > ElementsMax) return false;
                date = reader.NamespaceURI.Length == 0 && GenesisDate.IsName(reader.LocalName) ? new GenesisElement(reader.LocalName, IsExtension: false, new(lines.LineNumber, lines.LinePosition)) : null;
            }
            else if (date is not null && reader.NodeType != XmlNodeType.EndElement) date.Text += reader.Value;
            if (date is null || (reader.NodeType != XmlNodeType.EndElement && !reader.IsEmptyElement)) continue;
            GenesisDate.Check(date, problems);
            date = null;
        }
        return true;
    }

    /// <summary>Leaves a foreign element out with all it holds; the reader stands at its end afterwards. False: it nests too deep.</summary>
    private static bool Skip(XmlReader reader)
    {
        if (reader.IsEmptyElement) return true;
        for (var depth = reader.Depth; reader.Read() && reader.Depth > depth;)
        {
            if (reader.Depth > DepthMax) return false;
        }
        return true;
    }

    private static void ReadAttributes(XmlReader reader, IXmlLineInfo lines, GenesisElement element)
    {
        if (!reader.MoveToFirstAttribute()) return;
        do
        {
            if (reader.NamespaceURI.Length == 0 || reader.NamespaceURI == GenesisNames.Extension)
                element.Add(new GenesisAttribute(reader.LocalName, reader.Value, new(lines.LineNumber, lines.LinePosition)));
        }
        while (reader.MoveToNextAttribute());
        reader.MoveToElement();
    }

    private static GenesisElement? Refuse(string code, SourcePosition at, string message, ProblemList problems)
    {
        problems.Error(code, at, message);
        return null;
    }

    private static string WithoutPlace(string message)
    {
        var end = message.IndexOf(" Line ", StringComparison.Ordinal);
        return (end < 0 ? message : message[..end]).TrimEnd('.');
    }
}
