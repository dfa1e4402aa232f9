using Hydra.Model;

namespace Hydra.Templates;

/// <summary>
/// The methods that values have: Python's for texts, lists and objects, as far as they read. They are listed here one by one;
/// nothing of .NET can be reached by name.
/// </summary>
internal static class Methods
{
    private static readonly Dictionary<string, (int Least, int Most, FilterBody Body)> OfText = new(StringComparer.Ordinal)
    {
        ["upper"] = (0, 0, static (_, value, _) => TextFilters.Upper(value.AsText)),
        ["lower"] = (0, 0, static (_, value, _) => value.AsText.ToLowerInvariant()),
        ["casefold"] = (0, 0, static (_, value, _) => value.AsText.ToLowerInvariant()),
        ["capitalize"] = (0, 0, static (_, value, _) => TextFilters.Capitalize(value.AsText)),
        ["title"] = (0, 0, static (_, value, _) => TextMethods.Title(value.AsText)),
        ["strip"] = (0, 1, static (e, value, arguments) => TextFilters.Strip(e, value.AsText, At(arguments, 0), true, true)),
        ["lstrip"] = (0, 1, static (e, value, arguments) => TextFilters.Strip(e, value.AsText, At(arguments, 0), true, false)),
        ["rstrip"] = (0, 1, static (e, value, arguments) => TextFilters.Strip(e, value.AsText, At(arguments, 0), false, true)),
        ["split"] = (0, 2, static (e, value, arguments) => TextMethods.Split(e, value.AsText, At(arguments, 0), At(arguments, 1), fromRight: false)),
        ["rsplit"] = (0, 2, static (e, value, arguments) => TextMethods.Split(e, value.AsText, At(arguments, 0), At(arguments, 1), fromRight: true)),
        ["splitlines"] = (0, 0, static (e, value, _) => Value.Of(TextFilters.Lines(e, value.AsText).ToArray())),
        ["replace"] = (2, 3, static (e, value, arguments) => TextFilters.Replace(e, value.AsText, Text(e, arguments[0]), Text(e, arguments[1]), arguments.Length < 3 ? -1 : Filters.Whole(e, arguments[2], "The count"))),
        ["startswith"] = (1, 1, static (e, value, arguments) => TextMethods.HasAffix(e, value.AsText, arguments[0], atStart: true)),
        ["endswith"] = (1, 1, static (e, value, arguments) => TextMethods.HasAffix(e, value.AsText, arguments[0], atStart: false)),
        ["removeprefix"] = (1, 1, static (e, value, arguments) => value.AsText.StartsWith(Text(e, arguments[0]), StringComparison.Ordinal) ? value.AsText[arguments[0].AsText.Length..] : value),
        ["removesuffix"] = (1, 1, static (e, value, arguments) => value.AsText.EndsWith(Text(e, arguments[0]), StringComparison.Ordinal) ? value.AsText[..^arguments[0].AsText.Length] : value),
        ["join"] = (1, 1, TextMethods.Join),
        ["find"] = (1, 1, static (e, value, arguments) => TextMethods.Find(value.AsText, Text(e, arguments[0]))),
        ["count"] = (1, 1, static (e, value, arguments) => new TextSearch(Text(e, arguments[0])).CountIn(value.AsText)),
        ["zfill"] = (1, 1, TextMethods.ZeroFill),
        ["center"] = (1, 2, static (e, value, arguments) => TextFilters.Pad(e, value.AsText, arguments[0], TextFilters.Side.Both, Fill(e, arguments))),
        ["ljust"] = (1, 2, static (e, value, arguments) => TextFilters.Pad(e, value.AsText, arguments[0], TextFilters.Side.Right, Fill(e, arguments))),
        ["rjust"] = (1, 2, static (e, value, arguments) => TextFilters.Pad(e, value.AsText, arguments[0], TextFilters.Side.Left, Fill(e, arguments))),
        ["isdigit"] = (0, 0, static (_, value, _) => TextMethods.IsAll(value.AsText, char.IsDigit)),
        ["isalpha"] = (0, 0, static (_, value, _) => TextMethods.IsAll(value.AsText, char.IsLetter)),
        ["isalnum"] = (0, 0, static (_, value, _) => TextMethods.IsAll(value.AsText, char.IsLetterOrDigit)),
        ["isspace"] = (0, 0, static (_, value, _) => TextMethods.IsAll(value.AsText, char.IsWhiteSpace)),
        ["isupper"] = (0, 0, static (e, value, _) => Is(e, "upper", value)),
        ["islower"] = (0, 0, static (e, value, _) => Is(e, "lower", value)),
    };

    private static readonly Dictionary<string, (int Least, int Most, FilterBody Body)> OfObject = new(StringComparer.Ordinal)
    {
        ["items"] = (0, 0, static (e, value, _) => DataFilters.Pairs(e, value)),
        ["keys"] = (0, 0, static (e, value, _) => Value.Of(Items.Enumerate(e, value))),
        ["values"] = (0, 0, Values),
        ["get"] = (1, 2, static (_, value, arguments) => Items.TryGet(value, arguments[0], out var found) ? found : At(arguments, 1)),
        ["copy"] = (0, 0, static (_, value, _) => value),
    };

    private static readonly Dictionary<string, (int Least, int Most, FilterBody Body)> OfList = new(StringComparer.Ordinal)
    {
        ["count"] = (1, 1, static (e, value, arguments) => Count(e, value, arguments[0])),
        ["index"] = (1, 1, static (e, value, arguments) => IndexOf(e, value, arguments[0])),
        ["copy"] = (0, 0, static (_, value, _) => value),
    };

    private static readonly Dictionary<string, string> Changing = new(StringComparer.Ordinal)
    {
        ["append"] = "Write {% set items = items + [x] %}; within a loop, keep the list in a namespace().",
        ["extend"] = "Write {% set items = items + more %}; within a loop, keep the list in a namespace().",
        ["insert"] = "Write {% set items = [x] + items %}.",
        ["remove"] = "Choose with |reject.",
        ["pop"] = "Read the last item with items[-1], the others with items[:-1].",
        ["clear"] = "Write {% set items = [] %}.",
        ["update"] = "Write {% set all = dict(first, key=value) %}.",
        ["setdefault"] = "Read with .get(key, default).",
        ["popitem"] = "Read with .items().",
        ["sort"] = "Use the filter |sort.",
        ["reverse"] = "Use the filter |reverse.",
        ["format"] = "Use the filter |format, with %s in the text.",
    };

    public static bool Exists(string name) => OfText.ContainsKey(name) || OfObject.ContainsKey(name) || OfList.ContainsKey(name);

    public static string WhyNone(string name) => Changing.TryGetValue(name, out var mend)
        ? $"There is no method '{name}': values do not change. {mend}"
        : $"There is no method '{name}'.{Nearest.Hint(name, OfText.Keys.Concat(OfObject.Keys).Concat(OfList.Keys))}";

    public static Value Call(Evaluation evaluation, Value target, string name, ReadOnlySpan<Value> arguments)
    {
        var methods = target.Kind switch { ValueKind.Text => OfText, ValueKind.Object => OfObject, ValueKind.List => OfList, _ => null };
        if (methods is null || !methods.TryGetValue(name, out var method)) throw evaluation.Fail(TemplateErrorKind.Undefined, $"{Operators.NameOf(target)} has no method '{name}'.");
        if (arguments.Length < method.Least || arguments.Length > method.Most)
        {
            var wanted = method.Least == method.Most ? $"{method.Least}" : $"{method.Least} to {method.Most}";
            throw evaluation.WrongType($"'{name}' takes {wanted} arguments, and {arguments.Length} are given.");
        }
        if (target.TextOrNull is { } text) evaluation.ChargeText(text.Length);
        return method.Body(evaluation, target, arguments);
    }

    private static Value At(ReadOnlySpan<Value> arguments, int index) => index < arguments.Length ? arguments[index] : Value.Null;

    private static string Text(Evaluation evaluation, Value value) => Filters.Text(evaluation, value, "The argument");

    private static char Fill(Evaluation evaluation, ReadOnlySpan<Value> arguments)
    {
        if (arguments.Length < 2) return ' ';
        return Text(evaluation, arguments[1]) is [var fill] ? fill : throw evaluation.WrongType("The fill must be one character.");
    }

    private static bool Is(Evaluation evaluation, string name, Value value) => Tests.TryFind(name, out var test) && test.Body(evaluation, value, []);

    private static Value Values(Evaluation evaluation, Value value, ReadOnlySpan<Value> arguments)
    {
        var pairs = value.AsObject.Pairs;
        evaluation.ChargeList(pairs.Length);
        var values = new Value[pairs.Length];
        for (var i = 0; i < values.Length; i++) values[i] = pairs[i].Value;
        return Value.Of(values);
    }

    private static int Count(Evaluation evaluation, Value list, Value wanted)
    {
        var count = 0;
        foreach (var item in list.AsList)
        {
            evaluation.Charge(1);
            if (Operators.AreEqual(evaluation, item, wanted)) count++;
        }
        return count;
    }

    private static int IndexOf(Evaluation evaluation, Value list, Value wanted)
    {
        var items = list.AsList;
        for (var i = 0; i < items.Length; i++)
        {
            evaluation.Charge(1);
            if (Operators.AreEqual(evaluation, items[i], wanted)) return i;
        }
        throw evaluation.BadValue("index() did not find the value in the list. Test with 'in' first.");
    }
}
