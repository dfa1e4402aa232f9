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
    private static readonly Lazy<IReadOnlyDictionary<string, string>> _resources = new(ListResources);
    private static readonly Lazy<IReadOnlyList<BuiltInAgent>> _all = new(() =>
        [.. _resources.Value.Values.Select(Read).OrderBy(agent => agent.Department, StringComparer.Ordinal).ThenBy(agent => agent.Name, StringComparer.Ordinal)]);

    /// <summary>Every built-in agent, by department and then by name.</summary>
    public static IReadOnlyList<BuiltInAgent> All => _all.Value;

    /// <summary>The names of all, in no order; reads no file.</summary>
    public static IEnumerable<string> Names => _resources.Value.Keys;

    /// <summary>One agent by its name; null: there is none. Reads no other file.</summary>
    public static BuiltInAgent? Find(string name) => _resources.Value.TryGetValue(name, out var resource) ? Read(resource) : null;

    // The build writes folders with the separator of the machine that it runs on.
    private static string[] PartsOf(string resource) => resource[Prefix.Length..^Ending.Length].Replace('\\', '/').Split('/');

    private static IReadOnlyDictionary<string, string> ListResources() => typeof(BuiltInAgents).Assembly.GetManifestResourceNames()
        .Where(resource => resource.StartsWith(Prefix, StringComparison.Ordinal) && resource.EndsWith(Ending, StringComparison.Ordinal))
        .ToDictionary(resource => PartsOf(resource)[^1], StringComparer.Ordinal);

    private static BuiltInAgent Read(string resource)
    {
        var parts = PartsOf(resource);
        using var reader = new StreamReader(typeof(BuiltInAgents).Assembly.GetManifestResourceStream(resource)!);
        return new(parts[0], parts[^1], reader.ReadToEnd());
    }
}
