using System.Collections.Concurrent;

namespace Hydra.Agents.Tests;

/// <summary>Bad servers in seeded variety: every run ends, says why and through whom, and leaves no process behind.</summary>
public sealed class McpCampaignTests
{
    private static readonly int Seeds = Environment.GetEnvironmentVariable("HYDRA_LONG") == "1" ? 1_000 : 20;

    /// <summary>What the server does, and whether its run may complete all the same.</summary>
    private static readonly (string Mode, bool MayComplete)[] Modes =
    [
        ("dies", false), ("garbage", false), ("floods", false), ("hangs", false), ("forks", true), ("changed", true), ("changes", true), ("twice", false), ("long", true), ("silent", false),
        ("nostart", false), ("diesonce", true), ("hangsonce", true), ("error", false), ("refuses", false), ("wrongshape", false), ("unfit", false), ("badschema", false), ("many", false), ("endless", false),
    ];

    [Fact]
    public async Task Every_run_of_a_bad_server_ends_by_name_and_leaves_no_process()
    {
        var endings = new ConcurrentBag<string>();
        // Most of a run is waiting for a program to start, or to leave.
        await Parallel.ForAsync(0, Seeds, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (seed, _) => endings.Add(await EndingOfAsync(seed)));
        var counts = endings.CountBy(ending => ending).OrderBy(each => each.Key, StringComparer.Ordinal).Select(each => $"{each.Value} {each.Key}");
        Console.WriteLine($"TOTAL bad MCP servers: {Seeds} runs in {Modes.Length} ways, {string.Join(", ", counts)}, 0 processes left");
    }

    private static async Task<string> EndingOfAsync(int seed)
    {
        var folder = Directory.CreateTempSubdirectory("hydra-mcp-").FullName;
        try
        {
            var (mode, mayComplete) = Modes[seed % Modes.Length];
            var report = await ToolRun.Async(FileOf(mode, folder, new Random(seed)), ToolModels.Turns(), folder: folder);
            var left = LeftIn(folder);
            Assert.True(left is [], $"seed {seed}, {mode}: left {string.Join(", ", left)}");
            if (report.Status == RunStatus.Completed && mayComplete) return "completed all the same";
            Assert.True(report.Status == RunStatus.Failed, $"seed {seed}, {mode}: {report.Status}");
            var code = ErrorCode.All.Select(code => code.Name).FirstOrDefault(code => report.Reason.Contains($"{code}: ", StringComparison.Ordinal));
            Assert.True(code is not null && (report.Reason.Contains("MCP server 's'", StringComparison.Ordinal) || report.Reason.Contains("'s__echo'", StringComparison.Ordinal)), $"seed {seed}, {mode}: {report.Reason}");
            return code!;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string FileOf(string mode, string folder, Random random)
    {
        var nodes = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(i =>
            $"  - {{id: n{i}, type: tool, tool: s/echo, arguments: {{text: owls}}{(i > 0 && random.Next(2) == 0 ? $", depends_on: [n{i - 1}]" : "")}}}\n"));
        return $"name: test\ndefaults: {{idle_timeout_seconds: 3600}}\nmcp_servers: {{s: {{command: python3, timeout_seconds: {(mode == "silent" ? "0.3" : "20")}, args: ['{Path.Combine(AppContext.BaseDirectory, "Mcp", "server.py")}', {mode}, '{Path.Combine(folder, "log")}']}}}}\n"
            + $"tools: {{s/echo: {{type: mcp, effect: {(random.Next(2) == 0 ? "idempotent" : "irreversible")}, timeout_seconds: {(mode.StartsWith("hangs", StringComparison.Ordinal) ? "0.3" : "20")}}}}}\nnodes:\n{nodes}";
    }

    /// <summary>Processes that work in a folder: the server, and whatever it started.</summary>
    private static List<string> LeftIn(string folder) =>
        [.. Directory.EnumerateDirectories("/proc").Where(process => int.TryParse(Path.GetFileName(process), out _) && FolderOf(process)?.StartsWith(folder, StringComparison.Ordinal) == true)];

    private static string? FolderOf(string process)
    {
        try
        {
            return new FileInfo(Path.Combine(process, "cwd")).LinkTarget;
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return null;   // ended meanwhile, or another's
        }
    }
}
