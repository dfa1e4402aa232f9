using System.Diagnostics;
using Microsoft.Data.Sqlite;

namespace Hydra.Bench;

/// <summary>The least that could do the job, in the same process and run: what a ratio is measured against.</summary>
internal static class Floors
{
    /// <summary>A task a node, each awaiting its parents' tasks: what plain C# would do, keeping nothing.</summary>
    public static async Task<double> TasksAsync(Graph graph)
    {
        var clock = Stopwatch.StartNew();
        var tasks = new Task[graph.Count];
        for (var i = 0; i < graph.Count; i++)
        {
            var parents = Array.ConvertAll(graph.Parents[i], parent => tasks[parent]);
            var seconds = graph.Seconds?[i] ?? 0;
            tasks[i] = RunAsync(parents, seconds);
        }
        await Task.WhenAll(tasks);
        return clock.Elapsed.TotalSeconds;

        static async Task RunAsync(Task[] parents, double seconds)
        {
            foreach (var parent in parents) await parent;
            if (seconds > 0) await Task.Delay(TimeSpan.FromSeconds(seconds));
            else await Task.Yield();
        }
    }

    /// <summary>List scheduling by longest remaining path under a cap, on the same timers.</summary>
    public static async Task<double> ListScheduledAsync(Graph graph, int cap)
    {
        var children = new List<int>[graph.Count];
        var left = new int[graph.Count];
        var rank = new double[graph.Count];
        for (var i = 0; i < graph.Count; i++) children[i] = [];
        for (var i = 0; i < graph.Count; i++)
        {
            left[i] = graph.Parents[i].Length;
            foreach (var parent in graph.Parents[i]) children[parent].Add(i);
        }
        for (var i = graph.Count - 1; i >= 0; i--) rank[i] = graph.Seconds![i] + (children[i].Count == 0 ? 0 : children[i].Max(child => rank[child]));
        var ready = new PriorityQueue<int, double>();
        for (var i = 0; i < graph.Count; i++)
        {
            if (left[i] == 0) ready.Enqueue(i, -rank[i]);
        }
        var clock = Stopwatch.StartNew();
        var gate = new Lock();
        var done = new TaskCompletionSource();
        var running = 0;
        var ended = 0;
        Fill();
        await done.Task;
        return clock.Elapsed.TotalSeconds;

        void Fill()
        {
            lock (gate)
            {
                while (running < cap && ready.TryDequeue(out var node, out _))
                {
                    running++;
                    _ = RunAsync(node);
                }
            }
        }

        async Task RunAsync(int node)
        {
            await Task.Delay(TimeSpan.FromSeconds(graph.Seconds![node]));
            lock (gate)
            {
                running--;
                foreach (var child in children[node])
                {
                    if (--left[child] == 0) ready.Enqueue(child, -rank[child]);
                }
                if (++ended == graph.Count) done.TrySetResult();
            }
            Fill();
        }
    }

    /// <summary>One SQLite commit (WAL, FULL) for every node, one after another, 200 bytes each.</summary>
    public static double CommitEach(string folder, int count) => Commits(folder, count, 1);

    /// <summary>The same with everything that is ready in one commit: <paramref name="waves"/> commits in all.</summary>
    public static double CommitGroups(string folder, int count, int waves) => Commits(folder, count, Math.Max(1, count / waves));

    private static double Commits(string folder, int count, int group)
    {
        Directory.CreateDirectory(folder);
        using var connection = new SqliteConnection($"Data Source={Path.Combine(folder, $"floor-{Guid.NewGuid():N}.db")};Pooling=False");
        connection.Open();
        Run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE nodes(id INTEGER PRIMARY KEY, body BLOB NOT NULL)");
        using var insert = connection.CreateCommand();
        insert.CommandText = "INSERT INTO nodes(body) VALUES($body)";
        insert.Parameters.AddWithValue("$body", new byte[200]);
        insert.Prepare();
        var clock = Stopwatch.StartNew();
        for (var at = 0; at < count; at += group)
        {
            if (group > 1) Run("BEGIN");
            for (var i = at; i < Math.Min(count, at + group); i++) insert.ExecuteNonQuery();
            if (group > 1) Run("COMMIT");
        }
        return clock.Elapsed.TotalSeconds;

        void Run(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            command.ExecuteNonQuery();
        }
    }
}
