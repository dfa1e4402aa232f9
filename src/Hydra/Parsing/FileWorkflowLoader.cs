using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Loads sub-workflows from disk, never from above the top file's folder. Files are read once. Not for sharing between threads.</summary>
public sealed class FileWorkflowLoader(string topFile, IReadOnlyDictionary<string, INodeType> types) : IWorkflowLoader
{
    private readonly string _root = Path.GetDirectoryName(Path.GetFullPath(topFile)) ?? "/";
    private readonly Dictionary<string, (WorkflowSpec? Spec, ProblemList Problems)> _loaded = new(StringComparer.Ordinal);

    public WorkflowSpec? Load(string path, string from, SourcePosition at, ProblemList problems)
    {
        if (path.Contains("{{", StringComparison.Ordinal) || path.Contains('\0') || path.Length == 0 || Path.IsPathRooted(path))
        {
            problems.Error(ProblemCodes.BadSubgraph, at, $"the sub-workflow '{path}' is no relative path. Write one, such as 'parts/child.yaml'; templates are not allowed here.");
            return null;
        }
        var folder = Path.GetDirectoryName(from) ?? "";
        var file = Path.Combine(folder, path);
        var full = Path.GetFullPath(file);
        if (!IsBelow(full) || !IsBelow(ResolveLinks(full)))
        {
            problems.Error(ProblemCodes.BadSubgraph, at, $"the sub-workflow '{path}' lies outside the folder of the top file. Move it below '{Path.GetFileName(_root)}'.");
            return null;
        }
        if (!File.Exists(full))
        {
            var near = Directory.Exists(Path.GetDirectoryName(full)) ? DidYouMean.Hint(Path.GetFileName(path), Directory.EnumerateFiles(Path.GetDirectoryName(full)!).Select(name => Path.GetFileName(name))) : "";
            problems.Error(ProblemCodes.BadSubgraph, at, $"the sub-workflow '{path}' does not exist.{near} The path counts from the folder of this file.");
            return null;
        }
        if (!_loaded.TryGetValue(full, out var loaded))
        {
            loaded = WorkflowParser.ParseFile(file, types);
            _loaded[full] = loaded;
            foreach (var problem in loaded.Problems.Problems) problems.Add(problem);
        }
        return loaded.Problems.HasErrors ? null : loaded.Spec;
    }

    private bool IsBelow(string full) => full.StartsWith(_root.EndsWith('/') ? _root : _root + "/", StringComparison.Ordinal);

    private static string ResolveLinks(string full) => File.Exists(full) ? new FileInfo(full).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? full : full;
}
