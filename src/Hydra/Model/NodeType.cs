using Hydra.Templates;

namespace Hydra.Model;

/// <summary>
/// One kind of node: its fields, its checks, its plan. A leaf also says how it runs (<see cref="ILeafNodeType"/>), a
/// composite how it goes on from child to child (<see cref="ICompositeNodeType"/>). Stateless and shared by all runs.
/// </summary>
public interface INodeType
{
    /// <summary>The name in <c>type:</c>.</summary>
    string Name { get; }
    string Description { get; }
    /// <summary>The fields of this type beyond those of every node.</summary>
    IReadOnlyList<Field> Fields { get; }
    NodeTraits Traits { get; }

    /// <summary>The traits of one node, where its fields decide them: an agent with acting tools. Pure.</summary>
    NodeTraits TraitsOf(NodeSpec node, WorkflowSpec workflow) => Traits;

    /// <summary>Checks what shapes cannot say (fields that exclude each other, ranges across fields). Pure.</summary>
    void Check(NodeSpec node, CheckContext context) { }

    /// <summary>The graphs that this node may open as scopes below itself. Pure.</summary>
    IReadOnlyList<FragmentSpec> Fragments(NodeSpec node) => [];

    /// <summary>The same, where the file around the node decides them: a leaf that may call workflows as tools. Pure.</summary>
    IReadOnlyList<FragmentSpec> Fragments(NodeSpec node, WorkflowSpec workflow) => Fragments(node);

    /// <summary>The node of its own graph from which this node may have the work done again, up to itself; null: it never does.</summary>
    string? RevisesFrom(NodeSpec node) => null;

    /// <summary>Own fields that belong to the nodes of a fragment, so that their templates see what those see (a map's <c>prompt</c>).</summary>
    IReadOnlyList<string> FragmentFields => [];

    /// <summary>Own fields that are evaluated after a fragment's nodes and see their outputs (a loop's <c>until</c>).</summary>
    IReadOnlyList<string> ResultFields => [];

    /// <summary>The node is given the outputs of its ancestors without naming them (<c>python_exec</c>).</summary>
    bool TakesInputsUnnamed => false;

    /// <summary>Compiles the type's own fields once per node; the result comes back as <see cref="PlannedNode.Fields"/>.</summary>
    object? Plan(NodeSpec node, PlanContext context) => null;
}

/// <summary>What planning assumes of a node type where the author says nothing.</summary>
public sealed record NodeTraits
{
    public EffectClass Effect { get; init; } = EffectClass.Pure;
    /// <summary>Attempts, the first included: 3 where models are called, else 1.</summary>
    public int MaxAttempts { get; init; } = 1;
    /// <summary>Limit of one attempt; null: none.</summary>
    public TimeSpan? Timeout { get; init; } = TimeSpan.FromSeconds(600);
    public TimeSpan? IdleTimeout { get; init; } = TimeSpan.FromSeconds(120);
    /// <summary>The budget where the node sets none: its agent's.</summary>
    public BudgetSpec? Budget { get; init; }
    /// <summary>The schema of the result where the node sets none: its agent's <c>outputs</c>.</summary>
    public Value? OutputSchema { get; init; }
    /// <summary>Labels of what the node may bring in from outside.</summary>
    public Labels Brings { get; init; }
    /// <summary>Reads what belongs to the project or to people: files, databases, user data. In words; null: nothing of it.</summary>
    public string? ReadsPrivate { get; init; }
    /// <summary>May send what it was given out, at somebody's wish who wrote some of it. In words; null: it cannot.</summary>
    public string? SendsOut { get; init; }
    /// <summary>Runs foreign code on this machine: refused without <c>--sandbox</c>.</summary>
    public bool NeedsSandbox { get; init; }
}

/// <summary>A graph that a composite opens below itself: a map's body, a loop's round.</summary>
public sealed record FragmentSpec(string Name, IReadOnlyList<NodeSpec> Nodes)
{
    /// <summary>Names bound for the nodes inside, besides inputs and the composite's own ancestors.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];
    /// <summary>Names that only one of the nodes sees, by its id.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> NodeNames { get; init; } = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
    /// <summary>Further names for outputs of these nodes: name to node id (<c>candidate</c> for the generator's output). Seen by whoever sees that node's output.</summary>
    public IReadOnlyDictionary<string, string> Aliases { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
    /// <summary>The names are the type's own, not an author's: inside they stand before nodes of the same name outside.</summary>
    public bool MayShadow { get; init; }
    /// <summary>Made of nodes that another fragment of the node holds, too: checking those once is enough.</summary>
    public bool IsRepeat { get; init; }
    /// <summary>One node that carries the composite's own path (<c>summaries[17]</c>), not a segment of its own.</summary>
    public bool IsInline { get; init; }
    /// <summary>A workflow of its own: nodes inside see its inputs only, not the names outside.</summary>
    public WorkflowSpec? Workflow { get; init; }
}

/// <summary>What a node type may ask while it checks a node.</summary>
public sealed class CheckContext(WorkflowSpec workflow, ProblemList problems, IReadOnlyDictionary<string, INodeType> types)
{
    public WorkflowSpec Workflow { get; } = workflow;
    public ProblemList Problems { get; } = problems;
    public IReadOnlyDictionary<string, INodeType> Types { get; } = types;
}

/// <summary>What a node type may ask while it compiles a node.</summary>
public sealed class PlanContext(WorkflowSpec workflow)
{
    private readonly Dictionary<string, Template> _templates = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Template> _expressions = new(StringComparer.Ordinal);

    public WorkflowSpec Workflow { get; } = workflow;

    /// <summary>A node's field, or where the node leaves it out the file's default for it; null when neither is written.</summary>
    public Value FieldOf(NodeSpec node, string name) => node.Fields.TryGetValue(name, out var own) ? own : Workflow.DefaultFields.GetOrNull(name);

    /// <summary>A template that is compiled at its first use; equal texts share one.</summary>
    public Template Template(string text)
    {
        if (!_templates.TryGetValue(text, out var template)) _templates[text] = template = Hydra.Templates.Template.Later(text);
        return template;
    }

    /// <summary>What was compiled of this text while the nodes were planned; null: nothing. Safe for many threads from then on.</summary>
    public Template? Known(string text, bool isExpression) => (isExpression ? _expressions : _templates).GetValueOrDefault(text);

    public Template Expression(string text)
    {
        if (!_expressions.TryGetValue(text, out var template)) _expressions[text] = template = Hydra.Templates.Template.ParseExpression(text);
        return template;
    }
}
