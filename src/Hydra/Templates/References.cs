namespace Hydra.Templates;

/// <summary>A free variable's use while its template is being parsed.</summary>
internal sealed class ReferenceDraft(string root, int position)
{
    private const int PathLengthMax = 32;

    public string Root => root;
    public int Position => position;
    public List<string> Path { get; } = [];
    public bool IsGuarded { get; set; }
    public bool IsRootGuarded { get; set; }

    public bool CanGrow => Path.Count < PathLengthMax;

    /// <summary>True when a test on the other covers this one: same variable, and a path that begins with the other's.</summary>
    public bool IsCoveredBy(ReferenceDraft other)
    {
        if (other.Root != root || other.Path.Count > Path.Count) return false;
        for (var i = 0; i < other.Path.Count; i++)
        {
            if (other.Path[i] != Path[i]) return false;
        }
        return true;
    }

    public void Guard()
    {
        IsGuarded = true;
        if (Path.Count == 0) IsRootGuarded = true;
    }

    public TemplateReference Finish(SourceText source)
    {
        var (line, column) = source.PlaceOf(position);
        return new TemplateReference { Root = root, Path = Path, Line = line, Column = column, IsGuarded = IsGuarded, IsRootGuarded = IsRootGuarded };
    }

    public override string ToString() => Path.Count == 0 ? root : root + "." + string.Join('.', Path);
}

/// <summary>Collects the free variables of a template and which of them its author has guarded.</summary>
internal sealed class References
{
    private readonly List<ReferenceDraft> _all = [];

    public int Count => _all.Count;

    public ReferenceDraft Add(string root, int position)
    {
        var reference = new ReferenceDraft(root, position);
        _all.Add(reference);
        return reference;
    }

    public IReadOnlyList<TemplateReference> Finish(SourceText source) => [.. _all.Select(reference => reference.Finish(source))];

    /// <summary>Marks the references added from <paramref name="from"/> up to <paramref name="to"/> that the condition, being true or false, has proved defined.</summary>
    public void Guard(int from, int to, Expression condition, bool isTrue)
    {
        if (from >= to) return;
        var proofs = new List<ReferenceDraft>();
        Prove(condition, isTrue, proofs);
        if (proofs.Count == 0) return;
        for (var i = from; i < to; i++)
        {
            foreach (var proof in proofs)
            {
                if (_all[i].Root != proof.Root) continue;
                // A proof of a.b is one of a as well.
                _all[i].IsRootGuarded = true;
                if (_all[i].IsCoveredBy(proof)) _all[i].IsGuarded = true;
            }
        }
    }

    private static void Prove(Expression condition, bool isTrue, List<ReferenceDraft> proofs)
    {
        switch (condition)
        {
            case NotExpression not: Prove(not.Operand, !isTrue, proofs); break;
            case LogicExpression logic when logic.IsAnd == isTrue:
                Prove(logic.Left, isTrue, proofs);
                Prove(logic.Right, isTrue, proofs);
                break;
            case DefinedExpression { Operand.Reference: { } reference } defined when defined.IsDefined == isTrue: proofs.Add(reference); break;
        }
    }
}
