using Hydra.Agents.Roster;
using Hydra.Model;
using Hydra.Parsing;

namespace Hydra.Agents.Files;

/// <summary>A folder that may hold agent files, and whose they are: <c>project</c>, <c>user</c> or <c>built in</c>.</summary>
public sealed record AgentFolder(string Path, string Origin);

/// <summary>One agent file of a registry.</summary>
/// <param name="Agent">Null where the file has errors.</param>
/// <param name="IsShadowed">A folder before this one has an agent of the same name, which is used.</param>
public sealed record RegisteredAgent(string Name, AgentFolder Folder, string Path, AgentFile? Agent, ProblemList Problems, bool IsShadowed);

/// <summary>
/// The agent files of some folders, the first folder first, and below them those that come with Hydra. Files are read when they are asked for, so a changed file reaches the next
/// run and none that has begun.
/// </summary>
public sealed class AgentRegistry(IReadOnlyList<AgentFolder> folders) : IAgentSource
{
    /// <summary>Most files that are looked at in one folder.</summary>
    public const int FilesMax = 1_000;

    private static readonly AgentFolder BuiltIn = new("", "built in");

    /// <summary>Project before user: <c>agents</c> and <c>.claude/agents</c> beside the workflow and in the working directory, then <c>~/.hydra/agents</c>; what comes with Hydra stands below all of them.</summary>
    /// <param name="home">The user's own folder; null: there is none.</param>
    public static AgentRegistry Of(string? workflowFolder, string workingDirectory, string? home)
    {
        var roots = new[] { workflowFolder, workingDirectory }.OfType<string>().Select(root => Path.GetFullPath(root.Length == 0 ? "." : root)).Distinct(StringComparer.Ordinal);
        var project = roots.SelectMany(root => new[] { Path.Combine(root, "agents"), Path.Combine(root, ".claude", "agents") }).Select(path => new AgentFolder(path, "project"));
        return new AgentRegistry([.. project, .. home is null ? [] : new[] { new AgentFolder(Path.Combine(home, ".hydra", "agents"), "user") }]);
    }

    public IReadOnlyList<AgentFolder> Folders => folders;
    public IReadOnlyCollection<string> Names => [.. Files().Select(file => file.Name).Concat(BuiltInAgents.Names).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    /// <summary>Every agent file, in order of precedence, then by name.</summary>
    public IEnumerable<RegisteredAgent> All()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, folder, path) in Files()) yield return Read(name, folder, path, isShadowed: !seen.Add(name));
        foreach (var agent in BuiltInAgents.All) yield return Read(agent, isShadowed: !seen.Add(agent.Name));
    }

    /// <summary>The agent that is used under a name, whether its file is sound or not.</summary>
    /// <remarks>The built-in agents are only looked at where no folder has the name, and then at that one file.</remarks>
    public RegisteredAgent? Get(string name)
    {
        foreach (var folder in folders)
        {
            var path = Path.Combine(folder.Path, name + ".md");
            if (IsName(name) && File.Exists(path)) return Read(name, folder, path, isShadowed: false);
        }
        return BuiltInAgents.Find(name) is { } own ? Read(own, isShadowed: false) : null;
    }

    public AgentFile? Find(string name, ProblemList problems)
    {
        if (Get(name) is not { } found) return null;
        foreach (var problem in found.Problems.Problems) problems.Add(problem);
        return found.Agent;
    }

    /// <summary>Who takes over from an agent, one after another. Adds an error where that leads round in a circle or to nobody.</summary>
    public IReadOnlyList<string> EscalationOf(AgentFile agent, ProblemList problems)
    {
        var chain = EscalationChain.Of(agent.Name, name => name == agent.Name ? agent.Fields : Get(name)?.Agent?.Fields, out var wrong);
        if (wrong is not null) problems.Error(ProblemCodes.BadFallback, new(1, 1), wrong);
        return chain;
    }

    private static bool IsName(string name) => name.Length > 0 && name.AsSpan().IndexOfAny('/', '\\') < 0;

    private static RegisteredAgent Read(string name, AgentFolder folder, string path, bool isShadowed)
    {
        var problems = new ProblemList(path);
        return new(name, folder, path, AgentFileReader.ReadFile(path, problems), problems, isShadowed);
    }

    private static RegisteredAgent Read(BuiltInAgent agent, bool isShadowed)
    {
        var path = $"agents/{agent.Department}/{agent.Name}.md";
        var problems = new ProblemList(path);
        return new(agent.Name, BuiltIn, path, AgentFileReader.Read(agent.Text, path, problems), problems, isShadowed);
    }

    private IEnumerable<(string Name, AgentFolder Folder, string Path)> Files() => folders
        .Where(folder => Directory.Exists(folder.Path))
        .SelectMany(folder => Directory.EnumerateFiles(folder.Path, "*.md").Take(FilesMax).Order(StringComparer.Ordinal).Select(path => (Path.GetFileNameWithoutExtension(path), folder, path)));
}
