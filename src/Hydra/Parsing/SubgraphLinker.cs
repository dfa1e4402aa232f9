using Hydra.Model;

namespace Hydra.Parsing;

/// <summary>Loads the files that <c>subgraph</c> nodes and tools of type <c>workflow</c> name and hangs them below those. Depth is bounded; a file that holds itself is refused.</summary>
public static class SubgraphLinker
{
    /// <summary>Deepest nesting of files.</summary>
    public const int DepthMax = 16;
    /// <summary>Most files that one workflow may bring in, each use counted.</summary>
    public const int FilesMax = 1000;

    /// <summary>The workflow with each of them linked as far as its file could be read.</summary>
    public static WorkflowSpec Link(WorkflowSpec spec, IWorkflowLoader loader, ProblemList problems) =>
        new Linking(loader, problems).Link(spec, [Key(spec.File)]);

    private static string Key(string file) => Path.GetFullPath(file);

    private sealed class Linking(IWorkflowLoader loader, ProblemList problems)
    {
        private int _files;

        public WorkflowSpec Link(WorkflowSpec spec, IReadOnlyList<string> chain)
        {
            if (Any(spec.Nodes)) spec = spec with { Nodes = [.. spec.Nodes.Select(node => Link(node, spec, chain))] };
            return spec.Extensions.GetOrNull("tools") is { IsObject: true } tools ? LinkTools(spec, tools.AsObject, chain) : spec;
        }

        private WorkflowSpec LinkTools(WorkflowSpec spec, ValueMap tools, IReadOnlyList<string> chain)
        {
            var linked = new SortedDictionary<string, WorkflowSpec>(StringComparer.Ordinal);
            foreach (var (name, tool) in tools)
            {
                if (tool.AsObject.GetOrNull("type").TextOrNull != "workflow" || tool.AsObject.GetOrNull("path").TextOrNull is not { } path) continue;
                if (Load($"tool '{name}'", path, spec, spec.Places.GetValueOrDefault("tools"), chain) is { } child) linked[name] = child;
            }
            return linked.Count == 0 ? spec : spec with { LinkedTools = linked };
        }

        private static bool Any(IReadOnlyList<NodeSpec> nodes) =>
            nodes.Any(node => node.Type == SubgraphType || (node.Children.Count > 0 && node.Children.Values.Any(Any)));

        private NodeSpec Link(NodeSpec node, WorkflowSpec spec, IReadOnlyList<string> chain)
        {
            if (node.Children.Count > 0)
                node = node with { Children = node.Children.ToDictionary(pair => pair.Key, pair => (IReadOnlyList<NodeSpec>)[.. pair.Value.Select(child => Link(child, spec, chain))], StringComparer.Ordinal) };
            if (node.Type != SubgraphType || node.Fields.GetOrNull("path").TextOrNull is not { } path) return node;
            return Load($"node '{node.Id}'", path, spec, node.PlaceOf("path"), chain) is { } child ? node with { Linked = child } : node;
        }

        /// <summary>The file, with what it names itself; null where it could not be brought in.</summary>
        private WorkflowSpec? Load(string who, string path, WorkflowSpec spec, SourcePosition at, IReadOnlyList<string> chain)
        {
            var mine = new ProblemList(spec.File);
            try
            {
                if (chain.Count >= DepthMax || ++_files > FilesMax)
                {
                    mine.Error(ProblemCodes.BadSubgraph, at, chain.Count >= DepthMax
                        ? $"{who} nests workflow files deeper than {DepthMax}. Flatten them."
                        : $"the workflow brings in more than {FilesMax} files. Use `map` over one of them.");
                    return null;
                }
                if (loader.Load(path, spec.File, at, mine) is not { } child) return null;
                var key = Key(child.File);
                if (!chain.Contains(key)) return Link(child, [.. chain, key]);
                var files = chain.SkipWhile(file => file != key).Append(key).Select(Path.GetFileName);
                mine.Error(ProblemCodes.BadSubgraph, at, $"{who} brings in '{path}', which holds itself: {string.Join(" → ", files)}. To repeat work, use `loop`.");
                return null;
            }
            finally
            {
                foreach (var problem in mine.Problems) problems.Add(problem);
            }
        }
    }

    private const string SubgraphType = "subgraph";
}
