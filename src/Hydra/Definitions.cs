using Hydra.Changes;
using Hydra.Execution;
using Hydra.Model;
using Hydra.Parsing;
using Hydra.Validation;

namespace Hydra;

/// <summary>Where definitions come from: a file and the files it names, or all of them out of a run's bundle.</summary>
public static class Definitions
{
    /// <summary>Reads a workflow file and the sub-workflows it names; not to be run while there are errors.</summary>
    /// <param name="agents">Where agents are found that the file names and does not define; null: nowhere.</param>
    public static (WorkflowSpec? Spec, ProblemList Problems) ReadFile(string path, IReadOnlyDictionary<string, INodeType> types, IAgentSource? agents = null)
    {
        var (spec, problems) = WorkflowParser.ParseFile(path, types);
        if (spec is not null) spec = SubgraphLinker.Link(spec, new FileWorkflowLoader(path, types), problems);
        if (spec is not null && agents is not null) spec = AgentLinker.Link(spec, agents, problems);
        return (spec, problems);
    }

    /// <summary>
    /// Reads what a run is pinned to, for <see cref="EngineOptions.ReadDefinition"/>: no file is looked at. Throws
    /// <see cref="RunRefusedException"/> where this program does not know what the run uses.
    /// </summary>
    public static WorkflowSpec ReadBundle(Value written, string file, ValueMap files, IReadOnlyDictionary<string, INodeType> types)
    {
        var problems = new ProblemList(file);
        var spec = SpecBinder.Bind(SourceNode.From(written), types, problems);
        if (spec is not null) spec = SubgraphLinker.Link(spec, new BundleWorkflowLoader(files, types), problems);
        if (spec is not null && !problems.HasErrors) return spec;
        var first = problems.Problems.First(problem => problem.Severity == ProblemSeverity.Error);
        throw new RunRefusedException($"The run was started by a version of Hydra whose definitions this one does not read: {first}");
    }

    /// <summary>A definition with some fields changed, checked anew. Throws <see cref="RunRefusedException"/> where it is not valid then.</summary>
    /// <param name="inputs">The names of the inputs that its run was given; templates may read no others.</param>
    public static WorkflowSpec Edit(WorkflowSpec workflow, IReadOnlyList<FieldEdit> edits, IReadOnlyCollection<string> inputs, IReadOnlyDictionary<string, INodeType> types, Func<Value, string, ValueMap, WorkflowSpec> read)
    {
        var written = edits.Aggregate(workflow.Written, (known, edit) => edit.In(known));
        var problems = new ProblemList(workflow.File);
        SpecBinder.Bind(SourceNode.From(written), types, problems);
        if (problems.HasErrors) throw new RunRefusedException($"With --set the definition is not valid: {problems.Problems.First(problem => problem.Severity == ProblemSeverity.Error).Message}");
        var edited = read(written, workflow.File, Bundle.FilesOf(workflow));
        var wrong = WorkflowValidator.Check(edited, types, new ValidationOptions { KnownInputs = inputs }).Problems.FirstOrDefault(problem => problem.Severity == ProblemSeverity.Error);
        return wrong is null ? edited : throw new RunRefusedException($"With --set the definition is not valid: {wrong.Message}");
    }
}
