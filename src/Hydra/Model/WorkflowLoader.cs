namespace Hydra.Model;

/// <summary>Gives sub-workflows to the nodes that name them: files on disk, or the bundle of a pinned run.</summary>
public interface IWorkflowLoader
{
    /// <summary>Reads <paramref name="path"/>, relative to the folder of the file that names it; null where problems were added.</summary>
    /// <param name="from">The file that names it, as in <see cref="WorkflowSpec.File"/>.</param>
    WorkflowSpec? Load(string path, string from, SourcePosition at, ProblemList problems);
}
