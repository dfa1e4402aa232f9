using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Loads the files that <c>subgraph</c> nodes name and hangs them below those nodes. Depth is bounded; a file that holds itself is refused.</summary>
public static class SubgraphLinker
{
    /// <summary>Deepest nesting of files.</summary>
    public const int DepthMax = 16;
    /// <summary>Most files that one workflow may bring in, each use counted.</summary>
    public const int FilesMax = 1000;

    /// <summary>The workflow with each <c>subgraph</c> linked as far as its file could be read.</summary>
    public static WorkflowSpec Link(WorkflowSpec spec, IWorkflowLoader loader, ProblemList problems) =>
        new Linking(loader, problems).Link(spec, [Key(spec.File)]);

    private static string Key(string file) => Path.GetFullPath(file);

    private sealed class Linking(IWorkflowLoader loader, ProblemList problems)
    {
        private int _files;

        public WorkflowSpec Link(WorkflowSpec spec, IReadOnlyList<string> chain)
        {
            if (!Any(spec.Nodes)) return spec;
            return spec with { Nodes = [.. spec.Nodes.Select(node => Link(node, spec, chain))] };
        }

        private static bool Any(IReadOnlyList<NodeSpec> nodes) =>
            nodes.Any(node => node.Type == SubgraphType || (node.Children.Count > 0 && node.Children.Values.Any(Any)));

        private NodeSpec Link(NodeSpec node, WorkflowSpec spec, IReadOnlyList<string> chain)
        {
            if (node.Children.Count > 0)
                node = node with { Children = node.Children.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<NodeSpec>)[.. pair.Value.Select(child => Link(child, spec, chain))], StringComparer.Ordinal) };
            if (node.Type != SubgraphType || node.Fields.GetOrNull("path").TextOrNull is not { } path) return node;
            var at = node.PlaceOf("path");
            var mine = new ProblemList(spec.File);
            try
            {
                if (chain.Count >= DepthMax || ++_files > FilesMax)
                {
                    mine.Error(ProblemCodes.BadSubgraph, at, chain.Count >= DepthMax
                        ? $"node '{node.Id}' nests workflow files deeper than {DepthMax}. Flatten them."
                        : $"the workflow brings in more than {FilesMax} files. Use `map` over one of them.");
                    return node;
                }
                if (loader.Load(path, spec.File, at, mine) is not { } child) return node;
                var key = Key(child.File);
                if (chain.Contains(key))
                {
                    var files = chain.SkipWhile(file => file != key).Append(key).Select(Path.GetFileName);
                    mine.Error(ProblemCodes.BadSubgraph, at, $"node '{node.Id}' brings in '{path}', which holds itself: {string.Join(" → ", files)}. To repeat work, use `loop`.");
                    return node;
                }
                return node with { Linked = Link(child, [.. chain, key]) };
            }
            finally
            {
                foreach (var problem in mine.Problems) problems.Add(problem);
            }
        }
    }

    private const string SubgraphType = "subgraph";
}
