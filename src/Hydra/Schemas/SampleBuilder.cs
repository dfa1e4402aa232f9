using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>
/// Builds one sample from the top down. At each place it holds the subschemas that all apply there, tries the ways to choose
/// between alternatives in order, and keeps the first candidate that the validator accepts.
/// </summary>
internal sealed class SampleBuilder(JsonSchema schema, Func<SampleRequest, Value?>? propose)
{
    private const int AttemptCountMax = 5_000, ChoiceCountMax = 64, CountMax = 1_000;

    /// <summary>Objects and lists being built, outermost first; a smallest sample never needs one within itself.</summary>
    private readonly HashSet<SchemaNode> _open = [];
    private readonly Dictionary<string, EcmaRegex> _regexes = new(StringComparer.Ordinal);
    private int _attemptsLeft = AttemptCountMax;

    public string? Reason { get; private set; }

    public Value? Build() => Build([schema.Root], new("", null), seed: 0);

    /// <summary>A value that fits all nodes; a seed from 1 on asks for another one each, as far as there are any.</summary>
    private Value? Build(List<SchemaNode> nodes, Place place, int seed)
    {
        var found = new List<Value>();
        var choices = new List<int>();
        for (var i = 0; i < ChoiceCountMax && _attemptsLeft > 0; i++)
        {
            if (SampleFacts.Read(schema, nodes, choices, out var alternatives) is { } facts)
            {
                foreach (var candidate in Candidates(facts, place, seed))
                {
                    if (--_attemptsLeft < 0) break;
                    if (found.Contains(candidate, SameData.Comparer) || !nodes.TrueForAll(node => schema.IsValidAt(node, candidate))) continue;
                    found.Add(candidate);
                    if (found.Count > seed) return candidate;
                }
            }
            if (!Advance(choices, alternatives)) break;
        }
        if (found.Count > 0) return found[^1];
        var where = place.Pointer.Length == 0 ? "the value" : place.Pointer;
        Reason ??= _attemptsLeft <= 0 ? $"{where}: gave up after {AttemptCountMax} attempts" : $"{where}: found no value for {Describe.Clip(nodes[0].Source.ToJson())}";
        return null;
    }

    private IEnumerable<Value> Candidates(SampleFacts facts, Place place, int seed)
    {
        if (facts.Fixed is { } values) return values;
        return Proposed(facts, place).Concat(facts.Suggested).Concat(facts.Types.SelectMany(type => type switch
        {
            SchemaTypes.Null => [Value.Null],
            SchemaTypes.Boolean => [Value.False, Value.True],
            SchemaTypes.Integer => SampleScalars.Numbers(facts, isWhole: true, seed),
            SchemaTypes.Number => SampleScalars.Numbers(facts, isWhole: false, seed),
            SchemaTypes.String => SampleScalars.Texts(facts, seed),
            SchemaTypes.Array => Nested(facts, variant => List(facts, place, variant), place, seed),
            _ => Nested(facts, variant => Object(facts, place, variant), place, seed),
        }));
    }

    private IEnumerable<Value> Proposed(SampleFacts facts, Place place)
    {
        if (propose is null || facts.Types.Count == 0) yield break;
        ValueKind? kind = facts.Types[0] switch
        {
            SchemaTypes.String => ValueKind.Text,
            SchemaTypes.Integer => ValueKind.Integer,
            SchemaTypes.Number => ValueKind.Number,
            _ => null,
        };
        if (kind is null) yield break;
        var answer = propose(new(place.Pointer, place.Name, facts.Description, kind.Value,
            facts.Nodes.Count == 0 ? Value.True : facts.Nodes[0].Source));
        if (answer is { } value) yield return value;
    }

    private IEnumerable<Value> Nested(SampleFacts facts, Func<int, Value?> build, Place place, int seed)
    {
        var isNew = facts.Nodes.FindAll(node => !_open.Contains(node));
        if (isNew.Count < facts.Nodes.Count)
        {
            Reason ??= $"{place.Pointer}: the schema needs itself without end";
            yield break;
        }
        for (var variant = 0; variant <= seed; variant++)
        {
            _open.UnionWith(isNew);
            var value = build(variant);
            _open.ExceptWith(isNew);
            if (value is not null) yield return value.Value;
        }
    }

    private Value? Object(SampleFacts facts, Place place, int seed)
    {
        var names = Names(facts, place);
        if (names is null) return null;
        var map = new ValueMap.Builder();
        foreach (var name in names)
        {
            var children = ChildrenOf(facts, name);
            var value = children.Count == 0 ? Value.EmptyText : Build(children, new(JsonPointer.Append(place.Pointer, name), name), seed);
            if (value is null) return null;
            map[name] = value.Value;
        }
        return Value.Of(map.Build());
    }

    /// <summary>The required names, then declared and invented ones up to the least number.</summary>
    private List<string>? Names(SampleFacts facts, Place place)
    {
        var required = facts.Required;
        var names = facts.Declared.Where(required.Contains).Concat(required).Distinct(StringComparer.Ordinal).ToList();
        var least = facts.LeastOf("minProperties");
        if (least > CountMax)
        {
            Reason ??= $"{place.Pointer}: {least} properties are too many";
            return null;
        }
        names.AddRange(facts.Declared.Where(name => !required.Contains(name) && ChildrenOf(facts, name).TrueForAll(node => node.Always != false))
            .Take((int)Math.Max(0, least - names.Count)));
        var rules = facts.Children("propertyNames").ToList();
        var patterns = facts.Nodes.SelectMany(node => SampleFacts.MapOf(node, "patternProperties").Keys).ToList();
        for (var i = 0; names.Count < least; i++)
        {
            if (i > CountMax + 8) return null;
            var name = rules.Count > 0 ? Build(rules, place, i)?.TextOrNull : patterns.Count > 0 ? PatternSample.For(patterns[0], i, extra: i) : $"property{i + 1}";
            if (name is null) return null;
            if (!names.Contains(name, StringComparer.Ordinal)) names.Add(name);
        }
        return names;
    }

    private List<SchemaNode> ChildrenOf(SampleFacts facts, string name)
    {
        var children = new List<SchemaNode>();
        foreach (var node in facts.Nodes)
        {
            var before = children.Count;
            if (facts.Child(node, "properties/" + JsonPointer.Escape(name)) is { } declared) children.Add(declared);
            foreach (var (pattern, _) in SampleFacts.MapOf(node, "patternProperties"))
            {
                if (!_regexes.TryGetValue(pattern, out var regex)) _regexes[pattern] = regex = EcmaRegex.Parse(pattern, schema.Options.RegexTimeout);
                if (regex.IsMatch(name)) children.Add(facts.Child(node, "patternProperties/" + JsonPointer.Escape(pattern))!);
            }
            if (children.Count == before && facts.Child(node, "additionalProperties") is { } additional) children.Add(additional);
        }
        if (children.Count == 0) children.AddRange(facts.Children("unevaluatedProperties"));
        return children;
    }

    private Value? List(SampleFacts facts, Place place, int seed)
    {
        var contained = facts.Nodes.Where(node => facts.Child(node, "contains") is not null)
            .Select(node => (Node: facts.Child(node, "contains")!, Count: SampleFacts.CountOf(node, "minContains") ?? 1)).ToList();
        var least = Math.Max(facts.LeastOf("minItems"), contained.Count == 0 ? 0 : contained.Max(rule => rule.Count));
        if (seed > 0 && least == 0) least = 1;   // another list than the empty one
        if (least > CountMax)
        {
            Reason ??= $"{place.Pointer}: {least} items are too many";
            return null;
        }
        var mustDiffer = facts.Nodes.Exists(node => node.Source.AsObject.GetOrNull("uniqueItems") == Value.True);
        var items = new List<Value>();
        for (var i = 0; i < least; i++)
        {
            var children = facts.Nodes.Select(node => facts.Child(node, $"prefixItems/{i}") ?? facts.Child(node, "items")).OfType<SchemaNode>().ToList();
            if (children.Count == 0) children.AddRange(facts.Children("unevaluatedItems"));
            children.AddRange(contained.Where(rule => i < rule.Count).Select(rule => rule.Node));
            if (Item(children, new(JsonPointer.Append(place.Pointer, i), place.Name), mustDiffer ? items : [], seed + (mustDiffer ? i : 0)) is not { } item) return null;
            items.Add(item);
        }
        return Value.Of(items.ToArray());
    }

    private Value? Item(List<SchemaNode> children, Place place, List<Value> taken, int seed)
    {
        var variants = taken.Count == 0 ? [seed] : Enumerable.Range(0, taken.Count + 1).Prepend(seed);
        foreach (var variant in variants)
        {
            var item = children.Count == 0 ? SampleScalars.Plain(variant, 0) : Build(children, place, variant);
            if (item is null || !taken.Contains(item.Value, SameData.Comparer)) return item;
        }
        Reason ??= $"{place.Pointer}: found no item that differs from those before";
        return null;
    }

    /// <summary>Counts on to the next combination of choices; the last one turns fastest.</summary>
    private static bool Advance(List<int> choices, List<int> alternatives)
    {
        while (choices.Count < alternatives.Count) choices.Add(0);
        while (choices.Count > alternatives.Count) choices.RemoveAt(choices.Count - 1);
        for (var i = choices.Count - 1; i >= 0; i--)
        {
            if (++choices[i] < alternatives[i]) return true;
            choices.RemoveAt(i);
        }
        return false;
    }

    /// <summary>Where in the sample, and under which property.</summary>
    private readonly record struct Place(string Pointer, string? Name);
}
