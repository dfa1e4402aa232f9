using Hydra.Model;

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
        var (completed, failed) = (0, new SortedDictionary<string, int>(StringComparer.Ordinal));
        for (var seed = 0; seed < Seeds; seed++)
        {
            var folder = Directory.CreateTempSubdirectory("hydra-mcp-").FullName;
            try
            {
                var (mode, mayComplete) = Modes[seed % Modes.Length];
                var report = await ToolRun.Async(FileOf(mode, folder, new Random(seed)), ToolModels.Turns(), folder: folder);
                if (report.Status == RunStatus.Completed && mayComplete) completed++;
                else
                {
                    Assert.True(report.Status == RunStatus.Failed, $"seed {seed}, {mode}: {report.Status}");
                    var code = ErrorCode.All.Select(code => code.Name).FirstOrDefault(code => report.Reason.Contains($"{code}: ", StringComparison.Ordinal));
                    Assert.True(code is not null && (report.Reason.Contains("MCP server 's'", StringComparison.Ordinal) || report.Reason.Contains("'s__echo'", StringComparison.Ordinal)), $"seed {seed}, {mode}: {report.Reason}");
                    failed[code!] = failed.GetValueOrDefault(code!) + 1;
                }
                Assert.True(LeftIn(folder) is [], $"seed {seed}, {mode}: left {string.Join(", ", LeftIn(folder))}");
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        }
        Console.WriteLine($"TOTAL bad MCP servers: {Seeds} runs in {Modes.Length} ways, {completed} completed all the same, {string.Join(", ", failed.Select(each => $"{each.Value} {each.Key}"))}, 0 processes left");
    }

    private static string FileOf(string mode, string folder, Random random)
    {
        var nodes = string.Concat(Enumerable.Range(0, random.Next(1, 4)).Select(i =>
            $"  - {{id: n{i}, type: tool, tool: s/echo, arguments: {{text: owls}}{(i > 0 && random.Next(2) == 0 ? $", depends_on: [n{i - 1}]" : "")}}}\n"));
        return $"name: test\nmcp_servers: {{s: {{command: python3, timeout_seconds: {(mode == "silent" ? "0.3" : "20")}, args: ['{Path.Combine(AppContext.BaseDirectory, "Mcp", "server.py")}', {mode}, '{Path.Combine(folder, "log")}']}}}}\n"
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
