using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>The types of JSON Schema (validation §6.1.1) as a set.</summary>
[Flags]
internal enum SchemaTypes : byte { None = 0, Null = 1, Boolean = 2, Integer = 4, Number = 8, String = 16, Array = 32, Object = 64 }

internal sealed class TypeKeyword(SchemaNode node, SchemaTypes allowed) : Keyword(node, "type")
{
    private readonly string _words = Words(allowed);

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (Has(value)) return true;
        if (run.IsCollecting)
        {
            var aside = allowed == SchemaTypes.Integer && value.Kind == ValueKind.Number ? " (it has a fraction)" : "";
            run.Report(SchemaPointer, Name, $"expected {_words}, got {Describe.Value(value)}{aside}");
        }
        return false;
    }

    private bool Has(Value value) => value.Kind switch
    {
        ValueKind.Null => Has(SchemaTypes.Null),
        ValueKind.Boolean => Has(SchemaTypes.Boolean),
        ValueKind.Integer => Has(SchemaTypes.Integer) || Has(SchemaTypes.Number),
        ValueKind.Number => Has(SchemaTypes.Number) || (Has(SchemaTypes.Integer) && ExactNumber.IsWhole(value)),
        ValueKind.Text => Has(SchemaTypes.String),
        ValueKind.List => Has(SchemaTypes.Array),
        _ => Has(SchemaTypes.Object),
    };

    /// <summary>By hand, for HasFlag allocates until the runtime has optimised it.</summary>
    private bool Has(SchemaTypes type) => (allowed & type) == type;

    private static string Words(SchemaTypes types)
    {
        var words = new List<string>();
        if (types.HasFlag(SchemaTypes.String)) words.Add("text");
        if (types.HasFlag(SchemaTypes.Number)) words.Add("a number");
        else if (types.HasFlag(SchemaTypes.Integer)) words.Add("a whole number");
        if (types.HasFlag(SchemaTypes.Boolean)) words.Add("true or false");
        if (types.HasFlag(SchemaTypes.Object)) words.Add("an object");
        if (types.HasFlag(SchemaTypes.Array)) words.Add("a list");
        if (types.HasFlag(SchemaTypes.Null)) words.Add("null");
        return words.Count == 0 ? "nothing" : string.Join(" or ", words);
    }
}

internal sealed class ConstKeyword(SchemaNode node, Value wanted) : Keyword(node, "const")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (SameData.Comparer.Equals(wanted, value)) return true;
        if (run.IsCollecting) run.Report(SchemaPointer, Name, $"must be exactly {Describe.Literal(wanted)}, got {Describe.Value(value)}");
        return false;
    }
}

internal sealed class EnumKeyword(SchemaNode node, Value[] allowed) : Keyword(node, "enum")
{
    /// <summary>Below this many values a scan is faster than hashing.</summary>
    private const int ScanCountMax = 8;

    private readonly HashSet<Value>? _set = allowed.Length > ScanCountMax ? new(allowed, SameData.Comparer) : null;

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (_set?.Contains(value) ?? Scan(value)) return true;
        if (!run.IsCollecting) return false;
        var meant = value.IsText ? Spelling.Nearest(value.AsText, Texts()) : null;
        run.Report(SchemaPointer, Name, $"must be one of {Describe.Literals(allowed)}, got {Describe.Value(value)}"
            + (meant is null ? "" : $". Did you mean \"{Describe.Clip(meant)}\"?"));
        return false;
    }

    private bool Scan(Value value)
    {
        foreach (var candidate in allowed)
        {
            if (SameData.Comparer.Equals(candidate, value)) return true;
        }
        return false;
    }

    private IEnumerable<string> Texts()
    {
        foreach (var candidate in allowed)
        {
            if (candidate.IsText) yield return candidate.AsText;
        }
    }
}

/// <summary>minimum, maximum, exclusiveMinimum and exclusiveMaximum (validation §6.2).</summary>
internal sealed class BoundKeyword(SchemaNode node, string name, Value limit) : Keyword(node, name)
{
    private readonly bool _isUpper = name is "maximum" or "exclusiveMaximum";
    private readonly bool _isOpen = name is "exclusiveMinimum" or "exclusiveMaximum";

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsNumeric) return true;
        var order = ExactNumber.Compare(value, limit);
        if (_isUpper) order = -order;
        if (order > 0 || (order == 0 && !_isOpen)) return true;
        if (run.IsCollecting)
        {
            var words = (_isUpper, _isOpen) switch
            {
                (true, true) => "less than",
                (true, false) => "at most",
                (false, true) => "more than",
                _ => "at least",
            };
            run.Report(SchemaPointer, Name, $"must be {words} {limit.ToJson()}, got {value.ToJson()}");
        }
        return false;
    }
}

internal sealed class MultipleOfKeyword(SchemaNode node, Value divisor) : Keyword(node, "multipleOf")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsNumeric || ExactNumber.IsMultiple(value, divisor)) return true;
        if (run.IsCollecting) run.Report(SchemaPointer, Name, $"must be a multiple of {divisor.ToJson()}, got {value.ToJson()}");
        return false;
    }
}

/// <summary>minLength and maxLength, counted in Unicode code points (validation §6.3.1).</summary>
internal sealed class LengthKeyword(SchemaNode node, string name, long limit) : Keyword(node, name)
{
    private readonly bool _isUpper = name == "maxLength";

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsText) return true;
        var text = value.AsText;
        // A code point takes one or two chars, which settles most texts without counting.
        if (_isUpper ? text.Length <= limit : text.Length >= 2 * limit) return true;
        var length = CodePoints(text);
        if (_isUpper ? length <= limit : length >= limit) return true;
        if (run.IsCollecting)
        {
            run.Report(SchemaPointer, Name, Describe.Count(limit, _isUpper ? "text must have at most " : "text must have at least ", "character", "characters")
                + $", got {length}: {Describe.Literal(value)}");
        }
        return false;
    }

    private static long CodePoints(string text)
    {
        var count = text.Length;
        for (var i = 1; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text[i - 1], text[i])) count--;
        }
        return count;
    }
}

internal sealed class PatternKeyword(SchemaNode node, EcmaRegex regex) : Keyword(node, "pattern")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsText || regex.IsMatch(value.AsText)) return true;
        if (run.IsCollecting) run.Report(SchemaPointer, Name, $"text must match the pattern {regex.Source}, got {Describe.Literal(value)}");
        return false;
    }
}

internal sealed class FormatKeyword(SchemaNode node, string format, Func<string, bool> isValid, string example) : Keyword(node, "format")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsText || isValid(value.AsText)) return true;
        if (run.IsCollecting) run.Report(SchemaPointer, Name, $"must have the format {format}, such as \"{example}\", got {Describe.Value(value)}");
        return false;
    }
}
