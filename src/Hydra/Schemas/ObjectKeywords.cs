using System.Collections.Frozen;
using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>properties, patternProperties and additionalProperties in one pass over the object (core §10.3.2).</summary>
internal sealed class PropertiesKeyword(SchemaNode node, FrozenDictionary<string, SchemaNode>? named,
    (EcmaRegex Regex, SchemaNode Node)[] patterns, SchemaNode? additional) : Keyword(node, "properties")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsObject) return true;
        var isValid = true;
        var pairs = value.AsObject.Pairs;
        for (var i = 0; i < pairs.Length; i++)
        {
            var (key, item) = pairs[i];
            var isKnown = false;
            if (named is not null && named.TryGetValue(key, out var child))
            {
                isKnown = true;
                isValid &= child.Always == false ? Forbid(run, child, "properties", key) : run.CheckProperty(child, key, item);
            }
            foreach (var (regex, childOfPattern) in patterns)
            {
                if (!regex.IsMatch(key)) continue;
                isKnown = true;
                isValid &= childOfPattern.Always == false
                    ? Forbid(run, childOfPattern, "patternProperties", key) : run.CheckProperty(childOfPattern, key, item);
            }
            if (!isKnown && additional is not null)
            {
                isKnown = true;
                isValid &= additional.Always == false ? Refuse(run, value.AsObject, key) : run.CheckProperty(additional, key, item);
            }
            if (isKnown) marks?.Add(i);
            if (!isValid && !run.IsCollecting) return false;
        }
        return isValid;
    }

    private static bool Forbid(Evaluation run, SchemaNode child, string keyword, string key)
    {
        if (run.IsCollecting) run.Report(child.Location, keyword, "this property is not allowed here. Leave it out", key);
        return false;
    }

    private bool Refuse(Evaluation run, ValueMap map, string key)
    {
        if (!run.IsCollecting) return false;
        // A name that is given already is not the one that was meant.
        var missing = named?.Keys.Where(name => !map.ContainsKey(name)) ?? [];
        var meant = Spelling.Nearest(key, missing);
        var mend = meant is not null ? $"Did you mean '{Describe.Clip(meant)}'?"
            : named is { Count: > 0 } ? $"Allowed: {Describe.Names(named.Keys.Order(StringComparer.Ordinal))}" : "Leave it out";
        run.Report(PointerOf("additionalProperties"), "additionalProperties", $"this property is not allowed here. {mend}", key);
        return false;
    }
}

internal sealed class RequiredKeyword(SchemaNode node, string[] required) : Keyword(node, "required")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsObject) return true;
        var map = value.AsObject;
        var isValid = true;
        foreach (var name in required)
        {
            if (map.ContainsKey(name)) continue;
            if (!run.IsCollecting) return false;
            isValid = false;
            run.Report(SchemaPointer, Name, $"the required property '{Describe.Clip(name)}' is missing"
                + (map.Count == 0 ? "; the object is empty" : $"; the object has {Describe.Names(map.Keys)}"));
        }
        return isValid;
    }
}

/// <summary>minProperties, maxProperties, minItems and maxItems.</summary>
internal sealed class CountKeyword(SchemaNode node, string name, long limit) : Keyword(node, name)
{
    private readonly bool _isUpper = name.StartsWith("max", StringComparison.Ordinal);
    private readonly bool _isOfObjects = name.EndsWith("Properties", StringComparison.Ordinal);

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (_isOfObjects ? !value.IsObject : !value.IsList) return true;
        var count = _isOfObjects ? value.AsObject.Count : value.AsList.Length;
        if (_isUpper ? count <= limit : count >= limit) return true;
        if (run.IsCollecting)
        {
            var before = (_isOfObjects ? "the object" : "the list") + (_isUpper ? " must have at most " : " must have at least ");
            run.Report(SchemaPointer, Name, Describe.Count(limit, before, _isOfObjects ? "property" : "item", _isOfObjects ? "properties" : "items") + $", got {count}");
        }
        return false;
    }
}

internal sealed class PropertyNamesKeyword(SchemaNode node, SchemaNode names) : Keyword(node, "propertyNames")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsObject) return true;
        var isValid = true;
        foreach (var (key, _) in value.AsObject.Pairs)
        {
            var why = run.IsCollecting ? new List<SchemaProblem>() : null;
            if (run.Try(names, Value.Of(key), marks: null, why)) continue;
            if (!run.IsCollecting) return false;
            isValid = false;
            run.Report(SchemaPointer, Name, $"the name of this property is not allowed: {Cause(why!)}", key);
        }
        return isValid;
    }

    /// <summary>The problem without its place, which is that of the whole object.</summary>
    private static string Cause(List<SchemaProblem> why)
    {
        if (why.Count == 0) return "no name is";
        var message = why[0].Message;
        return message[(message.IndexOf(": ", StringComparison.Ordinal) + 2)..];
    }
}

internal sealed class DependentRequiredKeyword(SchemaNode node, string name, (string Key, string[] Needs)[] rules) : Keyword(node, name)
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsObject) return true;
        var map = value.AsObject;
        var isValid = true;
        foreach (var (key, needs) in rules)
        {
            if (!map.ContainsKey(key)) continue;
            foreach (var need in needs)
            {
                if (map.ContainsKey(need)) continue;
                if (!run.IsCollecting) return false;
                isValid = false;
                run.Report(JsonPointer.Append(SchemaPointer, key), Name, $"the property '{Describe.Clip(need)}' is missing; it is required where '{Describe.Clip(key)}' is given");
            }
        }
        return isValid;
    }
}

internal sealed class DependentSchemasKeyword(SchemaNode node, string name, (string Key, SchemaNode Node)[] rules) : Keyword(node, name)
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsObject) return true;
        var isValid = true;
        foreach (var (key, child) in rules)
        {
            if (!value.AsObject.ContainsKey(key) || run.Check(child, value, marks)) continue;
            if (!run.IsCollecting) return false;
            isValid = false;
        }
        return isValid;
    }
}

internal sealed class UnevaluatedPropertiesKeyword(SchemaNode node, SchemaNode child) : Keyword(node, "unevaluatedProperties")
{
    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!value.IsObject) return true;
        var isValid = true;
        var pairs = value.AsObject.Pairs;
        for (var i = 0; i < pairs.Length; i++)
        {
            if (marks![i]) continue;
            marks.Add(i);
            if (child.Always == false)
            {
                if (run.IsCollecting) run.Report(SchemaPointer, Name, "this property is not allowed here; no part of the schema that applies knows it. Leave it out", pairs[i].Key);
                isValid = false;
            }
            else isValid &= run.CheckProperty(child, pairs[i].Key, pairs[i].Value);
            if (!isValid && !run.IsCollecting) return false;
        }
        return isValid;
    }
}
