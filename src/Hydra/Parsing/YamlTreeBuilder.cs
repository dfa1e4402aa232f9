using Hydra.Model;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Hydra.Parsing;

/// <summary>Folds the event stream into <see cref="SourceNode"/>s with a stack of its own: no recursion, whatever the file nests.</summary>
internal sealed class YamlTreeBuilder(YamlText text)
{
    private const string MergeKey = "<<";
    /// <summary>From this many keys on, duplicates are looked for by hash.</summary>
    private const int KeyScanMax = 12;

    private readonly Stack<Frame> _frames = new();
    private readonly Dictionary<string, Anchored> _anchors = new(StringComparer.Ordinal);
    private int _items, _aliasItems, _documents;

    /// <summary>The document; null where the file is empty.</summary>
    public SourceNode? Root { get; private set; }

    public void Add(ParsingEvent parsed)
    {
        switch (parsed)
        {
            case Scalar scalar: AddScalar(scalar); break;
            case MappingStart map: Open(map, isMap: true, map.Style == MappingStyle.Block); break;
            case SequenceStart list: Open(list, isMap: false, list.Style == SequenceStyle.Block); break;
            case MappingEnd or SequenceEnd: Close(parsed.End); break;
            case AnchorAlias alias: AddAlias(alias); break;
            case DocumentStart start when ++_documents > 1:
                throw Refuse(ProblemCodes.SeveralDocuments, start.Start,
                    "a second YAML document begins here, and a workflow file holds one. Put it into a file of its own, or remove the '---'.");
        }
    }

    private void AddScalar(Scalar scalar)
    {
        Count(scalar.Start);
        var at = text.PlaceOf(scalar.Start.Index);
        var isPlain = scalar.Style == ScalarStyle.Plain;
        if (scalar.Style is not (ScalarStyle.Literal or ScalarStyle.Folded) && scalar.End.Line > scalar.Start.Line)
            YamlLayout.CheckContinuation(text, scalar.Start, scalar.End, BlockColumn());
        if (AsKey(scalar, at)) return;
        var value = Value.Of(scalar.Value);
        var tag = scalar.Tag.IsEmpty ? "" : scalar.Tag.IsNonSpecific ? "!" : scalar.Tag.Value;
        if ((isPlain && tag.Length == 0) || tag.StartsWith(YamlTags.Core, StringComparison.Ordinal))
        {
            if (YamlScalars.Resolve(scalar.Value, out value) == YamlScalars.Outcome.TooLarge)
            {
                if (!tag.EndsWith(":str", StringComparison.Ordinal))
                {
                    throw Refuse(ProblemCodes.NumberTooLarge, scalar.Start,
                        $"the number {scalar.Value} does not fit into 64 bits. Put it in quotes to have it as text.");
                }
            }
        }
        if (tag.Length > 1) value = YamlTags.Apply(tag, scalar.Value, value, at);
        else if (tag == "!") value = Value.Of(scalar.Value);
        var textAt = value.IsText ? YamlPlaces.TextOf(text, scalar, at) : at;
        Attach(new SourceNode(value, at)
        {
            TextAt = textAt,
            Folds = value.IsText ? YamlPlaces.FoldsOf(text, scalar, textAt) : null,
            Written = value.IsText ? null : scalar.Value,
        }, scalar.Anchor, size: 1, depth: 0);
    }

    /// <summary>Takes a scalar that stands where the open map wants a key.</summary>
    private bool AsKey(Scalar scalar, SourcePosition at)
    {
        if (!_frames.TryPeek(out var frame) || !frame.WantsKey) return false;
        frame.Key = scalar.Value;
        frame.KeyAt = at;
        frame.KeyIsMerge = scalar.Style == ScalarStyle.Plain && scalar.Tag.IsEmpty && scalar.Value == MergeKey;
        if (!scalar.Anchor.IsEmpty) _anchors[scalar.Anchor.Value] = new(new SourceNode(Value.Of(scalar.Value), at), 1, 0);
        return true;
    }

    private void Open(NodeEvent start, bool isMap, bool isBlock)
    {
        Count(start.Start);
        if (_frames.TryPeek(out var parent) && parent.WantsKey)
            throw Refuse(ProblemCodes.BadKey, start.Start, "a list or map stands where a key should. Keys are text: write 'key: value'; a value that begins with '{{' needs quotes.");
        if (_frames.Count >= YamlReader.DepthMax)
            throw Refuse(ProblemCodes.TooDeep, start.Start, $"lists and maps nest deeper than {YamlReader.DepthMax} here. Flatten the data, or move it into a file.");
        if (!start.Tag.IsEmpty && !start.Tag.IsNonSpecific && start.Tag.Value is not (YamlTags.Map or YamlTags.List))
            throw YamlTags.Unknown(start.Tag.Value, text.PlaceOf(start.Start.Index));
        if (isBlock) YamlLayout.CheckBlockStart(text, start.Start);
        var at = text.PlaceOf(start.Start.Index);
        _frames.Push(new Frame(isMap, at, start.Start, start.Anchor, isBlock ? (int)start.Start.Column : 0) { ItemsBefore = _items + _aliasItems - 1 });
    }

    private void Close(Mark end)
    {
        var frame = _frames.Pop();
        if (frame.BlockColumn == 0 && end.Line > frame.Start.Line && BlockColumn() is var column)
            YamlLayout.CheckContinuation(text, frame.Start, end, column);
        SourceNode node;
        if (frame.Entries is null) node = new SourceNode(frame.Items!.ToArray(), frame.At);
        else node = new SourceNode(frame.Merges is null ? frame.Entries.ToArray() : Merged(frame), frame.At);
        Attach(node, frame.Anchor, _items + _aliasItems - frame.ItemsBefore, frame.Depth + 1);
    }

    private void AddAlias(AnchorAlias alias)
    {
        var at = text.PlaceOf(alias.Start.Index);
        if (!_anchors.TryGetValue(alias.Value.Value, out var anchored))
        {
            var isOpen = _frames.Any(frame => !frame.Anchor.IsEmpty && frame.Anchor.Value == alias.Value.Value);
            throw Refuse(ProblemCodes.BadAlias, alias.Start, isOpen
                ? $"the alias '*{alias.Value}' stands inside the node it names, so it would never end. Write the value out."
                : $"the alias '*{alias.Value}' names an anchor '&{alias.Value}' that does not stand above it.{DidYouMean.Hint(alias.Value.Value, _anchors.Keys)} Define the anchor first, or quote the text if a '*' was meant.");
        }
        _aliasItems += anchored.Size;
        if (_aliasItems > YamlReader.AliasItemsMax)
            throw Refuse(ProblemCodes.BadAlias, alias.Start, $"aliases expand to more than {YamlReader.AliasItemsMax} items by '*{alias.Value}'. Repeat less, or use `defaults`.");
        if (_frames.Count + anchored.Depth > YamlReader.DepthMax)
            throw Refuse(ProblemCodes.TooDeep, alias.Start, $"the alias '*{alias.Value}' nests lists and maps deeper than {YamlReader.DepthMax}. Flatten the data.");
        if (_frames.TryPeek(out var frame) && frame.WantsKey)
        {
            if (!anchored.Node.Scalar.IsText) throw Refuse(ProblemCodes.BadKey, alias.Start, $"the alias '*{alias.Value}' stands where a key should, and its value is not text. Write the key out.");
            frame.Key = anchored.Node.Scalar.AsText;
            frame.KeyAt = at;
            frame.KeyIsMerge = false;
            return;
        }
        Attach(anchored.Node, AnchorName.Empty, anchored.Size, anchored.Depth);
    }

    private void Attach(SourceNode node, AnchorName anchor, int size, int depth)
    {
        if (!anchor.IsEmpty) _anchors[anchor.Value] = new(node, size, depth);
        if (!_frames.TryPeek(out var frame))
        {
            Root = node;
            return;
        }
        frame.Depth = Math.Max(frame.Depth, depth);
        if (frame.Items is not null)
        {
            frame.Items.Add(node);
            return;
        }
        var (key, at) = (frame.Key!, frame.KeyAt);
        frame.Key = null;
        if (frame.KeyIsMerge)
        {
            (frame.Merges ??= []).Add(node);
            return;
        }
        if (frame.PlaceOf(key) is { } first)
        {
            throw new YamlProblemException(ProblemCodes.DuplicateKey, at,
                $"the key '{key}' stands twice in this map; the first is at {first}. Remove or rename one of them.");
        }
        frame.Entries!.Add(new SourceEntry(key, at, node));
    }

    /// <summary>The entries written in place, then those of <c>&lt;&lt;</c> that are not: earlier maps win.</summary>
    private SourceEntry[] Merged(Frame frame)
    {
        foreach (var source in frame.Merges!.SelectMany(merge => merge.Items ?? [merge]))
        {
            if (source.Entries is null)
            {
                throw new YamlProblemException(ProblemCodes.BadMerge, source.At,
                    "the merge key '<<' wants a map or a list of maps. Write '<<: *anchor', where the anchor stands on a map.");
            }
            foreach (var entry in source.Entries)
            {
                if (frame.PlaceOf(entry.Key) is null) frame.Entries!.Add(entry);
            }
        }
        return frame.Entries!.ToArray();
    }

    private int BlockColumn()
    {
        foreach (var frame in _frames)
        {
            if (frame.BlockColumn > 0) return frame.BlockColumn;
        }
        return 0;
    }

    private void Count(Mark at)
    {
        if (++_items > YamlReader.ItemsMax)
            throw Refuse(ProblemCodes.TooManyNodes, at, $"the file holds more than {YamlReader.ItemsMax} values. Split the workflow, or fan out with `map` over data.");
    }

    private YamlProblemException Refuse(string code, Mark at, string message) => new(code, text.PlaceOf(at.Index), message);

    private readonly record struct Anchored(SourceNode Node, int Size, int Depth);

    /// <summary>A list or map that is still open.</summary>
    private sealed class Frame(bool isMap, SourcePosition at, Mark start, AnchorName anchor, int blockColumn)
    {
        private Dictionary<string, SourcePosition>? _keys;

        public SourcePosition At { get; } = at;
        public Mark Start { get; } = start;
        public AnchorName Anchor { get; } = anchor;
        /// <summary>Column of a block collection, from 1; 0 for one in brackets.</summary>
        public int BlockColumn { get; } = blockColumn;
        public List<SourceNode>? Items { get; } = isMap ? null : [];
        public List<SourceEntry>? Entries { get; } = isMap ? [] : null;
        public List<SourceNode>? Merges { get; set; }
        public string? Key { get; set; }
        public SourcePosition KeyAt { get; set; }
        public bool KeyIsMerge { get; set; }
        public bool WantsKey => Entries is not null && Key is null;
        public int Depth { get; set; }
        public int ItemsBefore { get; init; }

        public SourcePosition? PlaceOf(string key)
        {
            if (Entries!.Count < KeyScanMax)
            {
                foreach (var entry in Entries)
                {
                    if (entry.Key == key) return entry.KeyAt;
                }
                return null;
            }
            _keys ??= new(StringComparer.Ordinal);
            for (var i = _keys.Count; i < Entries.Count; i++) _keys[Entries[i].Key] = Entries[i].KeyAt;
            return _keys.TryGetValue(key, out var at) ? at : null;
        }
    }
}
