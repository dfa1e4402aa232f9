using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace Hydra.Parsing.Genesis;

/// <summary>
/// The tasks of a genesis.xml as they stand in the file, each kept as bytes until it changes: writing the file costs what
/// changed and one copy, however large the plan is.
/// </summary>
internal sealed class GenesisTaskTexts
{
    private readonly XElement _holder;
    private readonly List<Part> _parts;
    private readonly Dictionary<XElement, Part> _byTask;
    /// <summary>Text stands between the tasks: the file's own line breaks mostly, and the writer adds none.</summary>
    private readonly bool _isMixed;
    /// <summary>Stands for all of them in the document, and is one of their kind, so that what is around is broken into lines as before.</summary>
    private readonly XNode _mark;
    private readonly byte[] _markBytes;

    private GenesisTaskTexts(XElement holder)
    {
        _holder = holder;
        _isMixed = holder.Nodes().Any(node => node is XText);
        var mark = "hydra-" + Guid.NewGuid().ToString("N");
        _mark = _isMixed ? new XText(mark) : new XProcessingInstruction(mark, "");
        _markBytes = Encoding.UTF8.GetBytes(_mark.ToString());
        _parts = [.. holder.Nodes().Select(node => new Part(node))];
        holder.RemoveNodes();
        holder.Add(_mark);
        _byTask = _parts.Where(part => part.Node is XElement).ToDictionary(part => (XElement)part.Node);
    }

    /// <summary>Takes the tasks out of their document; null where there are none.</summary>
    public static GenesisTaskTexts? Take(XElement holder) => holder.HasElements ? new(holder) : null;

    public void Changed(XElement task) => _byTask[task].Bytes = null;

    /// <summary>Writes the document with the tasks in their place.</summary>
    public void Save(XDocument document, XmlWriterSettings settings, Stream to)
    {
        RenderChanged(settings);
        var around = new MemoryStream();
        using (var writer = XmlWriter.Create(around, settings)) document.Save(writer);
        var bytes = around.GetBuffer().AsSpan(0, (int)around.Length);
        var mark = bytes.IndexOf(_markBytes);
        var before = _isMixed ? mark : bytes[..mark].LastIndexOf((byte)'\n');   // each part brings its own line break and indentation
        var whole = new byte[bytes.Length + _parts.Sum(part => part.Bytes!.Length)];
        var at = Put(bytes[..before], whole, 0);
        foreach (var part in _parts) at = Put(part.Bytes, whole, at);
        at = Put(bytes[(mark + _markBytes.Length)..], whole, at);
        to.Write(whole.AsSpan(0, at));
    }

    private static int Put(ReadOnlySpan<byte> bytes, byte[] whole, int at)
    {
        bytes.CopyTo(whole.AsSpan(at));
        return at + bytes.Length;
    }

    /// <summary>One writer for all that changed, inside elements that open the same namespaces at the same depth.</summary>
    private void RenderChanged(XmlWriterSettings settings)
    {
        var changed = _parts.FindAll(part => part.Bytes is null);
        if (changed.Count == 0) return;
        var buffer = new MemoryStream();
        using var writer = XmlWriter.Create(buffer, settings);
        foreach (var around in _holder.AncestorsAndSelf().Reverse())
        {
            writer.WriteStartElement(around.Name.LocalName);
            foreach (var space in around.Attributes().Where(attribute => attribute.IsNamespaceDeclaration)) writer.WriteAttributeString("xmlns", space.Name.LocalName, XNamespace.Xmlns.NamespaceName, space.Value);
        }
        _mark.WriteTo(writer);   // the start tag before it is complete now
        writer.Flush();
        foreach (var part in changed)
        {
            var from = (int)buffer.Length;
            part.Node.WriteTo(writer);
            writer.Flush();
            part.Bytes = buffer.GetBuffer()[from..(int)buffer.Length];
        }
    }

    private sealed class Part(XNode node)
    {
        public XNode Node { get; } = node;
        public byte[]? Bytes { get; set; }
    }
}
