using System.Runtime.InteropServices;
using Hydra.Model;
using Hydra.Templates;

namespace Hydra.Validation;

/// <summary>The templates of a workflow: that they can be read, and that every name in them means something where it stands.</summary>
internal sealed class ReferenceCheck(ProblemList problems)
{
    private static readonly string[] RecordFields = ["status", "output", "error", "attempts", "cost_usd"];
    private static readonly string[] RunFields = ["id", "name"];
    private static readonly string[] RevisionFields = ["round", "comment", "previous"];
    private static readonly string[] SecretWords = ["KEY", "TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL"];

    private readonly Dictionary<string, Template?> _templates = new(StringComparer.Ordinal), _expressions = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SourcePosition> _expected = new(StringComparer.Ordinal);
    private readonly HashSet<Hyphened> _hyphened = [];
    private readonly HashSet<NodeSpec> _secret = new(ReferenceEqualityComparer.Instance);

    /// <summary>Names that only a run's inputs can give, with the first place each is used; for workflows without an <c>inputs</c> block.</summary>
    public IReadOnlyDictionary<string, SourcePosition> Expected => _expected;

    /// <summary>Checks the templates of one node; marks in <paramref name="used"/> which nodes of the scopes around it reads. Call in topological order.</summary>
    public void Check(NameScope scope, int node, INodeType? type, UsedNodes used)
    {
        var spec = scope.Graph.Nodes[node];
        if (spec.Policy.Labels is { } labels && labels.IsSecret) _secret.Add(spec);
        foreach (var use in TemplateUse.Of(scope.Workflow, spec, type))
        {
            if (!use.IsExpression && !use.Text.Contains('{')) continue;
            if (Compile(use, scope, node) is not { } template) continue;
            foreach (var reference in template.References) Check(scope, node, use, reference, used);
        }
    }

    /// <summary>Compiles a text once; null, with a problem, where it cannot be read.</summary>
    public Template? Compile(TemplateUse use, NameScope scope, int node)
    {
        var compiled = use.IsExpression ? _expressions : _templates;
        ref var known = ref CollectionsMarshal.GetValueRefOrAddDefault(compiled, use.Text, out _);
        if (known is not null) return known;
        try
        {
            known = use.IsExpression ? Template.ParseExpression(use.Text) : Template.Parse(use.Text);
        }
        catch (TemplateSyntaxException broken)
        {
            known = null;
            problems.Error(ProblemCodes.BadTemplate, use.PlaceIn(scope.Workflow, scope.Graph.Nodes[node], broken.Line, broken.Column), $"node '{scope.NameOf(node)}', `{use.Path}`: {broken.Message}");
        }
        return known;
    }

    public void Check(NameScope scope, int node, TemplateUse use, TemplateReference reference, UsedNodes used)
    {
        var spec = scope.Graph.Nodes[node];
        var who = scope.NameOf(node);
        var at = use.PlaceIn(scope.Workflow, spec, reference.Line, reference.Column);
        if (use.ExtraNames.Contains(reference.Root)) return;
        switch (reference.Root)
        {
            case "now": return;
            case "revision": CheckRevision(scope, node, who, reference, at); return;
            case "run" or "env" or "nodes" when scope.Binds(reference.Root): return;
            case "run": CheckRun(who, reference, at); return;
            case "env": CheckEnv(scope, spec, who, use, reference, at); return;
            case "nodes": CheckRecord(scope, node, use, reference, at, used); return;
        }
        switch (scope.Resolve(reference.Root, node, out var home, out var index))
        {
            case NameKind.Ancestor:
                used.Add(home, index);
                CheckOutput(scope, node, home, index, use, reference, 0, at);
                if (!reference.IsRootGuarded) CheckCertain(scope, node, home, index, reference, at);
                break;
            case NameKind.Itself:
                problems.Error(ProblemCodes.NotAnAncestor, at, $"node '{who}' reads '{reference.Root}' while that node still runs. To see an earlier round, use `loop` and `previous`.");
                break;
            case NameKind.NotAncestor:
                NotAncestor(who, node, home, index, reference.Root, scope, at);
                break;
            case NameKind.Unknown:
                Unknown(scope, who, reference, at);
                break;
        }
    }

    private void CheckRevision(NameScope scope, int node, string who, TemplateReference reference, SourcePosition at)
    {
        if (!scope.IsRevised(node))
            problems.Error(ProblemCodes.UnknownVariable, at, $"node '{who}' reads `revision`, and no gate has it done again. Remove the use, or name a node before it in an `approval_gate`: on_reject: {{revise: …}}.");
        else if (reference.Path.Count > 0 && !reference.IsGuarded && !RevisionFields.Contains(reference.Path[0]))
            problems.Error(ProblemCodes.UnknownProperty, at, $"node '{who}' reads 'revision.{reference.Path[0]}', and a revision has {string.Join(", ", RevisionFields)}.{DidYouMean.Hint(reference.Path[0], RevisionFields)} Correct the name.");
    }

    private void CheckRun(string who, TemplateReference reference, SourcePosition at)
    {
        if (reference.Path.Count == 0 || reference.IsGuarded || RunFields.Contains(reference.Path[0])) return;
        problems.Error(ProblemCodes.UnknownProperty, at, $"node '{who}' reads 'run.{reference.Path[0]}', and a run has id and name.{DidYouMean.Hint(reference.Path[0], RunFields)} Correct the name.");
    }

    private void CheckEnv(NameScope scope, NodeSpec spec, string who, TemplateUse use, TemplateReference reference, SourcePosition at)
    {
        if (reference.Path.Count == 0)
        {
            problems.Error(ProblemCodes.EnvNotAllowed, at, $"node '{who}' reads `env` as a whole. Name the variable: env.NAME.");
            return;
        }
        var name = reference.Path[0];
        if (!scope.Workflow.AllowEnv.Contains(name))
            problems.Error(ProblemCodes.EnvNotAllowed, at, $"node '{who}' reads the environment variable '{name}', which the file does not allow.{DidYouMean.Hint(name, scope.Workflow.AllowEnv)} Add 'allow_env: [{name}]' at the top.");
        if (IsPrompt(spec, use) && SecretWords.Any(word => name.Contains(word, StringComparison.OrdinalIgnoreCase)))
            problems.Error(ProblemCodes.SecretInPrompt, at, $"node '{who}' puts the environment variable '{name}' into a prompt, which would send a secret to a model. Use it in `http` headers or `env` of a command instead.");
    }

    /// <summary><c>nodes.id.status</c> and <c>nodes['a-b'].output</c>.</summary>
    private void CheckRecord(NameScope scope, int node, TemplateUse use, TemplateReference reference, SourcePosition at, UsedNodes used)
    {
        var spec = scope.Graph.Nodes[node];
        var who = scope.NameOf(node);
        if (reference.Path.Count == 0)
        {
            used.AddAll(scope);
            return;
        }
        var id = reference.Path[0];
        var kind = scope.Resolve(id, node, out var home, out var index);
        if (index < 0)
        {
            if (!reference.IsGuarded || reference.Path.Count > 1)
                problems.Error(ProblemCodes.UnknownVariable, at, $"node '{who}' reads 'nodes.{id}', and there is no node '{id}'.{DidYouMean.Hint(id, scope.Ids())} Correct the name.");
            return;
        }
        if (kind != NameKind.Ancestor)
        {
            NotAncestor(who, node, home, index, id, scope, at);
            return;
        }
        used.Add(home, index);
        if (reference.Path.Count < 2) return;
        if (!RecordFields.Contains(reference.Path[1]))
        {
            problems.Error(ProblemCodes.UnknownProperty, at,
                $"node '{who}' reads 'nodes.{id}.{reference.Path[1]}', and a node has {string.Join(", ", RecordFields)}.{DidYouMean.Hint(reference.Path[1], RecordFields)} Correct the name.");
        }
        else if (reference.Path[1] == "output")
        {
            CheckOutput(scope, node, home, index, use, reference, 2, at);
        }
    }

    private void NotAncestor(string who, int user, NameScope home, int index, string id, NameScope scope, SourcePosition at)
    {
        // Inside a composite, the edge that is missing is the composite's own.
        var waiting = scope.Graph.Nodes[user].Id.Text;
        for (var inner = scope; !ReferenceEquals(inner, home) && inner.Outer is not null; inner = inner.Outer)
        {
            user = inner.Composite;
            waiting = inner.Outer.Graph.Nodes[user].Id.Text;
        }
        if (waiting == id)
        {
            problems.Error(ProblemCodes.NotAnAncestor, at, $"node '{who}' reads '{id}', the node around it, which still runs. Use what is bound inside: {string.Join(", ", scope.BoundNames().Distinct())}.");
            return;
        }
        var comesAfter = user >= 0 && home.Graph.IsAncestor(user, index);
        problems.Error(ProblemCodes.NotAnAncestor, at, comesAfter
            ? $"node '{who}' reads '{id}', which runs after '{waiting}'. Turn the dependency round, or remove the use."
            : $"node '{who}' reads '{id}', which need not have run by then. Add '{id}' to `depends_on` of '{waiting}'.");
    }

    private void Unknown(NameScope scope, string who, TemplateReference reference, SourcePosition at)
    {
        var name = reference.Root;
        if (reference.IsRootGuarded) return;
        if (_hyphened.Any(known => known.Who == who && known.Id.Split('-').Contains(name))) return;
        var hyphened = scope.Ids().FirstOrDefault(id => id.StartsWith(name + "-", StringComparison.Ordinal));
        if (hyphened is not null)
        {
            _hyphened.Add(new(who, hyphened));
            problems.Error(ProblemCodes.UnknownVariable, at, $"node '{who}' reads '{name}', which nothing defines; in a template '-' subtracts. For the node '{hyphened}' write nodes['{hyphened}'].output.");
            return;
        }
        var inputs = scope.Workflow.Inputs;
        var nearNode = DidYouMean.Nearest(name, scope.Ids().Concat(scope.BoundNames()));
        if (inputs is null && nearNode is null)
        {
            _expected.TryAdd(name, at);
            return;
        }
        var hint = nearNode is not null ? $" Did you mean '{nearNode}'?" : DidYouMean.Hint(name, inputs!.Keys.Concat(ReservedNames.Builtin));
        problems.Error(ProblemCodes.UnknownVariable, at, inputs is null
            ? $"node '{who}' reads '{name}', which no node gives.{hint} If it is an input, declare it under `inputs`."
            : $"node '{who}' reads '{name}', which no node or input gives.{hint} Declare it under `inputs`, or correct the name.");
    }

    /// <summary>A result that the reader cannot count on: its node may fail without stopping this one.</summary>
    private void CheckCertain(NameScope scope, int node, NameScope home, int index, TemplateReference reference, SourcePosition at)
    {
        if (!ReferenceEquals(scope, home) || !scope.Graph.IsParent(index, node)) return;
        var spec = scope.Graph.Nodes[node];
        var who = scope.NameOf(node);
        var source = scope.Graph.Nodes[index];
        var join = spec.Policy.Join?.Kind ?? JoinKind.All;
        var mayFail = (source.Policy.OnFailure ?? scope.Workflow.Defaults.OnFailure) == FailurePolicy.Continue;
        if (join == JoinKind.All && mayFail)
            problems.Warning(ProblemCodes.UnguardedOutput, at, $"node '{who}' uses '{reference.Root}', which may fail and let the run go on (`on_failure: continue`). Test it first: {{% if nodes.{reference.Root}.status == 'completed' %}}, or {reference.Root} | default('').");
        else if (join != JoinKind.All && scope.Graph.ParentsOf(node).Length > 1)
            problems.Warning(ProblemCodes.UnguardedOutput, at, $"node '{who}' uses '{reference.Root}', which is undefined when it did not count for the `join`. Write {{% if {reference.Root} is defined %}}, or {reference.Root} | default('').");
    }

    private void CheckOutput(NameScope scope, int node, NameScope home, int index, TemplateUse use, TemplateReference reference, int from, SourcePosition at)
    {
        var spec = scope.Graph.Nodes[node];
        var who = scope.NameOf(node);
        var source = home.Graph.Nodes[index];
        if (_secret.Contains(source))
        {
            if (IsPrompt(spec, use))
                problems.Error(ProblemCodes.SecretInPrompt, at, $"node '{who}' puts the output of '{source.Id}', which is labelled secret, into a prompt. Keep secrets to `http` headers and `env` of commands, or remove the label.");
            else
                _secret.Add(spec);
        }
        if (reference.Path.Count <= from || (reference.IsGuarded && reference.Path.Count == from + 1)) return;
        if (source.Policy.OutputSchema is { } schema && source.Type == ModelCallFields.NodeType)
            SchemaUse.Check(who, source, schema, reference, from, at, problems);
        else if (source.Type == ModelCallFields.NodeType && !reference.IsGuarded && !reference.Path[from].All(char.IsAsciiDigit))
            problems.Warning(ProblemCodes.UnknownProperty, at, $"node '{who}' reads '{reference.Path[from]}' of '{source.Id}', whose result is text. Give '{source.Id}' an `output_schema`, or use ({source.Id} | fromjson).{reference.Path[from]}.");
    }

    private static bool IsPrompt(NodeSpec spec, TemplateUse use) => use.Field is "prompt" or "system" && (spec.Type == ModelCallFields.NodeType || spec.Fields.ContainsKey("prompt"));

    /// <summary>A node that reads another whose id has a hyphen. A class, as sets of value types are compiled at every start.</summary>
    private sealed record Hyphened(string Who, string Id);
}

/// <summary>Which nodes are read, by scope: an edge over which nothing flows is worth a note.</summary>
internal sealed class UsedNodes
{
    private UsedNode? _first;
    /// <summary>Those after the first: most nodes read one.</summary>
    private HashSet<UsedNode>? _used;
    private HashSet<NameScope>? _all;

    public void Add(NameScope scope, int node) => Add(new UsedNode(scope, node));

    private void Add(UsedNode used)
    {
        if (_first is null) _first = used;
        else if (!_first.Equals(used)) (_used ??= []).Add(used);
    }

    public void AddAll(NameScope scope)
    {
        for (var at = scope; at is not null; at = at.Outer) (_all ??= []).Add(at);
    }

    public bool Contains(NameScope scope, int node) => _all?.Contains(scope) == true || (_first is not null && ((_first.Node == node && ReferenceEquals(_first.Scope, scope)) || _used?.Contains(new(scope, node)) == true));

    public void CopyTo(UsedNodes other)
    {
        if (_first is not null) other.Add(_first);
        foreach (var used in _used ?? []) other.Add(used);
        if (_all is not null) (other._all ??= []).UnionWith(_all);
    }

    private sealed record UsedNode(NameScope Scope, int Node);
}
