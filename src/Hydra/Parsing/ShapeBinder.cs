using System.Text.RegularExpressions;
using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>
/// Checks one piece of source against a shape and gives its value in the one form that the rest reads: numbers that are
/// whole as integers, scalars that stand for text as text. Recursion is bounded by the reader's nesting limit.
/// </summary>
internal sealed class ShapeBinder(ProblemList problems)
{
    private static readonly TimeSpan PatternTimeout = TimeSpan.FromSeconds(1);
    private Dictionary<string, SourcePosition>? _places;

    public ProblemList Problems { get; private set; } = problems;

    /// <summary>The node whose fields these are, where no place in a file tells it.</summary>
    public string? Owner { get; set; }

    private string Where(string path) => Owner is null ? $"`{path}`" : $"node '{Owner}', `{path}`";

    /// <summary>From here on, places of fields and texts go into this map, by path.</summary>
    public void RecordPlaces(Dictionary<string, SourcePosition>? places) => (_places, Folds) = (places, null);

    /// <summary>The folded texts among the fields whose places are recorded; null while there are none.</summary>
    public Dictionary<string, IReadOnlyList<TextLine>>? Folds { get; set; }

    /// <summary>False where a problem was added.</summary>
    public bool TryBind(Shape shape, SourceNode node, string path, out Value value)
    {
        value = Value.Null;
        switch (shape)
        {
            case Shape.Text text: return Text(text, node, path, out value);
            case Shape.Template or Shape.Expression or Shape.ModelName: return AnyText(shape, node, path, out value);
            case Shape.Integer integer: return Integer(integer, node, path, out value);
            case Shape.Number number: return Number(number, node, path, out value);
            case Shape.Boolean:
                value = node.Scalar;
                return (node.IsScalar && value.Kind == ValueKind.Boolean) || Misfit(shape, node, path);
            case Shape.Choice choice: return Choice(choice, node, path, out value);
            case Shape.ListOf list: return List(list, node, path, out value);
            case Shape.MapOf map: return Map(map, node, path, out value);
            case Shape.Record record: return Record(record, node, path, out value);
            case Shape.OneOf oneOf: return OneOf(oneOf, node, path, out value);
            case Shape.NodeReference: return Reference(shape, node, path, out value);
            case Shape.JsonSchema:
                Place(path, node);
                value = node.ToValue();
                return node.Entries is not null || value.Kind == ValueKind.Boolean || Misfit(shape, node, path);
            case Shape.Templates:
                value = Templates(node, path);
                return true;
            case Shape.Node when node.Entries is null:
            case Shape.Nodes when node.Items is null:
                return Misfit(shape, node, path);
            default:
                Place(path, node);
                value = node.ToValue();
                return true;
        }
    }

    public void Place(string path, SourceNode node)
    {
        if (_places is null || node.At.Line == 0) return;
        _places[path] = node.TextAt.Line > 0 ? node.TextAt : node.At;
        if (node.Folds is { } folds) (Folds ??= new(StringComparer.Ordinal))[path] = folds;
    }

    private bool Text(Shape.Text shape, SourceNode node, string path, out Value value)
    {
        if (!AnyText(shape, node, path, out value)) return false;
        if (shape.Pattern is null || Regex.IsMatch(value.AsText, $"^(?:{shape.Pattern})$", RegexOptions.CultureInvariant, PatternTimeout)) return true;
        Problems.Error(ProblemCodes.OutOfRange, node.At, $"{Where(path)} is '{ShapeWords.Clip(value.AsText)}', which does not match {shape.Pattern}. Write it in that form.");
        return false;
    }

    private bool AnyText(Shape shape, SourceNode node, string path, out Value value)
    {
        Place(path, node);
        value = node.Scalar;
        if (!node.IsScalar || value.IsNull) return Misfit(shape, node, path);
        if (value.IsText) return true;
        if (value.Kind == ValueKind.Boolean && shape is Shape.Text or Shape.ModelName) return Misfit(shape, node, path);
        value = Value.Of(node.Written ?? value.ToJson());
        return true;
    }

    private bool Integer(Shape.Integer shape, SourceNode node, string path, out Value value)
    {
        Place(path, node);
        value = node.Scalar;
        if (!node.IsScalar || !value.IsNumeric) return Misfit(shape, node, path);
        if (value.Kind == ValueKind.Number)
        {
            var number = value.AsNumber;
            if (number != Math.Floor(number) || Math.Abs(number) >= long.MaxValue) return Misfit(shape, node, path);
            value = Value.Of((long)number);
        }
        return (value.AsInteger >= shape.Min && value.AsInteger <= shape.Max) || Outside(shape, node, path);
    }

    private bool Number(Shape.Number shape, SourceNode node, string path, out Value value)
    {
        Place(path, node);
        value = node.Scalar;
        if (!node.IsScalar || !value.IsNumeric) return Misfit(shape, node, path);
        var number = value.AsNumber;
        if (number == Math.Floor(number) && Math.Abs(number) < long.MaxValue) value = Value.Of((long)number);
        return (number >= shape.Min && number <= shape.Max) || Outside(shape, node, path);
    }

    private bool Choice(Shape.Choice shape, SourceNode node, string path, out Value value)
    {
        Place(path, node);
        value = node.Scalar;
        if (!node.IsScalar || !value.IsText) return Misfit(shape, node, path);
        if (shape.Names.Contains(value.AsText)) return true;
        Problems.Error(ProblemCodes.UnknownChoice, node.At,
            $"{Where(path)} is '{ShapeWords.Clip(value.AsText)}', which is not {ShapeWords.Of(shape)}.{DidYouMean.Hint(value.AsText, shape.Names)} Write one of them.");
        return false;
    }

    private bool List(Shape.ListOf shape, SourceNode node, string path, out Value value)
    {
        Place(path, node);
        value = Value.EmptyList;
        if (node.Items is null) return Misfit(shape, node, path, $"Write it as a list: `{Leaf(path)}: [{(node.Scalar.IsText ? ShapeWords.Clip(node.Scalar.AsText) : "…")}]`.");
        if (node.Items.Count > shape.CountMax)
        {
            Problems.Error(ProblemCodes.OutOfRange, node.At, $"{Where(path)} has {node.Items.Count} items, and at most {shape.CountMax} are allowed. Shorten the list.");
            return false;
        }
        var fits = true;
        var items = new Value[node.Items.Count];
        for (var i = 0; i < items.Length; i++) fits &= TryBind(shape.Item, node.Items[i], $"{path}[{i}]", out items[i]);
        value = Value.Of(items);
        return fits;
    }

    private bool Map(Shape.MapOf shape, SourceNode node, string path, out Value value)
    {
        Place(path, node);
        value = Value.EmptyObject;
        if (node.Entries is null) return Misfit(shape, node, path);
        var fits = true;
        var map = new ValueMap.Builder();
        foreach (var entry in node.Entries)
        {
            fits &= TryBind(shape.Item, entry.Value, $"{path}.{entry.Key}", out var item);
            map[entry.Key] = item;
        }
        value = Value.Of(map.Build());
        return fits;
    }

    private bool Record(Shape.Record shape, SourceNode node, string path, out Value value)
    {
        Place(path, node);
        value = Value.EmptyObject;
        if (node.Entries is null) return Misfit(shape, node, path);
        var fits = true;
        var map = new ValueMap.Builder();
        foreach (var entry in node.Entries)
        {
            var field = shape.Fields.FirstOrDefault(field => field.Name == entry.Key);
            if (field is null)
            {
                Unknown(entry, Where(path), shape.Fields.Select(known => known.Name));
                fits = false;
                continue;
            }
            if (IsUnwritten(field, entry.Value) || !IsThere(field, entry)) continue;
            fits &= TryBind(field.Shape, entry.Value, $"{path}.{entry.Key}", out var item);
            map[entry.Key] = item;
        }
        foreach (var field in shape.Fields)
        {
            if (field.IsRequired && !map.Contains(field.Name) && fits) fits = Missing(field, Where(path), node.At);
        }
        value = Value.Of(map.Build());
        return fits;
    }

    /// <summary>A field left empty (<c>depends_on:</c>) counts as not written, where null is no data of its own.</summary>
    public static bool IsUnwritten(Field field, SourceNode node) =>
        node.IsScalar && node.Scalar.IsNull && field.Shape is not (Shape.Anything or Shape.Templates);

    /// <summary>False, with a problem, for a field that the format knows and this version does not run.</summary>
    public bool IsThere(Field field, SourceEntry entry)
    {
        if (field.NotSupportedYet is null) return true;
        Problems.Error(ProblemCodes.NotSupportedYet, entry.KeyAt, $"`{entry.Key}`: {field.NotSupportedYet}.");
        return false;
    }

    /// <returns>The name that was meant, if one is near.</returns>
    public string? Unknown(SourceEntry entry, string where, IEnumerable<string> known)
    {
        var names = known.ToList();
        var near = DidYouMean.Nearest(entry.Key, names);
        var hint = near is null ? "" : $" Did you mean '{near}'?";
        if (hint.Length == 0) hint = names.Count <= 8 ? $" It takes {string.Join(", ", names)}." : " Remove it, or check its spelling.";
        Problems.Error(ProblemCodes.UnknownField, entry.KeyAt, $"{where} has no field '{ShapeWords.Clip(entry.Key)}'.{hint}");
        return near;
    }

    public bool Missing(Field field, string where, SourcePosition at)
    {
        Problems.Error(ProblemCodes.MissingField, at, $"{where} needs the field '{field.Name}': {ShapeWords.Of(field.Shape)}. Add it.");
        return false;
    }

    /// <summary>The alternative that the written kind points to; where several may fit, the first that does.</summary>
    private bool OneOf(Shape.OneOf shape, SourceNode node, string path, out Value value)
    {
        var near = shape.Alternatives.Where(alternative => MayFit(alternative, node)).ToList();
        value = Value.Null;
        if (near.Count == 0) return Misfit(shape, node, path);
        if (near.Count == 1) return TryBind(near[0], node, path, out value);
        var outside = Problems;
        foreach (var alternative in near)
        {
            Problems = new ProblemList(outside.File);
            var fits = TryBind(alternative, node, path, out value);
            Problems = outside;
            if (fits) return true;
        }
        return Misfit(shape, node, path);
    }

    private static bool MayFit(Shape shape, SourceNode node) => shape switch
    {
        Shape.Text or Shape.Template or Shape.Expression or Shape.ModelName => node.IsScalar && !node.Scalar.IsNull,
        Shape.NodeReference or Shape.Choice => node.Scalar.IsText,
        Shape.Integer or Shape.Number => node.IsScalar && node.Scalar.IsNumeric,
        Shape.Boolean => node.IsScalar && node.Scalar.Kind == ValueKind.Boolean,
        Shape.ListOf or Shape.Nodes => node.Items is not null,
        Shape.MapOf or Shape.Record or Shape.Node => node.Entries is not null,
        Shape.JsonSchema => node.Entries is not null || node.Scalar.Kind == ValueKind.Boolean,
        Shape.OneOf oneOf => oneOf.Alternatives.Any(alternative => MayFit(alternative, node)),
        _ => true,
    };

    private bool Reference(Shape shape, SourceNode node, string path, out Value value) =>
        AnyText(shape, node, path, out value) && (NodeId.IsValid(value.AsText) || IsId(value.AsText, node.At, Where(path)));

    public bool IsId(string text, SourcePosition at, string where)
    {
        if (NodeId.IsValid(text)) return true;
        Problems.Error(ProblemCodes.BadId, at, $"{where} is '{ShapeWords.Clip(text)}', which is no node id. Ids begin with a letter or '_' and hold letters, digits, '_' and '-', at most 128 of them.");
        return false;
    }

    private Value Templates(SourceNode node, string path)
    {
        Place(path, node);
        if (node.Items is not null) return Value.Of(node.Items.Select((item, i) => Templates(item, $"{path}[{i}]")).ToArray());
        if (node.Entries is not null) return Value.Of(ValueMap.Of(node.Entries.Select(entry => KeyValuePair.Create(entry.Key, Templates(entry.Value, $"{path}.{entry.Key}")))));
        return node.Scalar;
    }

    private bool Outside(Shape shape, SourceNode node, string path)
    {
        Problems.Error(ProblemCodes.OutOfRange, node.At, $"{Where(path)} is {node.Written ?? node.Scalar.ToJson()}, and it must be {ShapeWords.Of(shape)}. Change the number.");
        return false;
    }

    private bool Misfit(Shape shape, SourceNode node, string path, string? mend = null)
    {
        mend ??= shape switch
        {
            Shape.Boolean when node.Scalar.IsText && node.Scalar.AsText.ToLowerInvariant() is "yes" or "on" => "Write true.",
            Shape.Boolean when node.Scalar.IsText && node.Scalar.AsText.ToLowerInvariant() is "no" or "off" => "Write false.",
            Shape.Integer or Shape.Number when node.Scalar.IsText => "Write the number alone, without quotes or units.",
            Shape.Text or Shape.Template or Shape.Expression when node.Entries is { Count: 1 } && node.Entries[0].Value.Scalar.IsNull => "A value that begins with '{{' needs quotes: \"{{ … }}\".",
            Shape.Text or Shape.Template or Shape.Expression => "Put it in quotes.",
            _ => "Write it in that form.",
        };
        Problems.Error(ProblemCodes.WrongType, node.At, $"{Where(path)} is {ShapeWords.Of(node)}, where {ShapeWords.Of(shape)} is expected. {mend}");
        return false;
    }

    private static string Leaf(string path) => path[(path.LastIndexOf('.') + 1)..];
}
