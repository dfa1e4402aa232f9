
namespace Hydra.Tests.Scheduling;

/// <summary>Turns some leaves of a graph in the notation of <see cref="TestGraph"/> into gates that revise, where the format allows it.</summary>
internal static class RevisingGates
{
    public static string In(string graph, Random random)
    {
        var bodies = new List<List<string>> { new() };
        foreach (var line in graph.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.EndsWith(':')) bodies.Add([line]);
            else bodies[^1].Add(line);
        }
        return string.Concat(bodies.SelectMany(body => Body(body, random)).Select(line => line + "\n"));
    }

    private static List<string> Body(List<string> lines, Random random)
    {
        var parents = lines.Where(line => !line.EndsWith(':')).ToDictionary(IdOf, ParentsOf);
        return lines.ConvertAll(line =>
        {
            if (line.EndsWith(':') || line.Contains("body=") || random.Next(2) == 0) return line;
            var gate = IdOf(line);
            var sources = Above(gate, parents).Where(from => HasNoBranch(from, gate, parents)).Order(StringComparer.Ordinal).ToList();
            return sources.Count == 0 ? line : $"{line} revise={sources[random.Next(sources.Count)]} revisions={1 + random.Next(3)}";
        });
    }

    private static string IdOf(string line) => line.Split(' ')[0];
    private static string[] ParentsOf(string line) => line.Split('|')[0].Split("<-") is [_, var list] ? list.Split(' ', StringSplitOptions.RemoveEmptyEntries) : [];

    private static HashSet<string> Above(string node, Dictionary<string, string[]> parents)
    {
        var found = new HashSet<string>(parents[node], StringComparer.Ordinal);
        var open = new Stack<string>(found);
        while (open.TryPop(out var at))
        {
            foreach (var parent in parents[at])
            {
                if (found.Add(parent)) open.Push(parent);
            }
        }
        return found;
    }

    private static bool HasNoBranch(string from, string gate, Dictionary<string, string[]> parents)
    {
        var before = Above(gate, parents);
        return parents.Keys.Where(node => node != gate && Above(node, parents).Contains(from)).All(node => before.Contains(node) || Above(node, parents).Contains(gate));
    }
}
