using System.Reflection;

namespace Hydra.Agents.Nodes;

/// <summary>The prompts that patterns ask with: templates that lie beside the node type that uses them.</summary>
internal static class PromptFile
{
    /// <param name="name">Folder and name, such as <c>Router/route</c>.</param>
    public static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream($"prompts/{name}.prompt.md") ?? throw new InvalidOperationException($"The prompt '{name}' is not part of this program.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().ReplaceLineEndings("\n").TrimEnd();
    }
}
