using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml;
using Hydra.Model;

namespace Hydra.Parsing.Genesis;

/// <summary>
/// Data as elements of the extension namespace and back, without loss: plain words have the types of YAML, lists are
/// <c>item</c>s, keys that are no XML names or whose element the schema keeps for another kind of value stand in
/// <c>entry key="…"</c>, and what XML cannot hold stands as JSON.
/// </summary>
internal static partial class GenesisData
{
    private const string Item = "item", Entry = "entry", Key = "key", Type = "type";

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_.-]*$", RegexOptions.NonBacktracking)]
    private static partial Regex XmlName();

    public static SourceNode Read(GenesisElement element, ProblemList problems)
    {
        var type = element.Attribute(Type)?.Value;
        switch (type)
        {
            case "text": return Text(element);
            case "null": return new SourceNode(Value.Null, element.At);
            case "list": return Items(element, problems);
            case "object": return Entries(element, problems);
            case "json":
                try
                {
                    return Placed(SourceNode.From(Value.ParseJson(element.Text)), element.At);
                }
                catch (JsonException broken)
                {
                    problems.Error(ProblemCodes.WrongType, element.At, $"<{element.Name}> has type=\"json\", and its text is not JSON: {broken.Message.TrimEnd('.')}. Correct it.");
                    return new SourceNode(Value.Null, element.At);
                }
            case not null:
                problems.Error(ProblemCodes.UnknownChoice, element.Attribute(Type)!.At, $"<{element.Name}> has type=\"{ShapeWords.Clip(type)}\". Write one of text, null, list, object, json, or leave it out.");
                break;
        }
        if (element.Children.Count > 0) return element.Children.TrueForAll(child => child.Name == Item) ? Items(element, problems) : Entries(element, problems);
        var plain = element.Text.Trim();
        if (plain.Length > 0 && YamlScalars.Resolve(plain, out var value) == YamlScalars.Outcome.Resolved && !value.IsText)
            return new SourceNode(value, element.At) { Written = plain };
        return Text(element);
    }

    /// <summary>Writes a value as one element; <paramref name="key"/>: its name where it stands in an object, null in a list.</summary>
    public static void Write(XmlWriter to, string? key, Value value)
    {
        if (key is null) to.WriteStartElement(Item, GenesisNames.Extension);
        else if (IsName(key) && Fits(key, value)) to.WriteStartElement(key, GenesisNames.Extension);
        else
        {
            to.WriteStartElement(Entry, GenesisNames.Extension);
            to.WriteAttributeString(Key, key);
        }
        WriteContent(to, value);
        to.WriteEndElement();
    }

    private static void WriteContent(XmlWriter to, Value value)
    {
        if (value.IsList)
        {
            if (value.Items.Count == 0) to.WriteAttributeString(Type, "list");
            foreach (var item in value.Items) Write(to, null, item);
        }
        else if (value.IsObject && value.AsObject.Keys.All(IsXmlText))
        {
            if (value.AsObject.Count == 0) to.WriteAttributeString(Type, "object");
            foreach (var (key, inner) in value.AsObject) Write(to, key, inner);
        }
        else if (value.IsNull)
        {
            to.WriteAttributeString(Type, "null");
        }
        else
        {
            var (type, text) = Scalar(value);
            if (type is not null) to.WriteAttributeString(Type, type);
            to.WriteString(text);
        }
    }

    private static (string? Type, string Text) Scalar(Value value)
    {
        var text = value.IsObject ? "" : value.ToDisplayText();
        if (value.IsText && (!IsXmlText(text) || string.IsNullOrWhiteSpace(text) && text.Length > 0)) return ("json", ValueJson.ToText(value));
        if (value.IsText) return YamlScalars.Resolve(text.Trim(), out var plain) == YamlScalars.Outcome.Resolved && plain.IsText ? (null, text) : ("text", text);
        return !value.IsObject && YamlScalars.Resolve(text, out var read) == YamlScalars.Outcome.Resolved && read.Kind == value.Kind && read == value ? (null, text) : ("json", ValueJson.ToText(value));
    }

    private static bool IsName(string key) => key is not (Item or Entry) && XmlName().IsMatch(key);

    /// <summary>Whether the element that <c>rules/genesis-extension.xsd</c> declares under a key, if it does, takes this value.</summary>
    private static bool Fits(string key, Value value) => key switch
    {
        // A task's contract and what a run projects: no data.
        "acceptance" or "approval" or GenesisNames.Run or GenesisNames.Workflow => false,
        "conflicts_with" => !value.IsObject,
        "timeout_seconds" or "idle_timeout_seconds" or "estimate_seconds" or "backoff_seconds" or "max_backoff_seconds" or "max_usd" or "max_seconds" =>
            value.IsNumeric && value.AsNumber >= 0 && Scalar(value).Type is null,
        "max_tokens" or "max_model_calls" or "max_tool_calls" or "max_steps" or "max_context_tokens" or "max_retries" or "repair_attempts" or "max_output_tokens" =>
            value is { Kind: ValueKind.Integer, AsInteger: >= 0 },
        "max_attempts" => value is { Kind: ValueKind.Integer, AsInteger: >= 1 and <= 20 },
        "priority" => value is { Kind: ValueKind.Integer, AsInteger: >= int.MinValue and <= int.MaxValue },
        _ => true,
    };

    private static bool IsXmlText(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (XmlConvert.IsXmlChar(text[i])) continue;
            if (i + 1 >= text.Length || !XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i])) return false;
            i++;
        }
        return true;
    }

    private static SourceNode Text(GenesisElement element) => new(Value.Of(element.Text), element.At) { TextAt = element.TextAt.Line > 0 ? element.TextAt : element.At, Folds = Lines(element) };

    /// <summary>Lines of XML text are not indented alike: each begins in column 1.</summary>
    private static List<TextLine>? Lines(GenesisElement element)
    {
        if (!element.Text.Contains('\n', StringComparison.Ordinal)) return null;
        var lines = new List<TextLine> { new(0, element.TextAt) };
        for (var at = 0; (at = element.Text.IndexOf('\n', at) + 1) > 0;) lines.Add(new(at, new(element.TextAt.Line + lines.Count, 1)));
        return lines;
    }

    private static SourceNode Items(GenesisElement element, ProblemList problems) => new(element.Children.ConvertAll(child => Read(child, problems)), element.At);

    private static SourceNode Entries(GenesisElement element, ProblemList problems)
    {
        var entries = new List<SourceEntry>(element.Children.Count);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var child in element.Children)
        {
            var name = child.Name == Entry ? child.Attribute(Key)?.Value ?? "" : child.Name;
            if (seen.Add(name)) entries.Add(new(name, child.At, Read(child, problems)));
            else problems.Error(ProblemCodes.DuplicateKey, child.At, $"'{ShapeWords.Clip(name)}' stands twice in <{element.Name}>. Remove one of them; the parts of a list are <h:item>s.");
        }
        return new SourceNode(entries, element.At);
    }

    private static SourceNode Placed(SourceNode node, SourcePosition at)
    {
        if (node.Items is { } items) return new SourceNode(items.Select(item => Placed(item, at)).ToArray(), at);
        if (node.Entries is { } entries) return new SourceNode(entries.Select(entry => new SourceEntry(entry.Key, at, Placed(entry.Value, at))).ToArray(), at);
        return new SourceNode(node.Scalar, at);
    }
}
