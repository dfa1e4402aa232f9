using Hydra.Model;

namespace Hydra.Validation;

/// <summary>Stage 2: everything that can be known of a workflow before money is spent. Pure; bounded in time whatever the graph.</summary>
public static class WorkflowValidator
{
    /// <summary>Every problem of the workflow, ordered by place.</summary>
    public static ProblemList Check(WorkflowSpec spec, IReadOnlyDictionary<string, INodeType> types, ValidationOptions? options = null)
    {
        var run = new Checking(spec, types, options ?? ValidationOptions.Default);
        run.Check();
        return run.Result();
    }

    /// <summary>The inputs that a workflow without an <c>inputs</c> block expects: names that no node gives, with the place of first use.</summary>
    public static IReadOnlyDictionary<string, SourcePosition> ExpectedInputs(WorkflowSpec spec, IReadOnlyDictionary<string, INodeType> types)
    {
        var run = new Checking(spec, types, ValidationOptions.Default);
        run.Check();
        return run.Expected;
    }

    private sealed class Checking
    {
        private readonly WorkflowSpec _spec;
        private readonly IReadOnlyDictionary<string, INodeType> _types;
        private readonly ValidationOptions _options;
        private readonly ProblemList _problems;
        private readonly ReferenceCheck _references;
        private readonly PolicyCheck _policies;
        private readonly TrifectaCheck _trifecta;
        private readonly CheckContext _context;

        public Checking(WorkflowSpec spec, IReadOnlyDictionary<string, INodeType> types, ValidationOptions options)
        {
            (_spec, _types, _options) = (spec, types, options);
            _problems = new ProblemList(spec.File);
            _references = new ReferenceCheck(_problems);
            _policies = new PolicyCheck(spec, options, _problems);
            _trifecta = new TrifectaCheck(spec, _references, _problems);
            _context = new CheckContext(spec, _problems, types);
        }

        public IReadOnlyDictionary<string, SourcePosition> Expected => _references.Expected;

        public void Check()
        {
            WorkflowCheck.Check(_spec, _options, _problems);
            CheckScope(new NameScope(_spec, _spec.Nodes, null, null, -1), null);
            if (_spec.Inputs is not null || _options.KnownInputs is not { } known) return;
            foreach (var (name, at) in _references.Expected)
            {
                if (!known.Contains(name))
                    _problems.Error(ProblemCodes.MissingInput, at, $"the input '{name}' is not given.{DidYouMean.Hint(name, known)} Add -i {name}=….");
            }
        }

        /// <summary>Ordered by file and place; warnings are errors when strict.</summary>
        public ProblemList Result()
        {
            var result = new ProblemList(_problems.File);
            if (_problems.Problems.Count == 0) return result;
            var own = _problems.Problems.OrderBy(problem => problem.File != _problems.File).ThenBy(problem => problem.At.Line).ThenBy(problem => problem.At.Column);
            foreach (var problem in own)
                result.Add(_options.Strict && problem.Severity == ProblemSeverity.Warning ? problem with { Severity = ProblemSeverity.Error } : problem);
            return result;
        }

        /// <summary>One graph and, below it, the fragments of its composites; nesting is bounded by the reader.</summary>
        /// <param name="used">What is read of the scopes around it is marked here; null: there is none.</param>
        private void CheckScope(NameScope scope, UsedNodes? used)
        {
            GraphCheck.Check(scope, _problems);
            scope.Revised = RevisionCheck.Check(scope, _types, _problems);
            var order = scope.Graph.Order.Count == scope.Graph.Nodes.Count ? scope.Graph.Order : Enumerable.Range(0, scope.Graph.Nodes.Count);
            foreach (var node in order) CheckNode(scope, node, used);
            if (scope.Graph.SearchWasCut)
                _problems.Note(ProblemCodes.NotAnAncestor, SourcePosition.None, "the graph is too large to check every use of a distant ancestor. Those left are checked when they run.");
        }

        private void CheckNode(NameScope scope, int index, UsedNodes? outerUsed)
        {
            var node = scope.Graph.Nodes[index];
            if (WorkflowFields.PlannedNodeTypes.Contains(node.Type))
            {
                _problems.Error(ProblemCodes.NotSupportedYet, node.PlaceOf("type"), $"node '{node.Id}' has the type '{node.Type}', which is known and not supported yet. Remove it; types that run now: {string.Join(", ", _types.Keys.Order(StringComparer.Ordinal))}.");
                return;
            }
            var type = _types.GetValueOrDefault(node.Type);
            var used = new UsedNodes();
            _references.Check(scope, index, type, used);
            _policies.Check(scope, index, type);
            if (type is not null)
            {
                type.Check(node, _context);
                _trifecta.Check(scope, index, type);
                foreach (var fragment in type.Fragments(node, _context.Workflow).Where(fragment => !fragment.IsRepeat)) CheckFragment(scope, index, type, fragment, used);
            }
            if (node.Compensation is { } undo) CheckCompensation(scope, index, undo, used);
            if (type is null || !type.TakesInputsUnnamed) NoteIdleEdges(scope, index, used);
            if (outerUsed is not null) used.CopyTo(outerUsed);
        }

        /// <summary>A node that undoes another sees what that one saw, and its output under its own id.</summary>
        private void CheckCompensation(NameScope scope, int index, NodeSpec undo, UsedNodes used)
        {
            var node = scope.Graph.Nodes[index];
            if (undo.DependsOn.Count > 0)
                _problems.Error(ProblemCodes.FieldConflict, undo.PlaceOf("depends_on"), $"the `compensate` of '{node.Id}' has `depends_on`, and it runs only when '{node.Id}' is to be undone. Remove the line.");
            if (undo.Compensation is not null)
                _problems.Error(ProblemCodes.FieldConflict, undo.PlaceOf("compensate"), $"the `compensate` of '{node.Id}' has a `compensate` of its own, and nothing undoes an undoing. Remove it.");
            CheckScope(new NameScope(_spec, [undo], new FragmentSpec("compensate", [undo]) { Names = [node.Id.Text], IsInline = true }, scope, index), used);
        }

        private void CheckFragment(NameScope scope, int index, INodeType type, FragmentSpec fragment, UsedNodes used)
        {
            if (fragment.Workflow is { } child)
            {
                foreach (var problem in WorkflowValidator.Check(child, _types, _options with { KnownInputs = null }).Problems) _problems.Add(problem);
                return;
            }
            var inner = new NameScope(_spec, fragment.Nodes, fragment, scope, index);
            var shadowed = fragment.MayShadow ? null : fragment.Names.FirstOrDefault(name => scope.Ids().Contains(name));
            var node = scope.Graph.Nodes[index];
            if (shadowed is not null)
                _problems.Error(ProblemCodes.ReservedName, node.PlaceOf("as"), $"node '{node.Id}' binds '{shadowed}', which is the id of a node. Choose another name.");
            foreach (var name in fragment.Names.Where(name => node.Fields.GetOrNull("as").TextOrNull == name && ReservedNames.Contains(name)))
                _problems.Error(ProblemCodes.ReservedName, node.PlaceOf("as"), $"node '{node.Id}' binds '{name}', which is reserved for templates. Choose another name.");
            CheckScope(inner, used);
            CheckResultFields(scope, index, type, fragment, used);
        }

        /// <summary>Expressions such as <c>until</c> stand after the round: they see its nodes.</summary>
        private void CheckResultFields(NameScope scope, int index, INodeType type, FragmentSpec fragment, UsedNodes used)
        {
            var node = scope.Graph.Nodes[index];
            if (type.ResultFields.Count == 0) return;
            var after = new NodeSpec { Id = new NodeId(NameScope.AfterRound), Type = node.Type, DependsOn = [.. fragment.Nodes.Select(each => each.Id)], At = node.At, Places = node.Places, Folds = node.Folds };
            var inner = new NameScope(_spec, [.. fragment.Nodes, after], fragment, scope, index);
            foreach (var use in TemplateUse.Of(node, type, type.ResultFields))
            {
                if (_references.Compile(use, scope, index) is not { } template) continue;
                foreach (var reference in template.References) _references.Check(inner, fragment.Nodes.Count, use, reference, used);
            }
        }

        private void NoteIdleEdges(NameScope scope, int index, UsedNodes used)
        {
            var node = scope.Graph.Nodes[index];
            for (var p = 0; p < node.DependsOn.Count; p++)
            {
                var parent = scope.Graph.IndexOf(node.DependsOn[p].Text);
                if (parent < 0 || parent == index || used.Contains(scope, parent)) continue;
                _problems.Note(ProblemCodes.EdgeWithoutData, node.PlaceOf($"depends_on[{p}]"), $"node '{node.Id}' waits for '{node.DependsOn[p]}' and uses nothing of it. Keep the edge if only the order matters.");
            }
        }
    }
}
