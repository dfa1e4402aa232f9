using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Sub-workflows out of a run's bundle: what is on disk by now does not matter.</summary>
/// <param name="files">Definitions as written, by the path that <see cref="FileWorkflowLoader"/> gave them.</param>
public sealed class BundleWorkflowLoader(ValueMap files, IReadOnlyDictionary<string, INodeType> types) : IWorkflowLoader
{
    public WorkflowSpec? Load(string path, string from, SourcePosition at, ProblemList problems)
    {
        var file = Path.Combine(Path.GetDirectoryName(from) ?? "", path);
        if (!files.TryGetValue(file, out var written))
        {
            problems.Error(ProblemCodes.BadSubgraph, at, $"the run's bundle does not hold '{file}'. Start a new run of the file.");
            return null;
        }
        var own = new ProblemList(file);
        var spec = SpecBinder.Bind(SourceNode.From(written), types, own);
        foreach (var problem in own.Problems) problems.Add(problem);
        return own.HasErrors ? null : spec;
    }
}
