namespace Hydra.Agents.Tests;

/// <summary>Paths that try to lead a file tool out of its folder.</summary>
public sealed class PathEscapeTests : IDisposable
{
    private const string Secret = "what no tool may see", OnlyOutside = "only-outside";
    private readonly string _folder = FileTool.Real(Directory.CreateTempSubdirectory("hydra-escape-").FullName);

    public PathEscapeTests()
    {
        foreach (var place in new[] { "root/in", "outside", "root-beside" })
        {
            Directory.CreateDirectory(Path.Combine(_folder, place));
            File.WriteAllText(Path.Combine(_folder, place, "canary"), place == "root/in" ? "inside" : Secret);
        }
        foreach (var place in new[] { "outside", "root-beside" }) File.WriteAllText(Path.Combine(_folder, place, OnlyOutside), Secret);
        Link("root/up", "..");
        Link("root/out", "../outside");
        Link("root/absolute", Path.Combine(_folder, "outside"));
        Link("root/file", "../outside/canary");
        Link("root/new", "../outside/new");
        Link("root/twice", "out");
        Link("root/in/far", "../../outside");
        Link("root/proc", "/proc/self/root");
        Link("root/circle", "circle");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Link(string at, string to) => File.CreateSymbolicLink(Path.Combine(_folder, at), to);

    /// <summary>Where <c>{0}</c> is the absolute path of the folder above the root, without its leading slash.</summary>
    private static readonly string[] Paths =
    [
        "../outside/canary", "../../{up}/outside/canary", "in/../../outside/canary", "./../outside/canary", "in/./.././../outside/canary", "..//outside//canary", "../outside/canary/", "../root-beside/canary",
        "../root/../outside/canary", "in/../in/../../outside/canary", "missing/../../outside/canary", "../../../../../../../../../../../../../{0}/outside/canary",
        "/{0}/outside/canary", "//{0}/outside/canary", "/{0}/root/../outside/canary", "/./{0}/outside/canary", "/proc/self/root/{0}/outside/canary", "/proc/self/cwd/../../../../../../../../../../{0}/outside/canary", "/proc/thread-self/root/{0}/outside/canary",
        "up/outside/canary", "out/canary", "out/./canary", "absolute/canary", "file", "file/", "./file", "new", "new/b", "twice/canary", "in/far/canary", "in/../up/outside/canary", "proc/{0}/outside/canary", "circle", "circle/canary", "/proc/1/root/{0}/outside/canary", "/proc/1/cwd/{0}/outside/canary", "{long}/../../outside/canary", "{long}", "out", "up", "up/outside",
        "..\\outside\\canary", "%2e%2e/outside/canary", "..%2foutside%2fcanary", "%2e%2e%2foutside%2fcanary", "..%c0%afoutside/canary", "．．/outside/canary", "..／outside／canary", "..∕outside∕canary", "‥/outside/canary",
        "../outside/canary\0", "../outside/canary\0.txt", "in/canary\0/../../../outside/canary", "~/../../{0}/outside/canary", "$HOME/../outside/canary", "file:///{0}/outside/canary", ".. /outside/canary", "..\u200b/outside/canary", "\u202e../outside/canary", "../outside/canary\n", "", "..", "../", "/", "/{0}/root",
    ];

    [Fact]
    public async Task No_path_leads_a_file_tool_out_of_its_folder()
    {
        var before = Outside();
        var (tries, refused, leaks) = (0, 0, new List<string>());
        foreach (var path in Paths.Select(path => path.Replace("{0}", _folder[1..], StringComparison.Ordinal).Replace("{up}", Path.GetFileName(_folder), StringComparison.Ordinal).Replace("{long}", new string('a', 5_000), StringComparison.Ordinal)))
        {
            foreach (var type in new[] { "read_file", "list_files", "write_file" })
            {
                tries++;
                if (await TryAsync(type, path) is not { } given) refused++;
                else if (type != "write_file" && Leaks(type, given)) leaks.Add($"{type} {path}");
            }
        }
        Console.WriteLine($"TOTAL path escapes: {Paths.Length} paths, {tries} calls of 3 tools, {refused} refused, {leaks.Count} read or listed outside, {(Outside() == before ? 0 : 1)} changes outside");
        Assert.Empty(leaks);
        Assert.Equal(before, Outside());
    }

    private static bool Leaks(string type, Value given) => type == "read_file"
        ? given.AsText.Contains(Secret, StringComparison.Ordinal)
        : given.AsObject["files"].Items.Any(file => file.AsText.EndsWith(OnlyOutside, StringComparison.Ordinal));

    /// <summary>All that lies beside the root, with what it holds; what the tools know of files is theirs to write.</summary>
    private string Outside() => string.Join('\n', Directory.EnumerateFileSystemEntries(_folder)
        .Where(entry => Path.GetFileName(entry) is not ("root" or ".hydra"))
        .SelectMany(entry => Directory.EnumerateFileSystemEntries(entry, "*", SearchOption.AllDirectories).Prepend(entry))
        .Order(StringComparer.Ordinal).Select(entry => $"{entry}: {(File.Exists(entry) ? File.ReadAllText(entry) : "")}"));

    /// <summary>Null: it was refused, or there is none.</summary>
    private async Task<Value?> TryAsync(string type, string path)
    {
        var tool = new FileTool(new ToolFacts { Name = "t", Description = "d", Arguments = ValueMap.Empty }, type, "root");
        var call = new ToolCall { Arguments = ValueMap.Of(("path", path), ("content", "x")), IdempotencyKey = "k", WorkingDirectory = _folder, Alive = () => { } };
        tool.LabelsOf(call);   // must not throw
        try
        {
            return await tool.CallAsync(call, TestContext.Current.CancellationToken);
        }
        catch (CallFailedException)
        {
            return null;
        }
    }
}
