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
    private const int ProofsMax = 64;

    private readonly List<ReferenceDraft> _all = [];

    public int Count => _all.Count;

    public ReferenceDraft Add(string root, int position)
    {
        var reference = new ReferenceDraft(root, position);
        _all.Add(reference);
        return reference;
    }

    public IReadOnlyList<TemplateReference> Finish(SourceText source)
    {
        if (_all.Count == 0) return [];
        var finished = new TemplateReference[_all.Count];
        for (var i = 0; i < finished.Length; i++) finished[i] = _all[i].Finish(source);
        return finished;
    }

    /// <summary>What is known to be defined once the condition was true, or false.</summary>
    public static List<ReferenceDraft> ProofsOf(Expression condition, bool isTrue)
    {
        var proofs = new List<ReferenceDraft>();
        Prove(condition, isTrue, proofs);
        return proofs;
    }

    /// <summary>Marks the references added from <paramref name="from"/> on, up to <paramref name="to"/>, that the proofs cover.</summary>
    public void Guard(int from, int to, List<ReferenceDraft> proofs)
    {
        for (var i = from; i < to; i++)
        {
            // A bound for templates written to be slow; nobody tests so many names before one use.
            for (var at = 0; at < proofs.Count && at < ProofsMax; at++)
            {
                if (_all[i].Root != proofs[at].Root) continue;
                // A proof of a.b is one of a as well.
                _all[i].IsRootGuarded = true;
                if (_all[i].IsCoveredBy(proofs[at])) _all[i].IsGuarded = true;
            }
        }
    }

    public void Guard(int from, int to, Expression condition, bool isTrue)
    {
        if (from < to) Guard(from, to, ProofsOf(condition, isTrue));
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
