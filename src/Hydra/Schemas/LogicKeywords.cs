using Hydra.Model;

namespace Hydra.Schemas;

/// <summary>$ref (core §8.2.3.1), and a $dynamicRef that is bound already.</summary>
internal sealed class RefKeyword(SchemaNode node, string name, SchemaNode target) : Keyword(node, name)
{
    public override IEnumerable<SchemaNode> InPlace => [target];

    public override bool Check(Evaluation run, Value value, Marks? marks) => run.Check(target, value, marks);
}

/// <summary>$dynamicRef whose target carries a $dynamicAnchor: the outermost one of that name wins (core §8.2.3.2).</summary>
internal sealed class DynamicRefKeyword(SchemaNode node, string anchor, SchemaNode known) : Keyword(node, "$dynamicRef")
{
    public override bool Check(Evaluation run, Value value, Marks? marks) => run.Check(run.DynamicTarget(anchor, known), value, marks);
}

internal sealed class AllOfKeyword(SchemaNode node, SchemaNode[] parts) : Keyword(node, "allOf")
{
    public override IEnumerable<SchemaNode> InPlace => parts;

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        var isValid = true;
        foreach (var part in parts)
        {
            if (run.Check(part, value, marks)) continue;
            if (!run.IsCollecting) return false;
            isValid = false;
        }
        return isValid;
    }
}

/// <summary>anyOf, and oneOf where exactly one must fit (core §10.2.1).</summary>
internal sealed class ChoiceKeyword(SchemaNode node, string name, SchemaNode[] forms) : Keyword(node, name)
{
    private const int CauseCountMax = 3;

    private readonly bool _isOne = name == "oneOf";

    public override IEnumerable<SchemaNode> InPlace => forms;

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        int first = -1, second = -1;
        for (var i = 0; i < forms.Length; i++)
        {
            var seen = marks?.Fresh();
            if (!run.Try(forms[i], value, seen)) continue;
            if (seen is not null) marks!.Add(seen);
            if (first >= 0) second = i;
            else first = i;
            if (_isOne ? second >= 0 : marks is null) break;   // anyOf goes on only to collect what all forms have seen
        }
        if (first >= 0 && (!_isOne || second < 0)) return true;
        if (run.IsCollecting) run.Report(SchemaPointer, Name, second >= 0
            ? $"fits both form {first + 1} and form {second + 1} of {forms.Length} ({forms[first].Location}, {forms[second].Location}), but must fit exactly one"
            : NoneFits(run, value));
        return false;
    }

    private string NoneFits(Evaluation run, Value value)
    {
        List<SchemaProblem>? nearest = null;
        int at = 0, least = int.MaxValue, depth = run.InstancePointer().Length;
        for (var i = 0; i < forms.Length; i++)
        {
            var problems = new List<SchemaProblem>();
            if (!run.TryExplain(forms[i], value, problems)) return $"fits none of the {forms.Length} allowed forms";
            var distance = Distance(problems, depth);
            if (distance >= least) continue;
            (nearest, at, least) = (problems, i, distance);
        }
        var causes = nearest is null ? "" : string.Join("; ", nearest.Take(CauseCountMax).Select(problem => problem.Message));
        if (nearest is { Count: > CauseCountMax }) causes += $"; and {nearest.Count - CauseCountMax} more";
        var title = nearest is not null && forms[at].Source.IsObject ? forms[at].Source.AsObject.GetOrNull("title").TextOrNull : null;
        return forms.Length == 1 ? $"does not fit: {causes}"
            : $"fits none of the {forms.Length} allowed forms; nearest is form {at + 1}{(title is null ? "" : $" '{Describe.Clip(title)}'")}: {causes}";
    }

    /// <summary>How far the value is from a form: another kind of value is further than many small mistakes.</summary>
    private static int Distance(List<SchemaProblem> problems, int depth) => problems.Sum(problem => problem.Keyword switch
    {
        "type" or "false" when problem.InstancePointer.Length == depth => 1000,
        "const" or "enum" => 30,   // the tag of a union
        _ => 1,
    });
}

internal sealed class NotKeyword(SchemaNode node, SchemaNode child) : Keyword(node, "not")
{
    public override IEnumerable<SchemaNode> InPlace => [child];

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (!run.Try(child, value, marks: null)) return true;
        if (run.IsCollecting) run.Report(SchemaPointer, Name, $"must not be what {SchemaPointer} describes, got {Describe.Value(value)}");
        return false;
    }
}

internal sealed class IfKeyword(SchemaNode node, SchemaNode condition, SchemaNode? then, SchemaNode? otherwise) : Keyword(node, "if")
{
    public override IEnumerable<SchemaNode> InPlace => [condition];

    public override bool Check(Evaluation run, Value value, Marks? marks)
    {
        if (then is null && otherwise is null && marks is null) return true;
        var seen = marks?.Fresh();
        var holds = run.Try(condition, value, seen);
        if (holds && seen is not null) marks!.Add(seen);
        var branch = holds ? then : otherwise;
        return branch is null || run.Check(branch, value, marks);
    }
}
