using Hydra.Model;

namespace Hydra.Bench;

/// <summary>The graphs that are measured, as plain adjacency: for every node its parents. The floors and the engine run the same ones.</summary>
internal sealed record Graph(string Name, int[][] Parents, double[]? Seconds = null)
{
    public int Count => Parents.Length;

    public static Graph Chain(int count) => new($"chain of {count:N0}", [.. Enumerable.Range(0, count).Select(i => i == 0 ? Array.Empty<int>() : [i - 1])]);

    public static Graph Fan(int width)
    {
        var parents = new int[width + 2][];
        parents[0] = [];
        for (var i = 1; i <= width; i++) parents[i] = [0];
        parents[width + 1] = [.. Enumerable.Range(1, width)];
        return new($"fan-out 1 → {width:N0} → 1", parents);
    }

    /// <summary>Layers of equal width; every node below the first layer has up to three parents in the layer above.</summary>
    public static Graph Layered(int count, int width, int seed, bool hasDurations = false)
    {
        var random = new Random(seed);
        var parents = new int[count][];
        for (var i = 0; i < count; i++)
        {
            var layer = i / width;
            if (layer == 0)
            {
                parents[i] = [];
                continue;
            }
            var first = (layer - 1) * width;
            parents[i] = [.. Enumerable.Range(0, 3).Select(_ => first + random.Next(width)).Distinct()];
        }
        // Log-normal with a median of 20 ms and a long tail, cut at 400 ms.
        double[]? seconds = null;
        if (hasDurations)
        {
            seconds = [.. Enumerable.Range(0, count).Select(_ => Math.Min(0.4, 0.02 * Math.Exp(0.9 * Normal(random))))];
        }
        return new($"layered {count:N0}{(hasDurations ? " log-normal" : "")}", parents, seconds);
    }

    public static Graph Independent(int count, double seconds) =>
        new($"{count:N0} calls of {seconds * 1000:0} ms", [.. Enumerable.Repeat(Array.Empty<int>(), count)], [.. Enumerable.Repeat(seconds, count)]);

    /// <summary>One node a line, the numbers of its parents on it.</summary>
    public string ToCompact()
    {
        var text = new System.Text.StringBuilder();
        foreach (var parents in Parents) text.AppendJoin(' ', parents).Append('\n');
        return text.ToString();
    }

    public static Graph FromCompact(string text)
    {
        var parents = new List<int[]>();
        var line = new List<int>(4);
        foreach (var range in text.AsSpan().Split('\n'))
        {
            var row = text.AsSpan()[range];
            line.Clear();
            foreach (var word in row.Split(' '))
            {
                if (row[word].Length > 0) line.Add(int.Parse(row[word]));
            }
            parents.Add([.. line]);
        }
        parents.RemoveAt(parents.Count - 1);
        return new("compact", [.. parents]);
    }

    public double CriticalPathSeconds()
    {
        var longest = new double[Count];
        for (var i = 0; i < Count; i++) longest[i] = Seconds![i] + (Parents[i].Length == 0 ? 0 : Parents[i].Max(parent => longest[parent]));
        return longest.Max();
    }

    public WorkflowSpec ToWorkflow(string type)
    {
        var ids = new NodeId[Count];
        for (var i = 0; i < Count; i++) ids[i] = new NodeId("n" + i);
        var nodes = new NodeSpec[Count];
        for (var i = 0; i < Count; i++)
        {
            nodes[i] = new NodeSpec
            {
                Id = ids[i],
                Type = type,
                DependsOn = Parents[i].Length == 0 ? [] : Array.ConvertAll(Parents[i], parent => ids[parent]),
                Policy = Seconds is null ? NodePolicy.Empty : new NodePolicy { Estimate = TimeSpan.FromSeconds(Seconds[i]) },
            };
        }
        return new WorkflowSpec { Name = "bench", Nodes = nodes, Canonical = "{}"u8.ToArray(), Budget = new BudgetSpec { MaxTokens = 1_000_000 } };
    }

    private static double Normal(Random random)
    {
        var u = 1 - random.NextDouble();
        return Math.Sqrt(-2 * Math.Log(u)) * Math.Cos(2 * Math.PI * random.NextDouble());
    }
}
