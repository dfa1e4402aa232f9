using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Sub-workflows from disk, at or below the folder of the top file.</summary>
public sealed class DiskWorkflows(string topFile, IReadOnlyDictionary<string, INodeType> types) : IWorkflowLoader
{
    public WorkflowSpec? Load(string path, string from, SourcePosition at, ProblemList problems)
    {
        var file = WorkflowPath.Resolve(path, from);
        var root = Path.GetDirectoryName(Path.GetFullPath(topFile))!;
        var real = Path.GetFullPath(file);
        if (!real.StartsWith(root.TrimEnd('/') + '/', StringComparison.Ordinal))
        {
            problems.Error(ProblemCodes.BadSubgraph, at, $"the sub-workflow '{path}' lies outside the folder of the top file. Move it to or below that folder.");
            return null;
        }
        if (!File.Exists(real))
        {
            problems.Error(ProblemCodes.BadSubgraph, at, $"the sub-workflow '{path}' does not exist: there is no file {file}. Check the path; it is relative to the file that names it.");
            return null;
        }
        var (spec, found) = WorkflowParser.ParseFile(file, types);
        foreach (var problem in found.Problems) problems.Add(problem);
        return found.HasErrors ? null : spec;
    }
}

/// <summary>Sub-workflows from a run's bundle: what is on disk by now does not matter.</summary>
public sealed class BundledWorkflows(ValueMap files, IReadOnlyDictionary<string, INodeType> types) : IWorkflowLoader
{
    public WorkflowSpec? Load(string path, string from, SourcePosition at, ProblemList problems)
    {
        var file = WorkflowPath.Resolve(path, from);
        if (!files.TryGetValue(file, out var written))
        {
            problems.Error(ProblemCodes.BadSubgraph, at, $"the run's bundle does not hold '{file}'.");
            return null;
        }
        var own = new ProblemList(file);
        var spec = SpecBinder.Bind(SourceNode.From(written), types, own);
        foreach (var problem in own.Problems) problems.Add(problem);
        return own.HasErrors ? null : spec;
    }
}
