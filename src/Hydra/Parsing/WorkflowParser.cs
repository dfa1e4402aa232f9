using Hydra.Model;
using Hydra.Parsing.Genesis;

namespace Hydra.Parsing;

/// <summary>Stage 1: the text of a workflow file, YAML or genesis.xml, to its <see cref="WorkflowSpec"/> and everything that is wrong with its shape. Never throws for what a file holds.</summary>
public static class WorkflowParser
{
    /// <summary>Reads YAML.</summary>
    /// <returns>The workflow as far as it could be read (not to be run while <see cref="ProblemList.HasErrors"/>), or null; and the problems.</returns>
    public static (WorkflowSpec? Spec, ProblemList Problems) Parse(string text, string fileName, IReadOnlyDictionary<string, INodeType> types)
    {
        var problems = new ProblemList(fileName);
        return (Bind(YamlReader.Read(text, problems), types, problems), problems);
    }

    public static (WorkflowSpec? Spec, ProblemList Problems) Parse(ReadOnlySpan<byte> utf8, string fileName, IReadOnlyDictionary<string, INodeType> types)
    {
        var problems = new ProblemList(fileName);
        return (Bind(Read(utf8, problems), types, problems), problems);
    }

    /// <summary>Reads a file, unless it is too large: its length is looked at first.</summary>
    public static (WorkflowSpec? Spec, ProblemList Problems) ParseFile(string path, IReadOnlyDictionary<string, INodeType> types)
    {
        var problems = new ProblemList(path);
        return (WorkflowFile.TryRead(path, problems, out var bytes) ? Bind(Read(bytes, problems), types, problems) : null, problems);
    }

    private static SourceNode? Read(ReadOnlySpan<byte> utf8, ProblemList problems) =>
        GenesisXml.IsXml(problems.File, utf8) ? GenesisReader.Read(utf8.ToArray(), problems) : YamlReader.Read(utf8, problems);

    private static WorkflowSpec? Bind(SourceNode? root, IReadOnlyDictionary<string, INodeType> types, ProblemList problems) =>
        root is null && problems.HasErrors ? null : SpecBinder.Bind(root ?? new SourceNode(Value.Null, SourcePosition.None), types, problems);
}
