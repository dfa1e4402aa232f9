using System.Reflection;

namespace Hydra.Agents.Roster;

/// <summary>One agent file that comes with Hydra.</summary>
/// <param name="Department">The folder below <c>agents/</c>, such as <c>engineering</c>.</param>
/// <param name="Name">The file's name without its ending: the name under which the agent is found.</param>
/// <param name="Text">The whole file: front matter and instructions.</param>
public sealed record BuiltInAgent(string Department, string Name, string Text);

/// <summary>The agent files of <c>agents/</c>, carried inside the program: the layer below those of a project and of a user.</summary>
public static class BuiltInAgents
{
    private const string Prefix = "agents/";
    private const string Ending = ".md";
    private static readonly Lazy<IReadOnlyList<BuiltInAgent>> _all = new(Load);

    /// <summary>Every built-in agent, by department and then by name.</summary>
    public static IReadOnlyList<BuiltInAgent> All => _all.Value;

    private static IReadOnlyList<BuiltInAgent> Load()
    {
        var assembly = typeof(BuiltInAgents).Assembly;
        return [.. assembly.GetManifestResourceNames()
            .Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal) && resource.EndsWith(Ending, StringComparison.Ordinal))
            .Select(resource => Read(assembly, resource))
            .OrderBy(agent => agent.Department, StringComparer.Ordinal).ThenBy(agent => agent.Name, StringComparer.Ordinal)];
    }

    private static BuiltInAgent Read(Assembly assembly, string resource)
    {
        // The build writes folders with the separator of the machine that it runs on.
        var parts = resource[Prefix.Length..^Ending.Length].Replace('\\', '/').Split('/');
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return new(parts[0], parts[^1], reader.ReadToEnd());
    }
}
