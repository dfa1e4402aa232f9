using System.Text;

namespace Hydra.Agents.Tests.Roster;

/// <summary>Writes <c>AGENTS.md</c>: one table a department, from the agent files alone.</summary>
internal static class RosterPage
{
    public static string Path { get; } = System.IO.Path.Combine(FindRoot(), "AGENTS.md");

    public static string Generate(IReadOnlyList<Specialist> agents)
    {
        var page = new StringBuilder("# Agents\n\n");
        page.Append("Generated from the files below `agents/`; do not edit. After a change there: `HYDRA_WRITE_AGENTS=1 ./test`.\n");
        page.Append("What the columns mean, and which agent to choose when: [docs/specialists.md](docs/specialists.md).\n");
        foreach (var department in agents.GroupBy(agent => agent.Department).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            page.Append($"\n## {Title(department.Key)} ({department.Count()})\n\n| agent | when | role | model | tools | hands to |\n|---|---|---|---|---|---|\n");
            foreach (var agent in department) page.Append(Row(agent));
        }
        return page.ToString();
    }

    private static string Row(Specialist agent)
    {
        var tools = agent.Tools.Count == 0 ? "none" : string.Join(", ", agent.Tools);
        var handsTo = string.Join(", ", agent.Points("Hand-offs").Select(point => point.Split('`')[1]));
        return $"| [{agent.Name}](agents/{agent.Department}/{agent.Name}.md) | {Specialist.OneLine(agent.Description)} | {agent.Role} | {agent.Tier} | {tools} | {handsTo} |\n";
    }

    private static string Title(string department)
    {
        var words = department.Replace('-', ' ');
        return char.ToUpperInvariant(words[0]) + words[1..];
    }

    private static string FindRoot()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(System.IO.Path.Combine(folder, "Hydra.slnx"))) folder = System.IO.Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("Hydra.slnx is not above the tests.");
        return folder;
    }
}
